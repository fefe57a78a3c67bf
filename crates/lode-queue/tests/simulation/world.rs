//! `World`: workers, producers and admins around one queue, and a network that delays, loses and
//! doubles what they say. All of it in virtual time, decided by one seed.

use std::collections::{BTreeMap, BTreeSet};

use fastrand::Rng;

use crate::model::{Bug, Model, Ms, NewJob};
use crate::plan::{FAULTS_END, Faults, Plan, chance};
use crate::watched::Watched;
use crate::worker::{Answer, Ask, Mode, STEP, Worker};

/// After the last fault, everything is answered within this time: the longest delay, lease, rate
/// and retry that a plan has, and some turns for each job.
const COMPLETE: Ms = 60_000;

/// What happens next.
#[derive(Debug)]
enum Event {
    /// The worker with this place looks what is to be done.
    Step(usize),
    /// A worker's question reaches the queue; the answer is lost, or on its way.
    Asked {
        place: usize,
        handle: u64,
        number: u64,
        copy: u32,
        ask: Ask,
    },
    Answered {
        place: usize,
        handle: u64,
        number: u64,
        answer: Answer,
    },
    /// A producer's job reaches the queue.
    Enqueued(NewJob),
    Admin,
    Fault,
    FailOver,
    Outage,
    FaultsEnd,
}

/// See the file's head.
#[derive(Debug)]
pub(crate) struct World {
    rng: Rng,
    plan: Plan,
    queue: Watched,
    workers: Vec<Worker>,
    now: Ms,
    /// Added to the time by the queue's server; a failover changes it.
    clock_ahead: Ms,
    /// Nothing reaches the queue until then.
    out_until: Ms,
    events: BTreeMap<(Ms, u64), Event>,
    numbers: u64,
    faulty: bool,
    seen: BTreeSet<&'static str>,
}

/// What a world without a mistake has seen.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) steps: u64,
    pub(crate) compared: u64,
    pub(crate) seen: BTreeSet<&'static str>,
}

impl World {
    pub(crate) fn new(seed: u64, bug: Bug) -> Self {
        let mut rng = Rng::with_seed(seed);
        let plan = Plan::new(&mut rng);
        let model = Model::new(plan.options.clone(), bug);
        let queue = Watched::new(model, plan.faults.failovers, !plan.passes_over);
        Self {
            rng,
            queue,
            workers: Vec::new(),
            now: 0,
            clock_ahead: 1_000,
            out_until: 0,
            events: BTreeMap::new(),
            numbers: 0,
            faulty: true,
            seen: BTreeSet::new(),
            plan,
        }
    }

    /// Runs to the end; an error names the step and what was wrong.
    pub(crate) fn run(mut self) -> Result<Report, String> {
        let result = self.begin().and_then(|()| self.go_on());
        match result {
            Ok(()) => Ok(Report {
                steps: self.queue.step,
                compared: self.queue.fairness.compared,
                seen: self.seen,
            }),
            Err(what) => Err(format!(
                "step {} at {} ms: {what}",
                self.queue.step, self.now
            )),
        }
    }

    /// The queue's clock.
    fn clock(&self) -> Ms {
        self.now + self.clock_ahead
    }

    fn at(&mut self, time: Ms, event: Event) {
        self.numbers += 1;
        self.events.insert((time, self.numbers), event);
    }

    fn begin(&mut self) -> Result<(), String> {
        let quotas = self.plan.quotas.clone();
        self.queue.set_quotas(self.clock(), &quotas)?;
        let ahead = self.clock_ahead;
        for (name, first, _) in &self.plan.schedules {
            self.queue
                .model
                .schedules
                .insert(name.clone(), first + ahead);
        }
        for place in 0..self.plan.workers {
            let worker = self.new_worker();
            self.workers.push(worker);
            let at = self.rng.u64(0..STEP);
            self.at(at, Event::Step(place));
        }
        for (at, job) in std::mem::take(&mut self.plan.jobs) {
            self.send_job(at, job);
        }
        for _ in 0..self.plan.admins {
            let at = self.rng.u64(0..FAULTS_END);
            self.at(at, Event::Admin);
        }
        let Faults {
            crashes,
            hangs,
            failovers,
            outages,
            ..
        } = self.plan.faults;
        for _ in 0..if crashes || hangs {
            self.rng.u32(1..6)
        } else {
            0
        } {
            let at = self.rng.u64(0..FAULTS_END);
            self.at(at, Event::Fault);
        }
        for _ in 0..if failovers { self.rng.u32(1..4) } else { 0 } {
            let at = self.rng.u64(0..FAULTS_END);
            self.at(at, Event::FailOver);
        }
        if outages {
            let at = self.rng.u64(0..FAULTS_END);
            self.at(at, Event::Outage);
        }
        self.at(FAULTS_END, Event::FaultsEnd);
        Ok(())
    }

