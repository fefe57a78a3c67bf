//! What a hook finds in its realm, with host calls answered by the tests: no process, no store.

mod dialect;
mod documents;
mod flex;
mod habits;
mod modules;
mod support;
mod table;
