//! The queue on Redis: one Lua script per transition, blocking commands on their own connections.
//!
//! All keys of a queue share a hash tag, so a queue lives in one slot of a Redis Cluster.

mod args;
mod connection;
mod fault;
mod queue;
mod reply;
mod scripts;
mod version;

pub(crate) use queue::RedisQueue;
