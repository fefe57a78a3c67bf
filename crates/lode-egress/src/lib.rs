//! Egress: one HTTP request that an untrusted hook asked for, carried out so that it reaches
//! nothing but what the app's rules name and never the worker's own network.
//!
//! Server-side request forgery is kept out by construction:
//!
//! 1. [`HostRules`] see the parsed URL (never its text) before any name is looked up.
//! 2. A name is resolved once. The guard turns addresses into `Checked` ones, and a `Checked`
//!    address is the only thing in this crate that can be connected to (`guard.rs`).
//! 3. HTTP is spoken by `hyper`'s bare connection on that stream. It has no resolver, no proxy
//!    settings, no pool and no cookies; a client such as reqwest has all four, and the property
//!    "connects to a checked address only" would rest on its configuration.
//! 4. Each redirect starts again at 1.
//!
//! One deadline covers all of it. No connection is used twice, so nothing of one app is ever
//! within reach of another. Replies are not decompressed: `Accept-Encoding` is always `identity`.
//!
//! What is left to the caller: which rules an app has, and how many requests run at one time.

#![forbid(unsafe_code)]

mod connect;
mod egress;
mod error;
mod exchange;
mod guard;
mod hop;
mod network;
mod options;
mod redirect;
mod request;
mod rules;
mod wire;

pub use egress::Egress;
pub use error::EgressError;
pub use network::{IpNetwork, NetworkError};
pub use options::{EgressOptions, OptionsError};
pub use request::{FetchReply, FetchRequest, RedirectMode};
pub use rules::{HostRules, RuleError};
