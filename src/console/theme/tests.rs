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

/// A colour as an eye sees it, in Oklab (Ottosson 2020), in which distances are as large as they look.
fn oklab(colour: Color, eye: &[[f64; 3]; 3]) -> [f64; 3] {
    let seen = rgb(colour);
    let mix = |rows: [[f64; 3]; 3], from: [f64; 3]| rows.map(|row| row.iter().zip(from).map(|(a, b)| a * b).sum());
    let cones: [f64; 3] = mix(
        [
            [0.412_221_470_8, 0.536_332_536_3, 0.051_445_992_9],
            [0.211_903_498_2, 0.680_699_545_1, 0.107_396_956_6],
            [0.088_302_461_9, 0.281_718_837_6, 0.629_978_700_5],
        ],
        mix(*eye, seen).map(|part: f64| part.clamp(0.0, 1.0)),
    );
    mix(
        [
            [0.210_454_255_3, 0.793_617_785_0, -0.004_072_046_8],
            [1.977_998_495_1, -2.428_592_205_0, 0.450_593_709_9],
            [0.025_904_037_1, 0.782_771_766_2, -0.808_675_766_0],
        ],
        cones.map(f64::cbrt),
    )
}

fn difference(a: Color, b: Color, eye: &[[f64; 3]; 3]) -> f64 {
    oklab(a, eye).iter().zip(oklab(b, eye)).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
}

#[test]
fn the_measures_measure_what_their_sources_say() {
    assert!((contrast(hex("#ffffff"), hex("#000000")) - 21.0).abs() < 0.01);
    assert!((contrast(hex("#777777"), hex("#ffffff")) - 4.48).abs() < 0.01);
    let [l, a, b] = oklab(hex("#ff0000"), &EYES[0].1);
    assert!((l - 0.628).abs() < 0.001 && (a - 0.225).abs() < 0.001 && (b - 0.126).abs() < 0.001, "{l} {a} {b}");
    // red and green of one lightness are the textbook's example
    let (red, green) = (hex("#d04040"), hex("#708030"));
    assert!(difference(red, green, &EYES[0].1) > 2.0 * difference(red, green, &EYES[2].1));
}

/// How far apart two states must look, in Oklab; 0.02 is what an eye just notices (CSS Color 4, 13.2).
const APART: f64 = 0.07;
/// The same for the eyes a theme is made for.
const FAR_APART: f64 = 0.12;

/// The same for the eyes a theme is not made for: still told apart, twice what is just noticed.
const STILL_APART: f64 = 0.04;

/// What a theme in full colour promises.
struct Promise {
    theme: &'static str,
    /// The backgrounds its person may have, or the one it paints.
    backgrounds: &'static [&'static str],
    /// The least contrast of text.
    contrast: f64,
    /// How far apart states are for each kind of eye.
    apart: [f64; 4],
}

const DARK: &[&str] = &["#000000", "#1e1e1e", "#282c34"];
const PROMISES: [Promise; 5] = [
    Promise { theme: "dark", backgrounds: DARK, contrast: 4.5, apart: [APART; 4] },
    Promise { theme: "light", backgrounds: &["#ffffff", "#fafafa", "#fdf6e3"], contrast: 4.5, apart: [APART; 4] },
    Promise { theme: "high-contrast", backgrounds: &["#000000"], contrast: 7.0, apart: [0.09; 4] },
    Promise {
        theme: "deuteranopia",
        backgrounds: DARK,
        contrast: 4.5,
        apart: [FAR_APART, FAR_APART, FAR_APART, STILL_APART],
    },
    Promise {
        theme: "tritanopia",
        backgrounds: DARK,
        contrast: 4.5,
        apart: [FAR_APART, STILL_APART, STILL_APART, FAR_APART],
    },
];

/// Each theme in full colour, at both depths it may be shown in.
fn shown() -> Vec<(Theme, &'static Promise)> {
    let depths = [ColourDepth::True, ColourDepth::Indexed];
    PROMISES
        .iter()
        .flat_map(|promise| depths.map(|depth| (promise, Ability { depth, ..RICH })))
        .map(|(promise, ability)| (Theme::load(Some(promise.theme), ability, None).unwrap(), promise))
        .collect()
}

#[test]
fn every_theme_in_full_colour_promises_something() {
    let promised: Vec<&str> = PROMISES.iter().map(|promise| promise.theme).collect();
    let rich = BUILT_IN.iter().filter(|built_in| built_in.needs == ColourDepth::Indexed).map(|built_in| built_in.name);
    assert_eq!(promised, rich.collect::<Vec<_>>());
}

