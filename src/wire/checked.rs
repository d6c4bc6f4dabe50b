//! Values that come from outside the hub (facts, tokens, enrolment, actions) and are refused where they are not sound.

use crate::fleet::words::ids::{PLAIN_NAME_MAX, is_plain_name};
use crate::fleet::words::{ActionId, CheckName, ClientId, JobName, SafeText, SiteId};
use crate::wire::error::WireError;
use crate::wire::{limits, text};

const PLAIN: &str = "1 to 64 ASCII letters, digits, -, _ and ., beginning with a letter or digit";
const _: () = assert!(PLAIN_NAME_MAX == 64, "the sentence above says 64");

/// A client's id.
///
/// # Errors
/// It is no plain name.
pub fn checked_client(message: &'static str, value: &str) -> Result<ClientId, WireError> {
    checked_plain(message, "client", value).map(ClientId::from)
}

/// A site's id.
///
/// # Errors
/// It is no plain name.
pub fn checked_site(message: &'static str, value: &str) -> Result<SiteId, WireError> {
    checked_plain(message, "site", value).map(SiteId::from)
}

/// A check's name.
///
/// # Errors
/// It is no plain name.
pub fn checked_check(message: &'static str, value: &str) -> Result<CheckName, WireError> {
    checked_plain(message, "check", value).map(CheckName::from)
}

/// A backup job's name.
///
/// # Errors
/// It is no plain name.
pub fn checked_job(message: &'static str, value: &str) -> Result<JobName, WireError> {
    checked_plain(message, "job", value).map(JobName::from)
}

/// Tags, sorted, each once.
///
/// # Errors
/// One is no plain name, or there are too many.
pub fn checked_tags(message: &'static str, values: &[String]) -> Result<Vec<String>, WireError> {
    at_most("the list of tags", values.len(), limits::TAGS_MAX, "tags")?;
    let tags: Result<std::collections::BTreeSet<_>, _> =
        values.iter().map(|tag| checked_plain(message, "tags", tag)).collect();
    Ok(tags?.into_iter().map(str::to_owned).collect())
}

/// The name of a host or a person.
///
/// # Errors
/// It is blank or longer than a DNS name.
pub fn checked_name(message: &'static str, value: &str) -> Result<SafeText, WireError> {
    let trimmed = value.trim();
    let safe = if trimmed.len() <= limits::NAME_MAX { text::line(trimmed) } else { SafeText::default() };
    if safe.as_str().is_empty() || safe.as_str().len() > limits::NAME_MAX {
        return Err(WireError::invalid(message, "name", value, "a name of 1 to 253 bytes"));
    }
    Ok(safe)
}

/// An optional value: absent and empty are the same to people.
///
/// # Errors
/// Those of `check`.
pub fn checked_optional<T>(
    message: &'static str,
    value: &str,
    check: impl FnOnce(&'static str, &str) -> Result<T, WireError>,
) -> Result<Option<T>, WireError> {
    if value.is_empty() { Ok(None) } else { check(message, value).map(Some) }
}

/// The note of an action.
///
/// # Errors
/// It is too long: unlike a program's words, a person's are not cut behind their back.
pub fn checked_note(value: &str) -> Result<SafeText, WireError> {
    at_most("the note", value.len(), limits::NOTE_MAX, "bytes")?;
    Ok(text::note(value))
}

/// A SHA-256.
///
/// # Errors
/// It has not 32 bytes.
pub fn checked_hash(message: &'static str, field: &'static str, bytes: &[u8]) -> Result<[u8; 32], WireError> {
    bytes.try_into().map_err(|_| WireError::Invalid {
        message,
        field,
        value: format!("{} bytes long", bytes.len()),
        allowed: "a SHA-256 of 32 bytes",
    })
}

/// A SHA-256, or nothing.
///
/// # Errors
/// It has neither 0 nor 32 bytes.
pub fn checked_optional_hash(
    message: &'static str,
    field: &'static str,
    bytes: &[u8],
) -> Result<Option<[u8; 32]>, WireError> {
    if bytes.is_empty() { Ok(None) } else { checked_hash(message, field, bytes).map(Some) }
}

/// The client-made id of an action.
///
/// # Errors
/// It has not 16 bytes.
pub fn checked_action_id(bytes: &[u8]) -> Result<ActionId, WireError> {
    action_id("ActRequest", "id", bytes)
}

/// The id of an action as the key of its command.
///
/// # Errors
/// It has not 16 bytes.
pub fn checked_action_key(message: &'static str, bytes: &[u8]) -> Result<ActionId, WireError> {
    action_id(message, "key", bytes)
}

fn action_id(message: &'static str, field: &'static str, bytes: &[u8]) -> Result<ActionId, WireError> {
    let id = bytes.try_into().map_err(|_| WireError::Invalid {
        message,
        field,
        value: format!("{} bytes long", bytes.len()),
        allowed: "16 random bytes",
    })?;
    Ok(ActionId(u128::from_be_bytes(id)))
}

/// Refuses what is more than the limit.
///
/// # Errors
/// `size` is over `max`.
pub fn at_most(what: &'static str, size: usize, max: usize, unit: &'static str) -> Result<(), WireError> {
    if size > max { Err(WireError::TooLarge { what, size, max, unit }) } else { Ok(()) }
}

fn checked_plain<'v>(message: &'static str, field: &'static str, value: &'v str) -> Result<&'v str, WireError> {
    if is_plain_name(value) { Ok(value) } else { Err(WireError::invalid(message, field, value, PLAIN)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_message_field_value_and_what_is_allowed() {
        let error = checked_client("Token", "a b\u{1b}[2J").unwrap_err().to_string();
        assert!(error.starts_with("Token.client is “a b") && error.contains("allowed is 1 to 64"), "{error}");
        let error = checked_site("Token", &"x".repeat(10_000)).unwrap_err().to_string();
        assert!(error.len() < 400 && error.contains("…”"), "{error}");
        assert!(checked_hash("Identity", "key_hash", &[1; 31]).unwrap_err().to_string().contains("31 bytes long"));
    }

    #[test]
    fn names_and_tags() {
        assert!(checked_name("EnrolRequest", "  ").is_err());
        assert!(checked_name("EnrolRequest", &"n".repeat(254)).is_err());
        assert_eq!(
            checked_name("EnrolRequest", " web-01 ").map(|name| name.as_str().to_owned()),
            Ok("web-01".to_owned())
        );
        assert_eq!(
            checked_tags("Token", &["db".into(), "a".into(), "db".into()]),
            Ok(vec!["a".to_owned(), "db".to_owned()])
        );
        assert!(checked_tags("Token", &["no good".into()]).is_err());
        assert!(checked_tags("Token", &vec!["x".to_owned(); 33]).is_err());
        assert_eq!(checked_optional("Token", "", checked_client), Ok(None));
    }
}
