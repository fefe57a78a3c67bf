//! `Director`: makes the faults of a plan happen, ends those that last, and keeps the workers up.

use std::collections::BTreeMap;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use redis::cmd;

use super::clock::{Clock, micros};
use super::fault::{Fault, Plan, Planned};
use super::keeper::Keeper;
use crate::support::Place;
use crate::support::proc::Process;
use crate::support::proxy::{Network, Proxy};
use crate::support::redis_set::{Finder, RedisSet, Reign};

/// Delay of each packet in a slow network.
const SLOW: std::time::Duration = std::time::Duration::from_millis(40);
/// Writes of so long before a failover may not have reached the replica.
const UNREPLICATED_US: u64 = 1_000_000;
/// The same for a failover that nobody ordered, on a machine too busy for the sentinels' pings.
const UNNOTICED_US: u64 = 5_000_000;
/// A primary that is down for less may not be missed by the sentinels.
const MISSED_US: u64 = 3_500_000;
/// For so long a replica gets nothing before its primary is killed.
const AHEAD_US: u64 = 300_000;
/// Between two looks at a set.
const LOOK_US: u64 = 250_000;

/// See the file's head.
#[derive(Debug)]
pub(super) struct Director {
    pub(super) seed: u64,
    pub(super) clock: Clock,
    pub(super) set: RedisSet,
    finder: Finder,
    pub(super) workers: Vec<Keeper>,
    /// One for each worker, or none.
    pub(super) proxies: Vec<Proxy>,
    plan: Plan,
    next: (u64, Planned),
    /// What ends, and when.
    lasting: Vec<(u64, Heal)>,
    /// Those that hit something, by kind.
    pub(super) faults: BTreeMap<Fault, usize>,
    /// Of a set: changes of the primary.
    pub(super) failovers: usize,
    last_us: u64,
    /// Times whose writes Redis may have forgotten.
    forgotten: Vec<Forgotten>,
    /// Of a set: when to look again, and what was the primary at the last look.
    look_us: u64,
    primary: Option<Reign>,
}

/// See `Director::forgotten`.
#[derive(Debug)]
struct Forgotten {
    from_us: u64,
    end: End,
    /// A primary that was only stopped for a while: if it still reigns, nothing was forgotten.
    unless: Option<Reign>,
}

/// When the writes of a set are safe again.
#[derive(Debug)]
enum End {
    At(u64),
    /// When all sentinels name another primary than this one, which is dead.
    Succeeded(u16),
    /// When the primary has a replica, not before this instant: until then, one that was stopped
    /// may go on as a second primary.
    Whole(u64),
}

/// How a fault that lasts ends.
#[derive(Debug)]
enum Heal {
    Continue(Process),
    ContinueRedis(usize),
    StartRedis(usize),
    /// Of a primary that is ahead of the others: it is killed, and comes back at this instant.
    KillRedis(usize, u64),
    Open(usize),
}

impl Director {
    pub(super) fn new(
        seed: u64,
        clock: Clock,
        set: RedisSet,
        workers: Vec<Keeper>,
        proxies: Vec<Proxy>,
        mut plan: Plan,
    ) -> Self {
        let first = plan.draw();
        let now = clock.now_us();
        Self {
            seed,
            clock,
            finder: set.finder(),
            set,
            workers,
            proxies,
            plan,
            next: (now + micros(first.after), first),
            lasting: Vec::new(),
            faults: BTreeMap::new(),
            failovers: 0,
            last_us: now,
            forgotten: Vec::new(),
            look_us: 0,
            primary: None,
        }
    }

    /// One turn: to be called again and again. While the faults go on, it is told how many jobs
    /// have been answered, for its log; `None` ends them.
    pub(super) fn turn(&mut self, place: &Place, raging: Option<usize>) {
        let now = self.clock.now_us();
        for worker in &mut self.workers {
            worker.tend(place, now);
        }
        let (ended, lasting) = self.lasting.drain(..).partition(|(until, _)| *until <= now);
        self.lasting = lasting;
        let ended: Vec<(u64, Heal)> = ended;
        for (_, heal) in ended {
            self.heal(heal);
            self.last_us = now;
        }
        self.look(now);
        if let Some(answered) = raging.filter(|_| now >= self.next.0) {
            let drawn = self.plan.draw();
            let next = (now + micros(drawn.after), drawn);
            let (_, planned) = std::mem::replace(&mut self.next, next);
            let what = self.inject(&planned, now);
            if what.is_some() {
                *self.faults.entry(planned.fault).or_default() += 1;
                self.last_us = now;
            }
            let (seed, at) = (self.seed, std::time::Duration::from_micros(now));
            let Planned { fault, lasts, .. } = planned;
            let what = what.unwrap_or_else(|| "nothing to hit".to_owned());
            eprintln!(
                "seed {seed}, {at:.3?}, {answered} answered: {fault:?} for {lasts:?}: {what}"
            );
        }
    }

