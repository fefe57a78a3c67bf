//! Tables for people: aligned columns, and nothing in a cell that a terminal would obey.

/// Characters of one cell; what is longer is cut.
const CELL_CHARS_MAX: usize = 60;

/// Rows under a heading. Numbers are right-aligned.
#[derive(Debug)]
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(heading: &[&str]) -> Self {
        Self {
            rows: vec![heading.iter().map(|&cell| cell.to_owned()).collect()],
        }
    }

    /// Adds a row; cells may hold anything that a tenant has written.
    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        let cells = cells.iter().map(|cell| short(&shown(cell)));
        self.rows.push(cells.collect());
    }

    /// The table's lines, each without spaces at its end.
    pub(crate) fn lines(&self) -> Vec<String> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let cell = |row: &[String], column: usize| row.get(column).cloned().unwrap_or_default();
        let width = |column| {
            let lengths = self
                .rows
                .iter()
                .map(|row| cell(row, column).chars().count());
            lengths.max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let numeric: Vec<bool> = (0..columns)
            .map(|column| {
                self.rows[1..]
                    .iter()
                    .all(|row| is_number(&cell(row, column)))
            })
            .collect();
        let line = |row: &Vec<String>| {
            let mut line = String::new();
            for (column, &width) in widths.iter().enumerate() {
                let cell = cell(row, column);
                line += &match numeric[column] {
                    true => format!("{cell:>width$}  "),
                    false => format!("{cell:<width$}  "),
                };
            }
            line.trim_end().to_owned()
        };
        self.rows.iter().map(line).collect()
    }
}

fn is_number(text: &str) -> bool {
    text == "-" || (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()))
}

fn short(text: &str) -> String {
    if text.chars().count() <= CELL_CHARS_MAX {
        return text.to_owned();
    }
    text.chars().take(CELL_CHARS_MAX - 1).chain(['…']).collect()
}

/// A tenant's text as a terminal may have it: control characters, line separators and those that
/// turn the direction of writing are escaped.
pub(crate) fn shown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if c.is_control() || turns {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_numbers_stand_right() {
        let mut table = Table::new(&["app", "live"]);
        table.row(["shop".to_owned(), "7".to_owned()]);
        table.row(["a".to_owned(), "12345".to_owned()]);
        assert_eq!(table.lines(), ["app    live", "shop      7", "a     12345"]);
    }

    #[test]
    fn a_tenants_text_moves_no_cursor() {
        let mut table = Table::new(&["id"]);
        table.row(["\u{1b}[2J\r\u{202e}x".to_owned()]);
        table.row(["é".repeat(100)]);
        let lines = table.lines();
        assert_eq!(lines[1], "\\u{1b}[2J\\u{d}\\u{202e}x");
        assert_eq!(lines[2].chars().count(), CELL_CHARS_MAX);
    }
}
