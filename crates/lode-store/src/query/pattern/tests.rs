//! Patterns as tables: what they find, and what they do not.

use super::*;

#[track_caller]
fn check(source: &str, options: &str, found: &[&str], others: &[&str]) {
    let pattern = Pattern::new(source, options, "a", &Budget::unlimited()).unwrap();
    let budget = Budget::unlimited();
    for text in found {
        assert!(
            pattern.is_found_in(text, &budget),
            "/{source}/{options} in {text:?}"
        );
    }
    for text in others {
        assert!(
            !pattern.is_found_in(text, &budget),
            "/{source}/{options} not in {text:?}"
        );
    }
}

#[track_caller]
fn check_refused(source: &str, options: &str, part_of_message: &str) {
    let error = Pattern::new(source, options, "a", &Budget::unlimited()).unwrap_err();
    assert!(error.is_callers_fault());
    assert!(error.to_string().contains(part_of_message), "{error}");
}

#[test]
fn a_pattern_is_found_anywhere_unless_anchored() {
    check("b", "", &["b", "abc"], &["", "B", "ac"]);
    check("", "", &["", "x"], &[]);
    check("^ab+c?$", "", &["ab", "abbc"], &["xab", "abx", "a", "ab\n"]);
    check("a.c", "", &["abc", "aéc"], &["a\nc"]);
    check("^(foo|bar)$", "", &["foo", "bar"], &["foobar"]);
    check("^.{2}$", "", &["ää", "😀😀"], &["ä", "äää"]);
}

#[test]
fn options_are_those_of_mongodb() {
    check("ÄB", "i", &["äb", "Äb"], &["ab"]);
    check("^b$", "m", &["a\nb\nc"], &["ab"]);
    check("a.c", "s", &["a\nc"], &[]);
    check("a b # c", "x", &["ab"], &["a b"]);
    check("(?i)x", "", &["X"], &["y"]);
    check_refused("a", "g", "'g'; $options may have i, m, s and x");
}

#[test]
fn classes_are_of_ascii_and_perls_notation_is_read() {
    check(r"^\d\w\s\D\W\S$", "", &["1_ a-x"], &["1_ ax-", "٣_ a-x"]);
    check(r"\bäb\b", "", &["xäb"], &["äb"]);
    check(r"\bab\b", "", &["ab", "x ab", "äab"], &["xab", "ab1"]);
    check(r"a\Bb", "", &["ab"], &["a b"]);
    check(r"^[\d.]+$", "", &["1.2"], &["1,2"]);
    check(r"^[^\W\d]+$", "", &["ab_"], &["a1", "a-"]);
    check(r"^[a[&&~]+$", "", &["a[&~"], &["b"]);
    check(r"^[]x]$", "", &["]", "x"], &["y"]);
    check(r"^[[:alpha:]\]]+$", "", &["a]"], &["1"]);
    check(r"^a{2}{b}\/\<\_\-\ $", "", &["aa{b}/<_- "], &[]);
    check(r"^{", "", &["{a}"], &["a"]);
    check(r"^a{,2}$", "", &["a{,2}"], &["aa"]);
    check("\\u00e9\\x41", "", &["éA"], &[]);
    check(r"^\p{Lu}\x{41}$", "", &["ÄA"], &["äA"]);
    check(r"^(?<n>a)(?:b)??$", "", &["a", "ab"], &["b"]);
}

#[test]
fn what_needs_backtracking_is_refused_with_the_reason() {
    check_refused("a(?=b)", "", "look-around");
    check_refused("(?<!b)a", "", "look-around");
    check_refused(r"(a)\1", "", "back-reference");
    check_refused("a++", "", "possessive");
    check_refused("(?>a)", "", "atomic");
    check_refused("(a", "", "unclosed group");
    check_refused("[a", "", "not closed");
    check_refused("a\\", "", "escape");
    check_refused("*", "", "repetition operator missing expression");
    check_refused(r"(\pL{100}){100}", "", "linear time");
    check_refused(&"a".repeat(5000), "", "1024 bytes");
    let nested = "(".repeat(500) + &")".repeat(500);
    check_refused(&nested, "", "nested parentheses");
}

#[test]
fn a_search_ends_with_its_budget() {
    let pattern = Pattern::new("a*b", "", "a", &Budget::unlimited()).unwrap();
    assert!(!pattern.is_found_in(&"ab".repeat(1000), &Budget::spent()));
}

#[test]
fn a_plain_beginning_is_known() {
    for (source, options, prefix) in [
        ("^abc", "", Some("abc")),
        ("^ab?c", "", Some("a")),
        ("^ab*", "", Some("a")),
        ("^ab{0}", "", Some("a")),
        ("^ab+", "", Some("ab")),
        ("^äb.c", "s", Some("äb")),
        ("^a$", "", Some("a")),
        ("abc", "", None),
        ("^a|b", "", None),
        ("^abc", "i", None),
        ("^abc", "m", None),
        ("^", "", None),
        ("^a?", "", None),
        (r"^\d", "", None),
        ("^(?i)a", "", None),
    ] {
        let pattern = Pattern::new(source, options, "a", &Budget::unlimited()).unwrap();
        assert_eq!(pattern.prefix().as_deref(), prefix, "{source}");
    }
}

#[test]
fn what_is_in_brackets_is_plain_whatever_the_option_x_leaves_out_elsewhere() {
    check(r"^[a #]+$", "x", &["a #"], &["b"]);
    check("^[a#]\nb-c]$", "x", &["#b-c]"], &["a"]);
    check(r"^[[:a-z]+$", "", &["[:b"], &["B"]);
    check(r"^[[:^alpha:]x]+$", "", &["1x"], &["a"]);
}

#[test]
fn the_letters_in_the_classes_of_an_operation_are_bounded() {
    let wide = [
        r"[\pL&&[\PN&&[\PS&&[\PZ&&[\PC]]]]]",
        r"[\D\d]",
        r"[!-\x{10FFFF}]",
        r"[!-\uFFFF]",
        "[!-\u{10ffff}]",
        "[[:^alpha:]]",
        r"\PL",
    ];
    for class in wide {
        let budget = Budget::unlimited();
        let ended = (0..20).find_map(|_| Pattern::new(class, "i", "a", &budget).err());
        let ended = ended.expect(class);
        assert!(ended.to_string().contains("1000000 letters"), "{ended}");
    }
    let budget = Budget::unlimited();
    for usual in [
        r"^[\w.+-]+@[\w-]+(\.[a-z]{2,})+$",
        r"^\p{L}[\p{L}\p{M}' -]*$",
        "[à-ÿÀ-Þ]",
        "[一-龥]",
        r"[\u00C0-\u017F]",
        r"^[^<>%$-]*$",
    ] {
        Pattern::new(usual, "i", "a", &budget).unwrap();
    }
}

#[test]
fn no_pattern_is_compiled_once_the_budget_is_spent() {
    let ended = Pattern::new("a", "", "a", &Budget::spent()).unwrap_err();
    assert!(matches!(ended, StoreError::Stopped), "{ended}");
}
