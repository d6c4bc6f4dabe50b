//! What goes to standard output, and how much room there is.

use std::io::{self, ErrorKind, IsTerminal, Write};

use serde::Serialize;

use crate::cli::exit::Failure;
use crate::cli::table::{Cell, Column, render};
use crate::console::terminal;

/// Cells of a line where nothing says how many there are.
const WIDTH: usize = 100;
/// The fewest cells a table is made for.
const NARROWEST: usize = 40;

/// Standard output as a place for people to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Output {
    /// Cells of a line.
    pub width: usize,
    /// Whether colours are wanted.
    pub color: bool,
}

impl Output {
    /// The terminal's width, or 100 where there is none; colours on a terminal that has some, unless `NO_COLOR` is set.
    #[must_use]
    pub fn of_environment() -> Self {
        if !io::stdout().is_terminal() {
            return Self { width: WIDTH, color: false };
        }
        let width = terminal::columns().unwrap_or(WIDTH);
        let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let is_dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        Self { width: width.max(NARROWEST), color: !is_set("NO_COLOR") && !is_dumb }
    }

    /// Prints a table, or `empty` where it has no rows.
    ///
    /// # Errors
    /// When standard output can't be written to.
    pub fn table(self, columns: &[Column], rows: &[Vec<Cell>], empty: &str) -> Result<(), Failure> {
        if rows.is_empty() {
            return print(&format!("{empty}\n"));
        }
        print(&render(columns, rows, self.width, self.color))
    }
}

/// Prints safe text.
///
/// # Errors
/// When standard output can't be written to; a reader that left early is no error.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    quietly(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
}

/// Prints one array or object.
///
/// # Errors
/// As [`print`].
pub fn json(value: &impl Serialize) -> Result<(), Failure> {
    quietly(crate::cli::json::print(value))
}

fn quietly(written: io::Result<()>) -> Result<(), Failure> {
    match written {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::failed(format!("cannot write to standard output: {error}")))
        }
        _ => Ok(()),
    }
}
