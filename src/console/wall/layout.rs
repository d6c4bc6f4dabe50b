//! What stands where on a wall of a size.

/// Rows of each part, from the top; the first line and what nobody has come before them, the sentence after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rows {
    /// Problems, with the line that counts pages.
    pub problems: u16,
    /// Clients.
    pub clients: u16,
    /// Sums.
    pub sums: u16,
}

impl Rows {
    /// Deals out the rows that are left: problems have at least half of them, sums give way before clients do.
    pub fn deal(left: u16, sums: u16) -> Self {
        let below = left / 2;
        let clients = match left {
            0..6 => 0,
            6..12 => 1,
            12..22 => 2,
            _ => left / 8,
        };
        let sums = sums.min(below.saturating_sub(clients));
        Self { problems: left - clients - sums, clients, sums }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_rows_are_dealt_out_and_problems_have_the_most() {
        for left in 0..200 {
            let rows = Rows::deal(left, 7);
            assert_eq!(rows.problems + rows.clients + rows.sums, left);
            assert!(rows.problems * 2 >= left);
        }
        assert_eq!(Rows::deal(19, 6), Rows { problems: 11, clients: 2, sums: 6 });
    }
}
