use super::*;

const RICH: Ability = Ability { depth: ColourDepth::True, ascii: false, light: false };

fn rgb(colour: Color) -> [f64; 3] {
    let (r, g, b) = match colour {
        Color::Rgb(r, g, b) => (r, g, b),
        Color::Indexed(index) => colours::rgb_of_index(index),
        other => panic!("{other:?} has no fixed look"),
    };
    [r, g, b].map(|part| {
        let part = f64::from(part) / 255.0;
        if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    })
}

fn hex(text: &str) -> Color {
    colours::parse(text).unwrap()
}

/// The contrast ratio of WCAG 2.
fn contrast(a: Color, b: Color) -> f64 {
    let luminance = |colour| {
        let [r, g, b] = rgb(colour);
        0.2126 * r + 0.7152 * g + 0.0722 * b
    };
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// What colours look like to people who lack one kind of cone (Machado, Oliveira and Fernandes 2009, severity 1.0).
const EYES: [(&str, [[f64; 3]; 3]); 4] = [
    ("all cones", [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
    ("protanopia", [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]),
    (
        "deuteranopia",
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    ),
    ("tritanopia", [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]),
];

fn lab(colour: Color, eye: &[[f64; 3]; 3]) -> [f64; 3] {
    let seen = rgb(colour);
    let [r, g, b] = eye.map(|row| row.iter().zip(seen).map(|(a, b)| a * b).sum::<f64>().clamp(0.0, 1.0));
    let f = |t: f64| if t > 0.008856 { t.cbrt() } else { 7.787 * t + 16.0 / 116.0 };
    let x = f((0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.95047);
    let y = f(0.2126 * r + 0.7152 * g + 0.0722 * b);
    let z = f((0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.08883);
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

fn difference(a: Color, b: Color, eye: &[[f64; 3]; 3]) -> f64 {
    lab(a, eye).iter().zip(lab(b, eye)).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
}

/// Each theme with the backgrounds its person may have, at both depths it may be shown in.
fn shown() -> Vec<(Theme, Vec<Color>)> {
    let mut shown = Vec::new();
    for (name, backgrounds) in
        [("dark", ["#000000", "#1e1e1e", "#282c34"]), ("light", ["#ffffff", "#fafafa", "#fdf6e3"])]
    {
        for depth in [ColourDepth::True, ColourDepth::Indexed] {
            let theme = Theme::load(Some(name), Ability { depth, ..RICH }, None).unwrap();
            let mut backgrounds: Vec<Color> = backgrounds.into_iter().map(hex).collect();
            backgrounds.extend(theme.style(Role::Selection).bg);
            shown.push((theme, backgrounds));
        }
    }
    shown
}

#[test]
fn every_role_is_readable_on_every_background_it_may_stand_on() {
    for (theme, backgrounds) in shown() {
        for role in Role::ALL {
            let style = theme.style(*role);
            let Some(fg) = style.fg.filter(|fg| *fg != Color::Reset) else { continue };
            // lines are not read
            let least = if *role == Role::Border { 1.5 } else { 4.5 };
            let own = style.bg.map(|bg| vec![bg]);
            for background in own.as_ref().unwrap_or(&backgrounds) {
                let ratio = contrast(fg, *background);
                assert!(ratio >= least, "{} of {}: {ratio:.2} on {background:?}", role.name(), theme.name());
            }
        }
    }
}

#[test]
fn states_differ_for_every_kind_of_eye() {
    let states = [Role::Critical, Role::Warning, Role::Ok, Role::Unknown, Role::Stale];
    for (theme, _) in shown() {
        for (name, eye) in &EYES {
            for (at, a) in states.iter().enumerate() {
                for b in &states[at + 1..] {
                    let apart = difference(theme.style(*a).fg.unwrap(), theme.style(*b).fg.unwrap(), eye);
                    assert!(
                        apart >= 15.0,
                        "{} and {} of {} are {apart:.1} apart for {name}",
                        a.name(),
                        b.name(),
                        theme.name()
                    );
                }
            }
        }
    }
}

#[test]
fn the_themes_that_come_with_the_program_name_every_role_and_keep_the_background() {
    for name in Theme::built_in_names() {
        let styles = resolve(name, None, 0).unwrap().styles().unwrap();
        for role in Role::ALL {
            assert!(styles.contains_key(role), "{name} lacks {}", role.name());
        }
        let text = styles.get(&Role::Text).unwrap();
        assert!(text.bg.is_none() && text.fg.is_none_or(|fg| fg == Color::Reset), "{name} paints ordinary text");
    }
}

#[test]
fn without_colours_the_cursors_row_and_what_matters_still_stand_out() {
    let ability = Ability { depth: ColourDepth::None, ..RICH };
    let theme = Theme::load(Some("light"), ability, None).unwrap();
    assert_eq!(theme.name(), "mono");
    for role in Role::ALL {
        let style = theme.style(*role);
        assert!(
            style.fg.is_none_or(|c| c == Color::Reset) && style.bg.is_none_or(|c| c == Color::Reset),
            "{}",
            role.name()
        );
    }
    for role in [Role::Selection, Role::Banner, Role::Critical, Role::Danger] {
        assert!(!theme.style(role).add_modifier.is_empty(), "{}", role.name());
    }
}

#[test]
fn sixteen_colours_use_only_the_terminals_own() {
    let theme = Theme::load(None, Ability { depth: ColourDepth::Sixteen, ..RICH }, None).unwrap();
    assert_eq!(theme.name(), "sixteen");
    for role in Role::ALL {
        let style = theme.style(*role);
        for colour in [style.fg, style.bg].into_iter().flatten() {
            assert!(!matches!(colour, Color::Rgb(..) | Color::Indexed(_)), "{}", role.name());
        }
    }
    assert_ne!(theme.style(Role::Critical), theme.style(Role::Warning));
}

fn own(text: &str) -> Result<Theme, FileError> {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("mine.toml"), text).unwrap();
    Theme::load(Some("mine"), RICH, Some(dir.path()))
}

#[test]
fn an_own_file_changes_what_it_names_and_inherits_the_rest() {
    let theme = own(
        "inherits = \"light\"\n[palette]\nblood = \"#880000\"\n[roles]\nseverity.critical = { fg = \"blood\", bold = true }\n\
         \"state.ok\" = \"#004400\"\ncolumn = { underline = true }\ncolumn.sorted = \"blood\"\n",
    );
    // one key can't be both a table of attributes and the beginning of another key: TOML says so, with the line
    assert_eq!(theme.unwrap_err().line, 8);
    let theme = own("inherits = \"light\"\n[palette]\nblood = \"#880000\"\n[roles]\nseverity.critical = { fg = \"blood\", bold = true }\n\"state.ok\" = \"#004400\"\n").unwrap();
    assert_eq!(theme.style(Role::Critical), Style::new().fg(hex("#880000")).add_modifier(Modifier::BOLD));
    assert_eq!(theme.style(Role::Ok).fg, Some(hex("#004400")));
    assert_eq!(theme.style(Role::Warning), Theme::built_in("light").unwrap().style(Role::Warning));
}

#[test]
fn an_own_file_may_take_a_built_in_name_and_inherit_from_it() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("dark.toml"), "inherits = \"dark\"\n[roles]\nmuted = \"#bbbbbb\"\n").unwrap();
    let theme = Theme::load(None, RICH, Some(dir.path())).unwrap();
    assert_eq!(theme.style(Role::Muted).fg, Some(hex("#bbbbbb")));
}

#[test]
fn a_wrong_file_is_told_with_line_key_and_fix() {
    let cases = [
        ("[roles]\n\n\"severity.critcal\" = \"red\"\n", 3, "severity.critcal", "did you mean `severity.critical`"),
        ("[roles]\nmuted = \"gray-ish\"\n", 2, "`gray-ish` is no colour", "#rrggbb"),
        ("[palette]\nred2 = \"#12\"\n", 2, "palette.red2", "#rrggbb"),
        ("[roles]\nmuted = { weight = 3 }\n", 2, "weight", "use fg, bg, bold"),
        ("[roles]\nmuted = { bold = 3 }\n", 2, "roles.muted.bold", "true or false"),
        ("[roles]\nmuted = 7\n", 2, "roles.muted", "write a colour"),
        ("colours = 1\n", 1, "`colours`", "[roles]"),
        ("inherits = \"nothing\"\n", 1, "no theme `nothing`", "name one"),
        ("inherits = \"mine\"\n", 1, "circle", ""),
        ("a = = 1", 1, "", "TOML"),
    ];
    for (text, line, problem, fix) in cases {
        let error = own(text).unwrap_err();
        assert!(error.file.ends_with("mine.toml"), "{error}");
        assert_eq!(error.line, line, "{error}");
        assert!(error.problem.contains(problem) && error.fix.contains(fix), "{error}");
    }
}

#[test]
fn a_theme_that_does_not_exist_says_which_there_are() {
    let error = Theme::load(Some("../../etc/passwd"), RICH, Some(Path::new("/"))).unwrap_err();
    assert!(error.fix.contains("dark, light, sixteen, mono"), "{error}");
}
