//! The arguments of the scripts, in the order that each script's head lists them.

use crate::limits::{
    ADMIT_BYTES_MAX, ADMIT_MAX, APP_BYTES_MAX, DEAD_BYTES_MAX, DEAD_MAX, DECODE_BYTES_MAX,
    HEAL_MAX, ID_BYTES_MAX, LEASE_MAX, PRIORITY_MAX, RECLAIM_MAX,
};
use crate::open::QueueOptions;
use crate::queue::{LeaseRef, Settle};
use crate::reply_to::refusal;

/// What `lease.lua` gets after the common arguments.
pub(crate) fn lease_args(
    options: &QueueOptions,
    worker: &str,
    max: usize,
    stem: String,
) -> Vec<String> {
    vec![
        worker.to_owned(),
        max.min(LEASE_MAX).to_string(),
        stem,
        options.lease.as_millis().to_string(),
        options.max_attempts.to_string(),
        ADMIT_MAX.to_string(),
        ADMIT_BYTES_MAX.to_string(),
        RECLAIM_MAX.to_string(),
        DECODE_BYTES_MAX.to_string(),
        ID_BYTES_MAX.to_string(),
        APP_BYTES_MAX.to_string(),
        PRIORITY_MAX.to_string(),
        HEAL_MAX.to_string(),
    ]
}

/// What `settle.lua` gets after the common arguments.
pub(crate) fn settle_args(
    queue: &str,
    options: &QueueOptions,
    lease: &LeaseRef,
    settle: Settle,
) -> Vec<String> {
    let flag = |on: bool| String::from(if on { "1" } else { "" });
    let refused = settle
        .reply_to
        .as_deref()
        .and_then(|list| refusal(queue, list));
    vec![
        lease.job_id.clone(),
        lease.token.clone(),
        settle.outcome,
        flag(settle.reply_to.is_some()),
        settle.reply_to.unwrap_or_default(),
        options.reply_ttl.as_millis().max(1).to_string(),
        refused.unwrap_or_default(),
        flag(settle.dead.is_some()),
        settle.dead.unwrap_or_default(),
        DEAD_MAX.to_string(),
        DEAD_BYTES_MAX.to_string(),
    ]
}

/// Ids and tokens, one after the other.
pub(crate) fn pairs(leases: &[LeaseRef]) -> impl Iterator<Item = String> {
    leases
        .iter()
        .flat_map(|lease| [lease.job_id.clone(), lease.token.clone()])
}
