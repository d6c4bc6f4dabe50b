//! The one table of what can be done by key. Bindings, footer, help, the list of actions and the key reference are all
//! made from it.

use super::context::Context;

/// What an action may cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Danger {
    /// Nothing outside this console.
    None,
    /// It asks the hub for a change that can be taken back.
    Act,
    /// It asks first: it wakes a person, or can't be taken back.
    Confirm,
    /// It is typed out first: it runs with a host's rights.
    TypedOut,
}

/// Contexts in which rows stand for something one can act on.
const SUBJECTS: &[Context] = &[
    Context::Floor,
    Context::Alerts,
    Context::Hosts,
    Context::Client,
    Context::Host,
    Context::Alert,
    Context::Backups,
    Context::Backup,
];
const HOSTS: &[Context] = &[
    Context::Floor,
    Context::Hosts,
    Context::Alerts,
    Context::Client,
    Context::Host,
    Context::Alert,
    Context::Backups,
    Context::Backup,
];
/// Contexts whose rows are kept as views.
const VIEWED: &[Context] = &[Context::Alerts, Context::Hosts, Context::Backups];
/// Contexts whose rows can be grouped.
const GROUPED: &[Context] = &[Context::Alerts, Context::Hosts, Context::Backups, Context::Command, Context::Report];
/// Contexts in which rows stand for hosts a program can be started on.
const RUNS: &[Context] = &[
    Context::Floor,
    Context::Hosts,
    Context::Alerts,
    Context::Commands,
    Context::Client,
    Context::Host,
    Context::Alert,
    Context::Command,
    Context::Output,
];
const COMMANDS: &[Context] = &[Context::Commands, Context::Command, Context::Output];
const OUTPUT: &[Context] = &[Context::Output];
const WRITTEN: &[Context] = &[Context::Command, Context::Output];
/// Contexts in which alerts can be copied.
const TICKETS: &[Context] = &[Context::Alerts, Context::Alert];
/// Contexts in which rows stand for a place a window can be opened for.
const MUTES: &[Context] = &[Context::Floor, Context::Alerts, Context::Hosts, Context::Host, Context::Alert];
/// What can be closed: alerts, wherever they are shown, and windows.
const CLOSABLE: &[Context] = &[
    Context::Floor,
    Context::Alerts,
    Context::Hosts,
    Context::Client,
    Context::Host,
    Context::Alert,
    Context::Backups,
    Context::Backup,
    Context::Windows,
    Context::Window,
];
const WINDOWS: &[Context] = &[Context::Windows, Context::Window];
const BACKUPS: &[Context] = &[Context::Backups, Context::Backup];
const GRID: &[Context] = &[Context::Backups];
const GLOBAL: &[Context] = &[Context::Global];
const CLOSES: &[Context] = &[Context::Global, Context::Reader];
const MOVE: &[Context] = &[Context::Move];
const LIST: &[Context] = &[Context::List];
const TEXT: &[Context] = &[Context::Text];
const PALETTE: &[Context] = &[Context::Palette];

macro_rules! actions {
    ($($action:ident $name:literal $label:literal $contexts:ident $danger:ident $sentence:literal;)+) => {
        /// Something a person can do.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Action {
            $(#[doc = $sentence] $action,)+
        }

        impl Action {
            /// All actions, in the order in which help and footer show them.
            pub const ALL: &'static [Self] = &[$(Self::$action,)+];

            /// The name in key maps and in the list of actions.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$action => $name,)+ }
            }

            /// The word in the footer; empty where the action has no place there.
            #[must_use]
            pub const fn label(self) -> &'static str {
                match self { $(Self::$action => $label,)+ }
            }

            /// What it does, as a sentence.
            #[must_use]
            pub const fn sentence(self) -> &'static str {
                match self { $(Self::$action => $sentence,)+ }
            }

            /// What it may cause.
            #[must_use]
            pub const fn danger(self) -> Danger {
                match self { $(Self::$action => Danger::$danger,)+ }
            }

            const fn contexts(self) -> &'static [Context] {
                match self { $(Self::$action => $contexts,)+ }
            }
        }
    };
}