    fn new_worker(&mut self) -> Worker {
        self.numbers += 1;
        let mut skips = self.plan.apps.clone();
        skips.truncate(if self.plan.passes_over { 1 } else { 0 });
        Worker::new(&mut self.rng, self.numbers, self.plan.options.lease, skips)
    }

    /// A producer sends a job; one that names it sends it again when no answer comes.
    fn send_job(&mut self, at: Ms, mut job: NewJob) {
        let faults = self.plan.faults;
        // The producer's clock is wrong, and only its wishes are: the queue takes them by its own.
        let skew = self.rng.u64(0..2_000);
        job.run_at = job
            .run_at
            .map(|at| (at + skew).saturating_sub(1_000) + self.clock_ahead);
        let mut copies = if chance(&mut self.rng, faults.doubled) {
            2
        } else {
            1
        };
        if job.id.is_some() && chance(&mut self.rng, faults.lost) {
            copies += 1;
        }
        for _ in 0..copies {
            let arrives = at + self.rng.u64(1..=faults.delay_max);
            self.at(arrives.min(FAULTS_END), Event::Enqueued(job.clone()));
        }
    }

    fn go_on(&mut self) -> Result<(), String> {
        while let Some(((at, _), event)) = self.events.pop_first() {
            self.now = at;
            self.happen(event)?;
            if !self.faulty && self.is_complete() {
                return self.check_complete();
            }
            if self.now > FAULTS_END + COMPLETE {
                return Err(format!(
                    "not complete: {:?} {:?}",
                    self.queue.ledger.unanswered(),
                    self.queue.model.jobs
                ));
            }
        }
        Err("nothing happens any more".to_owned())
    }

    fn happen(&mut self, event: Event) -> Result<(), String> {
        match event {
            Event::Step(place) => self.step(place),
            Event::Asked {
                place,
                handle,
                number,
                copy,
                ask,
            } => {
                if self.now < self.out_until {
                    self.seen.insert("a question was lost");
                    return Ok(());
                }
                let answer = self.execute(handle, number, copy, &ask)?;
                self.answer(place, handle, number, answer);
            }
            Event::Answered {
                place,
                handle,
                number,
                answer,
            } => self.hear(place, handle, number, answer)?,
            // Who puts something in tries until it is in.
            Event::Enqueued(job) if self.now < self.out_until => {
                self.at(self.out_until, Event::Enqueued(job));
            }
            Event::Enqueued(job) => self.queue.enqueue(self.clock(), job)?,
            Event::Admin if self.now < self.out_until => {}
            Event::Admin => self.administer()?,
            Event::Fault => self.break_a_worker(),
            Event::FailOver => self.fail_over()?,
            Event::Outage => {
                self.seen.insert("an outage");
                self.out_until = (self.now + self.rng.u64(1..4_000)).min(FAULTS_END);
            }
            Event::FaultsEnd => self.end_faults()?,
        }
        Ok(())
    }

    fn step(&mut self, place: usize) {
        let now = self.now;
        let worker = &mut self.workers[place];
        match worker.mode {
            Mode::HungUntil(until) if until > now => return self.at(until, Event::Step(place)),
            Mode::HungUntil(_) => worker.mode = Mode::Up,
            Mode::Gone => {
                // Another process takes the place.
                let new = self.new_worker();
                self.workers[place] = new;
            }
            Mode::Up | Mode::Draining => {}
        }
        let asks = self.workers[place].step(now, &mut self.rng);
        self.ask(place, asks);
        self.at(now + STEP, Event::Step(place));
    }

