//! What a hub and its clients must refuse, and that they say why: handshakes in memory.

use std::sync::Arc;
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, CustomExtension, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, SanType,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, ClientConnection, Error, ServerConfig, ServerConnection};
use x509_parser::time::ASN1Time;

use super::chain::{client_verifier, provider};
use super::explain::{Diagnosis, diagnose, explain_refused};
use super::identity_name::{Kind, Principal, hub_dns_name};
use super::tls_client::{enrol_client, hub_server_name, link_client};
use super::tls_server::{Revoked, enrol_server, link_server};
use super::{Authority, Credential};
use crate::fleet::words::{IdentityId, Timestamp};
use crate::trust::fingerprint::{fleet_id_of_root, sha256};

const DAY: Duration = Duration::from_secs(86_400);

fn now() -> Timestamp {
    Timestamp(ASN1Time::now().timestamp() * 1000)
}

/// A certificate authority of the tests, which signs anything.
struct Forge {
    root: CertifiedIssuer<'static, KeyPair>,
    issuing: CertifiedIssuer<'static, KeyPair>,
}

/// A leaf to be spoilt, its chain and key.
struct Leaf {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

fn ca(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params
}

impl Forge {
    fn new(name: &str) -> Self {
        let root = CertifiedIssuer::self_signed(ca(name), KeyPair::generate().unwrap()).unwrap();
        let issuing =
            CertifiedIssuer::signed_by(ca(&format!("{name} below")), KeyPair::generate().unwrap(), &root).unwrap();
        Self { root, issuing }
    }

    fn uri(&self, kind: &str) -> String {
        format!("watchfloor:{}:{kind}:1", fleet_id_of_root(self.root.der()))
    }

    fn good(&self, kind: Kind) -> CertificateParams {
        let mut params = CertificateParams::default();
        params.not_before = ASN1Time::from_timestamp((now() - DAY).0 / 1000).unwrap().to_datetime();
        params.not_after = ASN1Time::from_timestamp((now() + DAY).0 / 1000).unwrap().to_datetime();
        params.subject_alt_names = vec![uri(&self.uri(kind.word()))];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        if kind == Kind::Hub {
            params.subject_alt_names.push(dns(&hub_dns_name(&fleet_id_of_root(self.root.der()))));
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        }
        params
    }

    fn sign(&self, params: &CertificateParams) -> Leaf {
        let key = KeyPair::generate().unwrap();
        let leaf = params.signed_by(&key, &self.issuing).unwrap();
        Leaf { chain: vec![leaf.into(), self.issuing.der().clone()], key: private(&key) }
    }

    fn hub(&self) -> Credential {
        let leaf = self.sign(&self.good(Kind::Hub));
        Credential::new(self.root.der().clone(), leaf.chain, leaf.key).unwrap()
    }

    fn agent(&self) -> Credential {
        let leaf = self.sign(&self.good(Kind::Agent));
        Credential::new(self.root.der().clone(), leaf.chain, leaf.key).unwrap()
    }
}

fn private(key: &KeyPair) -> PrivateKeyDer<'static> {
    PrivatePkcs8KeyDer::from(key.serialize_der()).into()
}

fn uri(text: &str) -> SanType {
    SanType::URI(text.to_owned().try_into().unwrap())
}

fn dns(text: &str) -> SanType {
    SanType::DnsName(text.to_owned().try_into().unwrap())
}

fn nobody_revoked() -> Revoked {
    Arc::new(|_| false)
}

/// How each end fared.
struct Ends {
    client: Result<(), Error>,
    server: Result<(), Error>,
}

