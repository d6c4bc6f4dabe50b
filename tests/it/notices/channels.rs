//! Webhooks, events and programs, one attempt each.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::Value;

use super::{PATIENCE, Web, answer, channel, message, ok, until};
use watchfloor::fleet::configuration::Channel;
use watchfloor::fleet::notices::Kind;
use watchfloor::fleet::words::Timestamp;
use watchfloor::hub::notices::delivery::{DeliveryError, Receipt, Sender};
use watchfloor::hub::notices::signature;

fn sender(data: &Path) -> Sender {
    let secret = data.join("secret");
    std::fs::write(&secret, "hunter2\n").unwrap();
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o600)).unwrap();
    let text = format!("[secrets]\nKEY = {{ file = {:?} }}\n", secret.to_str().unwrap());
    std::fs::write(data.join("secrets.toml"), text).unwrap();
    Sender::new(data.to_owned())
}

async fn send(channel: &Channel) -> Result<Receipt, DeliveryError> {
    let data = tempfile::tempdir().unwrap();
    tokio::time::timeout(PATIENCE, sender(data.path()).send(channel, &message())).await.unwrap()
}

#[tokio::test]
async fn a_webhook_is_signed_and_its_template_filled() {
    let web = Web::new(ok).await;
    let text = format!(
        "[channels.a]\nkind = \"webhook\"\nurl = \"http://127.0.0.1:{}/x?to={{{{to}}}}\"\nsecret = \"@KEY\"\n\
         headers = {{ Authorization = \"Bearer @KEY\" }}\nbody = '{{\"text\": \"{{{{short}}}}\"}}'\n",
        web.port
    );
    let receipt = send(&channel(&text)).await.unwrap();
    assert_eq!(receipt.0.as_str(), "200 OK: taken");
    let [asked] = web.asked().try_into().unwrap();
    assert_eq!(asked.line, "POST /x?to=ann HTTP/1.1");
    assert_eq!(serde_json::from_str::<Value>(&asked.body).unwrap()["text"], "disk is full \"K7Q2\"");
    assert_eq!(asked.headers["idempotency-key"], "fleet-7");
    assert_eq!(asked.headers["authorization"], "Bearer hunter2");
    let signed = &asked.headers["watchfloor-signature"];
    let now = Timestamp(jiff::Timestamp::now().as_millisecond());
    assert!(signature::verify(signed, "hunter2", now, asked.body.as_bytes()).is_ok());
    assert!(signature::verify(signed, "hunter3", now, asked.body.as_bytes()).is_err());
}

#[tokio::test]
async fn a_webhook_without_a_template_gets_all_that_is_known() {
    let web = Web::new(ok).await;
    send(&channel(&format!("[channels.a]\nkind = \"webhook\"\nurl = \"http://127.0.0.1:{}/\"\n", web.port)))
        .await
        .unwrap();
    let body: Value = serde_json::from_str(&web.asked()[0].body).unwrap();
    assert_eq!((&body["key"], &body["count"], &body["client"]), (&"fleet-7".into(), &13.into(), &"acme".into()));
    assert_eq!(body["link"], "https://noc.example.net/a/token");
}

#[tokio::test]
async fn what_may_pass_is_tried_again_and_what_will_not_is_not() {
    for (status, headers, retry) in [
        ("500 Oops", "", true),
        ("503 Busy", "", true),
        ("429 Slow", "", true),
        ("400 No", "", false),
        ("401 hunter2", "", false),
        ("302 Found", "location: http://127.0.0.1:1/elsewhere\r\n", false),
    ] {
        let (status, headers) = (status.to_owned(), headers.to_owned());
        let said = answer(&status, &headers, "hunter2 is wrong");
        let web = Web::new(move |_| Some(said.clone())).await;
        let text =
            format!("[channels.a]\nkind = \"webhook\"\nurl = \"http://127.0.0.1:{}/\"\nsecret = \"@KEY\"\n", web.port);
        let error = send(&channel(&text)).await.unwrap_err();
        assert_eq!(error.retry, retry, "{status}: {error}");
        assert!(!error.to_string().contains("hunter2"), "a secret that comes back is not told on: {error}");
        assert_eq!(web.asked().len(), 1, "{status}: nothing is followed");
        if status.starts_with("302") {
            assert!(error.to_string().contains("elsewhere") && error.to_string().contains("write the right url"));
        }
    }
    let nobody = channel("[channels.a]\nkind = \"webhook\"\nurl = \"http://127.0.0.1:1/\"\n");
    assert!(send(&nobody).await.unwrap_err().retry);
    let unknown = channel("[channels.a]\nkind = \"webhook\"\nurl = \"http://127.0.0.1:1/\"\nsecret = \"@OTHER\"\n");
    let error = send(&unknown).await.unwrap_err();
    assert_eq!(
        (error.retry, error.to_string().as_str()),
        (false, "secrets.toml has no secret OTHER: add it under [secrets]")
    );
}

