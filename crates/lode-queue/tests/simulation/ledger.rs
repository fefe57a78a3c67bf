//! `Ledger`: what happened to each job, written down by somebody who is not the queue.
//!
//! Every entry that the queue accepted has a number, which is its job's text. A failover takes back
//! what happened after the snapshot; what that permits to happen once more is counted.

use std::collections::BTreeMap;

use crate::model::{Ms, NewJob, is_usable};

/// What happened to a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deed {
    Leased,
    Released,
    Retried,
    /// Its worker left in order while it held it.
    Left,
    Settled,
    Cancelled,
}

/// One accepted entry.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) job: NewJob,
    pub(crate) at: Ms,
    accepted: u64,
    /// A failover may have taken it.
    pub(crate) may_be_lost: bool,
    deeds: Vec<(u64, Deed)>,
    /// How often a worker really began to run it.
    runs: usize,
    /// Leases that a failover forgot: each permits one more run.
    forgotten_leases: usize,
    /// The token of the newest lease.
    pub(crate) token: String,
}

/// One reply list.
#[derive(Debug, Default)]
pub(crate) struct List {
    /// Entries that name it; a list that is told more often is told twice.
    entries: usize,
    outcomes: usize,
    /// Outcomes that may come again: what a failover forgot.
    again: usize,
    pushes: Vec<u64>,
    /// Entries that are not to be answered because a failover may have taken them.
    lost: usize,
}

/// See the file's head.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) entries: Vec<Entry>,
    lists: BTreeMap<String, List>,
    /// Settles of named jobs, by app and id: when, and at which step.
    pub(crate) named: BTreeMap<(String, String), (Ms, u64)>,
    pub(crate) fired: BTreeMap<(String, Ms), u64>,
}

impl Entry {
    pub(crate) fn count(&self, deed: Deed) -> usize {
        self.deeds.iter().filter(|(_, done)| *done == deed).count()
    }

    pub(crate) fn note(&mut self, step: u64, deed: Deed) {
        self.deeds.push((step, deed));
    }

    /// Leases to run that were not handed back unstarted.
    pub(crate) fn starts(&self) -> usize {
        self.count(Deed::Leased) - self.count(Deed::Released)
    }

    /// Starts that ended without a word of their workers.
    pub(crate) fn losses(&self) -> usize {
        self.starts() - self.count(Deed::Retried) - self.count(Deed::Left)
    }

    /// When it may start at the earliest.
    pub(crate) fn due(&self) -> Ms {
        self.job.run_at.unwrap_or(self.at + self.job.delay)
    }
}

impl Ledger {
    /// The queue accepted this job; returns its text.
    pub(crate) fn accept(&mut self, step: u64, now: Ms, job: &mut NewJob) {
        job.text = self.entries.len().to_string();
        if let Some(list) = job.reply_to.as_ref().filter(|list| is_usable(list)) {
            self.lists.entry(list.clone()).or_default().entries += 1;
        }
        self.entries.push(Entry {
            job: job.clone(),
            at: now,
            accepted: step,
            may_be_lost: false,
            deeds: Vec::new(),
            runs: 0,
            forgotten_leases: 0,
            token: String::new(),
        });
    }

    pub(crate) fn entry(&mut self, job: &NewJob) -> &mut Entry {
        let number: usize = job.text.parse().expect("the text is the entry's number");
        &mut self.entries[number]
    }

    /// A worker begins to run it.
    pub(crate) fn run(&mut self, job: &NewJob) -> Result<(), String> {
        let entry = self.entry(job);
        entry.runs += 1;
        let allowed = 1 + entry.forgotten_leases;
        if !entry.job.idempotent && entry.runs > allowed {
            return Err(format!(
                "a job that is not idempotent ran {} times: {job:?}",
                entry.runs
            ));
        }
        Ok(())
    }

    /// An outcome arrived on a list.
    pub(crate) fn push(&mut self, step: u64, name: &str) -> Result<(), String> {
        if !is_usable(name) {
            return Err(format!("a queue's own key was told an outcome: {name}"));
        }
        let list = self.lists.entry(name.to_owned()).or_default();
        list.outcomes += 1;
        list.pushes.push(step);
        let allowed = list.entries + list.again;
        if list.outcomes > allowed {
            return Err(format!(
                "{name}: {} outcomes, {allowed} allowed",
                list.outcomes
            ));
        }
        Ok(())
    }

    /// Whether an entry that has this list is one of that job's: of its id or its dedupe key.
    pub(crate) fn waits_for(&self, list: &str, job: &NewJob) -> bool {
        let same = |one: &Option<String>, other: &Option<String>| one.is_some() && one == other;
        self.entries.iter().any(|entry| {
            let of_it =
                same(&entry.job.id, &job.id) || same(&entry.job.dedupe_key, &job.dedupe_key);
            of_it && entry.job.app == job.app && entry.job.reply_to.as_deref() == Some(list)
        })
    }

    /// The queue forgot everything after step `kept`.
    pub(crate) fn fail_over(&mut self, kept: u64) {
        for entry in &mut self.entries {
            let lost = |(step, deed): &&(u64, Deed)| *step > kept && *deed == Deed::Leased;
            entry.forgotten_leases += entry.deeds.iter().filter(lost).count();
            entry.deeds.retain(|(step, _)| *step <= kept);
            if entry.accepted > kept && !entry.may_be_lost {
                entry.may_be_lost = true;
                if let Some(list) = entry
                    .job
                    .reply_to
                    .as_ref()
                    .and_then(|list| self.lists.get_mut(list))
                {
                    list.lost += 1;
                }
            }
        }
        for list in self.lists.values_mut() {
            let before = list.pushes.len();
            list.pushes.retain(|step| *step <= kept);
            list.again += before - list.pushes.len();
        }
        self.named.retain(|_, (_, step)| *step <= kept);
        self.fired.retain(|_, step| *step <= kept);
    }

    /// Lists that still wait for an outcome.
    pub(crate) fn unanswered(&self) -> Vec<String> {
        let waits = self
            .lists
            .iter()
            .filter(|(_, list)| list.outcomes == 0 && list.lost < list.entries);
        waits.map(|(name, _)| name.clone()).collect()
    }
}
