//! How ids, reasons and jobs are written, so that the model and a queue can be compared.

use fastrand::Rng;
use lode_queue::Unrunnable;

use crate::model::NewJob;
use crate::plan::chance;

/// Few names, of which some are those under which others' jobs live.
pub(crate) fn some_id(rng: &mut Rng, apps: &[&str]) -> String {
    if chance(rng, 20) {
        return format!("j0~{}", apps[rng.usize(0..apps.len())]);
    }
    format!("j{}", if chance(rng, 20) { 0 } else { rng.usize(0..25) })
}

/// What a worker is told, with ids as they can be compared.
pub(crate) fn real_why(why: &Unrunnable) -> String {
    if let Unrunnable::Duplicate { of } = why {
        return format!("Duplicate {{ of: '{}' }}", plain(of));
    }
    format!("{why:?}").replace('"', "'")
}

/// An id without the number that makes a taken one free: any number will do.
pub(crate) fn plain(id: &str) -> String {
    let number = |end: &str| end.bytes().all(|byte| byte.is_ascii_digit());
    match id.rsplit_once('~') {
        Some((start, end)) if number(end) => format!("{start}~"),
        _ => id.to_owned(),
    }
}

/// The job as its producer writes it.
pub(crate) fn text(job: &NewJob) -> String {
    let mut fields = serde_json::json!({
        "app": job.app, "hook": job.hook, "priority": job.priority, "idempotent": job.idempotent,
    });
    let more = [
        ("id", job.id.clone().map(Into::into)),
        ("reply_to", job.reply_to.clone().map(Into::into)),
        ("dedupe_key", job.dedupe_key.clone().map(Into::into)),
        ("dedupe_ttl_ms", job.dedupe_ttl.map(Into::into)),
    ];
    for (name, value) in more {
        if let Some(value) = value {
            fields[name] = value;
        }
    }
    fields.to_string()
}
