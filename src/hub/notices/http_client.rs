//! Requests to web services outside: one connection a request, no redirects, no proxy, answers read to a bound.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::{HeaderMap, Request, StatusCode, header};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use crate::hub::notices::attempt::{DeliveryError, explain};

/// Bytes read of an answer.
const ANSWER_MAX: usize = 64 * 1024;

type HttpsClient = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// The clients, one a file of trusted certificates. Each is made when it is first needed.
#[derive(Debug, Default)]
pub(in crate::hub) struct HttpClients(Mutex<HashMap<Option<String>, HttpsClient>>);

/// What a web service answered.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Answer {
    /// The first words of its body, for people.
    fn words(&self) -> String {
        let text = String::from_utf8_lossy(self.body.get(..200.min(self.body.len())).unwrap_or_default()).into_owned();
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if text.is_empty() { self.status.to_string() } else { format!("{}: {text}", self.status) }
    }

    /// What the service took, or why it did not.
    pub(super) fn judged(self) -> Result<(Self, String), DeliveryError> {
        let words = self.words();
        if self.status.is_success() {
            return Ok((self, words));
        }
        if self.status.is_redirection() {
            let to = self.headers.get(header::LOCATION).and_then(|to| to.to_str().ok()).unwrap_or("another place");
            let what = format!("answers {} and sends to {to}, which is not followed: write the right url", self.status);
            return Err(DeliveryError::lasting(&what));
        }
        let passing = self.status.is_server_error()
            || matches!(
                self.status,
                StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS
            );
        let words = format!("answers {words}");
        Err(if passing { DeliveryError::passing(&words) } else { DeliveryError::lasting(&words) })
    }
}

impl HttpClients {
    /// Sends one request; `ca` names a file of certificates that count instead of the machine's.
    pub(super) async fn send(&self, ca: Option<&str>, request: Request<Full<Bytes>>) -> Result<Answer, DeliveryError> {
        let client = self.client(ca.map(str::to_owned)).await?;
        let answer = client.request(request).await.map_err(|error| {
            let words = explain(&error);
            // A certificate does not become valid by trying again; a broken connection may.
            let lasting = words.contains("invalid peer certificate");
            if lasting { DeliveryError::lasting(&words) } else { DeliveryError::passing(&words) }
        })?;
        let (head, body) = answer.into_parts();
        // Whoever answers without end has answered all the same: the status counts.
        let body = Limited::new(body, ANSWER_MAX).collect().await.map(http_body_util::Collected::to_bytes);
        Ok(Answer { status: head.status, headers: head.headers, body: body.unwrap_or_default() })
    }

    async fn client(&self, ca: Option<String>) -> Result<HttpsClient, DeliveryError> {
        if let Some(client) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&ca) {
            return Ok(client.clone());
        }
        let file = ca.clone();
        let config = tokio::task::spawn_blocking(move || tls(file.as_deref()))
            .await
            .map_err(|error| DeliveryError::passing(&error.to_string()))?
            .map_err(|why| DeliveryError::lasting(&why))?;
        let connector = HttpsConnectorBuilder::new().with_tls_config(config).https_or_http().enable_http1().build();
        let client = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(ca, client.clone());
        Ok(client)
    }

    /// Forgets what was read from files, as when another configuration counts.
    pub(in crate::hub) fn forget(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// TLS 1.2 and 1.3: what stands outside is not ours to choose.
fn tls(ca: Option<&str>) -> Result<ClientConfig, String> {
    let mut roots = RootCertStore::empty();
    match ca {
        Some(file) => {
            for certificate in certificates(file)? {
                roots
                    .add(certificate)
                    .map_err(|error| format!("{file} holds a certificate that can't be used: {error}"))?;
            }
        }
        None => {
            // One that can't be used is no reason to do without the others.
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

/// The certificates of a file.
pub(super) fn certificates(file: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let fix = "name a file of PEM certificates that the hub's user can read";
    let found: Result<Vec<_>, _> = CertificateDer::pem_file_iter(file)
        .map_err(|error| format!("ca {file} can't be read ({error}): {fix}"))?
        .collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => Err(format!("ca {file} holds no certificate: {fix}")),
        Err(error) => Err(format!("ca {file} can't be read ({error}): {fix}")),
    }
}