#[test]
fn every_role_is_readable_on_every_background_it_may_stand_on() {
    for (theme, promise) in shown() {
        let mut backgrounds: Vec<Color> = promise.backgrounds.iter().map(|hex| colours::parse(hex).unwrap()).collect();
        backgrounds.extend(theme.style(Role::Selection).bg);
        for role in Role::ALL {
            let style = theme.style(*role);
            let Some(fg) = style.fg.filter(|fg| *fg != Color::Reset) else { continue };
            // lines are not read
            let least = if *role == Role::Border { 1.5 } else { promise.contrast };
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
    for (theme, promise) in shown() {
        for ((name, eye), least) in EYES.iter().zip(promise.apart) {
            for (at, a) in states.iter().enumerate() {
                for b in &states[at + 1..] {
                    let apart = difference(theme.style(*a).fg.unwrap(), theme.style(*b).fg.unwrap(), eye);
                    assert!(
                        apart >= least,
                        "{} and {} of {} are {apart:.3} apart for {name}",
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
fn the_themes_that_come_with_the_program_name_every_role_and_all_but_one_keep_the_background() {
    for name in Theme::built_in_names() {
        let styles = resolve(name, None, 0, &mut Vec::new()).unwrap().styles().unwrap();
        for role in Role::ALL {
            assert!(styles.contains_key(role), "{name} lacks {}", role.name());
        }
        if name == "high-contrast" {
            continue;
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
fn an_own_theme_on_a_terminal_with_fewer_colours_loses_no_mark() {
    let dir = tempfile::tempdir().unwrap();
    let text = "[palette]\nband = \"#30204f\"\n[roles]\nmuted = { underline = true }\nmark = \"green\"\n";
    std::fs::write(dir.path().join("mine.toml"), text).unwrap();
    let at = |depth| Theme::load(Some("mine"), Ability { depth, ..RICH }, Some(dir.path())).unwrap();
    for (depth, suits) in [(ColourDepth::None, "mono"), (ColourDepth::Sixteen, "sixteen")] {
        let (own, suits) = (at(depth), Theme::built_in(suits).unwrap());
        assert_eq!(own.style(Role::Selection), suits.style(Role::Selection));
        assert_eq!(own.style(Role::Critical), suits.style(Role::Critical));
        assert_eq!(
            own.style(Role::Muted),
            Style::new().add_modifier(Modifier::UNDERLINED),
            "what it can show, it shows"
        );
    }
    assert_eq!(at(ColourDepth::Sixteen).style(Role::Mark).fg, Some(Color::Green));
    assert_eq!(at(ColourDepth::True).style(Role::Selection).bg, Some(hex("#30204f")));
}

#[test]
fn a_terminal_is_offered_what_it_can_show_and_a_persons_own() {
    let dir = tempfile::tempdir().unwrap();
    for file in ["night-shift.toml", "dark.toml", "notes.txt", "no name.toml"] {
        std::fs::write(dir.path().join(file), "").unwrap();
    }
    let names = |depth| Theme::names(Ability { depth, ..RICH }, Some(dir.path())).join(" ");
    assert_eq!(
        names(ColourDepth::Indexed),
        "dark light high-contrast deuteranopia tritanopia sixteen mono night-shift"
    );
    assert_eq!(names(ColourDepth::Sixteen), "sixteen mono night-shift");
    assert_eq!(names(ColourDepth::None), "mono night-shift");
    let mono = Theme::load(Some("mono"), Ability { depth: ColourDepth::Sixteen, ..RICH }, None).unwrap();
    assert_eq!(mono.name(), "mono");
}

#[test]
fn the_files_a_theme_hangs_on_are_noted_also_where_one_is_wrong() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("mine.toml"), "inherits = \"house\"\n").unwrap();
    std::fs::write(dir.path().join("house.toml"), "inherits = \"light\"\n[roles]\nmuted = 1\n").unwrap();
    let mut files = Vec::new();
    Theme::load_noting(Some("mine"), RICH, Some(dir.path()), &mut files).unwrap_err();
    assert_eq!(files, ["mine.toml", "house.toml"].map(|file| dir.path().join(file)));
    std::fs::write(dir.path().join("house.toml"), "inherits = \"light\"\n").unwrap();
    files.clear();
    Theme::load_noting(Some("mine"), RICH, Some(dir.path()), &mut files).unwrap();
    assert_eq!(files, ["mine.toml", "house.toml", "light.toml", "dark.toml"].map(|file| dir.path().join(file)));
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
    assert!(error.fix.contains("dark, light, high-contrast, deuteranopia, tritanopia, sixteen, mono"), "{error}");
}
