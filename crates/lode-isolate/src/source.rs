//! Kinvey's textual common code: sources put one behind the other, and positions mapped back.

use lode_proto::message::SourcePart;

/// The resource name under which V8 compiles the whole; never shown to a tenant.
pub(crate) const RESOURCE: &str = "lode:job";

/// Where each part begins in the whole.
#[derive(Debug, Default)]
pub(crate) struct SourceMap {
    /// First line (from 1) and name of each part, ascending.
    starts: Vec<(usize, String)>,
}

/// A position as a tenant knows it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Position<'a> {
    pub(crate) name: &'a str,
    pub(crate) line: usize,
    pub(crate) column: usize,
}

impl SourceMap {
    /// Joins `parts` the way Kinvey did: `a + "\n;" + b`.
    pub(crate) fn join(parts: &[SourcePart]) -> (String, Self) {
        let mut text = String::new();
        let mut starts = Vec::with_capacity(parts.len());
        let mut line = 1;
        for (index, part) in parts.iter().enumerate() {
            if index > 0 {
                text.push_str("\n;");
                line += 1;
            }
            starts.push((line, part.name.clone()));
            line += line_breaks(&part.source);
            text.push_str(&part.source);
        }
        (text, Self { starts })
    }

    /// The part's own line and column (both from 1) of a place in the whole.
    pub(crate) fn locate(&self, line: usize, column: usize) -> Position<'_> {
        let index = self
            .starts
            .partition_point(|(start, _)| *start <= line)
            .saturating_sub(1);
        let Some((start, name)) = self.starts.get(index) else {
            return Position {
                name: "hook",
                line,
                column,
            };
        };
        // The `;` before every part but the first stands on that part's first line.
        let shift = usize::from(index > 0 && line == *start);
        Position {
            name,
            line: (line + 1).saturating_sub(*start).max(1),
            column: column.saturating_sub(shift).max(1),
        }
    }
}

/// Line terminators as JavaScript counts them.
fn line_breaks(text: &str) -> usize {
    let mut count = 0;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' => {
                // "\r\n" is one.
                let _ = chars.next_if_eq(&'\n');
                count += 1;
            }
            '\n' | '\u{2028}' | '\u{2029}' => count += 1,
            _ => {}
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(name: &str, source: &str) -> SourcePart {
        SourcePart {
            name: name.to_owned(),
            source: source.to_owned(),
        }
    }

    #[test]
    fn positions_come_back_to_their_part() {
        let (text, map) = SourceMap::join(&[
            part("a", "one\r\ntwo"),
            part("b", "three"),
            part("c", "x\ny"),
        ]);
        assert_eq!(text, "one\r\ntwo\n;three\n;x\ny");
        assert_eq!(
            map.locate(2, 3),
            Position {
                name: "a",
                line: 2,
                column: 3
            }
        );
        assert_eq!(
            map.locate(3, 2),
            Position {
                name: "b",
                line: 1,
                column: 1
            }
        );
        assert_eq!(
            map.locate(4, 3),
            Position {
                name: "c",
                line: 1,
                column: 2
            }
        );
        assert_eq!(
            map.locate(5, 1),
            Position {
                name: "c",
                line: 2,
                column: 1
            }
        );
    }
}
