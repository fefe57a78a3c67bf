//! `JobHistory`: what was seen of one job from outside, and whether one life of a job explains it.
//!
//! ```text
//!  absent ── enqueue ──► queued ── lease ──► leased ── settle ──► settled
//!             each further attempt         ▲      │              each list that asked is owed
//!             to enqueue asks for          └──────┘              the one outcome, once
//!             the same outcome              leased anew
//! ```
//!
//! Each event is an operation that took effect at some instant of an interval: an enqueue between
//! its call and its answer, or at any later time or never when the answer is missing; a settle
//! before its outcome came. The history is good when some order of these instants is a path
//! through the automaton (Wing and Gong's search, of one job's few operations).

use std::collections::HashSet;
use std::fmt;

/// One attempt to enqueue the job; each names a list of its own for the outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Attempt {
    /// When it was called; all times are microseconds since the drill's start.
    pub(crate) from_us: u64,
    /// When it was acknowledged; `None` when no answer came.
    pub(crate) acked_us: Option<u64>,
}

/// One outcome as a producer took it from a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Delivery {
    /// Whose list: an index into `attempts`.
    pub(crate) attempt: usize,
    pub(crate) at_us: u64,
    /// Of the whole text: two settles never have the same, for it tells how long the job took.
    pub(crate) digest: u64,
    pub(crate) tag: String,
}

/// See the file's head.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct JobHistory {
    pub(crate) attempts: Vec<Attempt>,
    pub(crate) deliveries: Vec<Delivery>,
    /// The first instant at which a worker showed that it had had the job: its log, or an effect.
    pub(crate) held_us: Option<u64>,
}

/// What is wrong with a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// An enqueue was acknowledged and no outcome came.
    Lost,
    /// Something was seen of it before anybody had asked for it.
    BeforeEnqueued,
    /// Two outcomes came to one list.
    AnsweredTwice,
    /// Two different outcomes came.
    SettledTwice,
    /// Each event may be right, but no order of them is.
    NoOrder,
}

impl JobHistory {
    /// Checks that one life of a job explains everything.
    pub(crate) fn check(&self) -> Result<(), Wrong> {
        self.check_loosely()?;
        if linearizable(&self.operations()) {
            return Ok(());
        }
        Err(self.name_of_fault())
    }

    /// Checks what holds even where the server forgot some of its last writes: the job may then
    /// have had two lives.
    pub(crate) fn check_loosely(&self) -> Result<(), Wrong> {
        let acked = self
            .attempts
            .iter()
            .any(|attempt| attempt.acked_us.is_some());
        if acked && self.deliveries.is_empty() {
            return Err(Wrong::Lost);
        }
        let first = self
            .attempts
            .first()
            .map_or(u64::MAX, |first| first.from_us);
        let mut seen = self
            .deliveries
            .iter()
            .map(|one| one.at_us)
            .chain(self.held_us);
        if seen.any(|at| at < first) {
            return Err(Wrong::BeforeEnqueued);
        }
        Ok(())
    }

    /// From the first call to the last sign of it.
    pub(crate) fn span_us(&self) -> (u64, u64) {
        let from = self.attempts.first().map_or(0, |first| first.from_us);
        let until = self.deliveries.iter().map(|one| one.at_us).max();
        (from, until.unwrap_or(u64::MAX))
    }

    /// Acknowledged attempts whose list has not got the outcome.
    pub(crate) fn unserved(&self) -> usize {
        let served = |index| self.deliveries.iter().any(|one| one.attempt == index);
        let attempts = self.attempts.iter().enumerate();
        attempts
            .filter(|(index, attempt)| attempt.acked_us.is_some() && !served(*index))
            .count()
    }

    fn operations(&self) -> Vec<Operation> {
        let mut operations = Vec::new();
        for (index, attempt) in self.attempts.iter().enumerate() {
            operations.push(Operation {
                event: Event::Enqueue(index),
                from_us: attempt.from_us,
                until_us: attempt.acked_us,
            });
        }
        // It may be leased again and again: one lease before the first sign explains all signs.
        let mut hidden = |event, until_us| {
            operations.push(Operation {
                event,
                from_us: 0,
                until_us: Some(until_us),
            });
        };
        if let Some(at) = self.held_us {
            hidden(Event::Lease, at);
        }
        let mut settled = HashSet::new();
        let mut deliveries: Vec<_> = self.deliveries.iter().collect();
        deliveries.sort_by_key(|one| one.at_us);
        for one in deliveries {
            if settled.insert(one.digest) {
                hidden(Event::Settle(one.digest), one.at_us);
            }
            hidden(Event::Deliver(one.attempt, one.digest), one.at_us);
        }
        operations
    }

