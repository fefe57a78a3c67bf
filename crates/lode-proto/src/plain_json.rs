//! JSON that every ordinary parser reads: bounded depth, no half characters, no boundless numbers.
//!
//! V8 and serde_json's raw values let through what others refuse or stumble over: a body nested a
//! hundred thousand deep, a lone surrogate, 1e999. One scan over the text keeps them out of jobs and
//! out of outcomes. It does not check the syntax: that has been or will be done by a parser.

/// Levels of nesting. Most parsers' default limit is 128 (serde_json) to 1,000 (Python, Lua).
pub const DEPTH_MAX: usize = 100;

/// Characters of a number. Python, for one, refuses integers of more than 4,300 digits; no double
/// needs more than 800 to be told exactly.
pub const NUMBER_BYTES_MAX: usize = 1_000;

/// Fails with what is wrong and what is allowed.
pub fn check(text: &str) -> Result<(), String> {
    scan(text.as_bytes(), &mut |_| {
        Err("a string holds half a character (a lone surrogate \\uD800 to \\uDFFF)".to_owned())
    })
}

/// Replaces each lone surrogate by U+FFFD, as every encoder to UTF-8 does, and checks the rest.
pub fn mend(text: String) -> Result<String, String> {
    let mut lone = Vec::new();
    scan(text.as_bytes(), &mut |at| {
        lone.push(at);
        Ok(())
    })?;
    let mut text = text;
    for at in lone {
        text.replace_range(at..at + 6, "\\ufffd");
    }
    Ok(text)
}

/// What is done about a lone surrogate at a place.
type OnLone<'a> = &'a mut dyn FnMut(usize) -> Result<(), String>;

fn scan(bytes: &[u8], lone: OnLone<'_>) -> Result<(), String> {
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            b'"' => {
                at = string_end(bytes, at + 1, lone)?;
                continue;
            }
            b'-' | b'0'..=b'9' => {
                at = number_end(bytes, at)?;
                continue;
            }
            _ => {}
        }
        if depth > DEPTH_MAX {
            return Err(format!("values are nested deeper than {DEPTH_MAX} levels"));
        }
        at += 1;
    }
    Ok(())
}

/// The place behind the number that begins at `at`.
fn number_end(bytes: &[u8], at: usize) -> Result<usize, String> {
    let rest = &bytes[at..];
    let is_part = |byte: &u8| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
    let length = rest.iter().position(|byte| !is_part(byte));
    let number = &rest[..length.unwrap_or(rest.len())];
    if number.len() > NUMBER_BYTES_MAX {
        return Err(format!(
            "a number has more than {NUMBER_BYTES_MAX} characters"
        ));
    }
    // Only these can be large enough, and few numbers are of these.
    let is_candidate = number.len() > 300 || number.iter().any(u8::is_ascii_alphabetic);
    let is_infinite = |text: &str| text.parse::<f64>().is_ok_and(f64::is_infinite);
    if is_candidate && std::str::from_utf8(number).is_ok_and(is_infinite) {
        return Err("a number is beyond the range of a double, which ends at 1.8e308".to_owned());
    }
    Ok(at + number.len())
}

/// The place behind the closing quote of a string that begins at `at`.
fn string_end(bytes: &[u8], mut at: usize, lone: OnLone<'_>) -> Result<usize, String> {
    loop {
        match bytes.get(at) {
            None => return Ok(at),
            Some(b'"') => return Ok(at + 1),
            Some(b'\\') => at = escape_end(bytes, at, lone)?,
            Some(_) => at += 1,
        }
    }
}

/// The place behind the escape, or pair of escapes, that begins at `at`.
fn escape_end(bytes: &[u8], at: usize, lone: OnLone<'_>) -> Result<usize, String> {
    match escaped_unit(bytes, at) {
        Some(0xd800..=0xdbff) if matches!(escaped_unit(bytes, at + 6), Some(0xdc00..=0xdfff)) => {
            Ok(at + 12)
        }
        Some(0xd800..=0xdfff) => lone(at).map(|()| at + 6),
        Some(_) => Ok(at + 6),
        None => Ok(at + 2),
    }
}

/// The UTF-16 unit of an escape (backslash, u, four digits) at `at`, if there is one.
fn escaped_unit(bytes: &[u8], at: usize) -> Option<u32> {
    let digits = bytes.get(at..at + 6)?.strip_prefix(b"\\u")?;
    u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_json_passes() {
        let deep = format!("{}{}", "[".repeat(DEPTH_MAX), "]".repeat(DEPTH_MAX));
        for text in [
            "null",
            r#"{"a":["[[[[",{"b":"\"}"}]}"#,
            r#""\ud83d\ude00\n""#,
            "\"",
            "\"\\",
            &deep,
        ] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn half_characters_are_mended() {
        let mended = mend(r#"{"a":"x\ud800y","b":"\ud83d\ude00"}"#.to_owned());
        assert_eq!(mended.unwrap(), r#"{"a":"x\ufffdy","b":"\ud83d\ude00"}"#);
        mend("[".repeat(DEPTH_MAX + 1)).unwrap_err();
    }

    #[test]
    fn a_number_that_no_double_holds_is_named() {
        let long = "9".repeat(310);
        for text in ["1e999", r#"{"a":[-1.5E+309]}"#, &long] {
            let error = check(text).unwrap_err();
            assert!(error.contains("range of a double"), "{text}: {error}");
        }
        let error = check(&format!("0.{}", "1".repeat(NUMBER_BYTES_MAX))).unwrap_err();
        assert_eq!(error, "a number has more than 1000 characters");
        let long = format!("0.{long}");
        for text in [
            "1e308",
            "-1.7976931348623157e308",
            "1e-999",
            r#""1e999""#,
            &long,
        ] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn depth_and_half_characters_are_named() {
        let deep = "[".repeat(DEPTH_MAX + 1);
        assert!(check(&deep).unwrap_err().contains("deeper than 100"));
        for text in [
            r#""\ud800""#,
            r#""\udc00""#,
            r#"{"a":"\ud800x"}"#,
            r#""\ud800\ud800""#,
        ] {
            assert!(check(text).unwrap_err().contains("surrogate"), "{text}");
        }
    }
}