    /// Sends a worker's questions: each may be late, lost or doubled.
    fn ask(&mut self, place: usize, asks: Vec<Ask>) {
        for ask in asks {
            self.numbers += 1;
            let number = self.numbers;
            let handle = self.workers[place].handle;
            self.workers[place]
                .asked
                .insert(number, (self.now, ask.clone()));
            let copies = if self.is_hit(self.plan.faults.doubled) {
                2
            } else {
                1
            };
            for copy in 0..copies {
                if self.is_hit(self.plan.faults.lost) {
                    self.seen.insert("a question was lost");
                    continue;
                }
                let at = self.now + self.delay();
                self.at(
                    at,
                    Event::Asked {
                        place,
                        handle,
                        number,
                        copy,
                        ask: ask.clone(),
                    },
                );
            }
        }
    }

    fn answer(&mut self, place: usize, handle: u64, number: u64, answer: Answer) {
        if self.is_hit(self.plan.faults.lost) {
            self.seen.insert("an answer was lost");
            return;
        }
        let at = self.now + self.delay();
        self.at(
            at,
            Event::Answered {
                place,
                handle,
                number,
                answer,
            },
        );
    }

    fn is_hit(&mut self, percent: u32) -> bool {
        self.faulty && chance(&mut self.rng, percent)
    }

    fn delay(&mut self) -> Ms {
        let max = if self.faulty {
            self.plan.faults.delay_max
        } else {
            5
        };
        self.rng.u64(1..=max)
    }

    fn hear(
        &mut self,
        place: usize,
        handle: u64,
        number: u64,
        answer: Answer,
    ) -> Result<(), String> {
        let worker = &mut self.workers[place];
        if let Mode::HungUntil(until) = worker.mode
            && until > self.now
        {
            self.at(
                until,
                Event::Answered {
                    place,
                    handle,
                    number,
                    answer,
                },
            );
            return Ok(());
        }
        if worker.handle != handle {
            return Ok(());
        }
        let asks = worker.take(
            self.now,
            number,
            answer,
            &mut self.queue.ledger,
            &mut self.rng,
        )?;
        self.ask(place, asks);
        Ok(())
    }

    /// The queue does what it is asked for.
    fn execute(
        &mut self,
        handle: u64,
        number: u64,
        copy: u32,
        ask: &Ask,
    ) -> Result<Answer, String> {
        let now = self.clock();
        let stem = format!("{number}-{copy}");
        let queue = &mut self.queue;
        match ask {
            Ask::Lease { max, not_of } => {
                let jobs = queue.lease(now, handle, &stem, *max, not_of)?;
                for why in jobs.iter().filter_map(|job| job.unrunnable.as_ref()) {
                    self.seen.insert(crate::name_of(why));
                }
                return Ok(Answer::Leased(jobs));
            }
            Ask::Tend => {
                let tended = queue.tend(now, handle, &stem)?;
                for why in tended
                    .unrunnable
                    .iter()
                    .filter_map(|job| job.unrunnable.as_ref())
                {
                    self.seen.insert(crate::name_of(why));
                }
                self.note(self.queue.is_grace(now), "a grace");
                self.note(!tended.cancelled.is_empty(), "a running job was cancelled");
                self.note(!tended.bans.is_empty(), "an app was suspended");
                return Ok(Answer::Tended(tended));
            }
            Ask::Extend(leases) => {
                let ours = leases
                    .iter()
                    .map(|(id, token)| queue.extend(now, id, token));
                return Ok(Answer::Extended(ours.collect::<Result<_, _>>()?));
            }
            Ask::Settle {
                id,
                token,
                settle,
                bad,
            } => {
                let ours = queue.settle(now, id, token, settle)?;
                if let Some(app) = bad.as_ref().filter(|_| ours) {
                    queue.bad_job(now, app)?;
                }
                self.note(!ours, "a stale settle");
            }
            Ask::Release { id, token } => {
                let ours = queue.release(now, id, token)?;
                self.note(ours, "a release");
            }
            Ask::Retry { id, token, delay } => {
                let ours = queue.retry(now, id, token, *delay)?;
                self.note(ours, "a retry");
            }
            Ask::Fire { id, tick } => self.fire(now, id, *tick)?,
            Ask::Leave => queue.leave(now, handle)?,
        }
        Ok(Answer::Done)
    }

    fn note(&mut self, happened: bool, what: &'static str) {
        if happened {
            self.seen.insert(what);
        }
    }

    fn fire(&mut self, now: Ms, id: &str, tick: Ms) -> Result<(), String> {
        let schedule = self.plan.schedules.iter().find(|(name, ..)| name == id);
        let Some((_, _, every)) = schedule.filter(|_| self.faulty) else {
            return Ok(());
        };
        let next = tick + every;
        let job = NewJob {
            app: self.plan.apps[0].clone(),
            ..NewJob::default()
        };
        let fired = self.queue.fire(now, id, tick, Some(next), job)?;
        self.note(!fired, "a tick was answered again");
        Ok(())
    }

