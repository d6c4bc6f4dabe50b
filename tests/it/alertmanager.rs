//! The HTTP port as Alertmanager: the real amtool, Prometheus and Alertmanager of Debian against the real hub, and what
//! is sent to it by who means no good.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::http_client::{Answer, ask, raw, read, token, try_ask};
use crate::processes::{self, Ports, Running, until};

/// A hub with its HTTP port and tokens for it.
pub struct Port {
    pub home: tempfile::TempDir,
    pub data: PathBuf,
    pub hub: Running,
    pub http: String,
    pub intake: String,
    pub reader: String,
}

impl Port {
    pub fn open() -> Self {
        let home = tempfile::tempdir().unwrap();
        let data = home.path().join("hub");
        let (hub, Ports { http, .. }) = processes::hub(home.path(), &data);
        let intake = token(home.path(), &data, "--role intake --name prom");
        let reader = token(home.path(), &data, "--role reader");
        Self { home, data, hub, http, intake, reader }
    }

    #[track_caller]
    pub fn post(&self, path: &str, body: &str) -> Answer {
        ask(&self.http, "POST", path, &self.intake, body)
    }

    #[track_caller]
    pub fn get(&self, path: &str) -> Value {
        let answer = ask(&self.http, "GET", path, &self.reader, "");
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        answer.json()
    }

    /// The open alerts, as the command line shows them.
    pub fn alerts(&self) -> Vec<Value> {
        let list = processes::json(self.home.path(), &format!("alerts --data {}", self.data.display()));
        list.as_array().unwrap().clone()
    }

    /// Kills the hub and starts it again on its data; the HTTP port is another.
    pub fn restart(&mut self) {
        self.hub.kill();
        let (hub, Ports { http, .. }) = processes::hub(self.home.path(), &self.data);
        (self.hub, self.http) = (hub, http);
    }

