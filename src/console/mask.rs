//! For visitors: every text that could tell a client is replaced where it arrives, before any screen has it.
//!
//! A message is walked by the protocol's own descriptors, and every string in it is masked unless the table below knows
//! it for harmless, so that a field that is new tomorrow is hidden until somebody decides otherwise. Names become codes
//! that stay the same on this machine, so that those who belong to the house can follow them; a secret of this machine
//! goes into each code, so that nobody can try out names against it.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use prost::Message;
use prost::bytes::Buf;
use prost::encoding::{WireType, decode_key, decode_varint, encode_key, encode_varint};
use prost_types::field_descriptor_proto::Type;
use prost_types::{DescriptorProto, FileDescriptorSet};
use ring::hmac;

use crate::fleet::words::SafeText;
use crate::wire::DESCRIPTORS;

/// What stands in the place of free text.
pub const MASKED: &str = "masked";

/// How a string is shown to visitors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rule {
    /// As it is: it says nothing of a client.
    Keep,
    /// Left empty: nobody reads it, or only a program does.
    Drop,
    /// Free text.
    Text,
    /// A code with this word before it.
    Code(&'static str),
    /// The code of this message's own first field: a name beside its id.
    CodeOfId(&'static str),
    /// A check: its kind where that is one of the program's own, and a code for the rest.
    Check,
    /// A series of samples: the program's own names as they are.
    Series,
}

/// Before a client's code: short, since lists give a client seven columns.
const CLIENT: &str = "cl";
/// Kinds of checks that come with the program: their names say nothing of a client.
const CHECKS: [&str; 9] = ["cpu", "memory", "swap", "disk", "load", "process", "plugin", "uptime", "inodes"];
/// Beginnings of series that say nothing of a client.
const SERIES: [&str; 4] = ["cpu.", "mem.", "swap.", "load."];

fn rule(message: &str, field: &str) -> Rule {
    match (message, field) {
        ("Client", "name") => Rule::CodeOfId(CLIENT),
        ("Site", "name") => Rule::CodeOfId("site"),
        ("Client", "id") | (_, "client") => Rule::Code(CLIENT),
        ("Site", "id") | (_, "site") => Rule::Code("site"),
        ("Host" | "HostEnrolled", "name") | (_, "hostname" | "host_name") => Rule::Code("host"),
        ("Identity" | "Actor", "name") | (_, "by" | "to" | "who" | "created_by" | "identity_name") => {
            Rule::Code("person")
        }
        ("External", "source" | "fingerprint") => Rule::Code("source"),
        ("AlertExternal", "labels" | "annotations" | "generator_url") => Rule::Drop,
        ("Subject", "backup") | ("BackupDescribed", "name") | (_, "job") => Rule::Code("job"),
        ("PingDescribed" | "PingRemoved" | "PingHeard" | "PingJudged" | "PingAddress", "name") => Rule::Code("ping"),
        ("PingAddress", "url") => Rule::Drop,
        (_, "check") => Rule::Check,
        ("Series", "name") => Rule::Series,
        // Days, times and a zone; without them a window can't be read.
        ("Window", "recurring") => Rule::Keep,
        (_, "tags") => Rule::Code("tag"),
        ("FileSystem", "mount") => Rule::Code("disk"),
        ("DiskRates", "device") => Rule::Code("disk"),
        ("InterfaceRates", "interface") => Rule::Code("net"),
        ("Process", "name") => Rule::Code("program"),
        (_, "perfdata" | "contact" | "line" | "contract" | "note" | "last_note") => Rule::Drop,
        ("OsFacts", "os_name" | "os_version" | "kernel" | "architecture" | "cpu_model" | "virtualization")
        | (_, "agent_version" | "hub_version" | "version" | "fs_type") => Rule::Keep,
        _ => Rule::Text,
    }
}

#[derive(Clone, Debug)]
enum Kind {
    /// A string, by what it means.
    Text(Rule),
    /// A message of this name.
    Message(String),
    /// Bytes that are text or hold it.
    Hidden,
    /// Anything else, which names nothing.
    Other,
}

/// The codes given so far: four characters are few, and two names must not share them.
#[derive(Debug, Default)]
struct Codes {
    /// The code of a word with a name.
    of: HashMap<String, String>,
    given: HashSet<String>,
}

/// Characters of a code, unless another name has it.
const SHORT: usize = 4;
/// Characters of a code once no more are remembered: so many that two names hardly ever share them.
const LONG: usize = 12;
/// Codes remembered at most; a person looks at fewer names in a life.
const REMEMBERED: usize = 200_000;

/// Masks what a hub says.
#[derive(Debug)]
pub struct Mask {
    key: hmac::Key,
    codes: Mutex<Codes>,
    /// The fields of each message, by its full name and their number.
    fields: HashMap<String, HashMap<u32, Kind>>,
}

/// The message as it may be shown: masked where there is a mask.
///
/// # Errors
/// It could not be masked.
pub fn masked<M: Message + Default>(mask: Option<&Arc<Mask>>, name: &str, message: M) -> Result<M, Unmasked> {
    match mask {
        Some(mask) => mask.message(name, &message),
        None => Ok(message),
    }
}

/// What stands in the place of text that came in no message, such as why a link is down.
#[must_use]
pub fn hidden() -> SafeText {
    SafeText::new(MASKED)
}

/// A message that can't be walked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a message can't be masked, so it is left out")]
pub struct Unmasked;

impl Mask {
    /// A mask whose codes depend on this secret.
    #[must_use]
    pub fn new(secret: &[u8]) -> Self {
        let mut fields = HashMap::new();
        // The descriptors come with this program; without them nothing is known of a field, and all is left out.
        for file in FileDescriptorSet::decode(DESCRIPTORS).unwrap_or_default().file {
            let package = file.package().to_owned();
            file.message_type.iter().for_each(|message| learn(&mut fields, &package, message));
        }
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, secret), codes: Mutex::default(), fields }
    }

    /// The message with every telling text in it replaced. `name` is the message's in the protocol.
    ///
    /// # Errors
    /// It could not be walked.
    pub fn message<M: Message + Default>(&self, name: &str, message: &M) -> Result<M, Unmasked> {
        let bytes = message.encode_to_vec();
        let masked = self.walk(&format!("watchfloor.v1.{name}"), &bytes).ok_or(Unmasked)?;
        M::decode(masked.as_slice()).map_err(|_| Unmasked)
    }

    /// What a fleet is called.
    #[must_use]
    pub fn fleet(&self, name: &str) -> String {
        self.code("fleet", name)
    }

    fn walk(&self, message: &str, mut bytes: &[u8]) -> Option<Vec<u8>> {
        let fields = self.fields.get(message)?;
        let whole = bytes;
        let mut out = Vec::with_capacity(bytes.len());
        while bytes.has_remaining() {
            let (number, wire) = decode_key(&mut bytes).ok()?;
            encode_key(number, wire, &mut out);
            match wire {
                WireType::Varint => encode_varint(decode_varint(&mut bytes).ok()?, &mut out),
                WireType::SixtyFourBit => out.extend_from_slice(bytes.split_off(..8)?),
                WireType::ThirtyTwoBit => out.extend_from_slice(bytes.split_off(..4)?),
                WireType::LengthDelimited => {
                    let length = usize::try_from(decode_varint(&mut bytes).ok()?).ok()?;
                    let content = bytes.split_off(..length)?;
                    let masked = match fields.get(&number) {
                        Some(Kind::Text(rule)) => {
                            self.string(*rule, std::str::from_utf8(content).ok()?, whole)?.into_bytes()
                        }
                        Some(Kind::Message(of)) => self.walk(of, content)?,
                        Some(Kind::Other) => content.to_vec(),
                        Some(Kind::Hidden) | None => Vec::new(),
                    };
                    encode_varint(masked.len() as u64, &mut out);
                    out.extend_from_slice(&masked);
                }
                WireType::StartGroup | WireType::EndGroup => return None,
            }
        }
        Some(out)
    }

    fn string(&self, rule: Rule, text: &str, message: &[u8]) -> Option<String> {
        if text.is_empty() {
            return Some(String::new());
        }
        Some(match rule {
            Rule::Keep => text.to_owned(),
            Rule::Drop => String::new(),
            Rule::Text => MASKED.to_owned(),
            Rule::Code(word) => self.code(word, text),
            Rule::CodeOfId(CLIENT) => self.code(CLIENT, first_string(message, 1)?),
            Rule::CodeOfId(word) => self.code(word, first_string(message, 2)?),
            Rule::Check => {
                let kind = text.split([':', ' ', '-', '/']).next().unwrap_or_default();
                match CHECKS.iter().find(|known| **known == kind) {
                    Some(known) if *known == text => text.to_owned(),
                    Some(known) => self.code(known, text),
                    None => self.code("check", text),
                }
            }
            Rule::Series if SERIES.iter().any(|known| text.starts_with(known)) => text.to_owned(),
            Rule::Series => self.code("series", text),
        })
    }

    /// A word and four characters that stand for a name; more where another name has those. None of them is mistaken for
    /// another when read from afar.
    fn code(&self, word: &str, name: &str) -> String {
        const LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
        let whole = format!("{word}\0{name}");
        let mut codes = self.codes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(code) = codes.of.get(&whole) {
            return code.clone();
        }
        let tag = hmac::sign(&self.key, whole.as_bytes());
        let letters = tag.as_ref().iter().filter_map(|byte| LETTERS.get(usize::from(byte % 32)));
        let letters: String = letters.map(|letter| char::from(*letter)).collect();
        let code = |length: usize| format!("{word}-{}", letters.get(..length).unwrap_or(&letters));
        if codes.of.len() >= REMEMBERED {
            return code(LONG);
        }
        let free = (SHORT..=letters.len()).map(code).find(|code| !codes.given.contains(code));
        let code = free.unwrap_or_else(|| code(letters.len()));
        codes.given.insert(code.clone());
        codes.of.insert(whole, code.clone());
        code
    }
}

