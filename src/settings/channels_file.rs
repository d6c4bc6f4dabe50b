//! How notices leave and answers come back: `[channels.NAME]`, `[watchdog]` and `[links]` of `policies.toml`.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use crate::fleet::configuration::channels::{
    Channel, ChannelKind, Command, Delivery, Events, Links, MailTls, PAGERDUTY, Smtp, Watchdog, Webhook,
};
use crate::fleet::configuration::template::{Escaping, Template};
use crate::fleet::configuration::{Layer, Provenance};
use crate::fleet::words::nearest::nearest;
use crate::settings::reader::{Names, Section};
use crate::settings::secret::is_secret_name;

/// Each channel has queues of its own, one a receiver.
const MOST_CHANNELS: usize = 64;
const KINDS: [&str; 4] = ["smtp", "webhook", "command", "events"];
const METHODS: [&str; 4] = ["POST", "PUT", "PATCH", "GET"];
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
/// Longer would hold up the receiver's other notices; the next channel has its turn after a minute anyway.
const LONGEST_COMMAND: Duration = Duration::from_secs(20);
const BEAT: Duration = MINUTE;
/// What a test of a template puts in for every placeholder.
const SAMPLE: &str = "a \"sample\"\n";

/// Reads the tables of this part of the file.
pub(super) fn read(file: &str, top: &mut Section<'_>) -> Delivery {
    let mut delivery = Delivery::default();
    let mut names = Vec::new();
    for (name, mut section) in top.named("channels", Names::Plain) {
        names.push(name.clone());
        if delivery.channels.len() == MOST_CHANNELS {
            section.problem("", "there are too many channels", format!("write at most {MOST_CHANNELS}"));
            break;
        }
        let channel = channel(file, &name, &mut section);
        section.refuse_unknown();
        if let Some(channel) = channel {
            delivery.channels.insert(name, channel);
        }
    }
    if let Some(mut section) = top.section("links") {
        let url = section.parsed("url", "where the HTTP port is reached from outside", links);
        if !section.has("url") {
            section.problem("", "links need their url", "add url = \"https://noc.example.net\"");
        }
        section.refuse_unknown();
        delivery.links = url;
    }
    if let Some(mut section) = top.section("watchdog") {
        delivery.watchdog = watchdog(&mut section, &names);
        section.refuse_unknown();
    }
    delivery
}

fn watchdog(section: &mut Section<'_>, channels: &[String]) -> Option<Watchdog> {
    let every = section.duration("every", Duration::from_secs(5)..=MINUTE * 60).unwrap_or(BEAT);
    let Some(channel) = section.string("channel", "the name of a channel") else {
        if !section.has("channel") {
            section.problem("", "the watchdog needs its channel", "add channel = \"NAME\", one of [channels.NAME]");
        }
        return None;
    };
    if !channels.contains(&channel) {
        let fix = match nearest(&channel, channels.iter().map(String::as_str)) {
            Some(near) => format!("did you mean {near:?}?"),
            None => format!("add [channels.{channel}], a webhook to a dead-man switch outside"),
        };
        section.problem("channel", format!("no channel is called {channel:?}"), fix);
        return None;
    }
    Some(Watchdog { channel, every })
}

fn channel(file: &str, name: &str, section: &mut Section<'_>) -> Option<Channel> {
    let source = Provenance { file: file.to_owned(), line: section.line(), layer: Layer::Fleet };
    let kind = section.word("kind", &KINDS, |word| KINDS.into_iter().find(|known| *known == word));
    if !section.has("kind") {
        section.problem("", "a channel needs its kind", format!("add kind = one of {}", KINDS.join(", ")));
    }
    let to = section.string("to", "an address");
    let secret = section.parsed("secret", "\"@NAME\", a secret of secrets.toml", secret);
    let kind = match kind? {
        "smtp" => smtp(section, to.as_deref()).map(ChannelKind::Smtp),
        "webhook" => webhook(section).map(ChannelKind::Webhook),
        "command" => command(section).map(ChannelKind::Command),
        _ => events(section).map(ChannelKind::Events),
    };
    Some(Channel { name: name.to_owned(), kind: kind?, to, secret, source })
}