    fn administer(&mut self) -> Result<(), String> {
        let now = self.clock();
        let app = self.plan.apps[self.rng.usize(0..self.plan.apps.len())].clone();
        match self.rng.u32(0..12) {
            0..5 => {
                let known: Vec<String> = self.queue.model.jobs.keys().cloned().collect();
                if !known.is_empty() {
                    let id = &known[self.rng.usize(0..known.len())];
                    let job = &self.queue.model.jobs[id].new;
                    if let Some(own) = job.id.clone().filter(|_| self.rng.bool()) {
                        let app = job.app.clone();
                        self.queue.cancel(now, &own, Some(&app))?;
                        return Ok(());
                    }
                    if chance(&mut self.rng, 20) {
                        return self.queue.enqueue_cancel(now, id);
                    }
                    self.queue.cancel(now, id, None)?;
                }
                Ok(())
            }
            5 => self.queue.set_paused(now, None, true),
            6 => self.queue.set_paused(now, None, false),
            7 => self.queue.set_paused(now, Some(&app), true),
            8 => self.queue.set_paused(now, Some(&app), false),
            9 => {
                for (_, quota) in &mut self.plan.quotas {
                    quota.cap = Some(self.rng.i64(-1..4));
                    quota.weight = Some(self.rng.u32(1..=100));
                }
                let quotas = self.plan.quotas.clone();
                self.queue.set_quotas(now, &quotas)
            }
            10 => self.queue.requeue_dead(now),
            _ => self.queue.lift(now, &app),
        }
    }

    fn break_a_worker(&mut self) {
        let place = self.rng.usize(0..self.workers.len());
        let until = self.now + self.rng.u64(1..3_000);
        let Faults { crashes, hangs, .. } = self.plan.faults;
        let worker = &mut self.workers[place];
        if worker.mode != Mode::Up {
            return;
        }
        if chance(&mut self.rng, 25) {
            worker.mode = Mode::Draining;
            self.seen.insert("a worker drained");
        } else if crashes && (!hangs || self.rng.bool()) {
            // What it held is held by nobody; another process comes in its place later.
            let new = self.new_worker();
            self.workers[place] = new;
            self.workers[place].mode = Mode::HungUntil(until);
            self.seen.insert("a worker crashed");
        } else {
            worker.mode = Mode::HungUntil(until);
            self.seen.insert("a worker hung");
        }
    }

    /// The next server's clock is not quite the last one's.
    fn fail_over(&mut self) -> Result<(), String> {
        let back = self.rng.usize(0..20);
        self.clock_ahead = (self.clock_ahead + self.rng.u64(0..200)).saturating_sub(100);
        self.seen.insert("a failover");
        self.queue.fail_over(self.clock(), back)
    }

    /// From here on nothing fails, and nobody stands in the way.
    fn end_faults(&mut self) -> Result<(), String> {
        self.faulty = false;
        let now = self.clock();
        for (_, quota) in &mut self.plan.quotas {
            quota.cap = quota.cap.filter(|cap| *cap != 0);
        }
        let quotas = self.plan.quotas.clone();
        self.queue.set_quotas(now, &quotas)?;
        self.queue.set_paused(now, None, false)?;
        for app in self.plan.apps.clone() {
            self.queue.set_paused(now, Some(&app), false)?;
            self.queue.lift(now, &app)?;
        }
        self.queue.model.schedules.clear();
        Ok(())
    }

    fn is_complete(&self) -> bool {
        self.queue.model.jobs.is_empty() && self.queue.model.inbox.is_empty()
    }

    /// Every accepted job was answered, and nothing is left of any.
    fn check_complete(&mut self) -> Result<(), String> {
        let unanswered = self.queue.ledger.unanswered();
        if !unanswered.is_empty() {
            return Err(format!("lost: {unanswered:?}"));
        }
        let now = self.clock();
        let model = &self.queue.model;
        let left = model
            .dedupe
            .values()
            .find(|entry| entry.until.is_none_or(|until| until > now + COMPLETE));
        match left {
            Some(entry) => Err(format!("a settled job left {entry:?}")),
            None => Ok(()),
        }
    }
}
