//! [`PoolStats`]: what the pool counts, for metrics, logs and tests.

/// Children per state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ChildCounts {
    /// Asked of a zygote.
    pub requested: usize,
    /// Forked, not yet ready.
    pub starting: usize,
    /// Ready for a job.
    pub idle: usize,
    /// Running a job.
    pub running: usize,
    /// Job settled, about to exit.
    pub finished: usize,
    /// Killed, not yet gone.
    pub doomed: usize,
}

impl ChildCounts {
    /// All children, whatever their state.
    #[must_use]
    pub fn live(&self) -> usize {
        self.waiting() + self.running + self.finished + self.doomed
    }

    /// Children that are ready for a job or will be.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.requested + self.starting + self.idle
    }
}

/// The pool at one instant, and what it did since it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PoolStats {
    /// Children per state, now.
    pub children: ChildCounts,
    /// Zygotes that are not known to have ended, now.
    pub zygotes: usize,
    /// Leased jobs that wait for a child or for their app's or hook's turn, now.
    pub held: usize,
    /// Hooks with a job that lately cost a child, now.
    pub hooks_in_trouble: usize,
    /// Jobs started.
    pub jobs_started: u64,
    /// `Postpone` outputs.
    pub jobs_postponed: u64,
    /// `SpawnChild` outputs.
    pub children_requested: u64,
    /// `StartZygote` outputs.
    pub zygotes_started: u64,
    /// Children that the pool decided to kill, for whatever reason; each counts once.
    pub kills: u64,
    /// `KillZygote` outputs.
    pub zygote_kills: u64,
    /// Children that ended, broke or hung before they got a job, and not because we killed them.
    pub failed_starts: u64,
    /// Inputs dropped because what they are about was decided or gone.
    pub late_dropped: u64,
}
