//! Scripts as Kinvey kept them in 2013: one text for a collection, a fenced section for each hook.
//!
//! ```text
//! /** 8d6c7d20-…  onPostSave  8d6c7d20-… **/ … /** 8d6c7d20-…  end  8d6c7d20-… **/
//! ```
//! Each section was a script of its own, so only the one of the wanted hook is run. The others
//! become empty lines: what is said about a line of the text stays true.

use std::borrow::Cow;
use std::ops::Range;

use lode_proto::message::SourcePart;

/// The mark of a fence, twice in each.
const MARK: &str = "8d6c7d20-1894-11e2-892e-0800200c9a66";
const OPEN: &str = "/**";
const CLOSE: &str = "**/";

/// The parts with the sections of other hooks than `function` taken out.
pub(crate) fn wanted<'a>(parts: &'a [SourcePart], function: Option<&str>) -> Cow<'a, [SourcePart]> {
    let fenced = |part: &SourcePart| part.source.contains(MARK);
    let Some(function) = function.filter(|_| parts.iter().any(fenced)) else {
        return Cow::Borrowed(parts);
    };
    let pick = |part: &SourcePart| SourcePart {
        name: part.name.clone(),
        source: pick(&part.source, function),
    };
    Cow::Owned(parts.iter().map(pick).collect())
}

/// The text with only the section of `function`, and what stands outside of all sections. A text
/// that has no such section stays as it is.
fn pick(source: &str, function: &str) -> String {
    let sections = sections(source);
    if !sections.iter().any(|(name, _)| *name == function) {
        return source.to_owned();
    }
    let mut out = String::with_capacity(source.len());
    let mut at = 0;
    for (_, range) in sections.iter().filter(|(name, _)| *name != function) {
        out.push_str(&source[at..range.start]);
        let breaks = |c: &char| matches!(c, '\n' | '\r' | '\u{2028}' | '\u{2029}');
        out.extend(source[range.clone()].chars().filter(breaks));
        at = range.end;
    }
    out.push_str(&source[at..]);
    out
}

/// Name and body of each section; one that is never ended goes on to the next or to the end.
fn sections(source: &str) -> Vec<(&str, Range<usize>)> {
    let mut found: Vec<(&str, Range<usize>)> = Vec::new();
    let mut open: Option<(&str, usize)> = None;
    let mut at = 0;
    while let Some((name, fence)) = next_fence(source, at) {
        at = fence.end;
        if let Some((name, start)) = open.take() {
            found.push((name, start..fence.start));
        }
        if name != "end" {
            open = Some((name, fence.end));
        }
    }
    if let Some((name, start)) = open {
        found.push((name, start..source.len()));
    }
    found
}

/// The first fence from `from` on: what is between its marks, and its place.
fn next_fence(source: &str, mut from: usize) -> Option<(&str, Range<usize>)> {
    loop {
        let mark = from + source.get(from..)?.find(MARK)?;
        let name_start = mark + MARK.len();
        let before = source[..mark].trim_end();
        let rest = &source[name_start..];
        let fence = rest.find(MARK).and_then(|name_end| {
            let after = rest[name_end + MARK.len()..].trim_start();
            let closed = after.strip_prefix(CLOSE)?;
            let start = before.strip_suffix(OPEN)?.len();
            Some((rest[..name_end].trim(), start..source.len() - closed.len()))
        });
        if fence.is_some() {
            return fence;
        }
        from = name_start;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fence(name: &str) -> String {
        format!("/** {MARK}  {name}  {MARK} **/")
    }

    #[test]
    fn only_the_wanted_section_is_left_and_lines_keep_their_numbers() {
        let text = format!(
            "var both;\n{}\nfunction onPreSave() {{\n}}\n{}\n{}\nonPostSave;{}",
            fence("onPreSave"),
            fence("end"),
            fence("onPostSave"),
            fence("end")
        );
        let picked = pick(&text, "onPostSave");
        assert!(!picked.contains("function onPreSave") && picked.contains("\nonPostSave;"));
        assert!(picked.starts_with("var both;\n"));
        let line = |text: &str| text.split("onPostSave;").next().map(|t| t.lines().count());
        assert_eq!(line(&picked), line(&text));
        assert_eq!(pick(&text, "onPreFetch"), text);
    }

    #[test]
    fn marks_without_a_fence_are_text() {
        let text = format!("var a = '{MARK} {MARK}'; /** {MARK} x {MARK} */");
        assert_eq!(sections(&text), []);
        let open = format!("{}1;{}2;", fence("onPreSave"), fence("onPostSave"));
        assert_eq!(pick(&open, "onPostSave").matches(';').count(), 1);
    }
}