fn smtp(section: &mut Section<'_>, to: Option<&str>) -> Option<Smtp> {
    let words = MailTls::ALL.map(MailTls::word);
    let tls = section.word("tls", &words, MailTls::from_word);
    let host = section.parsed("host", "the mail server's name", host_name);
    let port = section.count("port", 1..=65535).and_then(|port| u16::try_from(port).ok());
    let user = section.string("user", "who logs in");
    let password = section.parsed("password", "\"@NAME\", a secret of secrets.toml", secret);
    let from = section.parsed("from", "the sender, \"Watchfloor <noc@example.net>\"", mail_address);
    let subject_prefix = section.parsed("subject_prefix", "what each subject begins with", one_line);
    let unencrypted = section.flag("unencrypted").unwrap_or(false);
    let ca = ca(section);
    if let Some(Err((what, fix))) = to.map(mail_address) {
        section.problem("to", what, fix);
    }
    needs(section, "host", "\"mail.example.net\"");
    needs(section, "from", "\"Watchfloor <noc@example.net>\"");
    for (one, other) in [("user", "password"), ("password", "user")] {
        if section.has(one) && !section.has(other) {
            section.problem(
                one,
                format!("{one} has no effect without {other}"),
                format!("add {other}, or remove {one}"),
            );
        }
    }
    let tls = tls.unwrap_or_default();
    if tls == MailTls::None && !unencrypted && host.as_deref().is_some_and(|host| !is_this_machine(host)) {
        let fix = "write \"implicit\" or \"starttls\", or add unencrypted = true where the way is safe otherwise";
        section.problem("tls", "mail would cross the network in the clear", fix);
    }
    Some(Smtp {
        host: host?,
        port: port.unwrap_or(tls.port()),
        tls,
        login: user.zip(password),
        from: from?,
        subject_prefix: subject_prefix.unwrap_or_default(),
        ca,
    })
}

fn webhook(section: &mut Section<'_>) -> Option<Webhook> {
    let unencrypted = section.flag("unencrypted").unwrap_or(false);
    let url = section.parsed("url", "where the request goes", |text| {
        let template = Template::parse(text).map_err(|error| (error.to_string(), error.fix()))?;
        // or a text from outside could choose who is told
        let in_host = template.head() != text && template.head().splitn(4, '/').nth(3).is_none();
        if in_host {
            let fix = "write the host out, and placeholders behind the / that ends it".to_owned();
            return Err(("a placeholder stands in the host".to_owned(), fix));
        }
        place(&template.fill(Escaping::Form, |_| "x"), unencrypted)?;
        Ok(template)
    });
    let method = section.word("method", &METHODS, |word| METHODS.into_iter().find(|known| *known == word));
    let headers = headers(section);
    let content_type = section.parsed("content_type", "the body's type", one_line);
    let content_type = content_type.unwrap_or_else(|| "application/json".to_owned());
    let body = section.parsed("body", "the text to send, with {{placeholders}}", |text| {
        Template::parse(text).map_err(|error| (error.to_string(), error.fix()))
    });
    let ca = ca(section);
    needs(section, "url", "\"https://example.net/hook\"");
    let method = method.unwrap_or("POST");
    if method == "GET" && body.is_some() {
        section.problem("body", "a GET has no body", "remove body, or write method = \"POST\"");
    }
    let webhook = Webhook { url: url?, method: method.to_owned(), headers, body, content_type, ca };
    if webhook.escaping() == Escaping::Json
        && let Some(body) = &webhook.body
        && let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(&body.fill(Escaping::Json, |_| SAMPLE))
    {
        let fix =
            "write JSON with placeholders inside its quotes, {\"text\": \"{{text}}\"}, or say another content_type";
        section.problem("body", format!("filled in, this is not JSON: {error}"), fix);
    }
    Some(webhook)
}

fn headers(section: &mut Section<'_>) -> BTreeMap<String, String> {
    let mut headers = BTreeMap::new();
    let Some(table) = section.section("headers") else { return headers };
    for (name, line, value) in table.texts() {
        let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if !is_name {
            table.note(line, &name, format!("{name:?} is no name of a header"), "use letters, digits and '-'");
        }
        if value.is_empty() || !value.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            table.note(
                line,
                &name,
                "the value is no line of plain characters",
                "write a text in quotes, without line ends",
            );
        }
        headers.insert(name, value);
    }
    headers
}

fn command(section: &mut Section<'_>) -> Option<Command> {
    let argv = section.strings("argv");
    let timeout = section.duration("timeout", SECOND..=LONGEST_COMMAND);
    needs(section, "argv", "[\"/usr/local/bin/send-sms\", \"--urgent\"]");
    let argv = argv?;
    if !argv.first().is_some_and(|program| program.starts_with('/')) {
        section.problem("argv", "the program is no whole path", "write [\"/PATH/TO/PROGRAM\", \"ARGUMENT\"]");
        return None;
    }
    Some(Command { argv, timeout: timeout.unwrap_or(LONGEST_COMMAND) })
}

