//! The outbox: effects of hooks (email, push) from the moment that they are asked for until they are
//! sent, or never will be.
//!
//! ```text
//!            record                     claim                      settle
//!  hook ───────────────► recorded ───────────────► (claimed) ──┬──► sent
//!        due, or without      ▲                      ▲         ├──► failed
//!        a way to send: not   │ retry                │ due     └──► retrying ─┐
//!                             └──────────────────────┴────────────────────────┘
//! ```
//!
//! A claim is a lease: whoever claims an effect has it alone until the lease ends, and sends it
//! meanwhile. If it dies, the effect is due again. So an effect is sent at least once, and twice only
//! if a worker dies, or outlasts its lease, between sending it and saying so.

use std::time::Duration;

use crate::StoreError;

/// What kind of effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EffectKind {
    /// Goes to a mail server.
    Email,
    /// Goes to a webhook.
    Push,
}

/// How far an effect is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EffectState {
    /// Asked for and not tried yet; or nothing was configured to send it with.
    Recorded,
    /// Taken by the server.
    Sent,
    /// Given up.
    Failed,
    /// Tried without success, and due again later.
    Retrying,
}

/// An effect to be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEffect {
    /// Whose.
    pub app: String,
    /// The job that asked for it.
    pub job: String,
    /// Its hook.
    pub hook: String,
    /// What it is.
    pub kind: EffectKind,
    /// What is to be sent, as JSON.
    pub payload: String,
    /// Whether there is anything to send it with: else it is only recorded.
    pub is_due: bool,
    /// Effects of the app that may wait to be sent, this one included.
    pub waiting_max: usize,
}

/// A recorded effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// 24 hex digits, unique.
    pub id: String,
    /// Whose.
    pub app: String,
    /// The job that asked for it.
    pub job: String,
    /// Its hook.
    pub hook: String,
    /// What it is.
    pub kind: EffectKind,
    /// When it was asked for, in milliseconds since 1970.
    pub at_ms: u64,
    /// What is to be sent, as JSON.
    pub payload: String,
    /// How far it is.
    pub state: EffectState,
    /// How often it was claimed since it was recorded or retried by hand.
    pub attempts: u32,
    /// When it is due, or its lease ends; `None` when nobody will send it.
    pub next_at_ms: Option<u64>,
    /// Why the last try failed.
    pub error: Option<String>,
}

/// An effect that is the caller's to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// With this attempt counted.
    pub effect: Effect,
    /// Tells this claim from earlier and later ones of the same effect.
    pub claim: u64,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attempt {
    /// It was taken.
    Sent,
    /// It was not, and is due again.
    Retry {
        /// How long from now.
        after: Duration,
        /// Why.
        error: String,
    },
    /// It was not, and never will be.
    Failed {
        /// Why.
        error: String,
    },
}

/// Which effects to list; newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EffectQuery {
    /// Only this app's.
    pub app: Option<String>,
    /// Only these.
    pub kind: Option<EffectKind>,
    /// Only those in this state.
    pub state: Option<EffectState>,
    /// At most so many.
    pub limit: usize,
}

/// What became of a retry by hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Retried {
    /// It is due now.
    Due(Effect),
    /// It has been sent, and stays so.
    AlreadySent,
    /// A worker is sending it at this moment.
    BeingSent,
    /// There is no such effect.
    Unknown,
}

impl EffectKind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Email, Self::Push];

    /// Its name, also on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Push => "push",
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl EffectState {
    /// All four.
    pub const ALL: [Self; 4] = [Self::Recorded, Self::Sent, Self::Failed, Self::Retrying];

    /// Its name, also on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Recorded => "recorded",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Retrying => "retrying",
        }
    }

    /// The state of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

impl NewEffect {
    /// The app has as much waiting as it may.
    pub(crate) fn no_room(&self) -> StoreError {
        StoreError::LimitExceeded {
            what: format!("one more {} of the app `{}`", self.kind.name(), self.app),
            limit: format!("{} effects that wait to be sent", self.waiting_max),
            advice: "send fewer, or wait until the mail server or push service takes them",
        }
    }
}
