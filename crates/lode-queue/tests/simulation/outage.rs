//! The queue out of reach, for a second or for ever, and its clock set back: whoever lives keeps
//! its leases, and whoever is gone loses them in the end.

use crate::model::{Bug, Model, Ms, NewJob, Options, Why};

const LEASE: Ms = 1_500;
const TIMEOUT: Ms = 1_000;
/// Between two looks of a worker that lives.
const TEND: Ms = 250;
/// The longer one of the lease and the worker's time.
const GRACE: Ms = LEASE;

fn options() -> Options {
    Options {
        lease: LEASE,
        worker_timeout: TIMEOUT,
        ..crate::flood::options()
    }
}

/// A queue and its clock.
struct Clocked {
    queue: Model,
    now: Ms,
    calls: u64,
}

impl Clocked {
    fn new(bug: Bug, now: Ms) -> Self {
        let queue = Model::new(options(), bug);
        Self {
            queue,
            now,
            calls: 0,
        }
    }

    fn stem(&mut self) -> String {
        self.calls += 1;
        format!("s{}", self.calls)
    }

    /// One look of a worker; the lost job that it was told of.
    fn tend(&mut self, handle: u64) -> Option<String> {
        let stem = self.stem();
        let mut told = self.queue.tend(self.now, handle, &stem).unrunnable;
        told.retain(|job| job.unrunnable == Some(Why::WorkerLost));
        told.pop().map(|job| job.id)
    }

    /// Workers look in for a while.
    fn live(&mut self, handles: &[u64], time: Ms) -> Option<String> {
        let mut told = None;
        for _ in 0..time / TEND {
            self.now += TEND;
            for handle in handles {
                told = self.tend(*handle).or(told);
            }
        }
        told
    }

    /// A job in the hands of a worker: its token.
    fn hold(&mut self, handle: u64, id: &str) -> String {
        let job = NewJob {
            id: Some(id.to_owned()),
            app: "a".to_owned(),
            ..NewJob::default()
        };
        self.queue.enqueue(self.now, job);
        let stem = self.stem();
        let mut leased = self.queue.lease(self.now, handle, &stem, 1, &[]);
        leased.pop().expect("it was enqueued just now").token
    }

    fn keeps(&mut self, id: &str, token: &str) -> Result<(), String> {
        let kept = self.queue.extend(self.now, id, token);
        kept.then_some(())
            .ok_or_else(|| format!("at {} the worker that held {id} lost it", self.now))
    }
}

/// All comes back after an outage, one worker later than the other; and the one that then goes is
/// lost.
fn out_of_reach(bug: Bug) -> Result<(), String> {
    let mut world = Clocked::new(bug, 0);
    world.live(&[1, 2], 2_000);
    let (one, two) = (world.hold(1, "one"), world.hold(2, "two"));
    for outage in [TIMEOUT / 2 + 1, TIMEOUT, LEASE, 5_000, 1_000_000] {
        world.now += outage;
        world.tend(1);
        world.keeps("one", &one)?;
        world.live(&[1], GRACE - TEND);
        world.keeps("one", &one)?;
        world.tend(2);
        world.keeps("two", &two)?;
        world.live(&[1, 2], TIMEOUT / 2);
        world.keeps("one", &one)?;
        world.keeps("two", &two)?;
    }
    world.live(&[1], TIMEOUT / 2);
    world.keeps("one", &one)?;
    match world.live(&[1], TIMEOUT).as_deref() {
        Some("two") => Ok(()),
        told => Err(format!("worker 2 is gone, and {told:?} came back")),
    }
}

/// Nobody else is there, and each look comes late.
fn looks_in_seldom(bug: Bug) -> Result<(), String> {
    let mut world = Clocked::new(bug, 0);
    world.live(&[1], 2_000);
    world.hold(1, "lost");
    for _ in 0..10 {
        world.now += TIMEOUT - 1;
        if world.tend(2).is_some() {
            return Ok(());
        }
    }
    Err("who looks in seldom takes nothing back".to_owned())
}

/// What is gone is found although its times lie far ahead.
fn clock_set_back(bug: Bug) -> Result<(), String> {
    let mut world = Clocked::new(bug, 1_000_000_000);
    world.live(&[1, 2], 2_000);
    world.hold(1, "lost");
    world.now += 5_000;
    world.tend(2);
    world.now = 1_000;
    match world.live(&[2], GRACE + LEASE + TIMEOUT) {
        Some(_) => Ok(()),
        None => Err("the clock was set back, and nothing is taken back".to_owned()),
    }
}

/// Plays all of it and says what was broken.
pub(crate) fn run(bug: Bug) -> Result<(), String> {
    out_of_reach(bug)?;
    looks_in_seldom(bug)?;
    clock_set_back(bug)
}

#[test]
fn nobody_is_lost_because_the_queue_was_out_of_reach() {
    assert_eq!(run(Bug::None), Ok(()));
}
