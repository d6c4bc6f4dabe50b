//! Reading what a person types, as [`Input`]s in few batches.

use std::future::poll_fn;
use std::task::{Context, Poll};
use std::time::Instant;

use crossterm::event::{Event, EventStream, KeyCode as TerminalKey, KeyEvent, KeyEventKind, KeyModifiers};
use futures_util::Stream;

use super::modes::tell_of_keys_again;
use super::torn::Torn;
use crate::console::input::{Input, Key, KeyCode, coalesce};

/// The most events one batch is made of; what remains comes with the next.
const BATCH_MAX: usize = 512;
/// The longest paste that is taken over, in bytes; the rest is cut off.
const PASTE_MAX: usize = 64 * 1024;

/// What is typed, read without blocking. While the program is stopped there must be none, for it would take the shell's
/// keys: drop it and make a new one afterwards.
pub struct Events {
    stream: Box<dyn Stream<Item = std::io::Result<Event>> + Send + Unpin>,
    torn: Torn,
}

impl std::fmt::Debug for Events {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Events").finish_non_exhaustive()
    }
}

impl Events {
    /// Begins to read the terminal, which must have been taken.
    #[must_use]
    pub fn start() -> Self {
        Self::from_stream(EventStream::new())
    }

    /// Reads from another source, for tests.
    pub fn from_stream(stream: impl Stream<Item = std::io::Result<Event>> + Send + Unpin + 'static) -> Self {
        Self { stream: Box::new(stream), torn: Torn::default() }
    }

    /// Waits for input and takes all that is there, coalesced, up to a bound. After the end of input each call gives
    /// [`Input::Closed`]. Cancelling the wait loses nothing.
    pub async fn next_batch(&mut self) -> Vec<Input> {
        // polled with the caller's own waker: a poll with any other would make the stream wake that one instead
        poll_fn(|context| self.poll_batch(context)).await
    }

    fn poll_batch(&mut self, context: &mut Context<'_>) -> Poll<Vec<Input>> {
        let mut inputs = Vec::new();
        for _ in 0..BATCH_MAX {
            match std::pin::Pin::new(&mut self.stream).poll_next(context) {
                Poll::Ready(Some(Ok(event))) => {
                    if matches!(event, Event::Resize(..)) {
                        tell_of_keys_again();
                    }
                    inputs.extend(translate(event).filter(|input| self.torn.is_whole(input, Instant::now())));
                }
                Poll::Ready(Some(Err(error))) => {
                    inputs.push(Input::Closed(format!("reading the terminal failed: {error}")));
                    break;
                }
                Poll::Ready(None) => {
                    inputs.push(Input::Closed("the terminal's input ended".to_owned()));
                    break;
                }
                Poll::Pending if inputs.is_empty() => return Poll::Pending,
                Poll::Pending => break,
            }
        }
        Poll::Ready(coalesce(inputs))
    }
}

fn translate(event: Event) -> Option<Input> {
    match event {
        Event::Key(key) => translate_key(key).map(Input::key),
        Event::Paste(mut text) => {
            text.truncate(text.floor_char_boundary(PASTE_MAX));
            Some(Input::Paste(text))
        }
        Event::Resize(width, height) => Some(Input::Resize { width, height }),
        Event::FocusGained => Some(Input::FocusGained),
        Event::FocusLost => Some(Input::FocusLost),
        Event::Mouse(_) => None,
    }
}

fn translate_key(event: KeyEvent) -> Option<Key> {
    if event.kind == KeyEventKind::Release {
        return None;
    }
    let code = match event.code {
        TerminalKey::Char(c) => KeyCode::Char(c),
        TerminalKey::Enter => KeyCode::Enter,
        TerminalKey::Esc => KeyCode::Esc,
        TerminalKey::Tab if event.modifiers.contains(KeyModifiers::SHIFT) => KeyCode::BackTab,
        TerminalKey::Tab => KeyCode::Tab,
        TerminalKey::BackTab => KeyCode::BackTab,
        TerminalKey::Backspace => KeyCode::Backspace,
        TerminalKey::Delete => KeyCode::Delete,
        TerminalKey::Insert => KeyCode::Insert,
        TerminalKey::Up => KeyCode::Up,
        TerminalKey::Down => KeyCode::Down,
        TerminalKey::Left => KeyCode::Left,
        TerminalKey::Right => KeyCode::Right,
        TerminalKey::Home => KeyCode::Home,
        TerminalKey::End => KeyCode::End,
        TerminalKey::PageUp => KeyCode::PageUp,
        TerminalKey::PageDown => KeyCode::PageDown,
        TerminalKey::F(number) => KeyCode::F(number),
        _ => return None,
    };
    let ctrl = event.modifiers.contains(KeyModifiers::CONTROL);
    let alt = event.modifiers.contains(KeyModifiers::ALT);
    // some terminals report Shift beside the small letter
    let code = match code {
        KeyCode::Char(c) if event.modifiers.contains(KeyModifiers::SHIFT) && !ctrl => {
            KeyCode::Char(c.to_uppercase().next().unwrap_or(c))
        }
        other => other,
    };
    Some(Key { code, ctrl, alt })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(code: TerminalKey, modifiers: KeyModifiers) -> std::io::Result<Event> {
        Ok(Event::Key(KeyEvent::new(code, modifiers)))
    }

    #[tokio::test]
    async fn all_that_is_there_comes_in_one_batch_and_the_end_is_told() {
        let typed = vec![
            key(TerminalKey::Char('j'), KeyModifiers::NONE),
            key(TerminalKey::Char('j'), KeyModifiers::NONE),
            key(TerminalKey::Char('g'), KeyModifiers::SHIFT),
            key(TerminalKey::Char('c'), KeyModifiers::CONTROL),
            Ok(Event::Paste("a\nb".into())),
        ];
        let mut events = Events::from_stream(tokio_stream::iter(typed));
        let batch = events.next_batch().await;
        assert_eq!(
            batch,
            vec![
                Input::Key { key: Key::char('j'), count: 2 },
                Input::key(Key::char('G')),
                Input::key(Key::ctrl('c')),
                Input::Paste("a\nb".into()),
                Input::Closed("the terminal's input ended".into()),
            ]
        );
    }

    #[tokio::test]
    async fn an_error_ends_the_input() {
        let mut events = Events::from_stream(tokio_stream::iter(vec![Err(std::io::Error::other("gone"))]));
        assert_eq!(events.next_batch().await, [Input::Closed("reading the terminal failed: gone".into())]);
    }

    #[test]
    fn a_huge_paste_is_cut_at_a_character() {
        let Some(Input::Paste(text)) = translate(Event::Paste("é".repeat(PASTE_MAX))) else { panic!("a paste") };
        assert_eq!(text.len(), PASTE_MAX);
    }

    #[test]
    fn the_release_of_a_key_is_no_key() {
        let mut event = KeyEvent::new(TerminalKey::Char('a'), KeyModifiers::NONE);
        event.kind = KeyEventKind::Release;
        assert_eq!(translate_key(event), None);
    }
}
