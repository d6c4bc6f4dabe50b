//! The roles a theme gives a look to: what a thing means, not what colour it has.

macro_rules! roles {
    ($($(#[$doc:meta])+ $role:ident $name:literal $letter:literal,)+) => {
        /// What a piece of the screen means.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Role {
            $($(#[$doc])+ $role,)+
        }

        impl Role {
            /// All roles.
            pub const ALL: &'static [Self] = &[$(Self::$role,)+];

            /// The role's name in theme files.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$role => $name,)+
                }
            }

            /// A letter for the role, unlike all others, in which tests print a screen's roles.
            #[must_use]
            pub const fn letter(self) -> char {
                match self {
                    $(Self::$role => $letter,)+
                }
            }
        }
    };
}

roles! {
    /// Ordinary text.
    Text "text" 't',
    /// Text that matters less.
    Muted "muted" 'm',
    /// The title of a panel or box.
    Title "title" 'T',
    /// Lines between panels and around boxes.
    Border "border" 'b',
    /// The first line of the screen.
    Header "header" 'h',
    /// The titles of a table's columns.
    Column "column" 'c',
    /// The title of the column a table is sorted by.
    ColumnSorted "column.sorted" 'C',
    /// The last line of the screen.
    Footer "footer" 'f',
    /// A key in the last line, in help and in prompts.
    FooterKey "footer.key" 'k',
    /// The background of the cursor's row.
    Selection "selection" 'S',
    /// The sign of a marked row.
    Mark "mark" 'M',
    /// The place where typed text goes.
    Cursor "cursor" '_',
    /// Typed text.
    Input "input" 'i',
    /// A part of a text that a filter or search found.
    Match "match" '=',
    /// A critical problem.
    Critical "severity.critical" 'X',
    /// A warning.
    Warning "severity.warning" '!',
    /// All is well.
    Ok "state.ok" 'o',
    /// Not known: never to be taken for well.
    Unknown "state.unknown" '?',
    /// Not measured yet.
    PendingState "state.pending" 'p',
    /// A check whose results stopped coming.
    Stale "state.stale" 's',
    /// A host that is down.
    Down "state.down" 'D',
    /// A host whose heartbeat is missing and that was not judged yet.
    Silent "state.silent" 'Q',
    /// A host that is off, as expected.
    Off "state.off" '-',
    /// A host that was retired or said goodbye.
    Left "state.left" 'l',
    /// An alert nobody has.
    New "lane.new" 'N',
    /// An alert somebody has.
    Owned "lane.owned" 'O',
    /// An alert that is held back.
    LaneMuted "lane.muted" 'U',
    /// Data that is older than it should be.
    AgeStale "age.stale" 'a',
    /// A link that lives.
    LinkLive "link.live" 'L',
    /// A link that is being made.
    LinkWaiting "link.waiting" 'w',
    /// A link that is down.
    LinkDown "link.down" 'd',
    /// An act that waits for its answer.
    Pending "pending" 'P',
    /// An act that was not sent or was refused.
    Failed "failed" 'F',
    /// A line across the screen that must not be overlooked.
    Banner "banner" 'B',
    /// The question of a prompt.
    Prompt "prompt" 'r',
    /// What is dangerous to confirm.
    Danger "danger" '#',
    /// The line of a graph or the filled part of a bar.
    Graph "graph" 'g',
    /// A row that is gone and still stands.
    Gone "gone" '~',
    /// The person at this console.
    Me "me" '@',
}

impl Role {
    /// The role of a name in theme files.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|role| role.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_letters_tell_roles_apart() {
        for (at, role) in Role::ALL.iter().enumerate() {
            assert_eq!(Role::from_name(role.name()), Some(*role));
            assert_eq!(usize::from(*role as u8), at);
            let alike = Role::ALL.iter().filter(|other| other.letter() == role.letter()).count();
            assert_eq!(alike, 1, "letter {} of {}", role.letter(), role.name());
        }
    }
}
