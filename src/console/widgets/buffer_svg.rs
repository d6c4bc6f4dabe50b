//! A screen as an SVG picture, for the documentation: what the program painted, never drawn by hand.

use std::fmt::Write;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};

use crate::console::text::cluster_width;

/// The size of a cell in pixels; the font is scaled to it.
const CELL: (f32, f32) = (9.0, 19.0);
const FONT: &str = "ui-monospace, 'DejaVu Sans Mono', 'Liberation Mono', Menlo, Consolas, monospace";
const FONT_SIZE: f32 = 15.0;
/// The base line, from the top of a cell.
const BASE: f32 = 14.5;
const PADDING: f32 = 8.0;

/// The colours a terminal would show for its own.
#[derive(Clone, Copy, Debug)]
pub struct TerminalColours {
    /// Of text.
    pub foreground: &'static str,
    /// Behind it.
    pub background: &'static str,
    /// The sixteen.
    pub sixteen: [&'static str; 16],
}

impl TerminalColours {
    /// A terminal with a dark background.
    pub const DARK: Self = Self {
        foreground: "#d8dee4",
        background: "#14181d",
        sixteen: [
            "#2b3038", "#e0605e", "#7fb069", "#d9a441", "#6a9fdc", "#b48ead", "#5fb3b3", "#c5cbd3", "#6b7480",
            "#f08784", "#a3d18c", "#f2c879", "#94bff3", "#d4afd0", "#8fd6d6", "#f4f6f8",
        ],
    };
    /// A terminal with a light background.
    pub const LIGHT: Self = Self {
        foreground: "#24292f",
        background: "#ffffff",
        sixteen: [
            "#24292f", "#b0201a", "#2f7d32", "#8a6100", "#1f5fbf", "#8a3ea8", "#0f7a80", "#6e7781", "#57606a",
            "#d1362f", "#3c9a41", "#a87a00", "#3a7be0", "#a45bc4", "#1f979e", "#8c959f",
        ],
    };
}

/// Draws a buffer. The same buffer always gives the same text, with a line a row of cells.
#[must_use]
pub fn buffer_svg(buf: &Buffer, colours: &TerminalColours) -> String {
    let (width, height) = (f32::from(buf.area.width) * CELL.0, f32::from(buf.area.height) * CELL.1);
    let (full_width, full_height) = (width + 2.0 * PADDING, height + 2.0 * PADDING);
    let mut classes = Classes::default();
    let mut rows = String::new();
    for (y, row) in buf.content().chunks(usize::from(buf.area.width).max(1)).enumerate() {
        let runs = runs(row, colours);
        let start = rows.len();
        for run in runs.iter().filter(|run| run.look.bg != colours.background) {
            let (x, y, width) = (px(run.x, CELL.0), px(y, CELL.1), px(run.cells, CELL.0));
            let class = classes.of(format!("fill:{}", run.look.bg));
            let _ =
                write!(rows, "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{}\"/>", CELL.1);
        }
        for run in &runs {
            shapes(&mut rows, &mut classes, run, y);
        }
        let texts = rows.len();
        for run in &runs {
            texts_of(&mut rows, &mut classes, run);
        }
        if rows.len() > texts {
            rows.insert_str(texts, &format!("<text y=\"{}\">", px(y, CELL.1) + BASE));
            rows.push_str("</text>");
        }
        if rows.len() > start {
            rows.push('\n');
        }
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{full_width}\" height=\"{full_height}\" \
         viewBox=\"-{PADDING} -{PADDING} {full_width} {full_height}\" font-family=\"{FONT}\" font-size=\"{FONT_SIZE}\" \
         xml:space=\"preserve\">\n<style>{}</style>\n\
         <rect x=\"-{PADDING}\" y=\"-{PADDING}\" width=\"{full_width}\" height=\"{full_height}\" rx=\"6\" fill=\"{}\"/>\n\
         {rows}</svg>\n",
        classes.sheet(),
        colours.background
    )
}

/// The looks of a picture, each written once and named by a letter or two.
#[derive(Default)]
struct Classes(Vec<String>);

impl Classes {
    fn of(&mut self, look: String) -> String {
        let at = self.0.iter().position(|known| *known == look).unwrap_or(self.0.len());
        if at == self.0.len() {
            self.0.push(look);
        }
        Self::name(at)
    }

