//! `Fault`: what may happen to the processes and the network, drawn from a seed.

use std::time::Duration;

use fastrand::Rng;

/// See the file's head.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fault {
    /// SIGKILL to a worker's master, which comes back later.
    KillMaster,
    /// SIGSTOP to a worker's master, for up to longer than its leases.
    StopMaster,
    KillZygote,
    StopZygote,
    KillChild,
    StopChild,
    /// SIGKILL to Redis, which comes back with its append-only file; with sentinels: a failover.
    KillRedis,
    /// The same to a primary that is ahead of its replica: the failover forgets its last writes.
    KillAhead,
    StopRedis,
    /// Between a worker and Redis: no connection.
    Cut,
    /// Between a worker and Redis: connections, and silence.
    Stall,
    /// Between a worker and Redis: tens of milliseconds for each packet.
    Slow,
    /// Between a worker and Redis: each connection is reset once.
    Reset,
    /// Between a worker and Redis: its connections fall silent for ever, new ones are good.
    Forget,
    /// `CLIENT KILL TYPE normal`.
    KillClients,
    /// `SCRIPT FLUSH`.
    FlushScripts,
}

use Fault::{
    Cut, FlushScripts, Forget, KillAhead, KillChild, KillClients, KillMaster, KillRedis,
    KillZygote, Reset, Slow, Stall, StopChild, StopMaster, StopRedis, StopZygote,
};

/// One Redis with a proxy before it; a kind that stands here twice comes twice as often. The first
/// one comes first.
pub(super) const STANDALONE: &[Fault] = &[
    KillMaster,
    StopMaster,
    KillZygote,
    StopZygote,
    KillChild,
    KillChild,
    StopChild,
    KillRedis,
    StopRedis,
    Cut,
    Stall,
    Slow,
    Reset,
    Forget,
    KillClients,
    FlushScripts,
];
/// Sentinels name the Redis itself, so there is no proxy before it.
pub(super) const SENTINEL: &[Fault] = &[
    KillAhead,
    KillMaster,
    StopMaster,
    KillZygote,
    StopZygote,
    KillChild,
    KillChild,
    StopChild,
    KillRedis,
    StopRedis,
    KillClients,
    FlushScripts,
];

/// A fault with its time and place.
#[derive(Debug, Clone)]
pub(super) struct Planned {
    /// Since the fault before.
    pub(super) after: Duration,
    pub(super) fault: Fault,
    /// Which worker, where it is about one.
    pub(super) worker: usize,
    /// Which of its processes, by turns.
    pub(super) pick: usize,
    /// Where it is one that lasts.
    pub(super) lasts: Duration,
}

/// The faults of one seed, one after the other: each kind once before any comes again.
#[derive(Debug)]
pub(super) struct Plan {
    rng: Rng,
    kinds: &'static [Fault],
    /// What is left of this round; the last one is next.
    round: Vec<Fault>,
    workers: usize,
}

impl Plan {
    pub(super) fn new(seed: u64, kinds: &'static [Fault], workers: usize) -> Self {
        let mut rng = Rng::with_seed(seed);
        let mut round = kinds.to_vec();
        round.reverse();
        let first = round.len() - 1;
        rng.shuffle(&mut round[..first]);
        Self {
            rng,
            kinds,
            round,
            workers,
        }
    }

    /// The next fault.
    pub(super) fn draw(&mut self) -> Planned {
        let mut ms = |from: u64, to: u64| Duration::from_millis(self.rng.u64(from..=to));
        let after = ms(200, 1_500);
        let (short, long) = (ms(100, 2_000), ms(200, 4_500));
        if self.round.is_empty() {
            self.round.extend(self.kinds);
            self.rng.shuffle(&mut self.round);
        }
        let fault = self.round.pop().unwrap();
        let lasts = match fault {
            // Leases are 3 s: some of these outlast them.
            StopMaster | StopChild | StopZygote | StopRedis | Cut | Stall | Slow => long,
            KillMaster | KillRedis | KillAhead => short,
            KillZygote | KillChild | Reset | Forget | KillClients | FlushScripts => Duration::ZERO,
        };
        Planned {
            after,
            fault,
            worker: self.rng.usize(..self.workers),
            pick: self.rng.usize(..1_000),
            lasts,
        }
    }
}

#[test]
fn a_seed_gives_the_same_faults_again() {
    let draw = |seed| {
        let mut plan = Plan::new(seed, STANDALONE, 2);
        let drawn: Vec<String> = (0..50).map(|_| format!("{:?}", plan.draw())).collect();
        drawn
    };
    assert_eq!(draw(7), draw(7));
    assert_ne!(draw(7), draw(8));
}

#[test]
fn every_kind_of_fault_comes_before_any_comes_again() {
    let mut plan = Plan::new(7, SENTINEL, 2);
    for _ in 0..3 {
        let mut drawn: Vec<Fault> = SENTINEL.iter().map(|_| plan.draw().fault).collect();
        let mut all = SENTINEL.to_vec();
        drawn.sort();
        all.sort();
        assert_eq!(drawn, all);
    }
}
