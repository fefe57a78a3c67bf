//! A hook's effects on their way out: email through SMTP, push through a signed webhook.
//!
//! Nothing here keeps anything. The caller has the outbox: it records an effect before it is sent,
//! sends it with [`Mailer`] or [`Webhook`], and decides by [`Failure::is_final`] whether to try again.
//! So an effect goes out at least once, and each try of it bears the same id.
//!
//! [`Email`] and [`Push`] are what hooks ask for, checked; they need no server.

#![forbid(unsafe_code)]

mod addresses;
mod email;
mod error;
mod http;
mod options;
mod push;
mod sign;
mod smtp;
mod stream;
mod subject;
mod tls;

pub use email::Email;
pub use error::{Failure, Invalid};
pub use options::{EmailOptions, OptionsError, PushOptions};
pub use push::{Push, Webhook};
pub use sign::signature;
pub use smtp::Mailer;

/// Whose effect is being sent, the same at each try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The effect's id: 24 hex digits, unique.
    pub id: String,
    /// The app whose hook asked for it.
    pub app: String,
    /// The hook.
    pub hook: String,
    /// The job in which it ran.
    pub job: String,
    /// When it asked, in milliseconds since 1970.
    pub at_ms: u64,
}
