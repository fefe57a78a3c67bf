//! The names of zygotes, children, leased jobs, apps and hooks: newtypes over numbers.
//!
//! Those of zygotes, children and jobs are never reused: a message that comes late names something
//! that is no longer there, and can never be taken for a message of its successor.

/// A zygote; given out by the pool, from 1 upwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ZygoteId(pub u64);

/// A child; given out by the pool, from 1 upwards over all zygotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChildId(pub u64);

/// One lease of one job; given out by the shell, which never uses a key twice: the same job
/// leased again is another key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobKey(pub u64);

/// An app; given out by the shell: equal apps have equal keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AppKey(pub u64);

/// A hook; given out by the shell: equal hooks have equal keys, and those of two apps never do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HookKey(pub u64);
