//! `strings_at`: the text fields of something that is almost JSON.
//!
//! A producer whose library writes `NaN`, or a byte-order mark in front, still waits for its answer.
//! So the few fields that say where the answer goes are found without understanding the rest. This
//! is for answers alone: nothing is run by what was found here.

/// The first text of each of `names` among the keys of the objects that are `depth` deep, 1 for
/// the outermost.
pub(crate) fn strings_at<const N: usize>(
    text: &str,
    depth: usize,
    names: [&str; N],
) -> [Option<String>; N] {
    let mut found = [const { None }; N];
    let (mut open, mut rest) = (0_usize, text);
    // The last text at the right depth, which is a key if a colon comes next.
    let mut key: Option<String> = None;
    let mut is_value = false;
    while let Some(at) = rest.find(['{', '}', '[', ']', '"', ':', ',']) {
        let (mark, after) = (rest.as_bytes()[at], &rest[at + 1..]);
        rest = after;
        match mark {
            b'{' | b'[' => open += 1,
            b'}' | b']' => open = open.saturating_sub(1),
            b'"' => {
                let Some(end) = end_of_string(after) else {
                    break;
                };
                let string: Option<String> =
                    serde_json::from_str(&format!("\"{}\"", &after[..end])).ok();
                rest = &after[end + 1..];
                if open != depth {
                    continue;
                }
                match key.take().filter(|_| is_value) {
                    Some(name) => note(&mut found, &names, &name, string),
                    None => key = string,
                }
                is_value = false;
            }
            b':' if open == depth => is_value = key.is_some(),
            _ if open == depth => (key, is_value) = (None, false),
            _ => {}
        }
    }
    found
}

fn note<const N: usize>(
    found: &mut [Option<String>; N],
    names: &[&str; N],
    name: &str,
    value: Option<String>,
) {
    for (slot, wanted) in found.iter_mut().zip(names) {
        if *wanted == name && slot.is_none() {
            slot.clone_from(&value);
        }
    }
}

/// Where the string that has begun ends.
fn end_of_string(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return Some(at),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::strings_at;

    #[track_caller]
    fn check(text: &str, expected: [Option<&str>; 2]) {
        let found = strings_at(text, 1, ["app", "reply_to"]);
        assert_eq!(found.each_ref().map(Option::as_deref), expected, "{text}");
    }

    #[test]
    fn fields_of_almost_json_are_found() {
        let both = [Some("a"), Some("r")];
        check(r#"{"app":"a","delay_ms":NaN,"reply_to":"r"}"#, both);
        check("\u{feff}{\"app\":\"a\",\"reply_to\" : \"r\"}\0\0", both);
        check(r#"{"app":"a","app":"b","reply_to":"r"}"#, both);
        check(
            r#"{"x":{"app":"no"},"y":["app"],"app":"a","reply_to":"r""#,
            both,
        );
        check(
            r#"{"app":"a\"{","reply_to":"\u0072"}"#,
            [Some("a\"{"), Some("r")],
        );
    }

    #[test]
    fn what_is_no_text_field_of_the_object_is_not_found() {
        check(
            r#"{"x":"app","y":"reply_to","z":["reply_to","r"]}"#,
            [None, None],
        );
        check(r#"["app":"a"]"#, [Some("a"), None]);
        check(r#"{"app":7,"reply_to":{"reply_to":"r"}}"#, [None, None]);
        check(r#"{"reply_to":"without an end"#, [None, None]);
        check("}}]{\"app\"", [None, None]);
        check("", [None, None]);
    }
}
