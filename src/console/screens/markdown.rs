//! Markdown as far as a page for three in the morning needs it: headings, lists and code stand out, and the words are
//! all there. What is no such thing stands as it was written.

use crate::console::theme::Role;

/// A line of a page: how it looks, cells before it (before the lines it wraps to, too), and its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// How it looks.
    pub role: Role,
    /// Cells left empty before it.
    pub indent: u16,
    /// What stands there; a list's sign is before it on the first line it wraps to.
    pub sign: String,
    /// The words.
    pub text: String,
    /// Code is cut, and not wrapped: half a command must not look like a whole one.
    pub is_code: bool,
}

/// The lines of a page. The text must have been made safe.
#[must_use]
pub fn lines(text: &str) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let mut in_code = false;
    let mut flowing = false;
    for raw in text.lines() {
        let trimmed = raw.trim();
        let plain =
            |role, indent, sign: &str, text: String| Line { role, indent, sign: sign.to_owned(), text, is_code: false };
        if trimmed.starts_with("```") || trimmed.starts_with("~~~") {
            in_code = !in_code;
            flowing = false;
            continue;
        }
        if in_code {
            let text = raw.trim_end().to_owned();
            lines.push(Line { role: Role::Input, indent: 2, sign: String::new(), text, is_code: true });
            continue;
        }
        let depth = u16::try_from(raw.chars().take_while(|character| *character == ' ').count()).unwrap_or(0).min(12);
        if let Some(heading) = heading(trimmed) {
            lines.push(plain(Role::Title, 0, "", bare(heading)));
            flowing = false;
        } else if let Some((sign, rest)) = item(trimmed) {
            lines.push(plain(Role::Text, depth, &format!("{sign} "), bare(rest)));
            flowing = true;
        } else if trimmed.is_empty() {
            if lines.last().is_some_and(|last| !last.text.is_empty()) {
                lines.push(plain(Role::Text, 0, "", String::new()));
            }
            flowing = false;
        } else if let Some(quoted) = trimmed.strip_prefix('>') {
            lines.push(plain(Role::Muted, 2, "", bare(quoted.trim())));
            flowing = false;
        } else if let Some(last) = lines.last_mut().filter(|_| flowing) {
            // Lines of a paragraph flow together, as the width has it.
            last.text.push(' ');
            last.text.push_str(&bare(trimmed));
        } else {
            lines.push(plain(Role::Text, 0, "", bare(trimmed)));
            flowing = true;
        }
    }
    lines
}

fn heading(line: &str) -> Option<&str> {
    let words = line.trim_start_matches('#');
    let level = line.len() - words.len();
    ((1..=6).contains(&level) && words.starts_with(' ')).then(|| words.trim().trim_end_matches('#').trim_end())
}

/// A list's sign, and what stands behind it.
fn item(line: &str) -> Option<(&str, &str)> {
    let (sign, rest) = line.split_once(' ')?;
    let number = sign.strip_suffix(['.', ')']).is_some_and(|number| {
        !number.is_empty() && number.len() <= 3 && number.chars().all(|digit| digit.is_ascii_digit())
    });
    (number || matches!(sign, "-" | "*" | "+")).then(|| (sign, rest.trim_start()))
}

/// The words without the signs of emphasis. Signs inside code are the code's own.
fn bare(words: &str) -> String {
    let parts = words.split('`').enumerate();
    parts
        .map(|(at, part)| if at % 2 == 0 { part.replace("**", "").replace("__", "") } else { part.to_owned() })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_lists_and_code_stand_out_and_no_word_is_lost() {
        let page = "# Disk **full**\nFirst look\nwhat grew.\n\n1. run `du -x /var`\n   and wait\n- then *clean*\n```\nrm -rf /var/tmp/old__files\n```\n> ask first\n";
        let lines = lines(page);
        let shown: Vec<(Role, &str, &str)> =
            lines.iter().map(|line| (line.role, line.sign.as_str(), line.text.as_str())).collect();
        assert_eq!(
            shown,
            [
                (Role::Title, "", "Disk full"),
                (Role::Text, "", "First look what grew."),
                (Role::Text, "", ""),
                (Role::Text, "1. ", "run du -x /var and wait"),
                (Role::Text, "- ", "then *clean*"),
                (Role::Input, "", "rm -rf /var/tmp/old__files"),
                (Role::Muted, "", "ask first"),
            ]
        );
        assert!(lines[5].is_code);
    }
}
