//! `Arm`: one thing that is measured: a way to run jobs, a hook, a number of jobs at one time.

use std::fmt;

use anyhow::Result;

use crate::figures::Figure;
use crate::setting::Setting;
use crate::worker::Worker;
use crate::{closed_loop, floor};

/// How jobs get to a child.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Way {
    /// By hand: no queue, no master, nothing forked ahead.
    Floor,
    /// `lode serve` on Redis.
    Redis,
    /// `lode serve` on the embedded queue.
    Sqlite,
}

/// The hooks, files of `tests/hooks/bench`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Hook {
    Noop,
    FindOne,
}

/// See the file's head.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Arm {
    pub(crate) hook: Hook,
    pub(crate) way: Way,
    pub(crate) concurrency: usize,
}

impl Way {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Floor => "floor",
            Self::Redis => "redis",
            Self::Sqlite => "sqlite",
        }
    }
}

impl Hook {
    pub(crate) const ALL: [Self; 2] = [Self::Noop, Self::FindOne];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Noop => "noop",
            Self::FindOne => "findOne",
        }
    }

    pub(crate) fn source(self) -> &'static str {
        match self {
            Self::Noop => include_str!("../tests/hooks/bench/noop.js"),
            Self::FindOne => include_str!("../tests/hooks/bench/find_one.js"),
        }
    }

    /// The collection whose `onPreSave` it is.
    pub(crate) fn collection(self) -> &'static str {
        match self {
            Self::Noop => "noop",
            Self::FindOne => "books",
        }
    }
}

impl fmt::Display for Arm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (hook, way) = (self.hook.name(), self.way.name());
        write!(f, "{hook}, {way}, {} at a time", self.concurrency)
    }
}

/// All arms whose name contains `only`, in the order in which a round takes them.
pub(crate) fn all(only: &str) -> Vec<Arm> {
    let mut arms = Vec::new();
    for hook in Hook::ALL {
        for (way, concurrencies) in [
            (Way::Floor, &[1, 2][..]),
            (Way::Redis, &[1, 2, 8]),
            (Way::Sqlite, &[1, 2, 8]),
        ] {
            arms.extend(concurrencies.iter().map(|&concurrency| Arm {
                hook,
                way,
                concurrency,
            }));
        }
    }
    arms.retain(|arm| arm.to_string().contains(only));
    arms
}

impl Arm {
    /// One round of this arm, in a worker or a zygote of its own.
    pub(crate) fn measure(&self, setting: &Setting) -> Result<Figure> {
        let Self {
            hook,
            way,
            concurrency,
        } = *self;
        if way == Way::Floor {
            return floor::measure(hook, concurrency, setting.arm);
        }
        let worker = Worker::start(setting, way)?;
        closed_loop::run(setting, *self, setting.arm / 4)?;
        let cpu = worker.cpu()?;
        let load = closed_loop::run(setting, *self, setting.arm)?;
        Ok(Figure::of(load, worker.cpu()? - cpu))
    }
}
