//! The console renews its operator's certificate while it is linked to a real hub.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant, UNIX_EPOCH};

use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
use watchfloor::fleet::derived::first_look::Look;

use watchfloor::console::link_task::{FromLink, LinkConfig, News, Reach, spawn};
use watchfloor::console::replica::{FleetIndex, Replica};
use watchfloor::fleet::words::Timestamp;
use watchfloor::hub::serve::{Hub, Options};
use watchfloor::link::{Address, LinkError, Tls, enrol};
use watchfloor::trust::tls_client::{hub_server_name, link_client};
use watchfloor::trust::{Authority, Credential, Kind, Token};

const PATIENCE: Duration = Duration::from_secs(30);
const DAY: Duration = Duration::from_secs(86_400);

fn now() -> Timestamp {
    Timestamp(i64::try_from(UNIX_EPOCH.elapsed().unwrap().as_millis()).unwrap())
}

async fn hub(data: &Path, listen: &str) -> Hub {
    let options = Options {
        data: data.to_owned(),
        listen: Some(listen.to_owned()),
        enrol_listen: Some("127.0.0.1:0".to_owned()),
        advertise: vec!["127.0.0.1".to_owned()],
        ..Options::default()
    };
    timeout(PATIENCE, Hub::start(options)).await.expect("in time").expect("a hub")
}

async fn token(data: &Path) -> Token {
    let mut command = Command::new(env!("CARGO_BIN_EXE_watchfloor"));
    command.args(["token", "create", "--role", "viewer", "--data"]).arg(data);
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    assert!(output.status.success(), "{output:?}");
    Token::decode(String::from_utf8(output.stdout).unwrap().trim()).unwrap()
}

fn stored(dir: &Path) -> Credential {
    Credential::load(dir).unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_past_two_thirds_of_its_life_is_renewed_on_disk_and_the_next_dial_uses_it() {
    let home = tempfile::tempdir().unwrap();
    let (data, dir) = (home.path().join("hub"), home.path().join("fleet"));
    // A fleet that is older than the certificate.
    let authority = Authority::create(&data.join("authority"), now() - 365 * DAY).unwrap();
    let first = hub(&data, "127.0.0.1:0").await;
    let address = first.listening().link.unwrap().to_string();
    let token = token(&data).await;
    let enrolled = timeout(PATIENCE, enrol::enrol(&token, "wall", None, |_| dir.clone())).await.unwrap().unwrap();
    let id = enrolled.credential.principal().id;
    let old = authority.issue_credential(Kind::Operator, id, now() - 25 * DAY).unwrap();
    assert!(old.renew_at() < now() && now() < old.validity().not_after);
    old.save(&dir).unwrap();

    let (out, mut news) = mpsc::channel(16);
    let (dialled, mut dials) = mpsc::unbounded_channel();
    let (of, at) = (dir.clone(), address.clone());
    let reach = Reach::new(move || {
        let credential = stored(&of);
        dialled.send(credential.key()).unwrap();
        let refused = |error: &dyn std::fmt::Display| LinkError::Refused(error.to_string());
        let name = hub_server_name(&credential.principal().fleet).map_err(|error| refused(&error))?;
        let config = link_client(&credential).map_err(|error| refused(&error))?.into();
        Ok((vec![Address::Tcp(at.clone())], Some(Tls { config, name })))
    });
    let _link = spawn(
        LinkConfig {
            fleet: FleetIndex(0),
            reach: reach.renewed_in(dir.clone()),
            look: watch::channel(Look::default()).1,
        },
        out,
    );
    let mut replica = Replica::new("wall", Instant::now());
    let mut until = async |what: &str, wanted: &dyn Fn(&Replica) -> bool| {
        let end = tokio::time::Instant::now() + PATIENCE;
        while !wanted(&replica) {
            let told = tokio::time::timeout_at(end, news.recv()).await;
            let Ok(Some(FromLink { news, .. })) = told else { panic!("waited for {what}: {:?}", replica.link()) };
            match news {
                News::Update(update) => drop(replica.apply(update)),
                News::Trouble(what) => panic!("{what:?}"),
                News::ActDone { .. } | News::Answer(_) => {}
            }
        }
    };
    until("a live link", &|replica| replica.link().is_live()).await;
    until("a new certificate", &|_| stored(&dir).key() != old.key()).await;
    let new = stored(&dir);
    assert_eq!(new.principal(), old.principal());
    assert!(new.validity().not_after > now() + 29 * DAY, "thirty days from now");
    assert_eq!(dials.try_recv().unwrap(), old.key());
    until("the same link", &|replica| replica.link().is_live()).await;
    assert!(dials.is_empty(), "it was not dialled anew for it");

    first.end().await.unwrap();
    until("a lost link", &|replica| !replica.link().is_live()).await;
    let second = hub(&data, &address).await;
    until("a live link again", &|replica| replica.link().is_live()).await;
    let mut last = dials.try_recv().unwrap();
    while let Ok(next) = dials.try_recv() {
        last = next;
    }
    assert_eq!(last, new.key());
    second.end().await.unwrap();
}