fn events(section: &mut Section<'_>) -> Option<Events> {
    let unencrypted = section.flag("unencrypted").unwrap_or(false);
    let url = section.parsed("url", "where events are taken", |text| place(text, unencrypted).map(|_| text.to_owned()));
    let routing_key = section.parsed("routing_key", "\"@NAME\", a secret of secrets.toml", secret);
    let ca = ca(section);
    needs(section, "routing_key", "\"@NAME\", the integration's key as a secret of secrets.toml");
    let url = if section.has("url") { url? } else { PAGERDUTY.to_owned() };
    Some(Events { url, routing_key: routing_key?, ca })
}

fn needs(section: &Section<'_>, key: &str, example: &str) {
    if !section.has(key) {
        section.problem("", format!("this kind of channel needs its {key}"), format!("add {key} = {example}"));
    }
}

fn ca(section: &mut Section<'_>) -> Option<String> {
    section.parsed("ca", "the path of a file of certificates", |path| {
        if path.starts_with('/') {
            return Ok(path.to_owned());
        }
        Err((format!("{path:?} is no whole path"), "write a path that begins with /".to_owned()))
    })
}

type Refused = (String, String);

fn secret(text: &str) -> Result<String, Refused> {
    match text.strip_prefix('@').filter(|name| is_secret_name(name)) {
        Some(name) => Ok(name.to_owned()),
        // the text may be the secret itself, so it is not repeated
        None => Err((
            "this is no name of a secret".to_owned(),
            "secrets do not stand here: write \"@NAME\", and NAME under [secrets] of secrets.toml in the hub's data directory"
                .to_owned(),
        )),
    }
}

fn one_line(text: &str) -> Result<String, Refused> {
    if text.chars().any(char::is_control) {
        return Err(("the text has more than one line".to_owned(), "write one line".to_owned()));
    }
    Ok(text.to_owned())
}

fn host_name(text: &str) -> Result<String, Refused> {
    let is_host = text.parse::<IpAddr>().is_ok()
        || text.split('.').all(|label| {
            !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        });
    if is_host {
        return Ok(text.to_owned());
    }
    Err((format!("{text:?} is no name of a host"), "write a name or an address, without a port".to_owned()))
}

/// A mail address, `name@example.net` or `Words <name@example.net>`.
fn mail_address(text: &str) -> Result<String, Refused> {
    let address = match text.trim().strip_suffix('>').and_then(|text| text.rsplit_once('<')) {
        Some((_, address)) => address,
        None => text.trim(),
    };
    let sound = |part: &str| {
        !part.is_empty() && !part.chars().any(|c| c.is_whitespace() || c.is_control() || "<>,;\"".contains(c))
    };
    match address.rsplit_once('@') {
        Some((name, domain)) if sound(name) && host_name(domain).is_ok() && !text.chars().any(char::is_control) => {
            Ok(text.to_owned())
        }
        _ => Err((
            format!("{text:?} is no mail address"),
            "write \"name@example.net\" or \"Words <name@example.net>\"".to_owned(),
        )),
    }
}

