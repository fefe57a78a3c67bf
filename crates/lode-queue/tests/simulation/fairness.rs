//! `Fairness`: while two apps are in the running, their shares differ by a constant.
//!
//! Let c(f) be the virtual time that a start costs app f: 10,000 / weight. For two apps that are
//! eligible all the time from one moment to another, with S(f) and S(g) starts in between,
//!
//! ```text
//! | S(f) c(f) - S(g) c(g) |  <=  c(f) + c(g)
//! ```
//!
//! Proof. V is the tag of the latest start. At every moment V <= tag(f) <= V + c(f) for each
//! eligible f: whoever becomes eligible gets at least V; a start picks the smallest tag t of all
//! eligible ones, so V = t leaves none behind; tag(f) grows by c(f) alone, and only when tag(f) was
//! V. An app that left when ahead comes back with the tag it had, and V only grows. So tag(f) -
//! tag(g) is between -c(g) and c(f) at both ends, and it changed by S(f) c(f) - S(g) c(g) in
//! between, for no eligible app's tag changes otherwise. The difference of two values of a range
//! of width c(f) + c(g) is no more than that. Where an admin has changed weights, a tag may still
//! be ahead by an earlier start's cost: the bound has the largest cost that the app ever had.
//!
//! A newcomer g has S(g) = 0 until it starts: any other app starts at most 1 + c(g) / c(f) times
//! before it, however many jobs it has waiting. Apps that a worker passes over (`not_of`) keep
//! their tags and may catch up, so worlds with that are not looked at.

use std::collections::BTreeMap;

use crate::model::{Model, Ms};

/// Virtual time of the starts of two apps since both are in the running.
type Shares = (u64, u64);

/// See the file's head.
#[derive(Debug, Default)]
pub(crate) struct Fairness {
    pairs: BTreeMap<(String, String), Shares>,
    largest_cost: BTreeMap<String, u64>,
    /// Pairs whose shares were ever compared after starts of both.
    pub(crate) compared: u64,
}

impl Fairness {
    /// A weight changed, or the queue forgot something: begin anew.
    pub(crate) fn reset(&mut self) {
        self.pairs.clear();
    }

    /// After each step: `started` are the apps of the jobs that it leased to run.
    pub(crate) fn observe(
        &mut self,
        model: &Model,
        now: Ms,
        started: &[String],
    ) -> Result<(), String> {
        let eligible: Vec<&String> = model
            .apps
            .keys()
            .filter(|app| model.is_eligible(app, now))
            .collect();
        for (name, app) in &model.apps {
            let largest = self.largest_cost.entry(name.clone()).or_default();
            *largest = app.cost().max(*largest);
        }
        self.pairs
            .retain(|(f, g), _| eligible.contains(&f) && eligible.contains(&g));
        for ((f, g), (of_f, of_g)) in &mut self.pairs {
            let (cost_f, cost_g) = (model.apps[f].cost(), model.apps[g].cost());
            for app in started {
                *of_f += if app == f { cost_f } else { 0 };
                *of_g += if app == g { cost_g } else { 0 };
            }
            self.compared += u64::from(*of_f > 0 && *of_g > 0);
            let bound = self.largest_cost[f] + self.largest_cost[g];
            if of_f.abs_diff(*of_g) > bound {
                return Err(format!(
                    "unfair: {f} got {of_f} of virtual time, {g} got {of_g}, and both waited all the time"
                ));
            }
        }
        for (index, f) in eligible.iter().enumerate() {
            for g in &eligible[index + 1..] {
                self.pairs.entry(((*f).clone(), (*g).clone())).or_default();
            }
        }
        Ok(())
    }
}
