//! From Perl's notation to the engine's, where the two differ.

use std::iter::Peekable;
use std::str::Chars;

const NOT_LINEAR: &str = "it is not matched in linear time, as all patterns are here";

/// What `\d` and its kin stand for inside of brackets.
fn class(letter: char) -> Option<&'static str> {
    match letter.to_ascii_lowercase() {
        'd' => Some("0-9"),
        'w' => Some("0-9A-Za-z_"),
        's' => Some(r"\t\n\x0B\x0C\r\x20"),
        _ => None,
    }
}

/// Letters that have a form in the other case lie below this one. What lies above is passed over
/// quickly.
const LETTERS: usize = 0x1_E944;

/// A pattern in the engine's notation.
pub(super) struct Translated {
    pub(super) pattern: String,
    /// How many letters its classes have, by an upper estimate.
    pub(super) letters: usize,
}

/// The same pattern in the engine's notation, or why there is none.
pub(super) fn translate(pattern: &str) -> Result<Translated, String> {
    let mut translation = Translation {
        rest: pattern.chars().peekable(),
        out: String::with_capacity(pattern.len() + 16),
        letters: 0,
    };
    while let Some(next) = translation.rest.next() {
        match next {
            '\\' => translation.escape(false)?,
            '[' => translation.brackets()?,
            '(' => translation.group()?,
            '{' => translation.brace()?,
            '*' | '+' | '?' => {
                translation.out.push(next);
                translation.quantified()?;
            }
            other => translation.out.push(other),
        }
    }
    Ok(Translated {
        pattern: translation.out,
        letters: translation.letters,
    })
}

/// How many letters a class in brackets, written for the engine, has at most. What an escape in a
/// range stands for is not read: such a range may have all.
fn letters_in(class: &str) -> usize {
    let mut after_hex = class
        .match_indices(r"\x")
        .map(|(at, it)| &class[at + it.len()..]);
    // With two digits, and directly behind it, it is at most U+FF.
    let is_far = after_hex.any(|rest| !rest.starts_with(|c: char| c.is_ascii_hexdigit()));
    let holds = |parts: &[&str]| parts.iter().any(|part| class.contains(part));
    // What is negated within has all letters; what is negated as a whole is so afterwards.
    if holds(&[r"\p", r"\P", "[:^"]) || class[1..].contains("[^") {
        LETTERS
    } else if class.contains('-') {
        if is_far || holds(&[r"\u", r"\U"]) {
            return LETTERS;
        }
        // Each may be the end of a range that begins at nothing.
        let ends = class.chars().map(|letter| letter as usize);
        ends.sum::<usize>().min(LETTERS)
    } else {
        class.len()
    }
}

struct Translation<'a> {
    rest: Peekable<Chars<'a>>,
    out: String,
    letters: usize,
}