    fn name(at: usize) -> String {
        let letter = |at: usize| char::from(b'a' + u8::try_from(at % 26).unwrap_or(0));
        if at < 26 { letter(at).to_string() } else { format!("{}{}", letter(at / 26 - 1), letter(at)) }
    }

    fn sheet(&self) -> String {
        self.0.iter().enumerate().map(|(at, look)| format!(".{}{{{look}}}", Self::name(at))).collect()
    }
}

/// Neighbouring cells of one look.
struct Run<'a> {
    x: usize,
    cells: usize,
    clusters: Vec<(usize, &'a str)>,
    look: Look,
}

#[derive(Clone, PartialEq)]
struct Look {
    fg: String,
    bg: String,
    modifier: Modifier,
}

fn runs<'a>(row: &'a [Cell], colours: &TerminalColours) -> Vec<Run<'a>> {
    let mut runs: Vec<Run<'a>> = Vec::new();
    let mut x = 0;
    while let Some(cell) = row.get(x) {
        let cells = usize::from(cluster_width(cell.symbol())).max(1).min(row.len() - x);
        let look = look(cell, colours);
        match runs.last_mut() {
            Some(run) if run.look == look => {
                run.clusters.push((x, cell.symbol()));
                run.cells += cells;
            }
            _ => runs.push(Run { x, cells, clusters: vec![(x, cell.symbol())], look }),
        }
        x += cells;
    }
    runs
}

fn look(cell: &Cell, colours: &TerminalColours) -> Look {
    let mut fg = colour(cell.fg, colours.foreground, colours);
    let mut bg = colour(cell.bg, colours.background, colours);
    if cell.modifier.contains(Modifier::REVERSED) {
        std::mem::swap(&mut fg, &mut bg);
    }
    Look { fg, bg, modifier: cell.modifier }
}

fn colour(colour: Color, own: &str, colours: &TerminalColours) -> String {
    let sixteen = |index: usize| colours.sixteen.get(index).copied().unwrap_or(own).to_owned();
    match colour {
        Color::Reset => own.to_owned(),
        Color::Black => sixteen(0),
        Color::Red => sixteen(1),
        Color::Green => sixteen(2),
        Color::Yellow => sixteen(3),
        Color::Blue => sixteen(4),
        Color::Magenta => sixteen(5),
        Color::Cyan => sixteen(6),
        Color::Gray => sixteen(7),
        Color::DarkGray => sixteen(8),
        Color::LightRed => sixteen(9),
        Color::LightGreen => sixteen(10),
        Color::LightYellow => sixteen(11),
        Color::LightBlue => sixteen(12),
        Color::LightMagenta => sixteen(13),
        Color::LightCyan => sixteen(14),
        Color::White => sixteen(15),
        Color::Indexed(index @ 0..16) => sixteen(index.into()),
        Color::Indexed(index) => {
            let (r, g, b) = crate::console::theme::rgb_of_index(index);
            format!("#{r:02x}{g:02x}{b:02x}")
        }
        Color::Rgb(r, g, b) => format!("#{r:02x}{g:02x}{b:02x}"),
    }
}

fn px(cells: usize, size: f32) -> f32 {
    f32::from(u16::try_from(cells).unwrap_or(u16::MAX)) * size
}

