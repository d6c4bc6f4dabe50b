//! Which part of a list a window shows.

/// How the window follows the cursor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scrolling {
    /// Row by row, with up to this many rows kept in view beyond the cursor.
    #[default]
    ByRow,
    /// By half a window at a time: fewer repaints over a slow line.
    ByHalf,
}

/// Rows kept in view beyond the cursor where the window is high enough.
const MARGIN: usize = 2;

impl Scrolling {
    /// The first row to show, near `offset`, so that the cursor's row is in a window of `height` rows over `len`.
    #[must_use]
    pub(super) fn offset(self, offset: usize, cursor: Option<usize>, len: usize, height: usize) -> usize {
        let greatest = len.saturating_sub(height.max(1));
        let Some(at) = cursor else { return offset.min(greatest) };
        let margin = MARGIN.min(height.saturating_sub(1) / 2);
        let least = (at + margin + 1).saturating_sub(height.max(1));
        let most = at.saturating_sub(margin);
        let follows = match self {
            Self::ByHalf if offset < least || offset > most => at.saturating_sub(height / 2),
            _ => offset.clamp(least.min(most), most),
        };
        follows.min(greatest)
    }
}
