//! The cases by topic. Those of `redis_only` need what only a server can do.

pub(crate) mod admin;
pub(crate) mod bounds;
pub(crate) mod breaker;
pub(crate) mod cancel;
pub(crate) mod delays;
pub(crate) mod duplicates;
pub(crate) mod inbox;
pub(crate) mod leases;
pub(crate) mod losses;
pub(crate) mod order;
pub(crate) mod quotas;
mod redis_faults;
mod redis_layout;
mod redis_more;
mod redis_only;
mod review_admit;
mod review_redis;
pub(crate) mod schedules;
pub(crate) mod settling;
mod sqlite_only;