/// Lines, blocks and dots of a run: those that are filled as one path, those that are drawn as another.
fn shapes(svg: &mut String, classes: &mut Classes, run: &Run<'_>, y: usize) {
    let (mut filled, mut drawn) = (String::new(), String::new());
    let mut clusters = run.clusters.iter().peekable();
    while let Some((x, cluster)) = clusters.next() {
        let mut cells = 1;
        // what a long line or bar is made of is one shape
        while matches!(*cluster, "─" | "█")
            && clusters.next_if(|(next, other)| *next == x + cells && other == cluster).is_some()
        {
            cells += 1;
        }
        let (left, top) = (px(*x, CELL.0), px(y, CELL.1));
        match shape(cluster, left, top) {
            Some(_) if *cluster == "─" && cells > 1 => {
                let _ = write!(drawn, "M{left} {}h{}", top + CELL.1 / 2.0, px(cells, CELL.0));
            }
            Some(_) if cells > 1 => {
                let width = px(cells, CELL.0);
                let _ = write!(filled, "M{left} {top}h{width}v{}h-{width}z", CELL.1);
            }
            Some((path, true)) => drawn.push_str(&path),
            Some((path, false)) => filled.push_str(&path),
            None => {}
        }
    }
    if !filled.is_empty() {
        let class = classes.of(format!("fill:{}", run.look.fg));
        let _ = write!(svg, "<path class=\"{class}\" d=\"{filled}\"/>");
    }
    if !drawn.is_empty() {
        let class = classes.of(format!("stroke:{};fill:none", run.look.fg));
        let _ = write!(svg, "<path class=\"{class}\" d=\"{drawn}\"/>");
    }
}

/// The words of a run.
fn texts_of(svg: &mut String, classes: &mut Classes, run: &Run<'_>) {
    let mut words: Vec<(usize, usize, String)> = Vec::new();
    for (x, cluster) in &run.clusters {
        let is_shown = *cluster != " " || run.look.modifier.intersects(Modifier::UNDERLINED | Modifier::CROSSED_OUT);
        if !is_shown || shape(cluster, 0.0, 0.0).is_some() {
            continue;
        }
        let cells = usize::from(cluster_width(cluster)).max(1);
        match words.last_mut() {
            // words that stand one blank apart share an element
            Some((start, length, word)) if *start + *length == *x || *start + *length + 1 == *x => {
                if *start + *length < *x {
                    word.push(' ');
                }
                word.push_str(cluster);
                *length = *x + cells - *start;
            }
            _ => words.push((*x, cells, (*cluster).to_owned())),
        }
    }
    for (x, cells, word) in words {
        let class = classes.of(style(&run.look));
        let (x, length) = (px(x, CELL.0), px(cells, CELL.0));
        // a font of another width is fitted to the cells; for a sign alone there is nothing to fit
        let length = if cells > 1 { format!(" textLength=\"{length}\"") } else { String::new() };
        let _ = write!(svg, "<tspan class=\"{class}\" x=\"{x}\"{length}>{}</tspan>", escape(&word));
    }
}

fn style(look: &Look) -> String {
    let mut out = format!("fill:{}", look.fg);
    for (set, rule) in [
        (Modifier::BOLD, ";font-weight:bold"),
        (Modifier::ITALIC, ";font-style:italic"),
        (Modifier::DIM, ";opacity:0.7"),
    ] {
        if look.modifier.contains(set) {
            out.push_str(rule);
        }
    }
    let lines: Vec<&str> = [(Modifier::UNDERLINED, "underline"), (Modifier::CROSSED_OUT, "line-through")]
        .into_iter()
        .filter(|(set, _)| look.modifier.contains(*set))
        .map(|(_, line)| line)
        .collect();
    if !lines.is_empty() {
        let _ = write!(out, ";text-decoration:{}", lines.join(" "));
    }
    out
}

fn escape(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '&' => "&amp;".to_owned(),
            '<' => "&lt;".to_owned(),
            '>' => "&gt;".to_owned(),
            '"' => "&quot;".to_owned(),
            c if c.is_control() => "\u{fffd}".to_owned(),
            c => c.to_string(),
        })
        .collect()
}