/// Exchanges bytes until both ends are done; the client also reads what the server says afterwards, as its first call
/// does, for only there it learns that its certificate was refused.
fn handshake(client: ClientConfig, name: ServerName<'static>, server: ServerConfig) -> Ends {
    let mut client = ClientConnection::new(Arc::new(client), name).unwrap();
    let mut server = ServerConnection::new(Arc::new(server)).unwrap();
    let mut ends = Ends { client: Ok(()), server: Ok(()) };
    for _ in 0..8 {
        let mut bytes = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut bytes).unwrap();
        }
        let mut reading = bytes.as_slice();
        while !reading.is_empty() && ends.server.is_ok() {
            server.read_tls(&mut reading).unwrap();
            ends.server = server.process_new_packets().map(|_| ());
        }
        let mut bytes = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut bytes).unwrap();
        }
        let mut reading = bytes.as_slice();
        while !reading.is_empty() && ends.client.is_ok() {
            client.read_tls(&mut reading).unwrap();
            ends.client = client.process_new_packets().map(|_| ());
        }
    }
    if ends.client.is_ok() && ends.server.is_ok() {
        assert!(!client.is_handshaking() && !server.is_handshaking());
        assert_eq!(client.protocol_version(), Some(rustls::ProtocolVersion::TLSv1_3));
        assert_eq!(server.alpn_protocol(), Some(&b"h2"[..]));
    }
    ends
}

/// A client that trusts the right hub but shows any leaf.
fn client_showing(hub: &Credential, leaf: Leaf) -> ClientConfig {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(hub.root().clone()).unwrap();
    // Put together by hand: rustls would not even load some of these certificates.
    let key = provider().key_provider.load_private_key(leaf.key).unwrap();
    let shown = SingleCertAndKey::from(CertifiedKey::new(leaf.chain, key));
    let mut config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_root_certificates(roots)
        .with_client_cert_resolver(Arc::new(shown));
    config.alpn_protocols = vec![b"h2".to_vec()];
    config
}

/// A server that shows any leaf and lets everybody in.
fn server_showing(leaf: Leaf) -> ServerConfig {
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(leaf.chain, leaf.key)
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec()];
    config
}

fn link_name(credential: &Credential) -> ServerName<'static> {
    hub_server_name(&credential.principal().fleet).unwrap()
}

#[test]
fn an_agent_and_the_hub_of_one_fleet_speak() {
    let forge = Forge::new("good");
    let (hub, agent) = (forge.hub(), forge.agent());
    let ends = handshake(link_client(&agent).unwrap(), link_name(&agent), link_server(&hub, nobody_revoked()).unwrap());
    assert_eq!((ends.client, ends.server), (Ok(()), Ok(())));
    // Whatever was dialled, the hub is verified under its own name.
    let dialled = ServerName::try_from("10.0.0.1").unwrap();
    let ends = handshake(link_client(&agent).unwrap(), dialled, link_server(&hub, nobody_revoked()).unwrap());
    assert_eq!((ends.client, ends.server), (Ok(()), Ok(())));
}