#[tokio::test]
async fn incidents_are_opened_and_ended_under_the_same_key() {
    let web = Web::new(|_| Some(answer("202 Accepted", "", "{\"status\":\"success\"}"))).await;
    let text = format!(
        "[channels.a]\nkind = \"events\"\nrouting_key = \"@KEY\"\nurl = \"http://127.0.0.1:{}/v2\"\n",
        web.port
    );
    let channel = channel(&text);
    send(&channel).await.unwrap();
    let data = tempfile::tempdir().unwrap();
    let mut recovery = message();
    recovery.kind = Kind::Recovery;
    sender(data.path()).send(&channel, &recovery).await.unwrap();
    let bodies: Vec<Value> = web.asked().iter().map(|asked| serde_json::from_str(&asked.body).unwrap()).collect();
    assert_eq!((&bodies[0]["event_action"], &bodies[1]["event_action"]), (&"trigger".into(), &"resolve".into()));
    for body in &bodies {
        assert_eq!((&body["dedup_key"], &body["routing_key"]), (&"fleet-alert-5".into(), &"hunter2".into()));
    }
    assert_eq!(bodies[0]["payload"]["severity"], "critical");
    assert_eq!(bodies[0]["payload"]["source"], "web-01");
}

fn program(directory: &Path, script: &str) -> Channel {
    let path = directory.join("send");
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    channel(&format!("[channels.a]\nkind = \"command\"\nargv = [{path:?}]\ntimeout = \"1s\"\n"))
}

#[tokio::test]
async fn a_program_gets_all_of_it_and_its_code_says_what_became_of_it() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("out");
    let script = format!("cat > {out}; echo \"$WATCHFLOOR_SUBJECT\" >> {out}; echo sent as 9", out = out.display());
    let receipt = send(&program(directory.path(), &script)).await.unwrap();
    assert_eq!(receipt.0.as_str(), "sent as 9");
    let text = std::fs::read_to_string(&out).unwrap();
    assert!(text.contains("\"key\":\"fleet-7\"") && text.contains("+12 more)\n"), "{text}");
    for (script, retry, words) in [
        ("echo no route >&2; exit 1", true, "exit code 1: no route"),
        ("exit 75", true, "exit code 75"),
        ("echo bad number; exit 65", false, "exit code 65: bad number"),
        ("kill -9 $$", true, "signal 9"),
    ] {
        let error = send(&program(directory.path(), script)).await.unwrap_err();
        assert!(error.retry == retry && error.to_string().contains(words), "{script}: {error:?}");
    }
    let none = channel("[channels.a]\nkind = \"command\"\nargv = [\"/nowhere/send\"]\n");
    assert!(!send(&none).await.unwrap_err().retry);
}

#[tokio::test]
async fn a_program_that_hangs_is_killed_with_all_it_started() {
    let directory = tempfile::tempdir().unwrap();
    let pid = directory.path().join("pid");
    let script = format!("sh -c 'trap \"\" TERM; echo $$ > {}; while :; do sleep 1; done' & wait", pid.display());
    let error = send(&program(directory.path(), &script)).await.unwrap_err();
    assert!(error.retry && error.to_string().contains("killed"), "{error}");
    let pid = std::fs::read_to_string(&pid).unwrap();
    let stat = format!("/proc/{}/stat", pid.trim());
    until("the end of its child", async || {
        let gone = std::fs::read_to_string(&stat).map_or(true, |stat| stat.contains(") Z "));
        gone.then_some(())
    })
    .await;
}
