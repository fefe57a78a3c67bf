//! A flood: one app sends thousands of jobs, and another's next job is not held up by them.

use crate::model::{Bug, Model, NewJob, Options, Settle};

/// Jobs of the flooding app.
const FLOOD: usize = 3_000;
const NEWCOMERS: usize = 20;
/// Starts of others that a newcomer's job may have before it. One call takes the newest entries
/// in, so it is admitted by the next call; then the other app starts at most 1 + c(g) / c(f) = 2
/// times (see `fairness.rs`), and each of the other newcomers once.
const STARTS_BEFORE: usize = 3;

pub(crate) fn options() -> Options {
    Options {
        lease: 10_000,
        default_cap: -1,
        max_attempts: 3,
        result_ttl: 0,
        worker_timeout: 1_000,
        grace_max: 15_000,
        poison_losses: 2,
        app_queue_max: -1,
        queue_max: -1,
        breaker_bad_jobs: 0,
        breaker_window: 0,
        breaker_ban: 0,
        admit_max: 20,
        admit_newest: 5,
        unrunnable_batch: 10,
        unrunnable_max: 100,
        joined_max: 64,
    }
}

fn job(app: &str) -> NewJob {
    NewJob {
        app: app.to_owned(),
        ..NewJob::default()
    }
}

/// Sends newcomers into a flood and says whose wait was too long.
pub(crate) fn run(bug: Bug) -> Result<(), String> {
    let mut queue = Model::new(options(), bug);
    for _ in 0..FLOOD {
        queue.enqueue(0, job("flood"));
    }
    let mut now = 0;
    for newcomer in 0..NEWCOMERS {
        let app = if newcomer % 2 == 0 { "one" } else { "another" };
        queue.enqueue(now, job(app));
        let mut before = 0;
        loop {
            now += 1;
            let leased = queue.lease(now, 1, &now.to_string(), 1, &[]);
            let Some(leased) = leased.into_iter().next() else {
                return Err("the flood dried up".to_owned());
            };
            let settle = Settle {
                outcome: String::new(),
                dead: false,
            };
            queue.settle(now, &leased.id, &leased.token, &settle);
            if leased.job.app == app {
                break;
            }
            before += 1;
            if before > STARTS_BEFORE {
                return Err(format!(
                    "newcomer {newcomer}: {before} others started before it"
                ));
            }
        }
    }
    Ok(())
}

#[test]
fn a_newcomer_does_not_wait_behind_a_flood() {
    assert_eq!(run(Bug::None), Ok(()));
}