    /// What amtool says, with the token of a role.
    #[track_caller]
    pub fn amtool(&self, token: &str, words: &[&str]) -> String {
        let file = self.home.path().join("amtool.yml");
        std::fs::write(&file, format!("authorization:\n  type: Bearer\n  credentials: {token}\n")).unwrap();
        let output = Command::new("amtool")
            .arg(format!("--http.config.file={}", file.display()))
            .arg(format!("--alertmanager.url=http://{}", self.http))
            .args(words)
            .env("HOME", self.home.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "amtool {words:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }
}

fn alert(name: &str) -> String {
    json!([{"labels": {"alertname": name, "severity": "critical"}, "annotations": {"summary": "it fails"}}]).to_string()
}

/// A program of Debian that goes away with its test.
struct Peer(Child);

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

fn start(program: &str, folder: &Path, arguments: &[String]) -> Peer {
    let log = std::fs::File::create(folder.join("peer.log")).unwrap();
    Peer(Command::new(program).args(arguments).current_dir(folder).stdout(Stdio::null()).stderr(log).spawn().unwrap())
}

#[test]
fn amtool_adds_and_queries_alerts() {
    let port = Port::open();
    let words = ["alert", "add", "alertname=Disk", "severity=critical", "client=acme", "--annotation=summary=full"];
    port.amtool(&port.intake, &words);
    port.amtool(&port.intake, &["alert", "add", "alertname=Load", "severity=info"]);
    let queried = |filter: &[&str]| -> Vec<String> {
        let words = [&["alert", "query", "-o", "json"][..], filter].concat();
        let list: Value = serde_json::from_str(&port.amtool(&port.reader, &words)).unwrap();
        let name = |alert: &Value| alert["labels"]["alertname"].as_str().unwrap().to_owned();
        let mut names: Vec<String> = list.as_array().unwrap().iter().map(name).collect();
        names.sort();
        names
    };
    assert_eq!(queried(&[]), ["Disk", "Load"]);
    assert_eq!(queried(&["Disk"]), ["Disk"]);
    assert_eq!(queried(&["severity=~\"crit.*|page\""]), ["Disk"]);
    assert_eq!(queried(&["client!=\"acme\""]), ["Load"]);
    let shown = port.alerts();
    let disk = shown.iter().find(|alert| alert["summary"] == "full").unwrap();
    assert_eq!((&disk["client"], &disk["severity"]), (&json!("acme"), &json!("critical")));
    assert_eq!(disk["external"]["labels"]["alertname"], "Disk");
    let simple = port.amtool(&port.reader, &["alert", "query", "Disk"]);
    assert!(simple.contains("Disk") && simple.contains("active"), "{simple}");
    assert!(port.amtool(&port.reader, &["config", "show"]).contains("watchfloor"));
}

#[test]
fn alerts_are_shown_as_alertmanager_shows_them() {
    let port = Port::open();
    let address = free_address();
    let folder = tempfile::tempdir().unwrap();
    let configuration = "route:\n  receiver: watchfloor\nreceivers:\n- name: watchfloor\n";
    std::fs::write(folder.path().join("am.yml"), configuration).unwrap();
    let arguments = [
        "--config.file=am.yml".to_owned(),
        "--storage.path=data".to_owned(),
        format!("--web.listen-address={address}"),
        "--cluster.listen-address=".to_owned(),
    ];
    let _peer = start("prometheus-alertmanager", folder.path(), &arguments);
    until("Alertmanager answers", || {
        try_ask(&address, "GET", "/-/ready", "", "").is_ok_and(|ready| ready.status == 200)
    });
    let sent = json!([
        {"labels": {"alertname": "Disk", "instance": "web:9100", "zone": "ä \"quoted\" \\ back"},
         "annotations": {"summary": "full", "text": "two\nlines"}, "generatorURL": "http://p/graph?a=1&b=2",
         "startsAt": "2026-11-20T10:00:00.123Z", "endsAt": "2036-11-20T10:00:00Z"},
        {"labels": {"alertname": "Bare", "empty": ""}},
        {"labels": {"b": "c", "a": "b"}, "annotations": {}},
    ]);
    let body = sent.to_string();
    assert_eq!(ask(&address, "POST", "/api/v2/alerts", "", &body).status, 200);
    assert_eq!(port.post("/api/v2/alerts", &body).status, 200);
    let vouched: jiff::Timestamp = "2036-11-20T10:00:00Z".parse().unwrap();
    // Times that each takes from its own clock are left out of what is compared.
    let shown = |list: Value| -> BTreeMap<String, Value> {
        let each = |mut alert: Value| {
            let fingerprint = alert["fingerprint"].as_str().unwrap().to_owned();
            let fields = alert.as_object_mut().unwrap();
            assert!(fields.remove("updatedAt").is_some_and(|at| at.as_str().unwrap().ends_with('Z')));
            if !fields["startsAt"].as_str().unwrap().starts_with("2026-11-20") {
                assert!(fields.remove("startsAt").is_some() && fields.remove("endsAt").is_some());
            } else {
                // An end that is vouched for is counted on from now; it may be told a moment off.
                let end: jiff::Timestamp = fields.remove("endsAt").unwrap().as_str().unwrap().parse().unwrap();
                assert!((end.as_second() - vouched.as_second()).abs() <= 1, "{end}");
            }
            (fingerprint, alert)
        };
        list.as_array().unwrap().iter().cloned().map(each).collect()
    };
    let theirs = ask(&address, "GET", "/api/v2/alerts", "", "").json();
    assert_eq!(shown(port.get("/api/v2/alerts")), shown(theirs));
    for filter in ["alertname%3D%22Disk%22", "alertname%3D~%22D.*%7CB.*%22", "zone%3D%22%22", "a!%3Db"] {
        let path = format!("/api/v2/alerts?filter={filter}&active=true&silenced=false");
        let theirs = ask(&address, "GET", &path, "", "").json();
        assert!(theirs.is_array(), "{filter}: {theirs}");
        assert_eq!(shown(port.get(&path)), shown(theirs), "{filter}");
    }
    let groups = port.get("/api/v2/alerts/groups");
    assert_eq!(groups[0]["alerts"].as_array().unwrap().len(), 3);
    assert_eq!(
        (&groups[0]["labels"], &groups[0]["receiver"]["name"]),
        (&json!({"client": "local"}), &json!("watchfloor"))
    );
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let theirs = ask(&address, "GET", "/api/v2/status", "", "").json();
    let ours = port.get("/api/v2/status");
    assert_eq!(keys(&ours), keys(&theirs));
    assert_eq!(keys(&ours["versionInfo"]), keys(&theirs["versionInfo"]));
    assert_eq!(port.get("/api/v2/receivers"), ask(&address, "GET", "/api/v2/receivers", "", "").json());
}

#[test]
fn amtool_silences_what_is_known_and_nothing_more() {
    let port = Port::open();
    port.amtool(
        &port.intake,
        &["alert", "add", "alertname=Disk", "severity=critical", "instance=web-1", "client=acme"],
    );
    port.amtool(&port.intake, &["alert", "add", "alertname=Load", "severity=critical", "instance=web-1"]);
    let add = |words: &[&str]| {
        let words = [&["silence", "add", "-a", "okafor", "-c", "disk swap", "-d", "1h"][..], words].concat();
        port.amtool(&port.intake, &words).trim().to_owned()
    };
    let silences = |words: &[&str]| -> Vec<Value> {
        let words = [&["silence", "query", "-o", "json"][..], words].concat();
        serde_json::from_str(&port.amtool(&port.reader, &words)).unwrap()
    };
    let shown = |name: &str| {
        let all = port.get("/api/v2/alerts");
        all.as_array().unwrap().iter().find(|alert| alert["labels"]["alertname"] == name).cloned().unwrap_or_default()
    };
    let lane = |name: &str| {
        let is = |alert: &&Value| alert["external"]["labels"]["alertname"] == name;
        port.alerts().iter().find(is).map(|alert| alert["lane"].clone()).unwrap_or_default()
    };
    let id = add(&["alertname=~Dis.*", "instance=web-1"]);
    assert_eq!(shown("Disk")["status"], json!({"state": "suppressed", "silencedBy": [id], "inhibitedBy": []}));
    assert_eq!((lane("Disk"), lane("Load")), (json!("muted"), json!("new")));
    assert_eq!(shown("Load")["status"]["state"], "active");
    let count = |query: &str| port.get(&format!("/api/v2/alerts?{query}")).as_array().unwrap().len();
    assert_eq!((count("silenced=false"), count("active=false"), count("inhibited=false")), (1, 1, 2));

    let one = silences(&[]).pop().unwrap();
    assert_eq!((&one["id"], &one["status"]["state"]), (&json!(id), &json!("active")));
    assert_eq!((&one["createdBy"], &one["comment"]), (&json!("okafor (via prom)"), &json!("disk swap")));
    assert_eq!(
        one["matchers"],
        json!([
            {"isEqual": true, "isRegex": true, "name": "alertname", "value": "Dis.*"},
            {"isEqual": true, "isRegex": false, "name": "instance", "value": "web-1"}
        ])
    );
    assert_eq!((silences(&["instance=web-1"]).len(), silences(&["instance=web-2"]).len()), (1, 0));

    // Another end is the same silence; another comment ends it and makes one more, and the alert is held all the while.
    let end = |silence: &Value| silence["endsAt"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    port.amtool(&port.intake, &["silence", "update", "-d", "3h", &id]);
    let longer = silences(&[]).pop().unwrap();
    assert_eq!(longer["id"], json!(id));
    assert!(end(&longer).as_second() - end(&one).as_second() > 7_000, "{longer}");
    port.amtool(&port.intake, &["silence", "update", "-c", "swap and rebuild", &id]);
    let other = silences(&[]).pop().unwrap();
    assert_ne!(other["id"], json!(id));
    assert_eq!((&other["comment"], &other["createdBy"]), (&json!("swap and rebuild"), &json!("okafor (via prom)")));
    assert_eq!((shown("Disk")["status"]["silencedBy"].clone(), lane("Disk")), (json!([other["id"]]), json!("muted")));
    let old = port.get(&format!("/api/v2/silence/{id}"));
    assert_eq!(old["status"]["state"], "expired");

    // What ends while it is silenced has ended.
    port.amtool(&port.intake, &["silence", "expire", other["id"].as_str().unwrap()]);
    assert_eq!((shown("Disk")["status"]["state"].clone(), lane("Disk")), (json!("active"), json!("new")));
    assert!(silences(&[]).is_empty());
    let load = add(&["alertname=Load"]);
    assert_eq!(lane("Load"), "muted");
    let over = json!([{"labels": {"alertname": "Load", "severity": "critical", "instance": "web-1"},
        "endsAt": jiff::Timestamp::now().to_string()}]);
    assert_eq!(port.post("/api/v2/alerts", &over.to_string()).status, 200);
    until("its end is told", || shown("Load") == Value::Null && lane("Load") == Value::Null);

    let status =
        |method: &str, id: &str| ask(&port.http, method, &format!("/api/v2/silence/{id}"), &port.intake, "").status;
    assert_eq!((status("GET", &load), status("DELETE", &load)), (200, 200));
    let nobody = "00000000-0000-8000-8000-000000000001";
    assert_eq!((status("GET", nobody), status("DELETE", nobody), status("GET", "x")), (404, 404, 404));
    let now = jiff::Timestamp::now();
    let silence = |matchers: Value, end: &str| {
        json!({"matchers": matchers, "startsAt": now.to_string(), "endsAt": end, "createdBy": "x", "comment": ""})
            .to_string()
    };
    let soon = (now + Duration::from_secs(3_600)).to_string();
    let of = |value: &str, regex: bool| json!([{"name": "alertname", "value": value, "isRegex": regex}]);
    for body in [
        "[]".to_owned(),
        silence(json!([]), &soon),
        silence(of("", false), &soon),
        silence(of("(", true), &soon),
        silence(of("Disk", false), "2020-01-01T00:00:00Z"),
    ] {
        assert_eq!(port.post("/api/v2/silences", &body).status, 400, "{body}");
    }
    // Who is limited to a client silences that client, whatever the matchers say.
    let bolt = token(port.home.path(), &port.data, "--role intake --client bolt");
    let made = ask(&port.http, "POST", "/api/v2/silences", &bolt, &silence(of("Disk", false), &soon));
    assert_eq!((made.status, lane("Disk")), (200, json!("new")), "{made:?}");
}

#[test]
fn windows_made_in_watchfloor_are_shown_and_ended_there() {
    let port = Port::open();
    port.amtool(&port.intake, &["alert", "add", "alertname=Disk", "severity=critical", "client=acme"]);
    let data = port.data.display();
    processes::done(port.home.path(), &format!("window add --data {data} --where client:acme --for 2h -m swap"));
    processes::done(port.home.path(), &format!("window add --data {data} --where host:web* --for 2h -m glob"));
    let list = port.get("/api/v2/silences");
    let of = |comment: &str| {
        list.as_array().unwrap().iter().find(|silence| silence["comment"] == comment).cloned().unwrap_or_default()
    };
    let matcher = |name: &str, value: &str| json!([{"name": name, "value": value, "isRegex": false, "isEqual": true}]);
    assert_eq!(of("swap")["matchers"], matcher("client", "acme"), "{list}");
    assert_eq!(of("glob")["matchers"], matcher("watchfloor_window", "2"), "no matcher says it");
    let id = of("swap")["id"].clone();
    assert_eq!(port.get("/api/v2/alerts")[0]["status"]["silencedBy"], json!([id]));
    let path = format!("/api/v2/silence/{}", id.as_str().unwrap());
    let refused = ask(&port.http, "DELETE", &path, &port.intake, "");
    assert!(refused.status == 400 && refused.body.contains("watchfloor window end"), "{refused:?}");
    assert_eq!(port.get(&path)["status"]["state"], "active");
}

#[test]
fn prometheus_delivers_to_the_hub_and_tells_it_the_end() {
    let port = Port::open();
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    let rule = |expression: &str| {
        format!(
            "groups:\n- name: g\n  interval: 1s\n  rules:\n  - alert: AlwaysFiring\n    expr: {expression}\n    labels:\n      severity: page\n      client: acme\n    annotations:\n      summary: it is always so\n"
        )
    };
    // It fails for some seconds from when Prometheus runs, and then no more.
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    write("rules.yml", &rule(&format!("vector(1) and on() vector(time()) < {}", now + 12)));
    write("token", &port.intake);
    write(
        "prometheus.yml",
        &format!(
            "global:\n  evaluation_interval: 1s\nrule_files: [rules.yml]\nalerting:\n  alertmanagers:\n  - authorization:\n      type: Bearer\n      credentials_file: token\n    static_configs:\n    - targets: ['{}']\n",
            port.http
        ),
    );
    let address = free_address();
    let arguments = [
        "--config.file=prometheus.yml".to_owned(),
        "--storage.tsdb.path=data".to_owned(),
        format!("--web.listen-address={address}"),
        "--rules.alert.resend-delay=1s".to_owned(),
    ];
    let _peer = start("prometheus", folder.path(), &arguments);
    let mut found = Value::Null;
    until("the alert is there", || {
        found = port.alerts().first().cloned().unwrap_or_default();
        found != Value::Null
    });
    assert_eq!(
        (&found["client"], &found["severity"], &found["summary"]),
        (&json!("acme"), &json!("critical"), &json!("it is always so"))
    );
    let revision = found["changed_revision"].clone();
    let updated = || port.get("/api/v2/alerts")[0]["updatedAt"].as_str().unwrap_or_default().to_owned();
    let before = updated();
    until("it was sent again", || updated() > before);
    assert_eq!(port.alerts()[0]["changed_revision"], revision, "a repeat writes nothing");
    until("Prometheus says that it is over", || port.alerts().is_empty());
    let all = processes::json(port.home.path(), &format!("alerts --all --data {}", port.data.display()));
    assert_eq!((&all[0]["state"], &all[0]["last_note"]), (&json!("resolved"), &Value::Null), "told, not timed out");
}

#[test]
fn a_token_does_what_its_role_says_and_nothing_else() {
    let mut port = Port::open();
    let viewer = token(port.home.path(), &port.data, "--role viewer");
    let scoped = token(port.home.path(), &port.data, "--role intake --client bolt");
    let scoped_reader = token(port.home.path(), &port.data, "--role reader --client bolt");
    let status = |method: &str, path: &str, token: &str| ask(&port.http, method, path, token, "[]").status;
    for path in ["/api/v2/alerts", "/api/v2/alerts/groups", "/api/v2/status", "/api/v2/receivers"] {
        assert_eq!(status("GET", path, &port.reader), 200, "{path}");
        assert_eq!(status("GET", path, &port.intake), 403, "{path}");
        for nobody in ["", "wf1.AAAA", &viewer] {
            assert_eq!(status("GET", path, nobody), 401, "{path} {nobody}");
        }
    }
    assert_eq!(status("POST", "/api/v2/alerts", &port.intake), 200);
    assert_eq!(status("POST", "/api/v2/alerts", &port.reader), 403);
    assert_eq!(status("POST", "/api/v2/alerts", ""), 401);
    assert_eq!(status("PUT", "/api/v2/alerts", &port.intake), 405);
    assert_eq!(status("GET", "/api/v2/silences", &port.reader), 200);
    assert_eq!(status("GET", "/api/v2/silences", &port.intake), 200, "who makes silences sees them");
    assert_eq!(status("POST", "/api/v2/silences", &port.reader), 403);
    assert_eq!(status("GET", "/api/v2/silences", ""), 401);
    let body = json!([{"labels": {"alertname": "a", "client": "acme"}}]).to_string();
    assert_eq!(ask(&port.http, "POST", "/api/v2/alerts", &scoped, &body).status, 200);
    assert_eq!(port.post("/api/v2/alerts", &body).status, 200);
    let clients: Vec<_> = port.alerts().iter().map(|alert| alert["client"].clone()).collect();
    assert_eq!(clients.len(), 2, "{clients:?}");
    let seen = ask(&port.http, "GET", "/api/v2/alerts", &scoped_reader, "").json();
    assert_eq!(seen.as_array().unwrap().len(), 1, "a reader of one client sees that client");
    let foreign = format!(
        "GET /api/v2/alerts HTTP/1.1\r\nHost: evil.example\r\nAuthorization: Bearer {}\r\nConnection: close\r\n\r\n",
        port.reader
    );
    assert_eq!(raw(&port.http, foreign.as_bytes()).unwrap().status, 421);
    let tokens = processes::json(port.home.path(), &format!("token list --data {}", port.data.display()));
    let id = tokens.as_array().unwrap().iter().find(|token| token["name"] == "prom").unwrap()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let number = id.rsplit('/').next().unwrap().to_owned();
    processes::done(port.home.path(), &format!("token revoke --data {} {number}", port.data.display()));
    assert_eq!(port.post("/api/v2/alerts", &body).status, 401, "revoked");
    port.hub.kill();
}

#[test]
fn bad_bodies_are_answered_and_harm_nothing() {
    let port = Port::open();
    for (body, status) in [
        ("", 400),
        ("{}", 400),
        ("[", 400),
        ("[{\"labels\":{\"a\":1}}]", 400),
        ("[{\"labels\":{}}]", 400),
        ("[{\"labels\":{\"a b\":\"c\"}}]", 400),
        ("[{\"labels\":{\"a\":\"b\"},\"startsAt\":\"yesterday\"}]", 400),
        ("[]", 200),
    ] {
        let answer = port.post("/api/v2/alerts", body);
        assert_eq!(answer.status, status, "{body}: {answer:?}");
        if status == 400 {
            assert!(answer.json().is_string(), "amtool shows it: {answer:?}");
        }
    }
    let deep = "[".repeat(200_000);
    assert_eq!(port.post("/api/v2/alerts", &deep).status, 400);
    let long = json!([{"labels": {"alertname": "x".repeat(9_000)}}]).to_string();
    assert_eq!(port.post("/api/v2/alerts", &long).status, 400);
    let head = |more: &str| {
        format!(
            "POST /api/v2/alerts HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n{more}\r\n",
            port.intake
        )
    };
    assert_eq!(raw(&port.http, head("Content-Length: 99999999\r\n").as_bytes()).unwrap().status, 413);
    let mut flood = head("Transfer-Encoding: chunked\r\n").into_bytes();
    for _ in 0..18 {
        flood.extend_from_slice(b"100000\r\n");
        flood.extend(std::iter::repeat_n(b'[', 1 << 20));
        flood.extend_from_slice(b"\r\n");
    }
    assert_eq!(raw(&port.http, &flood).unwrap().status, 413);
    assert_eq!(
        raw(&port.http, head("Content-Encoding: gzip\r\nContent-Length: 0\r\nConnection: close\r\n").as_bytes())
            .unwrap()
            .status,
        415
    );
    // Good and bad in one: the good one is in, the bad one is told.
    let both = json!([{"labels": {"alertname": "Good"}}, {"labels": {}}]).to_string();
    let answer = port.post("/api/v2/alerts", &both);
    assert_eq!((answer.status, port.alerts().len()), (400, 1), "{answer:?}");
    assert!(answer.json().as_str().unwrap().contains("alert 1"), "{answer:?}");
    let huge = json!([{"labels": {"alertname": "Huge"}, "annotations": {"text": "y".repeat(200_000), "other": "z".repeat(100_000)}}]);
    assert_eq!(port.post("/api/v2/alerts", &huge.to_string()).status, 200, "annotations are cut, no alert is lost");
    let evil = json!([{"labels": {"alertname": "\u{1b}[2Jevil\u{202e}"}}]).to_string();
    assert_eq!(port.post("/api/v2/alerts", &evil).status, 200);
    let shown = processes::done(port.home.path(), &format!("alerts --data {}", port.data.display()));
    assert!(!shown.contains('\u{1b}') && !shown.contains('\u{202e}'), "{shown:?}");
    assert_eq!(port.alerts().len(), 3);
}

#[test]
fn clients_that_hang_hold_up_nobody_and_are_sent_away() {
    let port = Port::open();
    let head = format!(
        "POST /api/v2/alerts HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nContent-Length: 100\r\n\r\n[",
        port.intake
    );
    let hang = |bytes: &[u8]| {
        let mut stream = TcpStream::connect(&port.http).unwrap();
        stream.set_read_timeout(Some(processes::PATIENCE)).unwrap();
        stream.write_all(bytes).unwrap();
        stream
    };
    let mut hanging: Vec<TcpStream> = (0..100).map(|_| hang(head.as_bytes())).collect();
    hanging.extend((0..100).map(|_| hang(b"POST /api/v2/al")));
    let begin = Instant::now();
    assert_eq!(port.post("/api/v2/alerts", &alert("Alone")).status, 200);
    assert_eq!(port.get("/api/v2/alerts").as_array().unwrap().len(), 1);
    assert!(begin.elapsed() < Duration::from_secs(8), "before those that hang were sent away");
    let answer = read(&mut hanging[0]).unwrap();
    assert_eq!(answer.status, 408, "{answer:?}");
}

#[test]
fn what_was_answered_survives_a_kill() {
    let mut port = Port::open();
    let mut answered: Vec<String> = Vec::new();
    for round in 0..8_u64 {
        let senders: Vec<_> = (0..8_u64)
            .map(|sender| {
                let (http, intake) = (port.http.clone(), port.intake.clone());
                std::thread::spawn(move || {
                    let mut answered = Vec::new();
                    for turn in 0_u64.. {
                        let name = format!("A{round}x{sender}x{turn}");
                        match try_ask(&http, "POST", "/api/v2/alerts", &intake, &alert(&name)) {
                            Ok(answer) if answer.status == 200 => answered.push(name),
                            _ => break,
                        }
                    }
                    answered
                })
            })
            .collect();
        // The moment of the kill wanders over some milliseconds of commits.
        std::thread::sleep(Duration::from_millis(60 + round * 37 % 50));
        port.restart();
        for sender in senders {
            answered.extend(sender.join().unwrap());
        }
    }
    assert!(answered.len() > 20, "the load was real: {} answers", answered.len());
    let kept: Vec<String> = port
        .get("/api/v2/alerts")
        .as_array()
        .unwrap()
        .iter()
        .map(|alert| alert["labels"]["alertname"].as_str().unwrap().to_owned())
        .collect();
    for name in &answered {
        assert_eq!(kept.iter().filter(|kept| *kept == name).count(), 1, "{name} was answered");
    }
}

#[test]
fn plain_json_opens_and_ends_alerts() {
    let port = Port::open();
    let one = r#"{"client": "acme", "host": "nas", "key": "backup", "severity": "critical", "summary": "it failed",
        "details": "no space", "url": "https://nas/log"}"#;
    let answer = port.post("/intake", one);
    assert_eq!((answer.status, answer.json()), (200, json!({"taken": 1})));
    let alert = port.alerts().remove(0);
    assert_eq!(
        (&alert["client"], &alert["severity"], &alert["summary"]),
        (&json!("acme"), &json!("critical"), &json!("it failed"))
    );
    let many = r#"[{"client": "acme", "host": "nas", "key": "backup", "state": "ok"}, {"key": "other"}]"#;
    assert_eq!(port.post("/intake", many).status, 200);
    let left: Vec<Value> = port.alerts().iter().map(|alert| alert["external"]["labels"]["alertname"].clone()).collect();
    assert_eq!(left, ["other"]);
    assert_eq!(port.post("/intake", "{\"key\": \"\"}").status, 400);
    assert_eq!(port.post("/intake", "nonsense").status, 400);
    assert_eq!(ask(&port.http, "POST", "/intake", &port.reader, one).status, 403);
}

#[test]
fn a_job_that_pings_is_followed() {
    let mut port = Port::open();
    std::fs::create_dir_all(port.data.join("config")).unwrap();
    let text = "[pings.nightly]\nclient = \"acme\"\nperiod = \"24h\"\ngrace = \"1h\"\n";
    std::fs::write(port.data.join("config/pings.toml"), text).unwrap();
    processes::done(port.home.path(), &format!("config reload --data {}", port.data.display()));
    let list = |port: &Port| processes::json(port.home.path(), &format!("ping list --data {}", port.data.display()));
    until("the ping is there", || list(&port).as_array().is_some_and(|list| !list.is_empty()));
    let shown = list(&port)[0].clone();
    assert_eq!((&shown["name"], &shown["state"], &shown["client"]), (&json!("nightly"), &json!("new"), &json!("acme")));
    let url = shown["url"].as_str().unwrap();
    let path = url.strip_prefix(&format!("http://{}", port.http)).unwrap().to_owned();
    let ping = |port: &Port, method: &str, more: &str, body: &str| {
        ask(&port.http, method, &format!("{path}{more}"), "", body).status
    };
    assert_eq!(ping(&port, "GET", "/start?rid=a", ""), 200);
    assert_eq!(list(&port)[0]["state"], "started");
    assert_eq!(ping(&port, "POST", "/0?rid=a", &format!("{}the end", "x".repeat(30_000))), 200);
    let shown = list(&port)[0].clone();
    assert_eq!((&shown["state"], shown["last_took_seconds"].is_number()), (&json!("up"), true), "{shown}");
    let output = shown["output"].as_str().unwrap();
    assert!(output.ends_with("the end") && output.len() <= 10 * 1024, "{}", output.len());
    assert_eq!(ping(&port, "HEAD", "", ""), 200);
    assert_eq!(ping(&port, "GET", "/7", ""), 200);
    let alert = port.alerts().remove(0);
    assert_eq!((&alert["client"], &alert["severity"]), (&json!("acme"), &json!("critical")));
    assert!(alert["summary"].as_str().unwrap().contains("exit code 7"), "{alert}");
    port.restart();
    assert_eq!(list(&port)[0]["state"], "failed", "it is durable, and its URL stays");
    assert_eq!(ping(&port, "GET", "", ""), 200);
    assert_eq!(port.alerts(), Vec::<Value>::new());
    assert_eq!(ask(&port.http, "GET", "/ping/AAAAAAAAAAAAAAAAAAAAAA", "", "").status, 404);
    assert_eq!(ping(&port, "GET", "/nonsense", ""), 404);
}
