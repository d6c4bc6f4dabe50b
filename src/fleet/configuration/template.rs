//! Texts with `{{placeholders}}`: no loops, no conditions, nothing that can run.

use std::fmt;

use crate::fleet::words::nearest::nearest;

/// What may stand between the braces, and what it stands for.
pub const PLACEHOLDERS: [(&str, &str); 15] = [
    ("subject", "one line: severity, client, host and what is wrong"),
    ("text", "the whole message"),
    ("short", "at most 300 characters, for a short message or a voice"),
    ("to", "the receiver's name"),
    ("address", "the receiver's address on this channel"),
    ("kind", "problem, recovery, reminder, test or watchdog"),
    ("severity", "warning or critical"),
    ("client", "the client's id; empty for several"),
    ("host", "the first alert's host"),
    ("check", "what the first alert is about"),
    ("alert", "the first alert's spoken id"),
    ("count", "how many alerts it is about"),
    ("link", "the one-time link that acknowledges"),
    ("key", "by which a repeat is known"),
    ("fleet", "the fleet's name"),
];

/// How what is put in is written, so that it can't end the place it stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Escaping {
    /// As it is.
    Plain,
    /// Inside a JSON string: the template writes the quotes.
    Json,
    /// In a URL's query or a form.
    Form,
}

/// A template that parsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    text: String,
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Placeholder(&'static str),
}

/// Why a template does not parse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TemplateError {
    /// `{{` without `}}` behind it: what stands there.
    Open(String),
    /// A name that stands for nothing here.
    Unknown(String),
}

impl TemplateError {
    /// What to do.
    #[must_use]
    pub fn fix(&self) -> String {
        let names = PLACEHOLDERS.map(|(name, _)| name);
        let all = names.join(", ");
        match self {
            Self::Open(_) => "end the placeholder with }}".to_owned(),
            Self::Unknown(name) => match nearest(name, names) {
                Some(known) => format!("did you mean {{{{{known}}}}}? There are {all}"),
                None => format!("the placeholders are {all}"),
            },
        }
    }
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open(text) => write!(f, "{text:?} begins a placeholder that does not end"),
            Self::Unknown(name) => write!(f, "{name:?} stands for nothing here"),
        }
    }
}

impl std::error::Error for TemplateError {}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// It does not parse.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once("{{") {
            let begun = || TemplateError::Open(format!("{{{{{}", behind.chars().take(20).collect::<String>()));
            let (name, behind) = behind.split_once("}}").ok_or_else(begun)?;
            let name = name.trim();
            let known = PLACEHOLDERS.iter().find(|(known, _)| *known == name);
            let (known, _) = known.ok_or_else(|| TemplateError::Unknown(name.chars().take(40).collect()))?;
            parts.push(Part::Text(before.to_owned()));
            parts.push(Part::Placeholder(known));
            rest = behind;
        }
        parts.push(Part::Text(rest.to_owned()));
        Ok(Self { text: text.to_owned(), parts })
    }

    /// As it was written.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.text
    }

    /// What stands before the first placeholder.
    #[must_use]
    pub fn head(&self) -> &str {
        match self.parts.first() {
            Some(Part::Text(text)) => text,
            Some(Part::Placeholder(_)) | None => "",
        }
    }

    /// The text with every placeholder filled by `value`.
    #[must_use]
    pub fn fill<'v>(&self, escaping: Escaping, value: impl Fn(&str) -> &'v str) -> String {
        let mut text = String::with_capacity(self.text.len() * 2);
        for part in &self.parts {
            match part {
                Part::Text(part) => text.push_str(part),
                Part::Placeholder(name) => escaping.write(value(name), &mut text),
            }
        }
        text
    }
}

impl Escaping {
    fn write(self, value: &str, text: &mut String) {
        match self {
            Self::Plain => text.push_str(value),
            Self::Json => value.chars().for_each(|character| match character {
                '"' => text.push_str("\\\""),
                '\\' => text.push_str("\\\\"),
                '\n' => text.push_str("\\n"),
                '\0'..='\u{1f}' | '\u{7f}' => text.push_str(&format!("\\u{:04x}", u32::from(character))),
                _ => text.push(character),
            }),
            Self::Form => value.bytes().for_each(|byte| match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => text.push(char::from(byte)),
                _ => text.push_str(&format!("%{byte:02X}")),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_in_stays_where_it_is_put() {
        let json = Template::parse(r#"{"a":{"b":"{{ subject }}"}}"#).unwrap();
        let evil = "x\", \"admin\": \"\\\n\u{1}";
        let text = json.fill(Escaping::Json, |_| evil);
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["a"]["b"], evil);
        let form = Template::parse("to={{address}}&text={{text}}").unwrap();
        assert_eq!(form.fill(Escaping::Form, |_| "+49 1&b=c\n"), "to=%2B49%201%26b%3Dc%0A&text=%2B49%201%26b%3Dc%0A");
        let nested = Template::parse("{{subject}}").unwrap();
        assert_eq!(nested.fill(Escaping::Plain, |_| "{{text}}"), "{{text}}", "what is put in is no template");
    }

    #[test]
    fn what_does_not_parse_says_why_and_what_to_do() {
        let open = Template::parse("a {{subject").unwrap_err();
        assert_eq!(open, TemplateError::Open("{{subject".to_owned()));
        let unknown = Template::parse("{{subjct}}").unwrap_err();
        assert!(unknown.fix().contains("did you mean {{subject}}"), "{}", unknown.fix());
        assert!(Template::parse("{{}}").is_err());
        assert_eq!(Template::parse("{ }} {").unwrap().source(), "{ }} {");
    }
}
