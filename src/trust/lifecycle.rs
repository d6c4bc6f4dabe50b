//! Authority, leaves and credentials from making to storing, in tests.

use std::fs;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, KeyPair, SanType};
use rustls::pki_types::CertificateDer;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

use super::authority::{AuthorityError, REQUEST_MAX};
use super::credential::CredentialError;
use super::fingerprint::fleet_id_of_root;
use super::identity_name::{Kind, Principal};
use super::validity::{renew_at, validity};
use super::{Authority, Credential, NewKey};
use crate::fleet::words::{IdentityId, Timestamp};

const NOW: Timestamp = Timestamp(1_900_000_000_000);
const DAY: Duration = Duration::from_secs(86_400);

#[test]
fn a_stored_authority_is_the_same_after_a_restart() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("authority");
    let made = Authority::open(&dir, NOW).unwrap();
    assert_eq!(*made.fleet_id(), fleet_id_of_root(made.root()));
    let read = Authority::open(&dir, NOW).unwrap();
    assert_eq!(made.fleet_id(), read.fleet_id());
    let agent = made.issue_credential(Kind::Agent, IdentityId(7), NOW).unwrap();
    let later = read.issue_credential(Kind::Agent, IdentityId(8), NOW).unwrap();
    assert_eq!(agent.root(), later.root(), "both hang on one root");

    fs::remove_file(dir.join("root.key")).unwrap();
    Authority::load(&dir).expect("the root's key may be kept elsewhere");
    assert!(matches!(Authority::create(&dir, NOW), Err(AuthorityError::Exists(_))));
}

#[test]
fn a_damaged_authority_is_named_and_never_replaced() {
    let home = tempfile::tempdir().unwrap();
    let (dir, other) = (home.path().join("authority"), home.path().join("other"));
    Authority::create(&dir, NOW).unwrap();
    Authority::create(&other, NOW).unwrap();
    for file in ["root.crt", "issuing.crt", "issuing.key"] {
        let whole = fs::read(dir.join(file)).unwrap();
        for spoilt in [b"".to_vec(), b"nonsense".to_vec(), fs::read(other.join(file)).unwrap()] {
            fs::write(dir.join(file), spoilt).unwrap();
            let error = Authority::open(&dir, NOW).unwrap_err().to_string();
            assert!(error.contains("backup"), "{error}");
        }
        fs::remove_file(dir.join(file)).unwrap();
        assert!(Authority::open(&dir, NOW).unwrap_err().to_string().contains(file));
        super::files::write_private(&dir.join(file), &whole).unwrap();
    }
    Authority::open(&dir, NOW).expect("put back whole");
}

#[test]
fn only_the_public_key_is_taken_from_a_request() {
    let authority = Authority::ephemeral(NOW).unwrap();
    let key = KeyPair::generate().unwrap();
    let mut greedy = CertificateParams::new(vec!["hub.example.net".to_owned()]).unwrap();
    greedy.subject_alt_names.push(SanType::URI("watchfloor:aaaaaaaaaa:hub:1".to_owned().try_into().unwrap()));
    greedy.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    greedy.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::CodeSigning];
    let request = greedy.serialize_request(&key).unwrap();
    let issued = authority.issue(request.der(), Kind::Agent, IdentityId(42), NOW).unwrap();
    let expected = Principal { fleet: authority.fleet_id().clone(), kind: Kind::Agent, id: IdentityId(42) };
    assert_eq!(Principal::from_leaf(&issued.chain[0]), Ok(expected));
    let (_, leaf) = X509Certificate::from_der(&issued.chain[0]).unwrap();
    assert_eq!(leaf.public_key().subject_public_key.data, key.public_key_raw());
    assert!(!leaf.is_ca());
    assert_eq!(leaf.subject_alternative_name().unwrap().unwrap().value.general_names.len(), 1);
}

#[test]
fn requests_that_prove_nothing_are_refused() {
    let authority = Authority::ephemeral(NOW).unwrap();
    let good = NewKey::generate().unwrap().signing_request().unwrap();
    let issue = |request: &[u8]| authority.issue(request, Kind::Agent, IdentityId(1), NOW);
    issue(&good).unwrap();
    let mut forged = good.clone();
    *forged.last_mut().unwrap() ^= 1;
    let mut longer = good.clone();
    longer.push(0);
    let mut huge = good.clone();
    huge.resize(REQUEST_MAX + 1, 0);
    let p384 = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
    let p384 = CertificateParams::default().serialize_request(&p384).unwrap().der().to_vec();
    let ed25519 = KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    let ed25519 = CertificateParams::default().serialize_request(&ed25519).unwrap().der().to_vec();
    for bad in [&forged, &longer, &huge, &p384, &ed25519, &Vec::new(), &good[..good.len() / 2].to_vec()] {
        assert!(matches!(issue(bad), Err(AuthorityError::Request(_))));
    }
}

