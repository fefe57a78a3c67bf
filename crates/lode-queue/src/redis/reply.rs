//! From script replies to the contract's values.

use std::collections::HashMap;
use std::time::Duration;

use redis::Value;
use redis::streams::StreamRangeReply;

use crate::error::QueueError;
use crate::values::{
    AppStats, Ban, DeadJob, DueTick, JobState, JobView, LeaseRef, Leased, QueueStats, Tended,
    Unrunnable, WorkerView,
};

/// What `lease.lua` answers.
#[derive(Debug)]
pub(crate) struct LeaseReply {
    /// The last entry of the wake stream that the lease has taken into account.
    pub(crate) wake_id: String,
    /// When time brings something to lease.
    pub(crate) next_in: Option<Duration>,
    pub(crate) jobs: Vec<Leased>,
}

/// Reads the reply of `lease.lua`.
pub(crate) fn lease_reply(values: &[Value]) -> Result<LeaseReply, QueueError> {
    let [wake_id, next_ms, jobs @ ..] = values else {
        return Err(unexpected("lease"));
    };
    Ok(LeaseReply {
        wake_id: text_of(wake_id),
        next_in: u64::try_from(signed(next_ms))
            .ok()
            .map(Duration::from_millis),
        jobs: leased_jobs("lease", jobs)?,
    })
}

/// Reads the reply of `tend.lua`.
pub(crate) fn tended(values: &[Value]) -> Result<Tended, QueueError> {
    let [
        now_ms,
        more,
        Value::Array(unrunnable),
        Value::Array(cancelled),
        Value::Array(bans_now),
        Value::Array(due),
    ] = values
    else {
        return Err(unexpected("tend"));
    };
    Ok(Tended {
        unrunnable: leased_jobs("tend", unrunnable)?,
        cancelled: rows(cancelled, |[id, token]| LeaseRef {
            job_id: text_of(id),
            token: text_of(token),
        }),
        bans: bans(bans_now),
        due: rows(due, |[id, spec, tick_ms]| DueTick {
            id: text_of(id),
            spec: text_of(spec),
            tick_ms: number(tick_ms),
        }),
        more: number(more) > 0,
        now_ms: number(now_ms),
    })
}

/// Bans as the scripts list them, by app.
pub(crate) fn bans(values: &[Value]) -> Vec<Ban> {
    let mut bans = rows(values, |[app, reason, left_ms]| Ban {
        app: text_of(app),
        reason: text_of(reason),
        remaining: Duration::from_millis(number(left_ms).max(1)),
    });
    bans.sort_by(|a, b| a.app.cmp(&b.app));
    bans
}

/// Reads the reply of `stats.lua`.
pub(crate) fn queue_stats(numbers: [u64; 14]) -> QueueStats {
    let [
        inbox,
        leased,
        dead,
        delayed,
        workers,
        queued,
        settled,
        duplicates,
        reclaimed,
        undelivered,
        refused,
        cancelled,
        expired,
        paused,
    ] = numbers;
    QueueStats {
        inbox,
        queued,
        delayed,
        leased,
        dead,
        settled,
        duplicates,
        reclaimed,
        undelivered,
        refused,
        cancelled,
        expired,
        workers,
        paused: paused > 0,
    }
}

/// Reads the reply of `apps.lua`.
pub(crate) fn app_stats(values: &[Value]) -> Vec<AppStats> {
    rows(
        values,
        |[app, live, queued, leased, paused, throttled, ban_ms, reason]| AppStats {
            app: text_of(app),
            live: number(live),
            queued: number(queued),
            leased: number(leased),
            paused: number(paused) > 0,
            throttled: number(throttled) > 0,
            ban: (number(ban_ms) > 0).then(|| Ban {
                app: text_of(app),
                reason: text_of(reason),
                remaining: Duration::from_millis(number(ban_ms)),
            }),
        },
    )
}

