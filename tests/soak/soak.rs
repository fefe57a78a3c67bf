//! The soak itself: many forked children, each compared with a new process.

use std::collections::VecDeque;

use anyhow::Result;
use lode_proto::{ChildExit, ExitCause};

use crate::forks::{ForkedChild, Forks};
use crate::fresh;
use crate::script::{Script, comparable};

/// Children that stand ready, as in a worker's pool.
const AHEAD: u64 = 4;
/// Children that run at one time.
const RUNNING_MAX: usize = 2;
/// Forks after which the zygote is replaced: some thousands, as in production.
const FORKS_PER_ZYGOTE: u64 = 4_000;
/// Differences that are shown whole.
const SHOWN_MAX: u64 = 5;

/// What came of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) children: u64,
    pub(crate) scripts: usize,
    /// Children that reported something else than a new process does.
    pub(crate) differences: u64,
    /// Children that ended otherwise than by reporting.
    pub(crate) crashes: u64,
}

/// A script and what it has to say.
struct Case {
    script: Script,
    expected: String,
}

/// Runs `children` forked children over all scripts. `say` hears of progress and of each
/// difference.
pub(crate) fn soak(children: u64, say: &mut dyn FnMut(&str)) -> Result<Tally> {
    let mut cases = Vec::new();
    for script in Script::all()? {
        let expected = fresh::expected(&script)?;
        cases.push(Case { script, expected });
    }
    say(&format!("{} scripts agree with themselves", cases.len()));
    let mut soak = Soak {
        tally: Tally {
            scripts: cases.len(),
            ..Tally::default()
        },
        cases,
        say,
    };
    while soak.tally.children < children {
        let count = FORKS_PER_ZYGOTE.min(children - soak.tally.children);
        soak.one_zygote(count)?;
        let Tally { children: done, .. } = soak.tally;
        (soak.say)(&format!("{done} of {children} children"));
    }
    Ok(soak.tally)
}

struct Soak<'a> {
    tally: Tally,
    cases: Vec<Case>,
    say: &'a mut dyn FnMut(&str),
}

impl Soak<'_> {
    /// `count` children of one zygote.
    fn one_zygote(&mut self, count: u64) -> Result<()> {
        let mut forks = Forks::launch()?;
        let mut running = VecDeque::new();
        for _ in 0..AHEAD.min(count) {
            forks.ask()?;
        }
        for number in 0..count {
            let mut child = forks.ready_child()?;
            if number + AHEAD < count {
                forks.ask()?;
            }
            let case = usize::try_from(self.tally.children + number)? % self.cases.len();
            child.start(&self.cases[case].script.run)?;
            running.push_back((case, child));
            if running.len() > RUNNING_MAX {
                self.collect(&mut forks, running.pop_front())?;
            }
        }
        while !running.is_empty() {
            self.collect(&mut forks, running.pop_front())?;
        }
        self.tally.children += count;
        Ok(())
    }

    fn collect(&mut self, forks: &mut Forks, next: Option<(usize, ForkedChild)>) -> Result<()> {
        let Some((case, child)) = next else {
            return Ok(());
        };
        let Case { script, expected } = &self.cases[case];
        let (done, cause) = forks.finish(child)?;
        if cause != ExitCause::Exited(ChildExit::Reported) {
            self.tally.crashes += 1;
            (self.say)(&format!("{}: the child ended with {cause}", script.name));
        }
        let Some(done) = done else { return Ok(()) };
        let got = comparable(done)?;
        if got != *expected {
            self.tally.differences += 1;
            if self.tally.differences <= SHOWN_MAX {
                let name = &script.name;
                (self.say)(&format!(
                    "{name} differs\n  expected {expected}\n  got      {got}"
                ));
            }
        }
        Ok(())
    }
}

impl Tally {
    /// True when the fork made no difference at all.
    pub(crate) fn is_clean(self) -> bool {
        self.differences == 0 && self.crashes == 0
    }
}
