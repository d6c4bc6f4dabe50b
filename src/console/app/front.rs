//! What stands in front of the screen and takes the keys until it is answered or given up: a question, the list of words,
//! a program to run, the help.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::console::act::Verb;
use crate::console::app::asking::{Asked, Asking};
use crate::console::app::chrome;
use crate::console::app::command_prompt::{CommandEvent, CommandPrompt};
use crate::console::app::desk::Question;
use crate::console::app::palette::{self, Choice, Palette};
use crate::console::app::seat::Seat;
use crate::console::input::FrameStamp;
use crate::console::keymap::{Action, Context, Keymap, Pressed};
use crate::console::replica::FleetIndex;
use crate::console::screens::oncall;
use crate::console::screens::world::World;
use crate::console::widgets::PromptEvent;
use crate::fleet::words::HostId;

/// One of them; never two at a time.
#[derive(Debug)]
pub enum Front {
    /// What an action asks before it is sent.
    Asking(Asking),
    /// A question about this console's own views.
    Question(Question),
    /// The list of words.
    Palette(Box<Palette>),
    /// The program to run.
    Command(Box<CommandPrompt>),
    /// The help, scrolled by so many lines.
    Help(usize),
    /// Who is on call, scrolled by so many lines.
    OnCall(usize),
}

/// What came of a key.
#[derive(Debug)]
pub enum FrontEvent {
    /// Nothing.
    Ignored,
    /// It looks different.
    Changed,
    /// It is closed, and says this.
    Closed(Option<&'static str>),
    /// The program is to stop for the shell.
    Stop,
    /// What an action asked is answered.
    Answered(String),
    /// The question about views is answered.
    Decided(String),
    /// This was chosen from the list of words.
    Chosen(Choice, Asked),
    /// Start this there; the line as typed.
    Send(Verb, Vec<(FleetIndex, HostId)>, String),
}

const NOTHING_SENT: FrontEvent = FrontEvent::Closed(Some("nothing was sent"));

impl Front {
    /// Takes a key.
    pub fn press(&mut self, keymap: &mut Keymap, count: u16, asked: Asked) -> FrontEvent {
        let seen = (asked.stamp, asked.now);
        match self {
            Self::Asking(asking) => match asking.prompt.press(keymap, asked.key, count, seen) {
                PromptEvent::Ignored => FrontEvent::Ignored,
                PromptEvent::Changed => FrontEvent::Changed,
                PromptEvent::Cancelled => NOTHING_SENT,
                PromptEvent::Done(text) => FrontEvent::Answered(text),
            },
            Self::Question(question) => match question.prompt.press(keymap, asked.key, count, seen) {
                PromptEvent::Ignored => FrontEvent::Ignored,
                PromptEvent::Changed => FrontEvent::Changed,
                PromptEvent::Cancelled => FrontEvent::Closed(None),
                PromptEvent::Done(text) => FrontEvent::Decided(text),
            },
            Self::Palette(palette) => palette.press(keymap, count, asked).into(),
            Self::Command(prompt) => match prompt.press(keymap, count, asked) {
                CommandEvent::Ignored => FrontEvent::Ignored,
                CommandEvent::Changed => FrontEvent::Changed,
                CommandEvent::Cancelled => NOTHING_SENT,
                CommandEvent::Send(verb, hosts, line) => FrontEvent::Send(verb, hosts, line),
            },
            Self::Help(scroll) | Self::OnCall(scroll) => {
                let step = usize::from(count.max(1));
                match keymap.press(Context::Reader, asked.key) {
                    Pressed::Action(Action::Down) => *scroll += step,
                    Pressed::Action(Action::Up) => *scroll = scroll.saturating_sub(step),
                    Pressed::Action(Action::Back | Action::Cancel | Action::Help | Action::OnCall) => {
                        return FrontEvent::Closed(None);
                    }
                    Pressed::Action(Action::Stop) => return FrontEvent::Stop,
                    _ => {}
                }
                FrontEvent::Changed
            }
        }
    }

    /// Takes pasted text; whether it looks different.
    pub fn paste(&mut self, text: &str, stamp: FrameStamp) -> bool {
        match self {
            Self::Asking(asking) => asking.prompt.paste(text, stamp) != PromptEvent::Ignored,
            Self::Question(question) => question.prompt.paste(text, stamp) != PromptEvent::Ignored,
            Self::Palette(palette) => {
                palette.paste(text, stamp);
                true
            }
            Self::Command(prompt) => prompt.paste(text, stamp),
            Self::Help(_) | Self::OnCall(_) => false,
        }
    }

    /// Works off a slice of what it looks for. Whether that was the last, and what Enter chose meanwhile.
    pub fn step(&mut self, world: World<'_>) -> (bool, Option<FrontEvent>) {
        let Self::Palette(palette) = self else { return (false, None) };
        let (found, entered) = palette.step(world);
        (found, entered.map(FrontEvent::from))
    }

    /// Whether it looks for something that should go on before the next input.
    pub const fn is_busy(&self) -> bool {
        matches!(self, Self::Palette(palette) if palette.is_searching())
    }

    /// Paints it over the screen.
    pub fn render(&self, area: Rect, buf: &mut Buffer, seat: &Seat, context: Context, world: World<'_>) {
        let theme = &seat.theme;
        match self {
            Self::Asking(asking) => asking.prompt.render(area, buf, theme),
            Self::Question(question) => question.prompt.render(area, buf, theme),
            Self::Palette(palette) => palette.render(area, buf, theme),
            Self::Command(prompt) => prompt.render(area, buf, theme),
            Self::OnCall(scroll) => oncall::panel(area, buf, theme, world, *scroll),
            Self::Help(scroll) => chrome::help(area, buf, theme, &seat.keymap, context, seat.read_only, *scroll),
        }
    }
}

impl From<palette::Event> for FrontEvent {
    fn from(event: palette::Event) -> Self {
        match event {
            palette::Event::Ignored => Self::Ignored,
            palette::Event::Changed => Self::Changed,
            palette::Event::Closed => Self::Closed(None),
            palette::Event::Chosen(choice, asked) => Self::Chosen(choice, asked),
        }
    }
}