/// Reads the reply of `views.lua`.
pub(crate) fn job_views(values: &[Value]) -> Vec<JobView> {
    let filled = |value: &Value| Some(text_of(value)).filter(|text| !text.is_empty());
    rows(
        values,
        |[
            id,
            app,
            hook,
            state,
            priority,
            attempts,
            age_ms,
            due_in_ms,
            worker,
            has_progress,
            progress,
            job,
        ]| JobView {
            id: text_of(id),
            app: text_of(app),
            hook: text_of(hook),
            state: match text_of(state).as_str() {
                "delayed" => JobState::Delayed,
                "queued" => JobState::Queued,
                "leased" => JobState::Leased,
                _ => JobState::Unrunnable,
            },
            priority: signed(priority),
            attempts: u32::try_from(number(attempts)).unwrap_or(u32::MAX),
            age_ms: number(age_ms),
            due_in_ms: u64::try_from(signed(due_in_ms)).ok(),
            worker: filled(worker),
            progress: (text_of(has_progress) == "1").then(|| text_of(progress)),
            job: filled(job),
        },
    )
}

/// Workers by name.
pub(crate) fn worker_views(values: &[Value]) -> Vec<WorkerView> {
    let mut workers = rows(values, |[name, age_ms]| WorkerView {
        name: text_of(name),
        beat_age_ms: number(age_ms),
    });
    workers.sort_by(|a, b| a.name.cmp(&b.name));
    workers
}

/// Reads entries of the dead list; each with the entry's id.
pub(crate) fn dead_jobs(reply: StreamRangeReply) -> Vec<(String, DeadJob)> {
    reply
        .ids
        .into_iter()
        .map(|entry| (entry.id, dead_job(&entry.map)))
        .collect()
}

/// Bytes as text. What is not UTF-8 becomes U+FFFD: a job with such bytes must still reach a
/// worker.
pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A flat list in rows of `N`.
fn rows<const N: usize, T>(values: &[Value], read: impl Fn(&[Value; N]) -> T) -> Vec<T> {
    values
        .chunks_exact(N)
        .filter_map(|row| row.try_into().ok().map(&read))
        .collect()
}

fn leased_jobs(step: &'static str, values: &[Value]) -> Result<Vec<Leased>, QueueError> {
    if !values.len().is_multiple_of(6) {
        return Err(unexpected(step));
    }
    Ok(rows(
        values,
        |[id, token, job, attempts, queued_us, why]| Leased {
            lease: LeaseRef {
                job_id: text_of(id),
                token: text_of(token),
            },
            job: text_of(job),
            attempts: u32::try_from(number(attempts)).unwrap_or(u32::MAX),
            queued_us: number(queued_us),
            unrunnable: unrunnable(&text_of(why)),
        },
    ))
}

/// Why a job must not run, as `why` of its hash has it.
fn unrunnable(why: &str) -> Option<Unrunnable> {
    let (kind, value) = why.split_once(':').unwrap_or((why, ""));
    let max = || value.parse().unwrap_or(0);
    Some(match kind {
        "" => return None,
        "attempts" => Unrunnable::TooManyAttempts,
        "poison" => Unrunnable::Poison {
            workers: value.parse().unwrap_or(0),
        },
        "expired" => Unrunnable::Expired,
        "cancelled" => Unrunnable::Cancelled,
        "app_full" => Unrunnable::AppQueueFull { max: max() },
        "full" => Unrunnable::QueueFull { max: max() },
        "dup" => Unrunnable::Duplicate {
            of: value.to_owned(),
        },
        _ => Unrunnable::WorkerLost,
    })
}

fn dead_job(fields: &HashMap<String, Value>) -> DeadJob {
    let field = |name: &str| fields.get(name).map(text_of).unwrap_or_default();
    DeadJob {
        id: field("id"),
        app: field("app"),
        job: field("job"),
        reason: field("reason"),
        outcome: field("outcome"),
        at_ms: field("at").parse().unwrap_or(0),
    }
}

/// A text; a number in digits; empty for what is neither.
fn text_of(value: &Value) -> String {
    if let Value::BulkString(bytes) = value {
        text(bytes)
    } else if let Value::SimpleString(line) = value {
        line.clone()
    } else if let Value::Int(number) = value {
        number.to_string()
    } else {
        String::new()
    }
}

/// A number, also one that came as a text.
fn signed(value: &Value) -> i64 {
    if let Value::Int(number) = value {
        *number
    } else {
        text_of(value).parse().unwrap_or(0)
    }
}

/// A number that is never below 0.
fn number(value: &Value) -> u64 {
    u64::try_from(signed(value)).unwrap_or(0)
}

fn unexpected(step: &'static str) -> QueueError {
    QueueError::Refused {
        step,
        reason: "the script's reply has another shape".to_owned(),
    }
}
