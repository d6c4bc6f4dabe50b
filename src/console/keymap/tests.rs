use super::*;
use crate::console::files::FileError;
use crate::console::input::{Key, KeyCode};

fn keymap() -> Keymap {
    Keymap::built_in().unwrap()
}

fn press(keymap: &mut Keymap, context: Context, keys: &str) -> Pressed {
    keys.split_whitespace().map(|key| keymap.press(context, Key::parse(key).unwrap())).last().unwrap()
}

fn own(text: &str) -> Result<Keymap, FileError> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("keys.toml");
    std::fs::write(&path, text).unwrap();
    Keymap::load(Some(&path))
}

const SCREENS: [Context; 14] = [
    Context::Floor,
    Context::Alerts,
    Context::Hosts,
    Context::Backups,
    Context::Commands,
    Context::Upkeep,
    Context::Journal,
    Context::Client,
    Context::Host,
    Context::Alert,
    Context::Command,
    Context::Output,
    Context::Windows,
    Context::Window,
];

#[test]
fn every_action_has_a_key_or_a_place_in_the_list_of_actions() {
    let keymap = keymap();
    for action in Action::ALL {
        let bound = Context::ALL.into_iter().any(|context| !keymap.keys_of(*action, context).is_empty());
        let listed =
            SCREENS.into_iter().any(|context| keymap.palette(context, false).iter().any(|hint| hint.action == *action));
        assert!(bound || listed, "{} can't be reached", action.name());
        assert!(Context::ALL.into_iter().any(|context| action.works_in(context)), "{}", action.name());
        assert_eq!(Action::from_name(action.name()), Some(*action));
        assert!(action.sentence().ends_with('.'), "{}", action.name());
    }
}

#[test]
fn no_key_shadows_another() {
    let keymap = keymap();
    for ((section, keys), action) in &keymap.bindings {
        for place in Context::ALL.into_iter().filter(|place| place.chain().contains(section)) {
            for other in place.chain().iter().filter(|other| *other != section) {
                if let Some(shadowed) = keymap.bindings.get(&(*other, keys.clone())) {
                    assert_eq!(shadowed, action, "{} in {} and {}", parse::text(keys), section.name(), other.name());
                }
            }
        }
        assert_eq!(parse::conflict(&keymap.bindings, *section, keys), None, "{}", parse::text(keys));
    }
}

#[test]
fn nothing_needs_ctrl_alt_or_a_function_key() {
    let keymap = keymap();
    // stopping is the shell's own key; leaving is also going back; repainting is also in the list of actions
    for action in Action::ALL.iter().filter(|action| !action.is_in_palette() || action.is_act()) {
        let keys: Vec<&Vec<Key>> =
            keymap.bindings.iter().filter(|(_, bound)| *bound == action).map(|((_, keys), _)| keys).collect();
        let plain =
            |keys: &&Vec<Key>| keys.iter().all(|key| !key.ctrl && !key.alt && !matches!(key.code, KeyCode::F(_)));
        let optional = matches!(action, Action::TextDeleteWord | Action::TextClear);
        assert!(optional || keys.is_empty() || keys.iter().any(plain), "{}", action.name());
    }
}

#[test]
fn the_same_letter_is_the_same_verb_on_every_screen() {
    let verbs = [
        ("a", Action::Acknowledge),
        ("e", Action::Escalate),
        ("r", Action::Release),
        ("s", Action::Snooze),
        ("n", Action::Note),
        ("c", Action::CheckNow),
        ("C", Action::Close),
        ("x", Action::Command),
    ];
    for screen in SCREENS {
        for (key, verb) in verbs {
            let pressed = press(&mut keymap(), screen, key);
            assert!(
                matches!(pressed, Pressed::Action(action) | Pressed::NotHere(action) if action == verb),
                "{key} on {}",
                screen.name()
            );
        }
        for (digit, action) in ('1'..='7').zip([
            Action::Floor,
            Action::Alerts,
            Action::Hosts,
            Action::Backups,
            Action::Commands,
            Action::Upkeep,
            Action::Journal,
        ]) {
            assert_eq!(keymap().press(screen, Key::char(digit)), Pressed::Action(action));
        }
    }
    assert_eq!(press(&mut keymap(), Context::Journal, "a"), Pressed::NotHere(Action::Acknowledge));
}

