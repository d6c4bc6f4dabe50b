//! Mail: a real server over each kind of TLS, and servers that refuse, fall silent and hang up.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader as AsyncReader};
use tokio::net::TcpListener;

use super::{PATIENCE, channel, message};
use watchfloor::hub::notices::delivery::{DeliveryError, Receipt, Sender};

/// A mail server of its own process.
struct Server {
    child: Child,
    lines: BufReader<ChildStdout>,
    port: u16,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    fn new(mode: &str, directory: &Path) -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/smtp_server.py");
        // the system's own Python, which has Debian's package
        let mut child = Command::new("/usr/bin/python3")
            .arg(script)
            .arg(mode)
            .args([directory.join("certificate.pem"), directory.join("key.pem")])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut port = String::new();
        lines.read_line(&mut port).unwrap();
        let port = port.trim().parse().expect("python3-aiosmtpd is installed by tests/run");
        Self { child, lines, port }
    }

    fn mail(&mut self) -> Value {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }
}

/// A certificate of `localhost` and its key.
fn certify(directory: &Path) {
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"])
        .args(["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .arg("-keyout")
        .arg(directory.join("key.pem"))
        .arg("-out")
        .arg(directory.join("certificate.pem"))
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

async fn send(directory: &Path, port: u16, more: &str) -> Result<Receipt, DeliveryError> {
    for (name, value) in [("good", "hunter2"), ("bad", "hunter3")] {
        std::fs::write(directory.join(name), value).unwrap();
        std::fs::set_permissions(directory.join(name), std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    let secrets = format!(
        "[secrets]\nGOOD = {{ file = {:?} }}\nBAD = {{ file = {:?} }}\n",
        directory.join("good"),
        directory.join("bad")
    );
    std::fs::write(directory.join("secrets.toml"), secrets).unwrap();
    let text = format!(
        "[channels.mail]\nkind = \"smtp\"\nhost = \"localhost\"\nport = {port}\nfrom = \"NOC <noc@example.net>\"\n{more}\n"
    );
    let sender = Sender::new(directory.to_owned());
    tokio::time::timeout(PATIENCE, sender.send(&channel(&text), &message())).await.unwrap()
}

#[tokio::test]
async fn a_real_server_takes_mail_over_each_kind_of_tls() {
    let directory = tempfile::tempdir().unwrap();
    certify(directory.path());
    let ca = format!("ca = {:?}", directory.path().join("certificate.pem"));
    let login = "user = \"noc\"\npassword = \"@GOOD\"";
    for (mode, more) in [
        ("plain", "tls = \"none\"".to_owned()),
        ("starttls", format!("tls = \"starttls\"\n{login}\n{ca}")),
        ("implicit", format!("subject_prefix = \"[noc] \"\n{login}\n{ca}")),
    ] {
        let mut server = Server::new(mode, directory.path());
        let receipt =
            send(directory.path(), server.port, &more).await.unwrap_or_else(|error| panic!("{mode}: {error}"));
        assert_eq!(receipt.0.as_str(), "250 queued as 42", "{mode}");
        let mail = server.mail();
        assert_eq!((&mail["from"], &mail["to"][0]), (&"noc@example.net".into(), &"ann@example.net".into()), "{mode}");
        assert_eq!((&mail["tls"], &mail["user"]), (&(mode != "plain").into(), &(mode != "plain").into()), "{mode}");
        let data = mail["data"].as_str().unwrap();
        for header in [
            "Message-ID: <fleet-7@example.net>\r\n",
            "References: <fleet-alert-5@example.net>\r\n",
            "Auto-Submitted: auto-generated\r\n",
            "Content-Type: text/plain; charset=utf-8\r\n",
        ] {
            assert!(data.contains(header), "{mode}: {header:?} in {data}");
        }
        assert_eq!(data.contains("Subject: [noc] [CRITICAL]"), mode == "implicit", "{data}");
        let (_, body) = data.split_once("\r\n\r\n").unwrap();
        assert_eq!(body.trim_end(), "one\r\n\r\n.two\r\nthree", "{mode}: a dot at a line's start stays one");
    }
}

#[tokio::test]
async fn who_is_not_who_it_should_be_is_told_nothing() {
    let directory = tempfile::tempdir().unwrap();
    certify(directory.path());
    let ca = format!("ca = {:?}", directory.path().join("certificate.pem"));
    let server = Server::new("implicit", directory.path());
    let unknown = send(directory.path(), server.port, "user = \"noc\"\npassword = \"@GOOD\"").await.unwrap_err();
    assert!(!unknown.retry && unknown.to_string().contains("certificate"), "{unknown:?}");
    let login = format!("user = \"noc\"\npassword = \"@BAD\"\n{ca}");
    let refused = send(directory.path(), server.port, &login).await.unwrap_err();
    assert!(!refused.retry && refused.to_string().contains("535"), "{refused:?}");
    assert!(!refused.to_string().contains("hunter3"));
    // a server that offers no STARTTLS where it is asked for gets no mail in the clear
    let plain = Server::new("plain", directory.path());
    assert!(send(directory.path(), plain.port, &format!("tls = \"starttls\"\n{ca}")).await.is_err());
}

/// A server that says these things, one after each line it gets, then hangs up, or falls silent.
async fn scripted(script: &'static [&'static str], then_hangs: bool) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let mut stream = AsyncReader::new(stream);
                for said in script {
                    if stream.write_all(said.as_bytes()).await.is_err() {
                        return;
                    }
                    let mut line = String::new();
                    if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
                        return;
                    }
                }
                if then_hangs {
                    std::future::pending::<()>().await;
                }
            });
        }
    });
    port
}

#[tokio::test]
async fn servers_that_misbehave_are_told_apart() {
    let directory = tempfile::tempdir().unwrap();
    const GREETED: &str = "220 hi\r\n";
    const HELLO: &str = "250 hello\r\n";
    for (what, script, retry, words) in [
        ("later", &[GREETED, HELLO, "451 greylisted, come back\r\n"][..], true, "greylisted"),
        ("never", &[GREETED, HELLO, "250 ok\r\n", "550 no such user\r\n"][..], false, "no such user"),
        (
            "hangs up in the middle of the mail",
            &[GREETED, HELLO, "250 ok\r\n", "250 ok\r\n", "354 go\r\n"][..],
            true,
            "",
        ),
        ("hangs up at once", &[][..], true, ""),
        ("is no mail server", &["SSH-2.0-OpenSSH_9\r\n"][..], true, ""),
    ] {
        let port = scripted(script, false).await;
        let error = send(directory.path(), port, "tls = \"none\"").await.unwrap_err();
        assert!(error.retry == retry && error.to_string().contains(words), "{what}: {error:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_says_nothing_is_given_up_in_time() {
    let directory = tempfile::tempdir().unwrap();
    let port = scripted(&["220 hi\r\n"], true).await;
    let begun = tokio::time::Instant::now();
    let error = send(directory.path(), port, "tls = \"none\"").await.unwrap_err();
    assert!(error.retry && begun.elapsed().as_secs() <= 21, "{error:?} after {:?}", begun.elapsed());
}
