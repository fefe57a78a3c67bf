//! Subjects that look like encoded text.
//!
//! lettre leaves ASCII as it is, also what a reader takes for an encoded word (RFC 2047) and shows as
//! another text than the hook gave. Such a subject is encoded as a whole.

use std::fmt::Write as _;

use lettre::message::header::{HeaderName, HeaderValue};

/// Bytes in one encoded word: each takes up to 3 characters of the 76 that a line may have, 12 stand
/// around them, and 9 are the header's name.
const BYTES_PER_WORD: usize = 18;

/// True if a reader might decode it.
pub(crate) fn looks_encoded(subject: &str) -> bool {
    subject.contains("=?")
}

/// The header with every byte encoded that is no letter or digit, in words of whole characters.
pub(crate) fn encoded(subject: &str) -> HeaderValue {
    let mut words = String::new();
    let mut in_word = 0;
    for c in subject.chars() {
        if words.is_empty() || in_word + c.len_utf8() > BYTES_PER_WORD {
            let end = if words.is_empty() { "" } else { "?=\r\n " };
            words.push_str(end);
            words.push_str("=?utf-8?q?");
            in_word = 0;
        }
        in_word += c.len_utf8();
        if c.is_ascii_alphanumeric() {
            words.push(c);
        } else {
            for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                write!(words, "={byte:02X}").expect("a String takes all");
            }
        }
    }
    words.push_str("?=");
    let name = HeaderName::new_from_ascii_str("Subject");
    // Letters, digits, `=`, `?`, `-` and folded lines only.
    HeaderValue::dangerous_new_pre_encoded(name, subject.to_owned(), words)
}

#[cfg(test)]
mod tests {
    use lettre::message::header::Headers;

    use super::*;

    #[test]
    fn words_are_short_and_hold_whole_characters() {
        let mut headers = Headers::new();
        headers.insert_raw(encoded("=?x 1234567890123ä.Z"));
        assert_eq!(
            headers.to_string(),
            "Subject: =?utf-8?q?=3D=3Fx=201234567890123?=\r\n =?utf-8?q?=C3=A4=2EZ?=\r\n"
        );
    }
}