/// Lines, blocks and dots as paths, as fonts leave gaps between them. The flag says whether it is a stroke.
fn shape(cluster: &str, x: f32, y: f32) -> Option<(String, bool)> {
    let mut chars = cluster.chars();
    let (c, None) = (chars.next()?, chars.next()) else { return None };
    let (width, height) = CELL;
    let (middle, half) = (x + width / 2.0, y + height / 2.0);
    let rect = |x: f32, y: f32, width: f32, height: f32| Some((format!("M{x} {y}h{width}v{height}h-{width}z"), false));
    match c {
        '─' | '│' | '┌' | '┐' | '└' | '┘' | '├' | '┤' | '┬' | '┴' | '┼' => {
            let mut path = String::new();
            let mut to = |wanted: bool, end_x: f32, end_y: f32| {
                if wanted {
                    let _ = write!(path, "M{middle} {half}L{end_x} {end_y}");
                }
            };
            to("─┐┘┤┬┴┼".contains(c), x, half);
            to("─┌└├┬┴┼".contains(c), x + width, half);
            to("│└┘├┤┴┼".contains(c), middle, y);
            to("│┌┐├┤┬┼".contains(c), middle, y + height);
            Some((path, true))
        }
        '▁'..='█' => {
            let eighths = px(usize::try_from(u32::from(c) - u32::from('▁') + 1).unwrap_or(8), height / 8.0);
            rect(x, y + height - eighths, width, eighths)
        }
        '▉'..='▏' => {
            let eighths = px(usize::try_from(u32::from('▏') - u32::from(c) + 1).unwrap_or(8), width / 8.0);
            rect(x, y, eighths, height)
        }
        '\u{2800}'..='\u{28ff}' => {
            let bits = u32::from(c) - 0x2800;
            let places = [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3)];
            let mut path = String::new();
            for (bit, (column, line)) in places.into_iter().enumerate().filter(|(bit, _)| bits >> bit & 1 == 1) {
                let _ = bit;
                let (left, top) = (x + 1.25 + px(column, 4.5), y + 1.5 + px(line, height / 4.0));
                let _ = write!(path, "M{left} {top}h2v2h-2z");
            }
            Some((path, false))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::text::put;
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    fn drawn(paint: impl FnOnce(&mut Buffer)) -> String {
        let mut buf = Buffer::empty(Rect::new(0, 0, 20, 3));
        paint(&mut buf);
        buffer_svg(&buf, &TerminalColours::DARK)
    }

    #[test]
    fn words_keep_their_cells_and_lines_and_blocks_are_shapes() {
        let svg = drawn(|buf| {
            put(buf, 2, 0, 18, "disk full", Style::new().fg(Color::Rgb(255, 127, 95)).add_modifier(Modifier::BOLD));
            put(buf, 0, 1, 20, "┌─┐ ▄ ⡠", Style::new());
        });
        assert!(svg.contains("textLength=\"81\">disk full</tspan>"), "{svg}");
        assert!(svg.contains("fill:#ff7f5f;font-weight:bold"), "{svg}");
        assert_eq!(svg.matches("<path").count(), 2, "a path for what is filled, one for what is drawn");
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
    }

    #[test]
    fn what_would_be_markup_is_text() {
        let svg = drawn(|buf| {
            put(buf, 0, 0, 20, "<a href=\"x\">&", Style::new());
        });
        assert!(svg.contains("&lt;a href=&quot;x&quot;&gt;&amp;"), "{svg}");
    }

    #[test]
    fn reverse_swaps_the_colours() {
        let svg = drawn(|buf| {
            put(buf, 0, 0, 3, "abc", Style::new().add_modifier(Modifier::REVERSED));
        });
        let dark = TerminalColours::DARK;
        assert!(svg.contains("x=\"0\" y=\"0\" width=\"27\" height=\"19\"/>"), "{svg}");
        assert!(svg.contains(&format!(".a{{fill:{}}}.b{{fill:{}}}", dark.foreground, dark.background)), "{svg}");
        assert!(svg.contains("<rect class=\"a\"") && svg.contains("<tspan class=\"b\" x=\"0\""), "{svg}");
        assert!(buffer_svg(&Buffer::empty(Rect::ZERO), &dark).ends_with("</svg>\n"));
    }
}