#[test]
fn a_chord_waits_for_ever_and_gives_up_on_escape_or_a_wrong_key() {
    let mut keymap = keymap();
    assert_eq!(press(&mut keymap, Context::Alerts, "v"), Pressed::Pending);
    assert_eq!(keymap.pending(), "v");
    assert_eq!(keymap.continuations(Context::Alerts).len(), 12, "nine views, none of them, save and columns");
    assert_eq!(press(&mut keymap, Context::Alerts, "3"), Pressed::Action(Action::View3));
    assert_eq!(Action::View3.view(), Some(3));
    assert_eq!(press(&mut keymap, Context::Alerts, "v Esc"), Pressed::Cancelled);
    assert_eq!(
        press(&mut keymap, Context::Alerts, "v a"),
        Pressed::Cancelled,
        "the a of a broken chord acknowledges nothing"
    );
    assert_eq!(press(&mut keymap, Context::Alerts, "3"), Pressed::Action(Action::Hosts));
}

#[test]
fn typing_takes_letters_from_no_screen() {
    for letter in ["a", "q", "x", "1", "?", "Space"] {
        assert_eq!(press(&mut keymap(), Context::Text, letter), Pressed::Nothing);
        assert_eq!(press(&mut keymap(), Context::Palette, letter), Pressed::Nothing);
    }
    assert_eq!(press(&mut keymap(), Context::Palette, "Enter"), Pressed::Action(Action::TextSubmit));
    assert_eq!(press(&mut keymap(), Context::Reader, "a"), Pressed::Nothing);
    assert_eq!(press(&mut keymap(), Context::Reader, "j"), Pressed::Action(Action::Down));
}

#[test]
fn a_console_that_only_reads_offers_no_acts() {
    let keymap = keymap();
    for screen in SCREENS {
        let shown = keymap.footer(screen, true).into_iter().chain(keymap.palette(screen, true));
        let helped = keymap.help(screen, true).into_iter().flat_map(|(_, hints)| hints);
        assert!(shown.chain(helped).all(|hint| !hint.action.is_act()));
    }
    let footer = keymap.footer(Context::Alerts, false);
    let first: Vec<(&str, &str)> =
        footer.iter().take(3).map(|hint| (hint.keys.as_str(), hint.action.label())).collect();
    assert_eq!(first, [("a", "ack"), ("e", "escalate"), ("r", "release")]);
}

#[test]
fn an_own_key_wins_and_a_key_can_be_taken_away() {
    let mut keymap = own("[list]\n\"A\" = \"acknowledge\"\n\"a\" = \"unbind\"\n\"c\" = \"close\"\n\"g g\" = \"view.1\"\n[move]\n\"g\" = \"unbind\"\n").unwrap();
    assert_eq!(press(&mut keymap, Context::Alerts, "A"), Pressed::Action(Action::Acknowledge));
    assert_eq!(press(&mut keymap, Context::Alerts, "a"), Pressed::Nothing);
    assert_eq!(press(&mut keymap, Context::Alerts, "c"), Pressed::Action(Action::Close));
    assert_eq!(press(&mut keymap, Context::Alerts, "g g"), Pressed::Action(Action::View1));
    assert_eq!(keymap.keys_of(Action::Acknowledge, Context::Alerts), ["A"]);
}

#[test]
fn a_wrong_key_map_is_told_with_line_key_and_fix() {
    let cases = [
        ("[list]\n\"a\" = \"acknowlege\"\n", 2, "no action `acknowlege`", "did you mean `acknowledge`"),
        ("[lists]\n", 1, "[lists]", "did you mean [list]"),
        ("[list]\n\n\"Hyper+a\" = \"acknowledge\"\n", 3, "list.\"Hyper+a\"", "Space, Enter"),
        ("[text]\n\"x\" = \"acknowledge\"\n", 2, "`acknowledge` means nothing there", "alerts"),
        ("[list]\n\"v\" = \"note\"\n", 2, "the beginning of `v 0`", "unbind"),
        ("[list]\n\"a b\" = \"note\"\n", 2, "the beginning of `a b`", "unbind"),
        ("[list]\n\"a\" = 1\n", 2, "no text", "acknowledge"),
        ("list = 3\n", 1, "list is no section", "[list]"),
    ];
    for (text, line, problem, fix) in cases {
        let error = own(text).unwrap_err();
        assert_eq!(error.line, line, "{error}");
        assert!(error.problem.contains(problem) && error.fix.contains(fix), "{error}");
    }
}

#[test]
fn the_reference_names_every_bound_action() {
    let keymap = keymap();
    let page = keymap.reference_markdown();
    for action in keymap.bindings.values() {
        // What comes with a later version is bound, and not offered.
        assert_eq!(page.contains(&format!("| `{}` |", action.name())), action.is_offered(), "{}", action.name());
    }
    assert!(page.contains("| `a` | `acknowledge` |"));
    assert!(page.lines().all(|line| !line.ends_with(' ')));
}
