//! From script replies to the contract's values.

use std::collections::HashMap;
use std::time::Duration;

use redis::Value;
use redis::streams::StreamRangeReply;

use crate::error::QueueError;
use crate::queue::{DeadJob, LeaseRef, Leased, Lost};

/// What `lease.lua` answers.
#[derive(Debug)]
pub(crate) struct LeaseReply {
    /// The last entry of the wake stream that the lease has taken into account.
    pub(crate) wake_id: String,
    /// When the next lease of the queue expires.
    pub(crate) next_expiry: Option<Duration>,
    pub(crate) jobs: Vec<Leased>,
}

/// Reads the reply of `lease.lua`.
pub(crate) fn lease_reply(values: &[Value]) -> Result<LeaseReply, QueueError> {
    let [Value::BulkString(wake_id), Value::Int(expiry_ms), jobs @ ..] = values else {
        return Err(unexpected());
    };
    Ok(LeaseReply {
        wake_id: text(wake_id),
        next_expiry: u64::try_from(*expiry_ms).ok().map(Duration::from_millis),
        jobs: jobs.chunks(6).map(leased).collect::<Result<_, _>>()?,
    })
}

/// Reads the dead list.
pub(crate) fn dead_jobs(reply: StreamRangeReply) -> Vec<DeadJob> {
    reply
        .ids
        .into_iter()
        .map(|entry| dead_job(&entry.map))
        .collect()
}

/// Bytes as text. What is not UTF-8 becomes U+FFFD: a job with such bytes must still reach a
/// worker.
pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn leased(fields: &[Value]) -> Result<Leased, QueueError> {
    let [
        Value::BulkString(job_id),
        Value::BulkString(token),
        Value::BulkString(job),
        Value::Int(attempts),
        Value::Int(queued_us),
        Value::Int(lost),
    ] = fields
    else {
        return Err(unexpected());
    };
    Ok(Leased {
        lease: LeaseRef {
            job_id: text(job_id),
            token: text(token),
        },
        job: text(job),
        attempts: u32::try_from(*attempts).unwrap_or(u32::MAX),
        queued_us: u64::try_from(*queued_us).unwrap_or(0),
        lost: match lost {
            0 => None,
            1 => Some(Lost::WorkerLost),
            _ => Some(Lost::TooManyAttempts),
        },
    })
}

fn dead_job(fields: &HashMap<String, Value>) -> DeadJob {
    let field = |name: &str| match fields.get(name) {
        Some(Value::BulkString(bytes)) => text(bytes),
        Some(_) | None => String::new(),
    };
    DeadJob {
        id: field("id"),
        job: field("job"),
        reason: field("reason"),
        outcome: field("outcome"),
        at_ms: field("at").parse().unwrap_or(0),
    }
}

fn unexpected() -> QueueError {
    QueueError::Refused {
        step: "lease",
        reason: "the script's reply has another shape".to_owned(),
    }
}