fn learn(fields: &mut HashMap<String, HashMap<u32, Kind>>, parent: &str, message: &DescriptorProto) {
    let name = format!("{parent}.{}", message.name());
    message.nested_type.iter().for_each(|nested| learn(fields, &name, nested));
    let kinds =
        message.field.iter().filter_map(|field| {
            let kind = match (field.r#type(), message.name(), field.name()) {
                (Type::String, message, field) => Kind::Text(rule(message, field)),
                (Type::Message, ..) => Kind::Message(field.type_name().trim_start_matches('.').to_owned()),
                (Type::Bytes, "EventRecord", "event") => Kind::Message("watchfloor.v1.Event".to_owned()),
                // Hashes and ids of things.
                (Type::Bytes, "CheckStatus" | "CheckChanged", "output")
                | (
                    Type::Bytes,
                    _,
                    "key" | "hash" | "key_hash" | "secret_hash" | "configuration" | "blob" | "assignment",
                ) => Kind::Other,
                (Type::Bytes, ..) => Kind::Hidden,
                _ => Kind::Other,
            };
            Some((u32::try_from(field.number()).ok()?, kind))
        });
    fields.insert(name, kinds.collect());
}

/// The string of a field of a message.
fn first_string(mut message: &[u8], wanted: u32) -> Option<&str> {
    while message.has_remaining() {
        let (number, wire) = decode_key(&mut message).ok()?;
        match wire {
            WireType::Varint => drop(decode_varint(&mut message).ok()?),
            WireType::LengthDelimited => {
                let length = usize::try_from(decode_varint(&mut message).ok()?).ok()?;
                let content = message.split_off(..length)?;
                if number == wanted {
                    return std::str::from_utf8(content).ok();
                }
            }
            _ => return None,
        }
    }
    None
}
