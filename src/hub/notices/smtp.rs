//! A notice as a mail: plain text, one receiver, its key as the message's id.

use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message as Mail, Tokio1Executor};

use crate::fleet::configuration::channels::{MailTls, Smtp};
use crate::fleet::words::Severity;
use crate::hub::notices::attempt::{DeliveryError, LONGEST_ATTEMPT, Receipt, explain};
use crate::hub::notices::http_client::certificates;
use crate::hub::notices::message::Message;
use crate::hub::notices::sender::{Sender, Used};

pub(super) async fn send(
    sender: &Sender,
    smtp: &Smtp,
    message: &Message,
    used: &Used,
) -> Result<Receipt, DeliveryError> {
    let mail = mail(smtp, message).map_err(|why| DeliveryError::lasting(&why))?;
    let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(smtp.host.as_str())
        .port(smtp.port)
        .timeout(Some(LONGEST_ATTEMPT));
    if smtp.tls != MailTls::None {
        let (host, ca) = (smtp.host.clone(), smtp.ca.clone());
        let parameters = tokio::task::spawn_blocking(move || tls(host, ca.as_deref()))
            .await
            .map_err(|error| DeliveryError::passing(&error.to_string()))?
            .map_err(|why| DeliveryError::lasting(&why))?;
        let wrapped = smtp.tls == MailTls::Implicit;
        transport = transport.tls(if wrapped { Tls::Wrapper(parameters) } else { Tls::Required(parameters) });
    }
    if let Some((user, name)) = &smtp.login {
        let password = sender.secret(name, used).await?;
        transport = transport.credentials(Credentials::new(user.clone(), password.reveal().to_owned()));
    }
    match transport.build().send(mail).await {
        Ok(response) => {
            let words = response.message().collect::<Vec<_>>().join(" ");
            Ok(Receipt::new(&format!("{} {words}", response.code())))
        }
        Err(error) => {
            let lasting = error.is_permanent() || error.is_client() || explain(&error).contains("peer certificate");
            let words = explain(&error);
            Err(if lasting { DeliveryError::lasting(&words) } else { DeliveryError::passing(&words) })
        }
    }
}

fn tls(host: String, ca: Option<&str>) -> Result<TlsParameters, String> {
    let mut parameters = TlsParameters::builder(host);
    if let Some(file) = ca {
        parameters = parameters.certificate_store(CertificateStore::None);
        for certificate in certificates(file)? {
            let certificate = Certificate::from_der(certificate.to_vec())
                .map_err(|error| format!("ca {file} holds a certificate that can't be used: {error}"))?;
            parameters = parameters.add_root_certificate(certificate);
        }
    }
    parameters.build_rustls().map_err(|error| explain(&error))
}

fn mail(smtp: &Smtp, message: &Message) -> Result<Mail, String> {
    let mailbox = |text: &str, what: &str| {
        text.parse::<Mailbox>().map_err(|error| format!("{text:?} is no mail address ({error}): mend {what}"))
    };
    let from = mailbox(&smtp.from, "the channel's from")?;
    let to = message.address.as_deref().ok_or_else(|| {
        format!("{} has no address on this channel: add it to the person, or `to` to the channel", message.to)
    })?;
    let to = mailbox(to, "the receiver's address")?;
    let domain = from.email.domain().to_owned();
    let mut mail = Mail::builder()
        .message_id(Some(format!("<{}@{domain}>", message.key)))
        .from(from)
        .to(to)
        .subject(format!("{}{}", smtp.subject_prefix, message.subject))
        // machines that answer mail leave it alone
        .raw_header(header("Auto-Submitted", "auto-generated"))
        .raw_header(header("X-Watchfloor-Key", &message.key));
    if let Some(thread) = &message.thread {
        // what a problem's mails have in common, so that mail programs show them together
        let thread = format!("<{thread}@{domain}>");
        mail = mail.in_reply_to(thread.clone()).references(thread);
    }
    if message.severity == Severity::Critical {
        mail = mail.raw_header(header("Importance", "high"));
    }
    let body = SinglePart::builder()
        .header(ContentType::TEXT_PLAIN)
        .header(ContentTransferEncoding::QuotedPrintable)
        .body(message.text.clone());
    mail.singlepart(body).map_err(|error| explain(&error))
}

fn header(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}
