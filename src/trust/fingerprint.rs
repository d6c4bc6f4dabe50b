//! SHA-256, and the fleet's id made from the hash of its root certificate.

use crate::fleet::words::FleetId;

/// How many letters a fleet's id has.
pub const FLEET_ID_LEN: usize = 10;

/// RFC 4648 base32, in lower case because the id is part of a DNS name.
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// The SHA-256 of some bytes.
#[must_use]
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(ring::digest::digest(&ring::digest::SHA256, bytes).as_ref());
    hash
}

/// The id of the fleet whose root certificate (DER) has this SHA-256: its first 50 bits in base32.
#[must_use]
pub fn fleet_id(root_sha256: &[u8; 32]) -> FleetId {
    let mut bits = [0; 16];
    bits.iter_mut().zip(root_sha256).for_each(|(to, from)| *to = *from);
    let bits = u128::from_be_bytes(bits);
    let id: String = (1..=FLEET_ID_LEN)
        .filter_map(|letter| {
            let index = usize::try_from((bits >> (128 - 5 * letter)) & 31).ok()?;
            ALPHABET.get(index).map(|letter| char::from(*letter))
        })
        .collect();
    FleetId::new(id)
}

/// The id of the fleet with this root certificate (DER).
#[must_use]
pub fn fleet_id_of_root(root: &[u8]) -> FleetId {
    fleet_id(&sha256(root))
}

/// Whether text has the form of a fleet's id.
#[must_use]
pub fn is_fleet_id(text: &str) -> bool {
    text.len() == FLEET_ID_LEN && text.bytes().all(|byte| ALPHABET.contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_is_the_first_ten_base32_letters() {
        // `printf '' | sha256sum | xxd -r -p | base32` begins 4OYMIQUY7Q
        assert_eq!(fleet_id_of_root(b"").as_str(), "4oymiquy7q");
        assert!(is_fleet_id("4oymiquy7q"));
        for bad in ["", "4oymiquy7", "4oymiquy7qq", "4OYMIQUY7Q", "4oymiquy71", "4oymiquy.q"] {
            assert!(!is_fleet_id(bad), "{bad:?}");
        }
    }
}