    fn name_of_fault(&self) -> Wrong {
        let mut lists = HashSet::new();
        let mut digests = HashSet::new();
        let once = self.deliveries.iter().all(|one| lists.insert(one.attempt));
        digests.extend(self.deliveries.iter().map(|one| one.digest));
        match (once, digests.len()) {
            (_, 2..) => Wrong::SettledTwice,
            (false, _) => Wrong::AnsweredTwice,
            (true, _) => Wrong::NoOrder,
        }
    }
}

impl fmt::Display for JobHistory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = |us: u64| std::time::Duration::from_micros(us).as_secs_f64();
        for (index, attempt) in self.attempts.iter().enumerate() {
            let from = seconds(attempt.from_us);
            match attempt.acked_us {
                Some(at) => writeln!(f, "  enqueue {index}: {from:.6} to {:.6} s", seconds(at))?,
                None => writeln!(f, "  enqueue {index}: {from:.6} s, no answer")?,
            }
        }
        if let Some(at) = self.held_us {
            writeln!(f, "  had by a worker: {:.6} s", seconds(at))?;
        }
        for one in &self.deliveries {
            let (at, digest) = (seconds(one.at_us), one.digest);
            writeln!(
                f,
                "  outcome on list {}: {at:.6} s, {} {digest:016x}",
                one.attempt, one.tag
            )?;
        }
        Ok(())
    }
}

/// A step of the automaton.
#[derive(Debug, Clone, Copy)]
enum Event {
    Enqueue(usize),
    Lease,
    Settle(u64),
    Deliver(usize, u64),
}

/// An event with the interval in which it took effect.
#[derive(Debug, Clone, Copy)]
struct Operation {
    event: Event,
    from_us: u64,
    /// `None`: at any time, or never.
    until_us: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Phase {
    Absent,
    Queued,
    Leased,
    Settled(u64),
}

/// A job in the automaton; lists are bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct State {
    phase: Phase,
    /// Lists that wait for the outcome.
    waiting: u64,
    /// Lists that the outcome was pushed to and nobody has taken it from.
    pushed: u64,
}

impl State {
    /// The state after an event, or `None` where it cannot happen.
    fn after(self, event: Event) -> Option<Self> {
        match (event, self.phase) {
            (Event::Enqueue(list), Phase::Absent) => Some(Self {
                phase: Phase::Queued,
                waiting: 1 << list,
                ..self
            }),
            (Event::Enqueue(list), Phase::Queued | Phase::Leased) => Some(Self {
                waiting: self.waiting | 1 << list,
                ..self
            }),
            (Event::Enqueue(list), Phase::Settled(_)) => Some(Self {
                pushed: self.pushed | 1 << list,
                ..self
            }),
            (Event::Lease, Phase::Queued | Phase::Leased) => Some(Self {
                phase: Phase::Leased,
                ..self
            }),
            (Event::Settle(digest), Phase::Queued | Phase::Leased) => Some(Self {
                phase: Phase::Settled(digest),
                pushed: self.pushed | self.waiting,
                waiting: 0,
            }),
            (Event::Deliver(list, digest), Phase::Settled(settled)) => {
                let there = settled == digest && self.pushed & 1 << list != 0;
                there.then_some(Self {
                    pushed: self.pushed & !(1 << list),
                    ..self
                })
            }
            (Event::Lease | Event::Settle(_), Phase::Absent | Phase::Settled(_))
            | (Event::Deliver(..), Phase::Absent | Phase::Queued | Phase::Leased) => None,
        }
    }
}

/// True when some order of the operations, each inside its interval, is a path.
fn linearizable(operations: &[Operation]) -> bool {
    assert!(operations.len() <= 64, "a set of operations is 64 bits");
    let start = State {
        phase: Phase::Absent,
        waiting: 0,
        pushed: 0,
    };
    search(operations, 0, start, &mut HashSet::new())
}

/// `done` is the set of operations that have taken effect; `seen` what led nowhere.
fn search(
    operations: &[Operation],
    done: u64,
    state: State,
    seen: &mut HashSet<(u64, State)>,
) -> bool {
    let open = |index: &usize| done & 1 << index == 0;
    let ends = (0..operations.len()).filter(open);
    let Some(first_end) = ends.filter_map(|index| operations[index].until_us).min() else {
        return true;
    };
    if !seen.insert((done, state)) {
        return false;
    }
    // One that begins after another has ended cannot take effect before it.
    let mut next = (0..operations.len()).filter(|index| operations[*index].from_us <= first_end);
    next.any(|index| {
        open(&index)
            && state
                .after(operations[index].event)
                .is_some_and(|after| search(operations, done | 1 << index, after, seen))
    })
}

mod tests {
    use super::*;