fn is_this_machine(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// What a URL's parts are, as far as this file needs them.
struct Place {
    scheme: &'static str,
    authority: String,
}

/// Checks a URL: `https`, or `http` to this machine (or anywhere, where the file says so), and a host without a login.
fn place(url: &str, unencrypted: bool) -> Result<Place, Refused> {
    let wrong = |what: &str| Err((format!("{url:?} {what}"), "write \"https://HOST/PATH\"".to_owned()));
    if url.bytes().any(|byte| byte <= b' ' || byte >= 0x7f || b"\"<>\\^`{|}".contains(&byte)) {
        return wrong("holds characters that no URL has");
    }
    let (scheme, rest) = match (url.strip_prefix("https://"), url.strip_prefix("http://")) {
        (Some(rest), _) => ("https", rest),
        (None, Some(rest)) => ("http", rest),
        (None, None) => return wrong("is no URL of a web service"),
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return wrong("holds a login; use a header with a secret for it");
    }
    let (host, port) = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((ip, port)) => (ip, port.strip_prefix(':')),
        None => match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    if host_name(host).is_err() || port.is_some_and(|port| port.parse::<u16>().is_err()) {
        return wrong("names no host");
    }
    if scheme == "http" && !unencrypted && !is_this_machine(host) {
        let fix = "write https://, or add unencrypted = true where the way is safe otherwise";
        return Err(("what is said would cross the network in the clear".to_owned(), fix.to_owned()));
    }
    Ok(Place { scheme, authority: authority.to_ascii_lowercase() })
}

fn links(url: &str) -> Result<Links, Refused> {
    let url = url.trim_end_matches('/');
    let Place { scheme, authority } = place(url, false)?;
    if url.contains(['?', '#']) {
        return Err((format!("{url:?} has a query"), "write \"https://HOST\" or \"https://HOST/PATH\"".to_owned()));
    }
    Ok(Links { url: url.to_owned(), origin: format!("{scheme}://{authority}"), authority })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::reader::Reader;

    fn parse(text: &str) -> (Delivery, Vec<String>) {
        let reader = Reader::new("policies.toml", text, (&[], ""));
        let mut delivery = Delivery::default();
        reader.read(|top| delivery = read("policies.toml", top));
        (delivery, reader.into_problems().list().iter().map(ToString::to_string).collect())
    }

    const WHOLE: &str = r#"
[links]
url = "https://NOC.example.net/watch/"

[watchdog]
channel = "deadman"

[channels.mail]
kind = "smtp"
host = "mail.example.net"
tls = "starttls"
user = "noc"
password = "@SMTP"
from = "Watchfloor <noc@example.net>"
subject_prefix = "[noc] "

[channels.sms]
kind = "webhook"
url = "https://sms.example.net/send?to={{address}}"
secret = "@SMS"
headers = { Authorization = "Bearer @SMS" }
body = '{"text": "{{short}}"}'

[channels.deadman]
kind = "webhook"
url = "http://127.0.0.1:9/ping"
method = "GET"

[channels.call]
kind = "command"
argv = ["/usr/local/bin/call", "--now"]
timeout = "5s"

[channels.pager]
kind = "events"
routing_key = "@PAGER"
"#;

    #[test]
    fn every_kind_is_read() {
        let (delivery, problems) = parse(WHOLE);
        assert_eq!(problems, [""; 0]);
        let links = delivery.links.unwrap();
        assert_eq!((&*links.url, &*links.authority), ("https://NOC.example.net/watch", "noc.example.net"));
        assert_eq!(links.origin, "https://noc.example.net");
        assert_eq!(delivery.watchdog.unwrap().every, MINUTE);
        let kinds: Vec<_> = delivery.channels.values().map(|channel| channel.kind.word()).collect();
        assert_eq!(kinds, ["command", "webhook", "smtp", "events", "webhook"]);
        let ChannelKind::Smtp(smtp) = &delivery.channels["mail"].kind else { panic!("mail") };
        assert_eq!((smtp.port, smtp.login.as_ref().unwrap().1.as_str()), (587, "SMTP"));
        let ChannelKind::Webhook(sms) = &delivery.channels["sms"].kind else { panic!("sms") };
        assert_eq!((sms.escaping(), sms.method.as_str()), (Escaping::Json, "POST"));
        assert_eq!(delivery.channels["sms"].secret.as_deref(), Some("SMS"));
        let ChannelKind::Events(events) = &delivery.channels["pager"].kind else { panic!("pager") };
        assert_eq!(events.url, PAGERDUTY);
    }

    #[test]
    fn each_mistake_names_its_line_its_key_and_what_to_do() {
        let text = r#"[watchdog]
channel = "deadmn"
[channels.deadman]
kind = "webhok"
[channels.a]
kind = "webhook"
url = "https://{{host}}/x"
body = '{"text": {{text}}}'
[channels.b]
kind = "webhook"
url = "http://example.net/x"
body = "{{sbject}}"
[channels.c]
kind = "smtp"
host = "mail.example.net"
tls = "none"
from = "noc"
password = "hunter2"
[channels.d]
kind = "command"
argv = ["send"]
[channels.e]
kind = "events"
routing_ky = "@X"
[links]
url = "https://noc@example.net"
"#;
        let (_, found) = parse(text);
        for (line, words) in [
            (2, "no channel is called"),
            (4, "did you mean \"webhook\""),
            (7, "stands in the host"),
            (11, "in the clear"),
            (12, "did you mean {{subject}}"),
            (16, "in the clear"),
            (17, "no mail address"),
            (18, "no name of a secret"),
            (18, "without user"),
            (21, "no whole path"),
            (22, "needs its routing_key"),
            (24, "did you mean routing_key"),
            (26, "holds a login"),
        ] {
            let place = format!("policies.toml:{line}:");
            assert!(
                found.iter().any(|text| text.starts_with(&place) && text.contains(words)),
                "{place} {words}: {found:#?}"
            );
        }
        assert!(!found.iter().any(|text| text.contains("hunter2")), "a password is not repeated");
        let (_, found) =
            parse("[channels.a]\nkind = \"webhook\"\nurl = \"https://x.net/\"\nbody = '{\"t\": {{text}}}'\n");
        assert!(found[0].starts_with("policies.toml:4: channels.a.body: filled in, this is not JSON"), "{found:?}");
    }
}
