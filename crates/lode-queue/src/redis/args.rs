//! The arguments of the scripts, in the order that each script's head lists them.

use std::time::Duration;

use redis::Script;
use serde_json::{Map, Value, json};

use crate::limits::{HOOK_RATES_MAX, LEASE_MAX, REASON_BYTES_MAX};
use crate::open::QueueOptions;
use crate::values::{
    AppQuota, DeadPick, LeaseRef, Progress, Rate, ScheduleEntry, Settle, TaskReply,
};

/// What every script gets first.
pub(crate) fn common_args(prefix: &str, handle: &str, options: &QueueOptions) -> Vec<String> {
    vec![
        prefix.to_owned(),
        options.default_app_cap.to_string(),
        handle.to_owned(),
        millis(options.lease),
        options.max_attempts.to_string(),
        options.poison_losses.to_string(),
        millis(options.worker_timeout),
        options.app_queue_max.to_string(),
        options.queue_max.to_string(),
        options.result_ttl.as_millis().to_string(),
        millis(options.reply_ttl),
    ]
}

pub(crate) fn lease_args(worker: &str, max: usize, stem: String, not_of: &[String]) -> Vec<String> {
    let mut args = vec![worker.to_owned(), max.min(LEASE_MAX).to_string(), stem];
    args.extend_from_slice(not_of);
    args
}

pub(crate) fn settle_args(lease: &LeaseRef, settle: Settle) -> Vec<String> {
    let mut args = vec![
        lease.job_id.clone(),
        lease.token.clone(),
        settle.outcome,
        flag(settle.reply_to.is_some()),
        settle.reply_to.unwrap_or_default(),
        flag(settle.dead.is_some()),
        settle.dead.unwrap_or_default(),
    ];
    args.extend(settle.task_reply.into_iter().flat_map(task_reply));
    args
}

pub(crate) fn progress_args(lease: &LeaseRef, progress: Progress) -> Vec<String> {
    let is_pushed = flag(progress.push.is_some());
    let (list, text) = progress.push.unwrap_or_default();
    let mut args = vec![
        lease.job_id.clone(),
        lease.token.clone(),
        progress.value,
        is_pushed,
        list,
        text,
    ];
    args.extend(progress.task_reply.into_iter().flat_map(task_reply));
    args
}

/// An app that may be named: a flag, then the app.
pub(crate) fn maybe(app: Option<&str>) -> [String; 2] {
    [flag(app.is_some()), app.unwrap_or_default().to_owned()]
}

/// Ids and tokens, one after the other.
pub(crate) fn pairs(leases: &[LeaseRef]) -> Vec<String> {
    leases
        .iter()
        .flat_map(|lease| [lease.job_id.clone(), lease.token.clone()])
        .collect()
}

/// Per app: its name, and its quota as JSON with `cap`, `weight`, `max` (live jobs), `rate` and
/// `hooks` (a rate per hook), where a rate is `[interval, slack]` in microseconds.
pub(crate) fn quota_args(quotas: &[(String, AppQuota)]) -> Vec<String> {
    quotas
        .iter()
        .flat_map(|(app, quota)| [app.clone(), packed(quota)])
        .collect()
}

/// What tells one list of arguments from another: a SHA-1 in hex, which a script's hash is as well.
pub(crate) fn digest(args: &[String]) -> String {
    let all: String = args
        .iter()
        .map(|arg| format!("{}:{arg}", arg.len()))
        .collect();
    Script::new(&all).get_hash().to_owned()
}

pub(crate) fn schedule_args(schedules: &[ScheduleEntry]) -> Vec<String> {
    let first =
        |entry: &ScheduleEntry| entry.first_ms.map_or_else(String::new, |ms| ms.to_string());
    schedules
        .iter()
        .flat_map(|entry| [entry.id.clone(), entry.spec.clone(), first(entry)])
        .collect()
}

/// The kind of a pick and what it names.
pub(crate) fn pick_args(pick: &DeadPick) -> [String; 2] {
    let (kind, value) = match pick {
        DeadPick::Job(id) => ("job", id.as_str()),
        DeadPick::App(app) => ("app", app.as_str()),
        DeadPick::All => ("all", ""),
    };
    [kind.to_owned(), value.to_owned()]
}

/// A time in whole milliseconds, at least one.
pub(crate) fn millis(time: Duration) -> String {
    time.as_millis().max(1).to_string()
}

/// A ban's reason, cut where a character ends.
pub(crate) fn reason(text: &str) -> String {
    let mut end = text.len().min(REASON_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].to_owned()
}

fn flag(on: bool) -> String {
    String::from(if on { "1" } else { "" })
}

fn task_reply(reply: TaskReply) -> [String; 5] {
    [
        reply.hash,
        reply.field,
        reply.value,
        reply.channel,
        reply.message,
    ]
}

fn packed(quota: &AppQuota) -> String {
    let mut fields = Map::new();
    let mut set = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            fields.insert(name.to_owned(), value);
        }
    };
    set("cap", quota.max_concurrent.map(Value::from));
    set(
        "weight",
        quota.weight.map(|weight| weight.clamp(1, 100).into()),
    );
    set("max", quota.queue_max.map(Value::from));
    set("rate", quota.rate.map(rate));
    let hooks: Map<String, Value> = quota
        .hook_rates
        .iter()
        .take(HOOK_RATES_MAX)
        .map(|(hook, per)| (hook.clone(), rate(*per)))
        .collect();
    set("hooks", (!hooks.is_empty()).then_some(hooks.into()));
    Value::Object(fields).to_string()
}

/// The time between two starts, and by how much a burst of `jobs` may be ahead of it. Rounded up,
/// so that no more start than are allowed.
fn rate(rate: Rate) -> Value {
    let jobs = u64::from(rate.jobs.max(1));
    let per_us = u64::try_from(rate.per.as_micros()).unwrap_or(u64::MAX >> 12);
    let interval = per_us.max(1).div_ceil(jobs);
    json!([interval, interval.saturating_mul(jobs - 1)])
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::{packed, reason};
    use crate::values::{AppQuota, Rate};

    #[test]
    fn a_quota_is_packed_without_what_it_leaves_open() {
        assert_eq!(packed(&AppQuota::default()), "{}");
        let rate = Rate {
            jobs: 3,
            per: Duration::from_millis(1),
        };
        let quota = AppQuota {
            max_concurrent: Some(-1),
            weight: Some(7),
            rate: Some(rate),
            hook_rates: vec![("h".to_owned(), rate)],
            queue_max: Some(9),
        };
        let expected = json!({
            "cap": -1, "weight": 7, "max": 9, "rate": [334, 668], "hooks": { "h": [334, 668] },
        });
        assert_eq!(packed(&quota), expected.to_string());
    }

    #[test]
    fn a_reason_is_cut_between_characters() {
        assert_eq!(reason("short"), "short");
        assert_eq!(reason(&format!("x{}", "é".repeat(400))).len(), 299);
    }
}
