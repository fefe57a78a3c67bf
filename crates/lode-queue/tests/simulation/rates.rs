//! `Rates`: starts under rates, counted by somebody who is not the queue.

use std::collections::BTreeMap;

use crate::model::{Model, Ms, NewJob, Rate};
use crate::watched::{Checked, check};

/// At which step, and when in microseconds.
type Moments = Vec<(u64, u64)>;
/// An app's rate, or that of one of its hooks.
type Whose = (String, Option<String>);

/// A rate that holds for a job, and its theoretical time of the next start.
pub(crate) type Held = (Whose, Rate, u64);

/// See the file's head.
#[derive(Debug, Default)]
pub(crate) struct Rates {
    starts: BTreeMap<Whose, Moments>,
    given_back: BTreeMap<Whose, Moments>,
}

impl Rates {
    /// The rates that hold for a job.
    pub(crate) fn of(model: &Model, job: &NewJob) -> Vec<Held> {
        let (app, mut rates) = (&model.apps[&job.app], Vec::new());
        if let Some(rate) = app.quota.rate {
            rates.push(((job.app.clone(), None), rate, app.tat_us));
        }
        if let Some(rate) = app.quota.hook_rates.get(&job.hook) {
            let tat = app.hook_tats_us.get(&job.hook).copied().unwrap_or(0);
            rates.push(((job.app.clone(), Some(job.hook.clone())), *rate, tat));
        }
        rates
    }

    /// One more start. In any window of length t there are at most 1 + (t + burst time) / interval
    /// of them, and one more for each that was given back in it: a start moves the theoretical time
    /// on by at least the interval, and what is given back moves it by no more.
    pub(crate) fn start(&mut self, step: u64, now: Ms, held: Held) -> Checked<()> {
        let (whose, rate, _) = held;
        let now_us = now * 1_000;
        let starts = self.starts.entry(whose.clone()).or_default();
        starts.push((step, now_us));
        let given_back = self.given_back.get(&whose).map_or(&[][..], Vec::as_slice);
        let mut later = starts.len() as u64;
        for (step, at) in starts {
            later -= 1;
            let back = given_back.iter().filter(|(back, _)| back > step);
            let counted = later.saturating_sub(back.count() as u64);
            let window = now_us.saturating_sub(*at) + rate.slack_us();
            check(counted * rate.interval_us() <= window, || {
                format!("{whose:?}: {} starts since {at} us, {rate:?}", counted + 1)
            })?;
        }
        Ok(())
    }

    /// A job that did not start has used no rate.
    pub(crate) fn give_back(
        &mut self,
        step: u64,
        now: Ms,
        before: Vec<Held>,
        after: Vec<Held>,
    ) -> Checked<()> {
        for ((whose, rate, old), (_, _, new)) in before.into_iter().zip(after) {
            let most = old.saturating_sub(rate.interval_us()).max(now * 1_000);
            check(new <= most, || {
                format!("{whose:?}: released, and its start counts: {old} us became {new} us")
            })?;
            let given_back = self.given_back.entry(whose).or_default();
            given_back.push((step, now * 1_000));
        }
        Ok(())
    }

    /// The queue forgot everything after step `kept`.
    pub(crate) fn fail_over(&mut self, kept: u64) {
        let all = self.starts.values_mut().chain(self.given_back.values_mut());
        all.for_each(|moments| moments.retain(|(step, _)| *step <= kept));
    }
}
