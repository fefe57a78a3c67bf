//! The queue on Redis: one Lua script per transition, blocking commands on their own connections.
//!
//! All keys of a queue share a hash tag, so a queue lives in one slot of a Redis Cluster. A handle
//! therefore always talks to one server: the one at the address, the primary that the sentinels
//! name, or the owner of the slot. `nodes` finds it, again and again when it moves.

mod admin;
mod args;
mod cluster;
mod connection;
mod contract;
mod dial;
mod fault;
mod nodes;
pub(crate) mod place;
mod queue;
mod reply;
mod scripts;
mod sentinel;
mod shared;
mod tls;
mod version;

pub(crate) use connection::Connections;
pub(crate) use place::{RedisPlace, Topology};
pub(crate) use queue::RedisQueue;
pub(crate) use shared::Shared;
