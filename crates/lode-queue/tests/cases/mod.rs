//! The cases by topic. Those of `redis_only` need what only a server can do.

pub(crate) mod inbox;
pub(crate) mod leases;
pub(crate) mod order;
mod redis_faults;
mod redis_only;
pub(crate) mod settling;
mod sqlite_only;
