//! Every call × every peer × every role: what is not granted here is refused, and no call is forgotten.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;

use prost::Message;
use prost_types::FileDescriptorSet;
use watchfloor::fleet::identity::{Identity, Registry, Role};
use watchfloor::fleet::words::{FleetId, HostId, IdentityId, SafeText, Timestamp};
use watchfloor::hub::access::{Access, Call};
use watchfloor::hub::doors::Peer;
use watchfloor::trust::{Kind, Principal};
use watchfloor::wire::DESCRIPTORS;

/// Who calls, as what peer, and which calls are granted.
type Row<'a> = (&'a str, Option<Peer>, Vec<&'a [Call]>);

fn identity(id: u64, role: Role, revoked: bool) -> Identity {
    Identity {
        id: IdentityId(id),
        name: SafeText::new(&format!("{role}-{id}")),
        role,
        client: None,
        host: (role == Role::Agent).then_some(HostId(id)),
        recorded_at: Timestamp(0),
        not_after: Timestamp(i64::MAX),
        revoked_at: revoked.then_some(Timestamp(1)),
        key_hash: [1; 32],
    }
}

fn certificate(kind: Kind, id: u64) -> Peer {
    Peer::Certificate(Principal { fleet: FleetId::new("abcdefghij"), kind, id: IdentityId(id) })
}

#[test]
fn every_method_of_the_wire_is_a_call_and_every_call_a_method() {
    let set = FileDescriptorSet::decode(DESCRIPTORS).unwrap();
    let methods: BTreeSet<String> = set
        .file
        .iter()
        .flat_map(|file| file.service.iter().map(move |service| (file.package(), service)))
        .flat_map(|(package, service)| {
            service.method.iter().map(move |method| format!("/{package}.{}/{}", service.name(), method.name()))
        })
        .collect();
    let calls: BTreeSet<String> =
        Call::ALL.iter().filter(|call| **call != Call::Health).map(|call| call.path().to_owned()).collect();
    assert_eq!(methods, calls);
}

#[test]
fn each_role_may_do_what_is_said_of_it_and_nothing_else() {
    let registry = Registry {
        identities: [
            (1, Role::Viewer),
            (2, Role::Operator),
            (3, Role::Admin),
            (4, Role::Agent),
            (6, Role::Intake),
            (7, Role::Reader),
            (8, Role::Hub),
        ]
        .into_iter()
        .map(|(id, role)| (IdentityId(id), Arc::new(identity(id, role, false))))
        .chain([
            (IdentityId(5), Arc::new(identity(5, Role::Admin, true))),
            (IdentityId(9), Arc::new(identity(9, Role::Agent, true))),
        ])
        .collect(),
        ..Registry::default()
    };
    let access = Access::new(Arc::new(registry), SafeText::new("local:me"));
    let address: SocketAddr = "192.0.2.1:9".parse().unwrap();
    let reads: &[Call] =
        &[Call::ConsoleHello, Call::Watch, Call::Query, Call::History, Call::Blob, Call::ConsoleRenew, Call::Health];
    let acts: &[Call] = &[Call::Act];
    let swarm: &[Call] = &[Call::Sign];
    let agents: &[Call] = &[Call::AgentHello, Call::AgentLink, Call::AgentRenew, Call::AgentOutput, Call::Health];
    let table: [Row<'_>; 15] = [
        ("viewer", Some(certificate(Kind::Operator, 1)), vec![reads]),
        ("operator", Some(certificate(Kind::Operator, 2)), vec![reads, acts]),
        ("admin", Some(certificate(Kind::Operator, 3)), vec![reads, acts, swarm]),
        ("agent", Some(certificate(Kind::Agent, 4)), vec![agents]),
        ("revoked admin", Some(certificate(Kind::Operator, 5)), vec![]),
        ("revoked agent", Some(certificate(Kind::Agent, 9)), vec![]),
        ("intake", Some(certificate(Kind::Operator, 6)), vec![]),
        ("reader", Some(certificate(Kind::Operator, 7)), vec![]),
        ("hub", Some(certificate(Kind::Hub, 8)), vec![]),
        ("agent's certificate of a person", Some(certificate(Kind::Agent, 3)), vec![]),
        ("person's certificate of an agent", Some(certificate(Kind::Operator, 4)), vec![]),
        ("unknown identity", Some(certificate(Kind::Operator, 99)), vec![]),
        ("local user", Some(Peer::Local { uid: 0 }), vec![reads, acts, swarm]),
        ("own agent", Some(Peer::Host(HostId(4))), vec![agents]),
        ("enrolling", Some(Peer::Anonymous { address }), vec![&[Call::Enrol]]),
    ];
    for (who, peer, granted) in table.into_iter().chain([("nobody", None, vec![])]) {
        for call in Call::ALL {
            let expected = granted.iter().any(|calls| calls.contains(&call));
            let admitted = access.admit(peer.as_ref(), call);
            assert_eq!(admitted.is_ok(), expected, "{who} calls {}", call.path());
            if let Err(status) = admitted {
                assert!(!status.message().is_empty(), "{who} is told why");
            }
        }
    }
}
