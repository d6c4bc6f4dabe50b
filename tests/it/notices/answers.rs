//! Answers over the HTTP port: links that only a button answers, signed callbacks, PagerDuty's webhooks.

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use watchfloor::fleet::alerts::Lane;
use watchfloor::fleet::notices::{Kind, Notice, State};
use watchfloor::fleet::profile;
use watchfloor::fleet::state::{Cause, Event};
use watchfloor::fleet::words::{CheckState, Timestamp};
use watchfloor::hub::notices::signature;
use watchfloor::hub::serve::Hub;
use watchfloor::wire::decode_entry_bytes;

use super::sending::{configure, ended, fails, fleet, hub, test_page, with_ann};
use super::{Web, configuration, ok, until};

/// What the HTTP port answers: its status and all of it.
async fn ask(hub: &Hub, method: &str, path: &str, headers: &str, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(hub.listening().http.unwrap()).await.unwrap();
    let host = if headers.to_lowercase().contains("host:") { "" } else { "host: localhost\r\n" };
    let request = format!(
        "{method} {path} HTTP/1.1\r\n{host}{headers}content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    (answer.split(' ').nth(1).unwrap().parse().unwrap(), answer)
}

/// A hub where one alert was told to Ann by a webhook; the notice, and the path of its link.
async fn told(data: &std::path::Path, web: &Web) -> (Hub, Notice, String) {
    let hub = hub(data).await;
    let secret = data.join("secret");
    std::fs::write(&secret, "hunter2").unwrap();
    std::fs::set_permissions(&secret, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    std::fs::write(data.join("secrets.toml"), format!("[secrets]\nKEY = {{ file = {secret:?} }}\n")).unwrap();
    let text = format!(
        "[links]\nurl = \"https://noc.example.net\"\n[channels.hook]\nkind = \"webhook\"\nsecret = \"@KEY\"\n\
         url = \"http://127.0.0.1:{0}/\"\n[channels.pager]\nkind = \"events\"\nsecret = \"@KEY\"\n\
         routing_key = \"@KEY\"\nurl = \"http://127.0.0.1:{0}/\"\n",
        web.port
    );
    configure(&hub, with_ann(configuration(&text), &["hook", "pager"]));
    let host = hub.admit_local("web-01").await.unwrap();
    fails(&hub, host, 1, "disk", CheckState::Critical).await;
    let id = until("a notice", async || fleet(&hub).await.notices.notices.keys().next().copied()).await;
    let notice = Notice::clone(&*ended(&hub, id, State::Sent).await);
    assert_eq!(notice.kind, Kind::Problem);
    let body: serde_json::Value = serde_json::from_str(&web.asked()[0].body).unwrap();
    assert_eq!(body["subject"], "[CRITICAL] local / web-01: disk is 97 % full <b>");
    let link = body["link"].as_str().unwrap().strip_prefix("https://noc.example.net").unwrap().to_owned();
    (hub, notice, link)
}

/// Refusals in the journal: what was asked.
fn refusals(hub: &Hub) -> Vec<String> {
    let entries = hub.shared().journal.entries(Default::default(), 100_000, 64 << 20).unwrap();
    let events = entries.into_iter().flat_map(|entry| decode_entry_bytes(entry.bytes).unwrap().events);
    let refused = events.filter_map(|(_, event)| match event {
        Event::Profile(profile::Event::Refused { what, .. }) => Some(what.as_str().to_owned()),
        _ => None,
    });
    refused.collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn showing_a_link_does_nothing_and_its_button_works_once() {
    let (data, web) = (tempfile::tempdir().unwrap(), Web::new(ok).await);
    let (hub, notice, link) = told(data.path(), &web).await;
    for _ in 0..2 {
        let (status, page) = ask(&hub, "GET", &link, "Host: noc.example.net\r\n", "").await;
        assert_eq!(status, 200, "{page}");
        assert!(page.contains("<form method=\"post\">") && page.contains("97 % full &lt;b&gt;"), "{page}");
    }
    assert_eq!(
        fleet(&hub).await.alerts.alerts[&notice.alerts[0]].lane(),
        Lane::New,
        "a scanner that looks takes nothing"
    );

    let forged = format!("{}{}", &link[..link.len() - 1], if link.ends_with('A') { 'B' } else { 'A' });
    assert_eq!(ask(&hub, "POST", &forged, "", "").await.0, 404);
    assert_eq!(ask(&hub, "POST", "/a/x", "", "").await.0, 404);
    let (status, _) = ask(&hub, "POST", &link, "Host: noc.example.net\r\nOrigin: https://evil.example\r\n", "").await;
    assert_eq!(status, 403, "another page may not press the button");
    assert_eq!(ask(&hub, "POST", &link, "Host: evil.example\r\n", "").await.0, 421);
    assert_eq!(fleet(&hub).await.alerts.alerts[&notice.alerts[0]].lane(), Lane::New);
    until("the refusal's entry", async || refusals(&hub).contains(&"link".to_owned()).then_some(())).await;

    let own = "Host: noc.example.net\r\nOrigin: https://noc.example.net\r\n";
    let (status, page) = ask(&hub, "POST", &link, own, "").await;
    assert!(status == 200 && page.contains("ann has it now"), "{page}");
    let fleet_now = fleet(&hub).await;
    let alert = &fleet_now.alerts.alerts[&notice.alerts[0]];
    assert_eq!((alert.lane(), alert.owner().unwrap().as_str()), (Lane::Owned, "ann"));
    let answered = ended(&hub, notice.id, State::Answered).await;
    assert_eq!(answered.words.as_str(), "link");
    let entries = hub.shared().journal.entries(Default::default(), 100_000, 64 << 20).unwrap();
    let causes: Vec<Cause> =
        entries.into_iter().map(|entry| decode_entry_bytes(entry.bytes).unwrap().actor.cause).collect();
    assert!(causes.contains(&Cause::Receiver(notice.id)), "the journal says by whose answer");
    for method in ["GET", "POST"] {
        let (status, page) = ask(&hub, method, &link, own, "").await;
        assert!(status == 410 && page.contains("answered already"), "{page}");
    }
    hub.end().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_ends_with_its_alert() {
    let (data, web) = (tempfile::tempdir().unwrap(), Web::new(ok).await);
    let (hub, notice, link) = told(data.path(), &web).await;
    let host = fleet(&hub).await.alerts.alerts[&notice.alerts[0]].host.unwrap();
    fails(&hub, host, 2, "disk", CheckState::Ok).await;
    let (status, page) = ask(&hub, "POST", &link, "", "").await;
    assert!(status == 410 && page.contains("resolved already"), "{page}");
    hub.end().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_test_page_is_answered_by_its_link() {
    let (data, web) = (tempfile::tempdir().unwrap(), Web::new(ok).await);
    let (hub, _, _) = told(data.path(), &web).await;
    let page = test_page(&hub, "ann").await;
    ended(&hub, page, State::Sent).await;
    let body: serde_json::Value = serde_json::from_str(&web.asked().last().unwrap().body).unwrap();
    let link = body["link"].as_str().unwrap().strip_prefix("https://noc.example.net").unwrap().to_owned();
    assert_eq!(ask(&hub, "POST", &link, "", "").await.0, 200);
    ended(&hub, page, State::Answered).await;
    hub.end().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callbacks_count_once_when_signed_in_time() {
    let (data, web) = (tempfile::tempdir().unwrap(), Web::new(ok).await);
    let (hub, notice, _) = told(data.path(), &web).await;
    let key = format!("{}-{}", hub.shared().fleet, notice.id);
    let now = Timestamp(jiff::Timestamp::now().as_millisecond());
    let delivered = json!({"key": key, "event": "delivered", "detail": "read by the phone"}).to_string();
    let signed = |at: Timestamp, secret: &str, body: &str| {
        format!("Watchfloor-Signature: {}\r\n", signature::sign(secret, at, body.as_bytes()))
    };
    let path = "/callback/hook";
    for (headers, expected) in [
        (String::new(), 401),
        (signed(now, "hunter3", &delivered), 401),
        (signed(Timestamp(now.0 - 301_000), "hunter2", &delivered), 403),
    ] {
        let (status, answer) = ask(&hub, "POST", path, &headers, &delivered).await;
        assert_eq!(status, expected, "{answer}");
    }
    assert_eq!(ask(&hub, "POST", "/callback/nobody", "", &delivered).await.0, 404);
    let good = signed(now, "hunter2", &delivered);
    assert_eq!(ask(&hub, "POST", path, &good, &delivered).await.0, 200);
    let words = ended(&hub, notice.id, State::Delivered).await.words.clone();
    assert_eq!(words.as_str(), "hook: read by the phone");
    assert_eq!(ask(&hub, "POST", path, &good, &delivered).await.0, 409, "no replay");

    for (body, expected) in [
        ("{", 400),
        (&*json!({"key": key, "event": "exploded"}).to_string(), 400),
        (&*json!({"key": "other-1", "event": "delivered"}).to_string(), 404),
    ] {
        let (status, answer) = ask(&hub, "POST", path, &signed(now, "hunter2", body), body).await;
        assert_eq!(status, expected, "{answer}");
    }
    let acknowledged = json!({"key": key, "event": "acknowledged"}).to_string();
    let (status, answer) = ask(&hub, "POST", path, &signed(now, "hunter2", &acknowledged), &acknowledged).await;
    assert!(status == 200 && answer.contains("ann has it now"), "{answer}");
    ended(&hub, notice.id, State::Answered).await;
    assert_eq!(fleet(&hub).await.alerts.alerts[&notice.alerts[0]].owner().unwrap().as_str(), "ann");
    hub.end().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_gateway_could_not_deliver_goes_to_the_next_channel() {
    let (data, web) = (tempfile::tempdir().unwrap(), Web::new(ok).await);
    let (hub, notice, _) = told(data.path(), &web).await;
    let body =
        json!({"key": format!("{}-{}", hub.shared().fleet, notice.id), "event": "failed", "detail": "no such number"});
    let body = body.to_string();
    let now = Timestamp(jiff::Timestamp::now().as_millisecond());
    let headers = format!("Watchfloor-Signature: {}\r\n", signature::sign("hunter2", now, body.as_bytes()));
    assert_eq!(ask(&hub, "POST", "/callback/hook", &headers, &body).await.0, 200);
    until("the pager's turn", async || {
        let fleet = fleet(&hub).await;
        let one = &fleet.notices.notices[&notice.id];
        (one.channel == 1 && one.state == State::Sent).then_some(())
    })
    .await;
    let trigger: serde_json::Value = serde_json::from_str(&web.asked().last().unwrap().body).unwrap();
    assert_eq!(trigger["event_action"], "trigger");

    // and what somebody does there counts here
    let event = |kind: &str, agent: &str| {
        json!({"event": {"id": format!("{kind}{agent}"), "event_type": kind, "agent": {"type": agent, "summary": "Bob"},
               "data": {"incident_key": trigger["dedup_key"]}}})
        .to_string()
    };
    let tag = |body: &str| {
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, b"hunter2");
        let tag = ring::hmac::sign(&key, body.as_bytes());
        let hex: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        format!("X-PagerDuty-Signature: v1={hex}\r\n")
    };
    let lane = async || fleet(&hub).await.alerts.alerts[&notice.alerts[0]].lane();
    let body = event("incident.acknowledged", "user_reference");
    assert_eq!(ask(&hub, "POST", "/callback/pager", "X-PagerDuty-Signature: v1=00\r\n", &body).await.0, 401);
    assert_eq!(lane().await, Lane::New);
    assert_eq!(ask(&hub, "POST", "/callback/pager", &tag(&body), &body).await.0, 200);
    assert_eq!(lane().await, Lane::Owned);
    let by = fleet(&hub).await.alerts.alerts[&notice.alerts[0]].owner().cloned().unwrap();
    assert_eq!(by.as_str(), "Bob (pager)");
    let body = event("incident.resolved", "service_reference");
    assert_eq!(ask(&hub, "POST", "/callback/pager", &tag(&body), &body).await.0, 200);
    assert!(fleet(&hub).await.alerts.alerts[&notice.alerts[0]].is_open(), "what no person ended is still a problem");
    let body = event("incident.resolved", "user_reference");
    assert_eq!(ask(&hub, "POST", "/callback/pager", &tag(&body), &body).await.0, 200);
    assert!(!fleet(&hub).await.alerts.alerts[&notice.alerts[0]].is_open());
    hub.end().await.unwrap();
}