    fn acked(from_us: u64, acked_us: u64) -> Attempt {
        let acked_us = Some(acked_us);
        Attempt { from_us, acked_us }
    }

    fn unknown(from_us: u64) -> Attempt {
        let acked_us = None;
        Attempt { from_us, acked_us }
    }

    fn outcome(attempt: usize, at_us: u64, digest: u64) -> Delivery {
        let tag = "completed".to_owned();
        Delivery {
            attempt,
            at_us,
            digest,
            tag,
        }
    }

    #[track_caller]
    fn check(
        attempts: &[Attempt],
        held_us: Option<u64>,
        deliveries: &[Delivery],
        expected: Result<(), Wrong>,
    ) {
        let history = JobHistory {
            attempts: attempts.to_vec(),
            deliveries: deliveries.to_vec(),
            held_us,
        };
        assert_eq!(history.check(), expected, "\n{history}");
    }

    #[test]
    fn a_history_that_one_life_explains_is_good() {
        check(&[acked(1, 2)], Some(3), &[outcome(0, 4, 7)], Ok(()));
        // It may run, and be answered, before the producer hears that it was enqueued.
        check(&[acked(1, 9)], Some(3), &[outcome(0, 4, 7)], Ok(()));
        check(&[unknown(1)], None, &[outcome(0, 4, 7)], Ok(()));
        check(&[unknown(1)], None, &[], Ok(()));
    }

    #[test]
    fn each_attempt_may_get_the_one_outcome() {
        let (first, second) = (outcome(0, 6, 7), outcome(1, 7, 7));
        let attempts = [unknown(1), acked(3, 4)];
        check(&attempts, Some(5), &[first.clone(), second.clone()], Ok(()));
        // The first attempt never arrived; or its outcome was lost on the way to its reader.
        check(&attempts, Some(5), std::slice::from_ref(&second), Ok(()));
        // The second came after the end of the job, and asked for what was kept.
        check(
            &[acked(1, 2), acked(8, 9)],
            Some(3),
            &[first, outcome(1, 10, 7)],
            Ok(()),
        );
    }

    #[test]
    fn a_lost_job_is_caught() {
        check(&[acked(1, 2)], Some(3), &[], Err(Wrong::Lost));
        check(&[unknown(1), acked(3, 4)], None, &[], Err(Wrong::Lost));
    }

    #[test]
    fn an_outcome_before_the_enqueue_is_caught() {
        let early = [outcome(0, 4, 7)];
        check(&[acked(5, 6)], None, &early, Err(Wrong::BeforeEnqueued));
        check(
            &[acked(5, 6)],
            Some(4),
            &[outcome(0, 7, 7)],
            Err(Wrong::BeforeEnqueued),
        );
        // The list of the second attempt cannot have it before the second attempt.
        check(
            &[acked(1, 2), acked(5, 6)],
            None,
            &[outcome(1, 4, 7)],
            Err(Wrong::NoOrder),
        );
    }

    #[test]
    fn a_job_answered_twice_is_caught() {
        let same = [outcome(0, 4, 7), outcome(0, 5, 7)];
        check(&[acked(1, 2)], Some(3), &same, Err(Wrong::AnsweredTwice));
        let other = [outcome(0, 4, 7), outcome(0, 5, 8)];
        check(&[acked(1, 2)], Some(3), &other, Err(Wrong::SettledTwice));
        let elsewhere = [outcome(0, 4, 7), outcome(1, 5, 8)];
        check(
            &[acked(1, 2), acked(2, 3)],
            None,
            &elsewhere,
            Err(Wrong::SettledTwice),
        );
    }

    #[test]
    fn a_server_that_forgot_explains_a_second_life_and_nothing_more() {
        let history = |attempts: &[Attempt], deliveries: &[Delivery]| JobHistory {
            attempts: attempts.to_vec(),
            deliveries: deliveries.to_vec(),
            held_us: None,
        };
        let twice = history(&[acked(1, 2)], &[outcome(0, 4, 7), outcome(0, 5, 8)]);
        assert_eq!(twice.check_loosely(), Ok(()));
        assert_eq!(
            history(&[acked(1, 2)], &[]).check_loosely(),
            Err(Wrong::Lost)
        );
        let early = history(&[acked(5, 6)], &[outcome(0, 4, 7)]);
        assert_eq!(early.check_loosely(), Err(Wrong::BeforeEnqueued));
    }

    #[test]
    fn an_acknowledged_attempt_whose_list_stays_empty_is_counted() {
        let history = JobHistory {
            attempts: vec![acked(1, 2), acked(8, 9), unknown(10)],
            deliveries: vec![outcome(1, 10, 7)],
            held_us: None,
        };
        assert_eq!(history.unserved(), 1);
    }
}