impl Translation<'_> {
    fn escape(&mut self, in_brackets: bool) -> Result<(), String> {
        let Some(letter) = self.rest.next() else {
            return Err("it ends in the middle of an escape".to_owned());
        };
        match letter {
            'd' | 'w' | 's' if in_brackets => self.out.push_str(class(letter).unwrap_or_default()),
            'd' | 'w' | 's' | 'D' | 'W' | 'S' => {
                let not = if letter.is_ascii_uppercase() { "^" } else { "" };
                let class = class(letter).unwrap_or_default();
                self.out.push_str(&format!("[{not}{class}]"));
            }
            'b' if in_brackets => self.out.push_str(r"\x08"),
            'b' => self.out.push_str(r"(?-u:\b)"),
            'B' if !in_brackets => self.out.push_str(r"(?-u:\B)"),
            'e' => self.out.push_str(r"\x1B"),
            '0' => self.out.push_str(r"\x00"),
            '1'..='9' | 'k' | 'g' => {
                return Err(format!(
                    "it has a back-reference (\\{letter}); {NOT_LINEAR}"
                ));
            }
            ' ' => self.out.push_str(r"\x20"),
            letter if letter.is_ascii_alphanumeric() => {
                if matches!(letter, 'p' | 'P') {
                    self.letters += LETTERS;
                }
                self.out.extend(['\\', letter]);
            }
            // Escaped where that means something here, and as itself otherwise.
            mark if r"\.+*?()|[]{}^$#&-~".contains(mark) => self.out.extend(['\\', mark]),
            other => self.out.push(other),
        }
        Ok(())
    }

    /// Brackets within brackets, `&&` and `~~` are operators of the engine, and `#` may begin a
    /// comment there; all are plain here.
    fn brackets(&mut self) -> Result<(), String> {
        let begin = self.out.len();
        self.out.push('[');
        if self.rest.next_if_eq(&'^').is_some() {
            self.out.push('^');
        }
        if self.rest.next_if_eq(&']').is_some() {
            self.out.push_str(r"\]");
        }
        while let Some(next) = self.rest.next() {
            match next {
                '\\' => self.escape(true)?,
                ']' => {
                    self.out.push(']');
                    self.letters += letters_in(&self.out[begin..]);
                    return Ok(());
                }
                '[' if self.named_class() => {}
                '[' | '&' | '~' | '#' => self.out.extend(['\\', next]),
                // These count here even where the option x leaves them out elsewhere.
                ' ' => self.out.push_str(r"\x20"),
                '\n' => self.out.push_str(r"\n"),
                '\t' => self.out.push_str(r"\t"),
                '-' if self.rest.peek() == Some(&'-') => self.out.push_str(r"\-"),
                other => self.out.push(other),
            }
        }
        Err("a bracket is not closed".to_owned())
    }

    /// `[:alpha:]` is the same in both; false for anything else behind the bracket.
    fn named_class(&mut self) -> bool {
        let inner: String = self.rest.clone().take_while(|c| *c != ']').collect();
        let name = inner.strip_prefix(':').and_then(|it| it.strip_suffix(':'));
        let name = name.map(|name| name.strip_prefix('^').unwrap_or(name));
        let is_name = |name: &str| name.bytes().all(|byte| byte.is_ascii_lowercase());
        if !name.is_some_and(is_name) {
            return false;
        }
        self.out.push('[');
        for _ in 0..=inner.chars().count() {
            self.out.extend(self.rest.next());
        }
        true
    }

    fn group(&mut self) -> Result<(), String> {
        self.out.push('(');
        if self.rest.peek() != Some(&'?') {
            return Ok(());
        }
        let mut ahead = self.rest.clone().skip(1);
        let kind = (ahead.next(), ahead.next());
        match kind {
            (Some('=' | '!'), _) | (Some('<'), Some('=' | '!')) => {
                Err(format!("it has look-around; {NOT_LINEAR}"))
            }
            (Some('>' | '|' | 'R' | '&' | '(' | '+' | '0'..='9'), _) => Err(format!(
                "it has a group that is atomic, conditional or recursive; {NOT_LINEAR}"
            )),
            _ => {
                // Its question mark is no quantifier.
                self.out.extend(self.rest.next());
                Ok(())
            }
        }
    }

    /// A brace that does not read as a quantifier is a plain one.
    fn brace(&mut self) -> Result<(), String> {
        let inner: String = self
            .rest
            .clone()
            .take_while(|c| *c != '}')
            .take(16)
            .collect();
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let (least, most) = inner.split_once(',').unwrap_or((&inner, ""));
        let closed = self.rest.clone().nth(inner.chars().count()) == Some('}');
        // After `\p`, `\x` and `\u` it belongs to the escape.
        let of_escape = [r"\p", r"\P", r"\x", r"\u", r"\U"]
            .iter()
            .any(|escape| self.out.ends_with(escape));
        if of_escape {
            self.out.push('{');
            return Ok(());
        }
        if !closed || least.is_empty() || !is_number(least) || !is_number(most) {
            self.out.push_str(r"\{");
            return Ok(());
        }
        self.out.push('{');
        self.out.push_str(&inner);
        self.out.push('}');
        for _ in 0..=inner.len() {
            self.rest.next();
        }
        self.quantified()
    }

    fn quantified(&mut self) -> Result<(), String> {
        if self.rest.peek() == Some(&'+') {
            return Err(format!("it has a possessive quantifier; {NOT_LINEAR}"));
        }
        self.out.extend(self.rest.next_if_eq(&'?'));
        Ok(())
    }
}
