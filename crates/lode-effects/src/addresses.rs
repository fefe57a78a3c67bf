//! Addresses as hooks write them: one text, several in one text, or an array of texts.
//!
//! lettre's own parser stops where it understands no more and drops the rest, which here would be a
//! recipient who gets nothing and a hook that is told of success. So the texts are taken apart here,
//! and lettre judges each address by itself.

use std::fmt;

use lettre::Address;
use lettre::message::Mailbox;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};

use crate::Invalid;
use crate::options::RECIPIENTS_CEILING;

/// Bytes of an address: 64 before the `@` and 255 behind it (RFC 5321, 4.5.3.1).
const ADDRESS_BYTES_MAX: usize = 320;
/// Bytes of the name before an address.
const NAME_BYTES_MAX: usize = 1_000;

/// What stands in `to`, `cc`, `bcc` and `replyTo`: nothing for `null`, one text for
/// `"a@x.example, Bea <b@x.example>"`, several for `["a@x.example", "Bea <b@x.example>"]`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Given(Vec<String>);

impl<'de> serde::Deserialize<'de> for Given {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(GivenVisitor)
    }
}

struct GivenVisitor;

impl<'de> Visitor<'de> for GivenVisitor {
    type Value = Given;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("addresses as a text or an array of texts")
    }

    fn visit_unit<E: Error>(self) -> Result<Given, E> {
        Ok(Given::default())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Given, E> {
        Ok(Given(vec![text.to_owned()]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut texts: A) -> Result<Given, A::Error> {
        let mut all = Vec::new();
        while let Some(text) = texts.next_element::<String>()? {
            if all.len() == RECIPIENTS_CEILING {
                return Err(A::Error::custom(format!(
                    "an array of addresses has at most {RECIPIENTS_CEILING} texts"
                )));
            }
            all.push(text);
        }
        Ok(Given(all))
    }
}

impl Given {
    /// How many addresses there are, at most `limit` + 1: whoever sends millions of them is told
    /// before any is read.
    pub(crate) fn count(&self, limit: usize) -> usize {
        let all = self.texts().flat_map(pieces);
        all.take(limit.saturating_add(1)).count()
    }

    /// The addresses in their order. `field` is for the error.
    pub(crate) fn read(&self, field: &str) -> Result<Vec<Mailbox>, Invalid> {
        let mut all = Vec::new();
        for text in self.texts() {
            refuse_control_characters(field, text)?;
            for one in pieces(text) {
                all.push(mailbox(field, one)?);
            }
        }
        Ok(all)
    }

    /// Empty ones count as nothing.
    fn texts(&self) -> impl Iterator<Item = &str> {
        let texts = self.0.iter().map(String::as_str);
        texts.filter(|text| !text.trim().is_empty())
    }
}

/// The addresses as one text that [`Given::read`] reads to the same.
pub(crate) fn written(mailboxes: &[Mailbox]) -> String {
    let all: Vec<_> = mailboxes.iter().map(written_one).collect();
    all.join(", ")
}

fn written_one(mailbox: &Mailbox) -> String {
    let address = &mailbox.email;
    let Some(name) = &mailbox.name else {
        return address.to_string();
    };
    let is_plain = |c: char| c.is_alphanumeric() || c == ' ';
    if name.chars().all(is_plain) && name.trim() == name {
        return format!("{name} <{address}>");
    }
    let name = name.replace('\\', r"\\").replace('"', r#"\""#);
    format!("\"{name}\" <{address}>")
}

/// A line break in a header's value would begin another header.
pub(crate) fn refuse_control_characters(field: &str, text: &str) -> Result<(), Invalid> {
    if !text.contains(char::is_control) {
        return Ok(());
    }
    Err(Invalid::email(format!(
        "`{field}` holds a line break or another control character, which is not allowed in an \
         email's head"
    )))
}

/// The text between commas that stand outside of quotes.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(move |c: char| {
        let is_escaped = std::mem::take(&mut escaped);
        match c {
            '\\' if quoted && !is_escaped => escaped = true,
            '"' if !is_escaped => quoted = !quoted,
            _ => {}
        }
        c == ',' && !quoted
    })
    .map(str::trim)
}

/// `ann@shop.example`, `<ann@shop.example>`, `Ann <ann@shop.example>` or `"Ann" <…>`.
fn mailbox(field: &str, text: &str) -> Result<Mailbox, Invalid> {
    let (name, address) = match text.strip_suffix('>').and_then(|t| t.rsplit_once('<')) {
        Some((name, address)) => (unquoted(name.trim()), address.trim()),
        None => (String::new(), text),
    };
    if address.len() > ADDRESS_BYTES_MAX || name.len() > NAME_BYTES_MAX {
        return Err(Invalid::email(format!(
            "`{field}` holds an address of {} bytes with a name of {}, allowed are \
             {ADDRESS_BYTES_MAX} and {NAME_BYTES_MAX}",
            address.len(),
            name.len()
        )));
    }
    let address: Address = address.parse().map_err(|error| {
        let shown: String = text.chars().take(200).collect();
        Invalid::email(format!(
            "`{field}` {shown:?} is no address ({error}); write it as ann@shop.example or \
             Ann <ann@shop.example>, several with commas or as an array"
        ))
    })?;
    Ok(Mailbox::new((!name.is_empty()).then_some(name), address))
}

/// A name without the quotes around it and the backslashes in it.
fn unquoted(name: &str) -> String {
    let inside = name.strip_prefix('"').and_then(|n| n.strip_suffix('"'));
    let Some(inside) = inside else {
        return name.to_owned();
    };
    let mut escaped = false;
    let keep = |c: &char| {
        escaped = *c == '\\' && !escaped;
        !escaped
    };
    inside.chars().filter(keep).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Vec<String>, Invalid> {
        let given: Given = serde_json::from_str(json).expect("it has a shape that is known");
        let shown = |mailbox: Mailbox| mailbox.to_string();
        Ok(given.read("to")?.into_iter().map(shown).collect())
    }

    #[test]
    fn addresses_are_read_in_every_form_that_hooks_use() {
        for (json, expected) in [
            ("null", &[][..]),
            ("\"\"", &[]),
            ("\"a@x.example\"", &["a@x.example"]),
            (
                "\" a@x.example ,Bea Bee <b@x.example>\"",
                &["a@x.example", "Bea Bee <b@x.example>"],
            ),
            (
                r#"["\"Shop, \\\"the\\\" one\" <a@x.example>", "<b@x.example>, c@x.example"]"#,
                &[
                    r#""Shop, \"the\" one" <a@x.example>"#,
                    "b@x.example",
                    "c@x.example",
                ],
            ),
            ("[]", &[]),
        ] {
            assert_eq!(read(json).expect(json), expected, "{json}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused_and_nobody_is_dropped_silently() {
        for json in [
            "\"a@x.example b@x.example\"",
            "\"a@x.example, nobody\"",
            "\"a@x.example; b@x.example\"",
            "\"a@x.example,\"",
            "\"a@x.example <b@x.example> c\"",
            "\"\\\"open <a@x.example>, b@x.example\"",
            "[\"a@\", \"b@x.example\"]",
            "\"a@x.example>\"",
        ] {
            let error = read(json).map(|found| panic!("{json}: {found:?}"));
            let error = error.unwrap_err();
            assert_eq!(error.code, "EmailInvalid", "{json}");
            assert!(error.text.starts_with("`to` "), "{error}");
        }
    }
}
