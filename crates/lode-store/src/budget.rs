//! What one operation may still spend: its running time, and the patterns that it compiles; and
//! whether anybody waits for it.
//!
//! One document can be made to compute for hours, so the time is looked at not only between
//! documents but inside the walks through them, cheaply: by a counter that reads the clock once
//! in many steps.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::limits::{OPERATION_MS_MAX, REGEX_LETTERS_MAX, REGEXES_BYTES_MAX};
use crate::{StoreError, clock};

/// Steps between two looks at the clock: a step is some nanoseconds, a look some tens of them.
const STEPS_PER_LOOK: usize = 1024;

/// Bytes of a name that are hashed or compared in about the time of one step.
const BYTES_PER_STEP: usize = 64;

/// When an operation must end. Shared with SQLite, which asks during long statements.
#[derive(Debug, Clone)]
pub(crate) struct Limit {
    deadline: Instant,
    limit_ms: u64,
    /// Set once nobody waits for the operation any more.
    abandoned: Arc<AtomicBool>,
}

#[derive(Debug, Clone, Copy)]
enum End {
    TooLong,
    Abandoned,
}

/// What an operation may still spend.
///
/// Once it is spent, walks stop with whatever answer they have; that answer means nothing, so
/// whoever began the walk must call [`Budget::check`] before using it.
#[derive(Debug)]
pub(crate) struct Budget {
    /// None: without end, for callers outside of the store.
    limit: Option<Limit>,
    /// Steps until the next look; 0 once the budget has ended.
    left: Cell<usize>,
    ended: Cell<Option<End>>,
    /// Of all patterns so far.
    pattern_bytes: Cell<usize>,
    pattern_letters: Cell<usize>,
}

impl Limit {
    /// Starts the running time of an operation.
    pub(crate) fn start(abandoned: Arc<AtomicBool>) -> Self {
        Self {
            deadline: clock::instant() + Duration::from_millis(OPERATION_MS_MAX),
            limit_ms: OPERATION_MS_MAX,
            abandoned,
        }
    }

    /// Another running time, beginning now.
    pub(crate) fn of_ms(self, limit_ms: u64) -> Self {
        Self {
            deadline: clock::instant() + Duration::from_millis(limit_ms),
            limit_ms,
            ..self
        }
    }

    /// The same, or another running time if there is one.
    pub(crate) fn or_of_ms(self, limit_ms: Option<u64>) -> Self {
        match limit_ms {
            Some(limit_ms) => self.of_ms(limit_ms),
            None => self,
        }
    }

    /// The whole running time, in milliseconds.
    pub(crate) fn ms(&self) -> u64 {
        self.limit_ms
    }

    /// Whether the operation must end; once true, it stays so.
    pub(crate) fn is_reached(&self) -> bool {
        self.end().is_some()
    }

    fn end(&self) -> Option<End> {
        if self.abandoned.load(Ordering::Relaxed) {
            Some(End::Abandoned)
        } else if clock::instant() >= self.deadline {
            Some(End::TooLong)
        } else {
            None
        }
    }
}

impl Budget {
    pub(crate) fn new(limit: Limit) -> Self {
        Self {
            limit: Some(limit),
            ..Self::unlimited()
        }
    }

    /// Without a limit of time.
    pub(crate) fn unlimited() -> Self {
        Self {
            limit: None,
            left: Cell::new(STEPS_PER_LOOK),
            ended: Cell::new(None),
            pattern_bytes: Cell::new(0),
            pattern_letters: Cell::new(0),
        }
    }

    /// One that is spent from the start.
    #[cfg(test)]
    pub(crate) fn spent() -> Self {
        let budget = Self::new(Limit::start(Arc::new(AtomicBool::new(true))));
        budget.left.set(0);
        budget
    }

    /// Takes one step; true when the walk must stop.
    pub(crate) fn step(&self) -> bool {
        self.steps(1)
    }

    /// Takes the steps of looking up a name; true when the walk must stop.
    pub(crate) fn step_by_name(&self, name: &str) -> bool {
        self.steps(1 + name.len() / BYTES_PER_STEP)
    }

    /// Takes so many steps, at least one; true when the walk must stop.
    pub(crate) fn steps(&self, steps: usize) -> bool {
        match self.left.get().checked_sub(steps) {
            Some(left) => {
                self.left.set(left);
                false
            }
            None => self.look().is_some(),
        }
    }

    /// Takes what compiling a pattern costs, which cannot be ended once it has begun: its bytes, and
    /// the letters in its classes.
    pub(crate) fn pattern(&self, bytes: usize, letters: usize) -> Result<(), StoreError> {
        let bytes = self.pattern_bytes.get().saturating_add(bytes);
        let letters = self.pattern_letters.get().saturating_add(letters);
        self.pattern_bytes.set(bytes);
        self.pattern_letters.set(letters);
        if bytes > REGEXES_BYTES_MAX {
            return Err(StoreError::LimitExceeded {
                what: format!("the $regex of one operation, {bytes} bytes together,"),
                limit: format!("{REGEXES_BYTES_MAX} bytes"),
                advice: "use fewer or shorter ones, or $in for a list of words",
            });
        }
        if letters > REGEX_LETTERS_MAX {
            return Err(StoreError::LimitExceeded {
                what: format!(
                    "the classes in the $regex of one operation, {letters} letters together,"
                ),
                limit: format!("{REGEX_LETTERS_MAX} letters"),
                advice: "use fewer \\p{…}, \\P{…} and ranges of letters beyond ASCII",
            });
        }
        self.check()
    }

    /// Looks at the clock; an error when the budget is spent, and whenever it was before.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        match self.look() {
            None => Ok(()),
            Some(End::TooLong) => Err(StoreError::OperationTooLong {
                limit_ms: self.limit.as_ref().map_or(0, |limit| limit.limit_ms),
                advice: "",
            }),
            // Nobody is there to read it.
            Some(End::Abandoned) => Err(StoreError::Stopped),
        }
    }

    fn look(&self) -> Option<End> {
        let end = self
            .ended
            .get()
            .or_else(|| self.limit.as_ref().and_then(Limit::end));
        self.ended.set(end);
        self.left
            .set(if end.is_some() { 0 } else { STEPS_PER_LOOK });
        end
    }
}