actions! {
    Acknowledge "acknowledge" "ack" SUBJECTS Act "Acknowledge: you have it, and its notices stop.";
    AcknowledgeWith "acknowledge-with" "" SUBJECTS Act "Acknowledge with a note.";
    Escalate "escalate" "escalate" SUBJECTS Confirm "Escalate: shows whom it will ring and how; the same key again sends.";
    Release "release" "release" SUBJECTS Act "Release what you own, or hand it over.";
    Snooze "snooze" "snooze" SUBJECTS Act "Snooze: own it and hear of it again after a time.";
    Note "note" "note" SUBJECTS Act "Write a note into the timeline.";
    CheckNow "check-now" "check now" HOSTS Act "Check now instead of at the next interval.";
    Review "review" "reviewed" BACKUPS Act "Mark reviewed: you have looked at it.";
    SinceReview "since-review" "" GRID None "Show only what has news since your last review, or all.";
    Remind "remind" "" SUBJECTS Act "Be told about it at a time, such as 08:00 tell Acme.";
    Close "close" "close" CLOSABLE Confirm "Close by hand what does not end by itself: an alert, or a window.";
    Maintain "maintain" "window" MUTES Confirm "Open a maintenance window: shows what it would hold back, and asks for how long.";
    ExtendWindow "extend-window" "extend" WINDOWS Confirm "Let the window last longer.";
    Command "command" "command" RUNS TypedOut "Run a command on the cursor's row, or on the marked rows.";
    CancelCommand "cancel-command" "cancel" COMMANDS Confirm "Cancel the command: what waits is not started, what runs is killed.";
    NextMatch "next-match" "next" OUTPUT None "Go to the next place of the searched text.";
    PreviousMatch "previous-match" "" OUTPUT None "Go to the place of the searched text before.";
    Write "write" "write" WRITTEN None "Write the output to a file in the current directory.";
    WholeFilter "whole-filter" "" LIST Confirm "Let the next act apply to everything the filter shows.";
    Open "open" "open" LIST None "Open what is under the cursor.";
    Mark "mark" "mark" LIST None "Mark or unmark the row and go to the next.";
    Filter "filter" "filter" LIST None "Show only the rows that match.";
    Order "order" "" LIST None "Sort by the next column.";
    OrderReverse "order-reverse" "" LIST None "Turn the order round.";
    GroupBy "group-by" "" GROUPED None "Group the rows by the next thing they have in common, then by nothing; of a command: what is similar.";
    Fold "fold" "" LIST None "Fold or unfold the rows that are quiet, or the group.";
    FoldAll "fold-all" "" VIEWED None "Fold or unfold all groups.";
    Copy "copy" "" LIST None "Copy the row's name to the clipboard.";
    NextPane "next-pane" "" LIST None "Go to the next part of the screen.";
    PreviousPane "previous-pane" "" LIST None "Go to the part of the screen before.";
    Down "down" "" MOVE None "Go down a row.";
    Up "up" "" MOVE None "Go up a row.";
    Left "left" "" MOVE None "Go left.";
    Right "right" "" MOVE None "Go right.";
    HalfDown "half-page-down" "" MOVE None "Go down half a page.";
    HalfUp "half-page-up" "" MOVE None "Go up half a page.";
    PageDown "page-down" "" MOVE None "Go down a page.";
    PageUp "page-up" "" MOVE None "Go up a page.";
    Top "top" "" MOVE None "Go to the first row.";
    Bottom "bottom" "" MOVE None "Go to the last row.";
    Floor "floor" "" GLOBAL None "Floor: a row a client, worst first.";
    Alerts "alerts" "" GLOBAL None "Alerts: what is wrong and who has it.";
    Hosts "hosts" "" GLOBAL None "Hosts: every machine and how it is.";
    Backups "backups" "" GLOBAL None "Backups: what is saved and what can be restored.";
    Commands "commands" "" GLOBAL None "Commands: what was run, where, and how it ended.";
    Windows "windows" "" GLOBAL None "Windows: what maintenance holds back, until when, and who said so.";
    Upkeep "upkeep" "" GLOBAL None "Upkeep: patches, antivirus and the monthly list.";
    Report "report" "" GLOBAL None "Report: how long until alerts were taken and over, and what is noisiest.";
    Journal "journal" "" GLOBAL None "Journal: who decided what, and when.";
    View1 "view.1" "" LIST None "Show saved view 1.";
    View2 "view.2" "" LIST None "Show saved view 2.";
    View3 "view.3" "" LIST None "Show saved view 3.";
    View4 "view.4" "" LIST None "Show saved view 4.";
    View5 "view.5" "" LIST None "Show saved view 5.";
    View6 "view.6" "" LIST None "Show saved view 6.";
    View7 "view.7" "" LIST None "Show saved view 7.";
    View8 "view.8" "" LIST None "Show saved view 8.";
    View9 "view.9" "" LIST None "Show saved view 9.";
    ViewNone "view.none" "" VIEWED None "Show all rows again, in the usual order and columns.";
    SaveView "save-view" "" VIEWED None "Save what is shown as a view: filter, order, groups and columns.";
    Columns "columns" "" VIEWED None "Choose the columns and their order.";
    GoToAlert "go-to-alert" "" GLOBAL None "Go to an alert by the id that was said.";
    Runbook "runbook" "runbook" TICKETS None "Read what the library says about the alert.";
    CopyTicket "copy-ticket" "" TICKETS None "Copy the alert as text for a ticket.";
    Quiet "quiet" "" GLOBAL None "Quiet the bell of this seat for an hour, or let it ring again.";
    Awake "awake" "" GLOBAL None "Let the bell of this seat ring only once in a while: you are awake and look.";
    OnCall "on-call" "" GLOBAL None "On call: who is on duty now and next, and who stands in.";
    Help "help" "help" GLOBAL None "Show the keys that work here.";
    Palette "palette" "words" GLOBAL None "Find an action, view, client, host or alert by a part of its name.";
    Back "back" "back" CLOSES None "Go back; from a screen of the top row, leave.";
    Cancel "cancel" "" GLOBAL None "Drop the marks, then the filter, then go back.";
    Leave "leave" "" GLOBAL None "Leave the console, unless an act is still unsent.";
    Stop "stop" "" GLOBAL None "Stop the console and go to the shell; `fg` returns.";
    Repaint "repaint" "" GLOBAL None "Paint the whole screen again.";
    Reload "reload" "" GLOBAL None "Read the theme and the key map again.";
    NextTheme "next-theme" "" GLOBAL None "Try the next theme.";
    TextSubmit "text.submit" "done" TEXT None "Take what was typed.";
    TextCancel "text.cancel" "cancel" TEXT None "Leave without taking it.";
    TextBackspace "text.backspace" "" TEXT None "Delete the character before the cursor.";
    TextDelete "text.delete" "" TEXT None "Delete the character under the cursor.";
    TextDeleteWord "text.delete-word" "" TEXT None "Delete the word before the cursor.";
    TextClear "text.clear" "" TEXT None "Delete all.";
    TextLeft "text.left" "" TEXT None "Go left a character.";
    TextRight "text.right" "" TEXT None "Go right a character.";
    TextComplete "text.complete" "" TEXT None "Put the next word that may stand there into the filter.";
    TextCompleteBack "text.complete-back" "" TEXT None "Put the word before that into the filter.";
    TextStart "text.start" "" TEXT None "Go to the start.";
    TextEnd "text.end" "" TEXT None "Go to the end.";
    PaletteDown "palette.down" "" PALETTE None "Go to the next word.";
    PaletteUp "palette.up" "" PALETTE None "Go to the word before.";
}