    /// True when nothing is broken any more and Redis forgets nothing.
    pub(super) fn is_healed(&self) -> bool {
        let mut forgotten = self.forgotten.iter();
        self.lasting.is_empty() && forgotten.all(|one| matches!(one.end, End::At(_)))
    }

    /// When the last fault happened, or ended.
    pub(super) fn last_us(&self) -> u64 {
        self.last_us
    }

    /// True when Redis may have forgotten writes of this time.
    pub(super) fn may_have_forgotten(&self, (from, until): (u64, u64)) -> bool {
        let mut all = self.forgotten.iter();
        all.any(|one| {
            let ended = matches!(one.end, End::At(end) if end < from);
            one.from_us <= until && !ended
        })
    }

    /// Does it; what was hit, or `None` where there is nothing to hit.
    fn inject(&mut self, planned: &Planned, now: u64) -> Option<String> {
        let Planned { worker, pick, .. } = *planned;
        let until = now + micros(planned.lasts);
        match planned.fault {
            Fault::KillMaster => {
                self.workers[worker].master()?;
                self.workers[worker].kill(until);
                Some(format!("worker {worker}"))
            }
            Fault::StopMaster => {
                let master = self.workers[worker].master();
                self.stop(master, until)
            }
            Fault::KillZygote | Fault::StopZygote | Fault::KillChild | Fault::StopChild => {
                let (zygotes, children) = self.workers[worker].zygotes_and_children();
                let of_zygote = matches!(planned.fault, Fault::KillZygote | Fault::StopZygote);
                let all = if of_zygote { zygotes } else { children };
                let one = all.get(pick % all.len().max(1)).cloned();
                if matches!(planned.fault, Fault::StopZygote | Fault::StopChild) {
                    return self.stop(one, until);
                }
                one.as_ref()?.kill();
                Some(format!("process {}", one?.pid))
            }
            Fault::KillRedis | Fault::KillAhead | Fault::StopRedis => {
                self.hit_redis(planned.fault, now, until)
            }
            Fault::Cut => self.network(worker, Network::Cut, until),
            Fault::Stall => self.network(worker, Network::Stalled, until),
            Fault::Slow => self.network(worker, Network::Slow(SLOW), until),
            Fault::Reset => {
                self.proxies.get(worker)?.reset();
                Some(format!("worker {worker}"))
            }
            Fault::Forget => {
                self.proxies.get(worker)?.forget();
                Some(format!("worker {worker}"))
            }
            Fault::KillClients => self.tell(&["CLIENT", "KILL", "TYPE", "normal"]),
            Fault::FlushScripts => self.tell(&["SCRIPT", "FLUSH"]),
        }
    }

    fn stop(&mut self, process: Option<Process>, until: u64) -> Option<String> {
        let process = process?;
        signal(&process, Signal::SIGSTOP);
        let what = format!("process {}", process.pid);
        self.lasting.push((until, Heal::Continue(process)));
        Some(what)
    }

    fn network(&mut self, worker: usize, network: Network, until: u64) -> Option<String> {
        self.proxies.get(worker)?.set(network);
        // An earlier fault of this network ends with the later one.
        self.lasting
            .retain(|(_, heal)| !matches!(heal, Heal::Open(other) if *other == worker));
        self.lasting.push((until, Heal::Open(worker)));
        Some(format!("worker {worker}"))
    }

    /// One thing at a time: a Redis that is down, or a set that is not whole, is left alone.
    fn hit_redis(&mut self, fault: Fault, now: u64, until: u64) -> Option<String> {
        if !self.is_whole() {
            return None;
        }
        let primary = self.set.index_of(self.finder.primary()?);
        let port = self.set.nodes[primary].port;
        let is_set = self.set.nodes.len() > 1;
        if is_set {
            let (end, unless) = if fault == Fault::StopRedis {
                let reign = self.primary.filter(|reign| reign.port == port);
                (End::Whole(until + MISSED_US), reign)
            } else {
                (End::Succeeded(port), None)
            };
            self.forgotten.push(Forgotten {
                from_us: now.saturating_sub(UNREPLICATED_US),
                end,
                unless,
            });
        }
        // One that came back before its peers had missed it would still be the primary.
        let pause = if is_set { MISSED_US } else { 0 };
        if fault == Fault::StopRedis {
            self.set.nodes[primary].signal(Signal::SIGSTOP);
            self.lasting.push((until, Heal::ContinueRedis(primary)));
        } else if fault == Fault::KillAhead {
            self.others(primary, Signal::SIGSTOP);
            // What is on its way would arrive: it has to ask for it, and finds nobody to ask.
            let _ = self.tell(&["CLIENT", "KILL", "TYPE", "replica"]);
            let kill = Heal::KillRedis(primary, until + pause);
            self.lasting.push((now + AHEAD_US, kill));
        } else {
            self.heal(Heal::KillRedis(primary, until + pause));
        }
        Some(format!("Redis {port}"))
    }

