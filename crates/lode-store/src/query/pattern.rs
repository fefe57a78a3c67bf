//! `$regex`: a pattern in Perl's notation, matched in linear time and in steps.
//!
//! MongoDB's engine backtracks; this one never does, so look-around, back-references and
//! possessive quantifiers are refused. `\d \w \s \b` mean ASCII, as there. `$` is the very end of
//! the text (or of a line, with `m`), also when a line feed ends it.
//!
//! The search is our own loop over a lazy DFA, because no ready-made search can be interrupted: a
//! pattern and a text of the greatest sizes take many seconds.

mod translate;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use regex_automata::Input;
use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson;
use regex_automata::util::syntax;

use crate::StoreError;
use crate::budget::Budget;
use crate::limits::{DEPTH_MAX, REGEX_BYTES_MAX, REGEX_CACHE_BYTES, REGEX_PROGRAM_BYTES_MAX};

/// Bytes between two looks at the clock: each may cost as much as the program has states.
const BYTES_PER_LOOK: usize = 256;

/// A compiled pattern.
#[derive(Clone)]
pub struct Pattern {
    source: String,
    options: String,
    automaton: Arc<DFA>,
    /// The states met so far. Searches of one query follow one another, so nobody waits for it.
    cache: Arc<Mutex<Cache>>,
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/{}/{}", self.source, self.options)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        (&self.source, &self.options) == (&other.source, &other.options)
    }
}

impl Pattern {
    /// Compiles a pattern, for which the budget has to have room; the options are letters of `imsx`.
    pub(crate) fn new(
        source: &str,
        options: &str,
        path: &str,
        budget: &Budget,
    ) -> Result<Self, StoreError> {
        let refuse = |reason: &str| {
            StoreError::bad_query(format!(
                "the $regex {:?} on the path {path:?} cannot be used: {reason}",
                lode_proto::limits::cut(source, 100)
            ))
        };
        if source.len() > REGEX_BYTES_MAX {
            return Err(StoreError::LimitExceeded {
                what: format!("a $regex of {} bytes", source.len()),
                limit: format!("{REGEX_BYTES_MAX} bytes"),
                advice: "use $in for a list of words",
            });
        }
        let config = config(options).map_err(|fault| refuse(&fault))?;
        let translated = translate::translate(source).map_err(|fault| refuse(&fault))?;
        budget.pattern(source.len(), translated.letters)?;
        let automaton = DFA::builder()
            .syntax(config)
            .thompson(
                thompson::Config::new()
                    .utf8(false)
                    .nfa_size_limit(Some(REGEX_PROGRAM_BYTES_MAX)),
            )
            .configure(
                DFA::config()
                    .cache_capacity(REGEX_CACHE_BYTES)
                    .skip_cache_capacity_check(true),
            )
            .build(&translated.pattern)
            .map_err(|error| refuse(&reason(&error)))?;
        let cache = automaton.create_cache();
        Ok(Self {
            source: source.to_owned(),
            options: options.to_owned(),
            automaton: Arc::new(automaton),
            cache: Arc::new(Mutex::new(cache)),
        })
    }

    /// Whether the pattern is found anywhere in the text; means nothing once the budget is spent.
    pub(crate) fn is_found_in(&self, text: &str, budget: &Budget) -> bool {
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        // It fails when it meets what it cannot decide, which no translated pattern contains.
        self.search(&mut cache, text, budget).unwrap_or(false)
    }

    /// None when the automaton gives up.
    fn search(&self, cache: &mut Cache, text: &str, budget: &Budget) -> Option<bool> {
        let automaton = &*self.automaton;
        let mut state = automaton
            .start_state_forward(cache, &Input::new(text))
            .ok()?;
        for chunk in text.as_bytes().chunks(BYTES_PER_LOOK) {
            if budget.steps(chunk.len()) {
                return Some(false);
            }
            for byte in chunk {
                state = automaton.next_state(cache, state, *byte).ok()?;
                if state.is_tagged() {
                    if state.is_match() {
                        return Some(true);
                    } else if state.is_dead() {
                        return Some(false);
                    } else if state.is_quit() {
                        return None;
                    }
                }
            }
        }
        state = automaton.next_eoi_state(cache, state).ok()?;
        Some(state.is_match())
    }

    /// The text with which every match begins; None unless the pattern is one that says so plainly.
    pub(crate) fn prefix(&self) -> Option<String> {
        if self.options.contains(['i', 'm', 'x']) || self.source.contains('|') {
            return None;
        }
        let rest = self.source.strip_prefix('^')?;
        let mut prefix = String::new();
        let mut rest = rest.chars();
        for next in rest.by_ref() {
            match next {
                // The character before may be absent.
                '*' | '?' | '{' => {
                    prefix.pop();
                    break;
                }
                '\\' | '.' | '+' | '(' | ')' | '[' | ']' | '}' | '^' | '$' => break,
                _ => prefix.push(next),
            }
        }
        Some(prefix).filter(|prefix| !prefix.is_empty())
    }
}

/// How a pattern with these options is read, or which of them there is not.
fn config(options: &str) -> Result<syntax::Config, String> {
    let mut config = syntax::Config::new()
        .utf8(false)
        .nest_limit(u32::try_from(DEPTH_MAX).unwrap_or(u32::MAX));
    for option in options.chars() {
        config = match option {
            'i' => config.case_insensitive(true),
            'm' => config.multi_line(true),
            's' => config.dot_matches_new_line(true),
            'x' => config.ignore_whitespace(true),
            // Every pattern reads Unicode; the letter only asks for it.
            'u' => config,
            _ => {
                return Err(format!(
                    "it has the option {option:?}; $options may have i, m, s and x"
                ));
            }
        };
    }
    Ok(config)
}

/// The parser's own words in one line; it draws the pattern with a marker otherwise.
fn reason(error: &regex_automata::hybrid::BuildError) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    let text = cause.to_string();
    let last = text.lines().last().unwrap_or_default();
    let last = last.trim().trim_start_matches("error: ");
    format!("{last}; allowed is what can be matched in linear time")
}

#[cfg(test)]
mod tests;