impl Action {
    /// The action of a name in key maps.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|action| action.name() == name)
    }

    /// Whether the action means something in a context.
    #[must_use]
    pub fn works_in(self, context: Context) -> bool {
        context.chain().iter().any(|place| self.contexts().contains(place))
    }

    /// Whether a key map may bind it in a section: it works in some place where the section's keys do.
    #[must_use]
    pub fn may_be_bound_in(self, section: Context) -> bool {
        Context::ALL.into_iter().any(|place| place.chain().contains(&section) && self.works_in(place))
    }

    /// Whether it asks the hub for something; a console that only reads offers none of these.
    #[must_use]
    pub const fn is_act(self) -> bool {
        !matches!(self.danger(), Danger::None)
    }

    /// Whether it is about alerts, wherever they are shown.
    #[must_use]
    pub const fn is_on_alerts(self) -> bool {
        use Action as A;
        matches!(
            self,
            A::Acknowledge | A::AcknowledgeWith | A::Escalate | A::Release | A::Snooze | A::Note | A::Remind | A::Close
        )
    }

    /// Whether a key held down repeats it. What acts does not repeat.
    #[must_use]
    pub const fn repeats(self) -> bool {
        use Action as A;
        matches!(
            self,
            A::Down
                | A::Up
                | A::Left
                | A::Right
                | A::HalfDown
                | A::HalfUp
                | A::PageDown
                | A::PageUp
                | A::TextBackspace
                | A::TextDelete
                | A::TextDeleteWord
                | A::TextLeft
                | A::TextRight
                | A::PaletteDown
                | A::PaletteUp
        )
    }

    /// The number of a saved view, for the actions that show one.
    #[must_use]
    pub fn view(self) -> Option<u8> {
        self.name().strip_prefix("view.")?.parse().ok()
    }

    /// Whether it works in this version. Keys of what comes later are bound already, so that fingers and key maps need
    /// not change; footer and help do not offer them, and pressing one says so.
    #[must_use]
    pub fn is_offered(self) -> bool {
        let later = matches!(self, Self::NextPane | Self::PreviousPane | Self::Upkeep);
        !later
    }

    /// Whether it belongs into the list of actions: what only edits text or walks that list does not.
    #[must_use]
    pub fn is_in_palette(self) -> bool {
        !matches!(self.contexts(), [Context::Text] | [Context::Palette]) && self != Self::Palette
    }
}