#[test]
fn the_hub_refuses_bad_client_certificates_and_says_why() {
    let forge = Forge::new("good");
    let other = Forge::new("other");
    let hub = forge.hub();
    let spoilt = |kind, spoil: &dyn Fn(&mut CertificateParams)| {
        let mut params = forge.good(kind);
        spoil(&mut params);
        forge.sign(&params)
    };
    let agent = |spoil: &dyn Fn(&mut CertificateParams)| spoilt(Kind::Agent, spoil);
    let self_signed = {
        let key = KeyPair::generate().unwrap();
        let leaf = forge.good(Kind::Agent).self_signed(&key).unwrap();
        Leaf { chain: vec![leaf.into()], key: private(&key) }
    };
    let signed_by_a_leaf = {
        let key = KeyPair::generate().unwrap();
        let params = forge.good(Kind::Agent);
        let between = params.signed_by(&key, &forge.issuing).unwrap();
        let issuer = rcgen::Issuer::from_params(&params, &key);
        let own = KeyPair::generate().unwrap();
        let mut child = forge.good(Kind::Operator);
        child.distinguished_name.push(DnType::CommonName, "child");
        let leaf = child.signed_by(&own, &issuer).unwrap();
        Leaf { chain: vec![leaf.into(), between.into(), forge.issuing.der().clone()], key: private(&own) }
    };
    let same_names = Forge::new("good");
    let bad: Vec<(&str, Leaf, Diagnosis)> = vec![
        ("another authority", other.sign(&other.good(Kind::Agent)), Diagnosis::UnknownToHub),
        ("another authority that copies our fleet", other.sign(&forge.good(Kind::Agent)), Diagnosis::UnknownToHub),
        ("an authority of the same name", same_names.sign(&forge.good(Kind::Agent)), Diagnosis::UnknownToHub),
        ("self-signed", self_signed, Diagnosis::UnknownToHub),
        ("signed by an agent", signed_by_a_leaf, Diagnosis::NotAccepted),
        (
            "without the issuing certificate",
            {
                let mut leaf = agent(&|_| {});
                leaf.chain.truncate(1);
                leaf
            },
            Diagnosis::UnknownToHub,
        ),
        (
            "expired",
            agent(&|leaf| leaf.not_after = ASN1Time::from_timestamp(now().0 / 1000 - 60).unwrap().to_datetime()),
            Diagnosis::Expired,
        ),
        (
            "not valid yet",
            agent(&|leaf| leaf.not_before = ASN1Time::from_timestamp(now().0 / 1000 + 3600).unwrap().to_datetime()),
            Diagnosis::Expired,
        ),
        ("common name only", agent(&|leaf| leaf.subject_alt_names.clear()), Diagnosis::NotAccepted),
        (
            "identity in the common name",
            agent(&|leaf| {
                leaf.subject_alt_names.clear();
                leaf.distinguished_name.push(DnType::CommonName, forge.uri("agent"));
            }),
            Diagnosis::NotAccepted,
        ),
        (
            "identity in a DNS name",
            agent(&|leaf| leaf.subject_alt_names = vec![dns(&forge.uri("agent"))]),
            Diagnosis::NotAccepted,
        ),
        (
            "two identities",
            agent(&|leaf| leaf.subject_alt_names.push(uri(&forge.uri("operator")))),
            Diagnosis::NotAccepted,
        ),
        (
            "one identity twice",
            agent(&|leaf| leaf.subject_alt_names.push(uri(&forge.uri("agent")))),
            Diagnosis::NotAccepted,
        ),
        (
            "two lists of names",
            agent(&|leaf| {
                let mut extension = CustomExtension::from_oid_content(&[2, 5, 29, 17], {
                    let name = forge.uri("operator");
                    let len = u8::try_from(name.len()).unwrap();
                    [&[0x30, len + 2, 0x86, len], name.as_bytes()].concat()
                });
                extension.set_criticality(false);
                leaf.custom_extensions.push(extension);
            }),
            Diagnosis::NotAccepted,
        ),
        (
            "another fleet's name under our root",
            agent(&|leaf| leaf.subject_alt_names = vec![uri("watchfloor:aaaaaaaaaa:agent:1")]),
            Diagnosis::NotAccepted,
        ),
        (
            "an unknown kind",
            agent(&|leaf| leaf.subject_alt_names = vec![uri(&forge.uri("admin"))]),
            Diagnosis::NotAccepted,
        ),
        (
            "a wildcard beside the identity",
            agent(&|leaf| leaf.subject_alt_names.push(dns("*.watchfloor"))),
            Diagnosis::NotAccepted,
        ),
        (
            "the usage of a server",
            agent(&|leaf| leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth]),
            Diagnosis::NotAccepted,
        ),
        (
            "both usages",
            agent(&|leaf| leaf.extended_key_usages.push(ExtendedKeyUsagePurpose::ServerAuth)),
            Diagnosis::NotAccepted,
        ),
        ("no usage", agent(&|leaf| leaf.extended_key_usages.clear()), Diagnosis::NotAccepted),
        (
            "any usage",
            agent(&|leaf| leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::Any]),
            Diagnosis::NotAccepted,
        ),
        (
            "a further usage",
            agent(&|leaf| leaf.extended_key_usages.push(ExtendedKeyUsagePurpose::CodeSigning)),
            Diagnosis::NotAccepted,
        ),
        ("the hub's own certificate", spoilt(Kind::Hub, &|_| {}), Diagnosis::NotAccepted),
        (
            "the hub's name with the usage of a client",
            spoilt(Kind::Hub, &|leaf| leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth]),
            Diagnosis::NotAccepted,
        ),
        (
            "an authority's certificate",
            agent(&|leaf| leaf.is_ca = IsCa::Ca(BasicConstraints::Unconstrained)),
            Diagnosis::NotAccepted,
        ),
        (
            "an unknown critical extension",
            agent(&|leaf| {
                let mut extension = CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99_999, 1], vec![5, 0]);
                extension.set_criticality(true);
                leaf.custom_extensions.push(extension);
            }),
            Diagnosis::NotAccepted,
        ),
    ];
    assert!(bad.len() >= 20);
    for (what, leaf, expected) in bad {
        let ends = handshake(client_showing(&hub, leaf), link_name(&hub), link_server(&hub, nobody_revoked()).unwrap());
        let server = ends.server.expect_err(what);
        let client = ends.client.expect_err(what);
        assert_eq!(diagnose(&client), Some(expected), "{what}: hub {server:?}, client {client:?}");
        let reason = explain_refused(&server);
        assert!(!reason.is_empty() && reason.len() < 120 && !reason.contains('{'), "{what}: {reason}");
    }
}

