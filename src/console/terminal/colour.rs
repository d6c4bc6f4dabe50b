//! What the terminal can show, decided from the environment alone: asking a terminal costs time over slow lines and can
//! leave its answers among the keys.

use std::str::FromStr;

/// How many colours the console uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ColourDepth {
    /// None: weight, reverse and underline only.
    None,
    /// The terminal's own sixteen.
    Sixteen,
    /// The fixed 256.
    Indexed,
    /// 16 million.
    True,
}

/// What `--color` asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ColourChoice {
    /// What the environment says.
    #[default]
    Auto,
    /// This depth, whatever the environment says.
    Fixed(ColourDepth),
}

impl FromStr for ColourChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            "never" => Ok(Self::Fixed(ColourDepth::None)),
            "16" => Ok(Self::Fixed(ColourDepth::Sixteen)),
            "256" => Ok(Self::Fixed(ColourDepth::Indexed)),
            "truecolor" => Ok(Self::Fixed(ColourDepth::True)),
            other => Err(format!("`{other}` is no colour mode: use never, 16, 256, truecolor or auto")),
        }
    }
}

/// What the environment tells of the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ability {
    /// How many colours to use.
    pub depth: ColourDepth,
    /// Whether to draw with ASCII only.
    pub ascii: bool,
    /// Whether the background is light, as far as the terminal says.
    pub light: bool,
}

impl Ability {
    /// Reads the environment through `env`, which answers for a variable's name. The order is: `choice`, `NO_COLOR`,
    /// `COLORTERM`, `TERM`.
    pub fn of(choice: ColourChoice, ascii: bool, env: impl Fn(&str) -> Option<String>) -> Self {
        let depth = match choice {
            ColourChoice::Fixed(depth) => depth,
            ColourChoice::Auto => depth(&env),
        };
        Self { depth, ascii: ascii || !draws_unicode(&env), light: is_light(&env) }
    }
}

fn depth(env: &impl Fn(&str) -> Option<String>) -> ColourDepth {
    if env("NO_COLOR").is_some_and(|value| !value.is_empty()) {
        return ColourDepth::None;
    }
    let term = env("TERM").unwrap_or_default();
    let colours = env("COLORTERM").unwrap_or_default();
    if matches!(colours.as_str(), "truecolor" | "24bit") || term.contains("direct") {
        ColourDepth::True
    } else if term.contains("256color") {
        ColourDepth::Indexed
    } else if term.is_empty() || term == "dumb" || term.starts_with("vt1") || term.starts_with("vt2") {
        ColourDepth::None
    } else {
        ColourDepth::Sixteen
    }
}

fn draws_unicode(env: &impl Fn(&str) -> Option<String>) -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| env(name).filter(|value| !value.is_empty()));
    let utf8 = locale.is_some_and(|value| {
        let value = value.to_ascii_lowercase();
        value.contains("utf-8") || value.contains("utf8")
    });
    // the Linux console's font has no place for most of our glyphs
    utf8 && env("TERM").as_deref() != Some("linux")
}

fn is_light(env: &impl Fn(&str) -> Option<String>) -> bool {
    env("COLORFGBG").is_some_and(|value| matches!(value.rsplit(';').next(), Some("7" | "15")))
}

/// Why the console can't use this terminal, as a sentence with a way out; `None` if it can.
pub fn refusal(env: impl Fn(&str) -> Option<String>) -> Option<String> {
    let term = env("TERM").unwrap_or_default();
    let what = match term.as_str() {
        "" => "TERM is not set, so the terminal may not be able to place text".to_owned(),
        "dumb" => "the terminal says TERM=dumb: it can't place text".to_owned(),
        _ => return None,
    };
    Some(format!("{what}; use `watchfloor console --plain`, which writes lines, or set TERM (for example TERM=xterm)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ability(choice: &str, pairs: &[(&str, &str)]) -> Ability {
        let env = |name: &str| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        Ability::of(choice.parse().unwrap(), false, env)
    }

    #[test]
    fn the_flag_wins_then_no_color_then_colorterm_then_term() {
        let rich = [("TERM", "xterm-256color"), ("COLORTERM", "truecolor")];
        assert_eq!(ability("auto", &rich).depth, ColourDepth::True);
        assert_eq!(ability("16", &rich).depth, ColourDepth::Sixteen);
        let no = [("TERM", "xterm-256color"), ("COLORTERM", "truecolor"), ("NO_COLOR", "1")];
        assert_eq!(ability("auto", &no).depth, ColourDepth::None);
        assert_eq!(ability("256", &no).depth, ColourDepth::Indexed);
        assert_eq!(ability("auto", &[("TERM", "screen-256color")]).depth, ColourDepth::Indexed);
        assert_eq!(ability("auto", &[("TERM", "xterm")]).depth, ColourDepth::Sixteen);
        assert_eq!(ability("auto", &[("TERM", "vt220")]).depth, ColourDepth::None);
        // an empty NO_COLOR asks for nothing
        assert_eq!(ability("auto", &[("TERM", "xterm"), ("NO_COLOR", "")]).depth, ColourDepth::Sixteen);
    }

    #[test]
    fn a_wrong_mode_says_which_there_are() {
        assert!("loud".parse::<ColourChoice>().unwrap_err().contains("never, 16, 256"));
    }

    #[test]
    fn glyphs_beyond_ascii_need_a_locale_and_a_font_for_them() {
        assert!(!ability("auto", &[("TERM", "xterm"), ("LANG", "en_GB.UTF-8")]).ascii);
        assert!(ability("auto", &[("TERM", "xterm"), ("LANG", "en_GB.UTF-8"), ("LC_ALL", "C")]).ascii);
        assert!(ability("auto", &[("TERM", "linux"), ("LANG", "en_GB.UTF-8")]).ascii);
        assert!(ability("auto", &[("TERM", "xterm")]).ascii);
    }

    #[test]
    fn a_light_background_is_believed_when_the_terminal_says_so() {
        assert!(ability("auto", &[("COLORFGBG", "0;15")]).light);
        assert!(!ability("auto", &[("COLORFGBG", "15;0")]).light);
        assert!(!ability("auto", &[]).light);
    }

    #[test]
    fn a_terminal_that_cannot_place_text_is_refused_with_a_way_out() {
        let env = |term: &'static str| move |name: &str| (name == "TERM").then(|| term.to_owned());
        assert!(refusal(env("dumb")).unwrap().contains("`watchfloor console --plain`"));
        assert!(refusal(|_| None).unwrap().contains("set TERM"));
        assert_eq!(refusal(env("xterm")), None);
    }
}