#[test]
fn lives_are_as_long_as_agreed_and_renewal_is_due_at_two_thirds() {
    let authority = Authority::ephemeral(NOW).unwrap();
    for (kind, days) in [(Kind::Agent, 90), (Kind::Operator, 30), (Kind::Hub, 90)] {
        let credential = authority.issue_credential(kind, IdentityId(1), NOW).unwrap();
        let validity = validity(&credential.chain()[0]).unwrap();
        assert_eq!(validity.not_before, NOW - Duration::from_secs(300));
        assert_eq!(validity.not_after, NOW + DAY * days);
        let due = renew_at(&credential.chain()[0]).unwrap();
        assert_eq!(due, credential.renew_at());
        let (share, whole) = (due.since(validity.not_before), validity.not_after.since(validity.not_before));
        assert!((share.as_secs_f64() / whole.as_secs_f64() - 2.0 / 3.0).abs() < 1e-6);
    }
    let twice = [(); 2].map(|()| authority.issue_credential(Kind::Agent, IdentityId(1), NOW).unwrap());
    let serials = twice.each_ref().map(|one| X509Certificate::from_der(&one.chain()[0]).unwrap().1.serial.clone());
    assert_ne!(serials[0], serials[1]);
    let end = NOW + DAY * 365 * 25;
    assert!(matches!(authority.issue_credential(Kind::Agent, IdentityId(1), end), Err(AuthorityError::Expired)));
    let late = authority.issue_credential(Kind::Agent, IdentityId(1), end - DAY).unwrap();
    assert!(late.validity().not_after <= end, "no leaf outlives its issuer");
}

#[test]
fn a_credential_is_stored_and_replaced_whole() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("agent");
    assert!(Credential::load(&dir).unwrap().is_none());
    let authority = Authority::ephemeral(NOW).unwrap();
    for id in [1, 2] {
        let credential = authority.issue_credential(Kind::Agent, IdentityId(id), NOW).unwrap();
        credential.save(&dir).unwrap();
        let read = Credential::load(&dir).unwrap().unwrap();
        assert_eq!(read.principal(), credential.principal());
        assert_eq!((read.root(), read.chain()), (credential.root(), credential.chain()));
        assert_eq!(read.key(), credential.key());
    }
    let path = dir.join("credential.pem");
    let whole = fs::read(&path).unwrap();
    for part in [0, 10, whole.len() / 3, whole.len() - 40] {
        fs::write(&path, &whole[..part]).unwrap();
        assert!(Credential::load(&dir).is_err(), "cut at {part}");
    }
    Credential::remove(&dir).unwrap();
    Credential::remove(&dir).unwrap();
    assert!(Credential::load(&dir).unwrap().is_none());
}

#[test]
fn what_does_not_belong_together_makes_no_credential() {
    let (one, two) = (Authority::ephemeral(NOW).unwrap(), Authority::ephemeral(NOW).unwrap());
    let mine = one.issue_credential(Kind::Agent, IdentityId(1), NOW).unwrap();
    let theirs = two.issue_credential(Kind::Agent, IdentityId(1), NOW).unwrap();
    let new = |root: &Credential, chain: &[CertificateDer<'static>], key: &Credential| {
        Credential::new(root.root().clone(), chain.to_vec(), key.key())
    };
    new(&mine, mine.chain(), &mine).unwrap();
    assert!(matches!(new(&mine, mine.chain(), &theirs), Err(CredentialError::Mismatch(_))), "another key");
    assert!(matches!(new(&theirs, mine.chain(), &mine), Err(CredentialError::Fleet { .. })), "another root");
    assert!(matches!(new(&mine, &mine.chain()[..1], &mine), Err(CredentialError::Mismatch(_))), "no issuer");
    assert!(matches!(new(&mine, &[], &mine), Err(CredentialError::Name(_))), "no leaf");
    assert!(matches!(new(&mine, &mine.chain()[1..], &mine), Err(CredentialError::Name(_))), "an authority as leaf");
}