#[test]
fn no_certificate_and_a_revoked_one_are_named() {
    let forge = Forge::new("good");
    let (hub, agent) = (forge.hub(), forge.agent());
    let revoked: Revoked = Arc::new(|who: &Principal| who.id == IdentityId(1));
    let ends = handshake(link_client(&agent).unwrap(), link_name(&hub), link_server(&hub, revoked).unwrap());
    assert_eq!(diagnose(&ends.client.unwrap_err()), Some(Diagnosis::Revoked));
    assert_eq!(explain_refused(&ends.server.unwrap_err()), "a revoked certificate");

    let nothing = enrol_client(sha256(hub.root())).unwrap();
    // The link port does not send the root, so a client that knows but its hash does not even get to this.
    let ends = handshake(nothing, link_name(&hub), link_server(&hub, nobody_revoked()).unwrap());
    assert!(matches!(diagnose(&ends.client.unwrap_err()), Some(Diagnosis::WrongHub(_))));

    let mut roots = rustls::RootCertStore::empty();
    roots.add(hub.root().clone()).unwrap();
    let mut nothing = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    nothing.alpn_protocols = vec![b"h2".to_vec()];
    let ends = handshake(nothing, link_name(&hub), link_server(&hub, nobody_revoked()).unwrap());
    assert_eq!(diagnose(&ends.client.unwrap_err()), Some(Diagnosis::CertificateRequired));
    assert_eq!(explain_refused(&ends.server.unwrap_err()), "no client certificate");
}

#[test]
fn clients_refuse_what_is_not_their_hub() {
    let forge = Forge::new("good");
    let other = Forge::new("other");
    let agent = forge.agent();
    let hub = |spoil: &dyn Fn(&mut CertificateParams)| {
        let mut params = forge.good(Kind::Hub);
        spoil(&mut params);
        forge.sign(&params)
    };
    let bad: Vec<(&str, Leaf)> = vec![
        ("the hub of another fleet", other.sign(&other.good(Kind::Hub))),
        ("another authority under our names", other.sign(&forge.good(Kind::Hub))),
        ("an agent", forge.sign(&forge.good(Kind::Agent))),
        ("an agent with the usage of a server", {
            let mut params = forge.good(Kind::Agent);
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
            forge.sign(&params)
        }),
        ("an agent with the hub's DNS name", {
            let mut params = forge.good(Kind::Hub);
            params.subject_alt_names[0] = uri(&forge.uri("agent"));
            forge.sign(&params)
        }),
        (
            "a wildcard",
            hub(&|leaf| {
                leaf.subject_alt_names[1] = dns(&format!("*.{}.watchfloor", fleet_id_of_root(forge.root.der())));
            }),
        ),
        ("no URI", hub(&|leaf| drop(leaf.subject_alt_names.remove(0)))),
        ("no DNS name", hub(&|leaf| leaf.subject_alt_names.truncate(1))),
        ("a second DNS name", hub(&|leaf| leaf.subject_alt_names.push(dns("hub.example.net")))),
        ("both usages", hub(&|leaf| leaf.extended_key_usages.push(ExtendedKeyUsagePurpose::ClientAuth))),
        ("no usage", hub(&|leaf| leaf.extended_key_usages.clear())),
    ];
    for (what, leaf) in bad {
        let ends = handshake(link_client(&agent).unwrap(), link_name(&agent), server_showing(leaf));
        let error = ends.client.expect_err(what);
        assert!(matches!(diagnose(&error), Some(Diagnosis::WrongHub(_))), "{what}: {error:?}");
    }
    let expired = hub(&|leaf| leaf.not_after = ASN1Time::from_timestamp(now().0 / 1000 - 60).unwrap().to_datetime());
    let ends = handshake(link_client(&agent).unwrap(), link_name(&agent), server_showing(expired));
    assert_eq!(diagnose(&ends.client.unwrap_err()), Some(Diagnosis::HubExpired));
}

