//! The queue's values as JSON, whose field names are stable, and as texts for people.

use std::time::Duration;

use lode_queue::{AppStats, Ban, DeadJob, JobState, JobView, QueueStats, WorkerView};
use serde_json::{Value, json};

use crate::cli::moment;

pub(super) fn stats(name: &str, stats: &QueueStats, apps: &[AppStats]) -> Value {
    let QueueStats {
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
        paused,
    } = *stats;
    json!({
        "queue": name, "paused": paused, "workers": workers,
        "inbox": inbox, "queued": queued, "delayed": delayed, "leased": leased, "dead": dead,
        "settled": settled, "duplicates": duplicates, "reclaimed": reclaimed,
        "undelivered": undelivered, "refused": refused, "cancelled": cancelled,
        "expired": expired,
        "apps": apps.iter().map(app).collect::<Vec<_>>(),
    })
}

fn app(app: &AppStats) -> Value {
    let AppStats {
        app,
        live,
        queued,
        leased,
        paused,
        throttled,
        ban: suspended,
    } = app;
    json!({
        "app": app, "live": live, "queued": queued, "leased": leased, "paused": paused,
        "throttled": throttled, "ban": suspended.as_ref().map(ban),
    })
}

pub(super) fn ban(ban: &Ban) -> Value {
    let remaining_ms = u64::try_from(ban.remaining.as_millis()).unwrap_or(u64::MAX);
    json!({"app": ban.app, "reason": ban.reason, "remaining_ms": remaining_ms})
}

pub(super) fn job(job: &JobView) -> Value {
    let JobView {
        id,
        app,
        hook,
        state: at,
        priority,
        attempts,
        age_ms,
        due_in_ms,
        worker,
        progress,
        job: text,
    } = job;
    let mut value = json!({
        "id": id, "app": app, "hook": hook, "state": state(*at), "priority": priority,
        "attempts": attempts, "age_ms": age_ms, "due_in_ms": due_in_ms, "worker": worker,
        "progress": progress.as_deref().map(any_json),
    });
    if let Some(text) = text {
        value["job"] = Value::from(text.as_str());
    }
    value
}

/// A tenant's JSON; as a text where it is none, or is nested too deep for us.
fn any_json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::from(text))
}

pub(super) fn state(state: JobState) -> &'static str {
    match state {
        JobState::Delayed => "delayed",
        JobState::Queued => "queued",
        JobState::Leased => "leased",
        JobState::Unrunnable => "unrunnable",
    }
}

pub(super) fn dead(dead: &DeadJob) -> Value {
    json!({
        "id": dead.id, "app": dead.app, "reason": dead.reason, "at_ms": dead.at_ms,
        "at": moment::shown(dead.at_ms), "outcome": any_json(&dead.outcome), "job": dead.job,
    })
}

pub(super) fn worker(worker: &WorkerView) -> Value {
    json!({"name": worker.name, "beat_age_ms": worker.beat_age_ms})
}

/// `2h 3m 4s`; below ten seconds to the millisecond.
pub(super) fn time(ms: u64) -> String {
    let ms = if ms < 10_000 { ms } else { ms - ms % 1_000 };
    humantime::format_duration(Duration::from_millis(ms)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jobs_field_names_are_stable() {
        let view = JobView {
            id: "j1".to_owned(),
            app: "shop".to_owned(),
            hook: "endpoint:a".to_owned(),
            state: JobState::Leased,
            priority: -3,
            attempts: 1,
            age_ms: 5,
            due_in_ms: None,
            worker: Some("w".to_owned()),
            progress: Some(r#"{"done":1}"#.to_owned()),
            job: None,
        };
        let expected = concat!(
            r#"{"id":"j1","app":"shop","hook":"endpoint:a","state":"leased","priority":-3,"#,
            r#""attempts":1,"age_ms":5,"due_in_ms":null,"worker":"w","progress":{"done":1}}"#
        );
        assert_eq!(job(&view).to_string(), expected);
    }

    #[test]
    fn times_are_exact_as_long_as_it_matters() {
        assert_eq!(
            [time(0), time(1_250), time(3_723_456)],
            ["0s", "1s 250ms", "1h 2m 3s"]
        );
    }
}