    /// A signal to all data nodes but one.
    fn others(&self, one: usize, signal: Signal) {
        let nodes = self.set.nodes.iter().enumerate();
        nodes
            .filter(|(node, _)| *node != one)
            .for_each(|(_, node)| node.signal(signal));
    }

    fn tell(&self, command: &[&str]) -> Option<String> {
        let primary = self.set.index_of(self.finder.primary()?);
        let mut connection = self.set.nodes[primary].connect().ok()?;
        let mut told = cmd(command[0]);
        told.arg(&command[1..]);
        // The answer may be cut off by what it does.
        let _ = told.query::<redis::Value>(&mut connection);
        Some(format!("Redis {}", self.set.nodes[primary].port))
    }

    fn heal(&mut self, heal: Heal) {
        match heal {
            Heal::Continue(process) => signal(&process, Signal::SIGCONT),
            Heal::ContinueRedis(node) => self.set.nodes[node].signal(Signal::SIGCONT),
            Heal::StartRedis(node) => self.set.nodes[node].start(),
            Heal::KillRedis(node, until) => {
                self.set.nodes[node].kill();
                self.others(node, Signal::SIGCONT);
                self.lasting.push((until, Heal::StartRedis(node)));
            }
            Heal::Open(worker) => self.proxies[worker].set(Network::Open),
        }
    }

    /// Fails on a server that ended by itself, and notes what a set may have forgotten.
    fn look(&mut self, now: u64) {
        let down = |node: usize| {
            let starts = |heal: &Heal| matches!(heal, Heal::StartRedis(other) if *other == node);
            self.lasting.iter().any(|(_, heal)| starts(heal))
        };
        let down: Vec<bool> = (0..self.set.nodes.len()).map(down).collect();
        for (node, down) in self.set.nodes.iter_mut().zip(down) {
            assert!(
                down || node.runs(),
                "a Redis ended by itself: {}",
                node.log()
            );
        }
        if self.set.nodes.len() > 1 && now >= self.look_us {
            self.look_us = now + LOOK_US;
            self.look_at_set(now);
        }
    }

    fn look_at_set(&mut self, now: u64) {
        let Some(primary) = self.finder.agreed_primary() else {
            return;
        };
        let before = self.primary.replace(primary);
        let open = |one: &Forgotten| !matches!(one.end, End::At(_));
        if before.is_some_and(|before| before != primary) {
            self.failovers += 1;
            if !self.forgotten.iter().any(open) {
                self.forgotten.push(Forgotten {
                    from_us: now.saturating_sub(UNNOTICED_US),
                    end: End::Whole(now),
                    unless: None,
                });
            }
        }
        let whole = self.is_whole();
        self.forgotten.retain_mut(|one| {
            let over = match one.end {
                End::At(_) => false,
                End::Succeeded(dead) => dead != primary.port,
                End::Whole(from) => whole && now >= from,
            };
            if over {
                // What was sent to the old one until its clients heard of the new one is lost, too.
                one.end = End::At(now + UNREPLICATED_US);
            }
            !over || one.unless != Some(primary)
        });
    }

    /// True when the primary serves and, in a set, its replica follows.
    fn is_whole(&self) -> bool {
        let waits = |heal: &Heal| !matches!(heal, Heal::Continue(_) | Heal::Open(_));
        if self.lasting.iter().any(|(_, heal)| waits(heal)) {
            return false;
        }
        let Some(port) = self.finder.primary() else {
            return false;
        };
        let primary = &self.set.nodes[self.set.index_of(port)];
        if self.set.nodes.len() == 1 {
            return primary.connect().is_ok();
        }
        primary.has_replica()
    }
}

fn signal(process: &Process, signal: Signal) {
    if process.lives() {
        // ESRCH: gone in between.
        let _ = kill(Pid::from_raw(process.pid), signal);
    }
}