#[test]
fn enrolment_believes_only_the_root_that_the_token_pins() {
    let authority = Authority::ephemeral(now()).unwrap();
    let hub = authority.issue_credential(Kind::Hub, IdentityId(1), now()).unwrap();
    let pin = sha256(authority.root());
    let enrol = |pin, server| handshake(enrol_client(pin).unwrap(), link_name(&hub), server);
    let ends = enrol(pin, enrol_server(&hub).unwrap());
    assert_eq!((ends.client, ends.server), (Ok(()), Ok(())));

    let stranger = Authority::ephemeral(now()).unwrap();
    let theirs = stranger.issue_credential(Kind::Hub, IdentityId(1), now()).unwrap();
    let ends = enrol(pin, enrol_server(&theirs).unwrap());
    assert!(matches!(diagnose(&ends.client.unwrap_err()), Some(Diagnosis::WrongHub(_))));

    // Anybody can show our root; only the hub can show a chain that leads to it.
    let mut chain = theirs.chain().to_vec();
    chain.push(authority.root().clone());
    let ends = enrol(pin, server_showing(Leaf { chain, key: theirs.key() }));
    assert!(matches!(diagnose(&ends.client.unwrap_err()), Some(Diagnosis::WrongHub(_))));

    // An agent of the fleet cannot pose as its hub.
    let agent = authority.issue_credential(Kind::Agent, IdentityId(2), now()).unwrap();
    let mut chain = agent.chain().to_vec();
    chain.push(authority.root().clone());
    let ends = enrol(pin, server_showing(Leaf { chain, key: agent.key() }));
    assert!(matches!(diagnose(&ends.client.unwrap_err()), Some(Diagnosis::WrongHub(_))));
}

/// A TLS 1.2 hello: version 0x0303, one suite, no `supported_versions`.
fn hello_of_tls_1_2() -> Vec<u8> {
    let mut body = vec![3, 3];
    body.extend([7; 32]); // random
    body.push(0); // no session
    body.extend([0, 4, 0xc0, 0x2b, 0xc0, 0x2f]); // ECDHE with AES-128-GCM
    body.extend([1, 0]); // no compression
    let groups = [0, 10, 0, 4, 0, 2, 0, 23];
    let signatures = [0, 13, 0, 4, 0, 2, 4, 3];
    body.extend([0, 16]);
    body.extend(groups);
    body.extend(signatures);
    let len = u8::try_from(body.len()).unwrap();
    let mut record = vec![22, 3, 1, 0, len + 4, 1, 0, 0, len];
    record.extend(body);
    record
}

#[test]
fn tls_1_2_and_plain_text_are_refused_by_an_alert() {
    let forge = Forge::new("good");
    let hub = forge.hub();
    for (bytes, alert, reason) in [
        (hello_of_tls_1_2(), Some([2, 70]), "TLS older than 1.3"), // fatal, protocol_version
        (b"GET / HTTP/1.1\r\nHost: hub\r\n\r\n".to_vec(), None, "not TLS"),
    ] {
        for config in [link_server(&hub, nobody_revoked()).unwrap(), enrol_server(&hub).unwrap()] {
            let mut server = ServerConnection::new(Arc::new(config)).unwrap();
            server.read_tls(&mut bytes.as_slice()).unwrap();
            let error = server.process_new_packets().unwrap_err();
            assert_eq!(explain_refused(&error), reason, "{error:?}");
            let mut answer = Vec::new();
            let _ = server.write_tls(&mut answer);
            if let Some(alert) = alert {
                assert_eq!(answer.get(5..7), Some(&alert[..]), "{answer:?}");
            }
        }
    }
}

#[test]
fn the_verifier_asks_for_a_certificate() {
    assert!(client_verifier(Forge::new("good").root.der()).unwrap().client_auth_mandatory());
}
