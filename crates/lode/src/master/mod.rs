//! The master: async, many-eyed, holds every credential, decides nothing by itself.
//!
//! ```text
//! shell ── drives lode-core's Pool: feeds it events and the clock, carries out what it says
//!  ├─ zygote_task  one per zygote: control socket ⇄ events
//!  ├─ child_task   one per child: job socket ⇄ broker, tally, report
//!  └─ broker       a host call, with the capability of that job's app only
//! ```

pub(crate) mod app_keys;
pub(crate) mod bans;
pub(crate) mod broker;
mod carrier;
mod child_frames;
pub(crate) mod child_task;
pub(crate) mod clerk;
pub(crate) mod clock;
pub(crate) mod effects;
pub(crate) mod health;
pub(crate) mod http_calls;
pub(crate) mod intake;
pub(crate) mod lines;
pub(crate) mod outlets;
pub(crate) mod progress;
pub(crate) mod reach;
mod refusal;
pub(crate) mod serve;
pub(crate) mod shell;
pub(crate) mod ticks;
pub(crate) mod work;
pub(crate) mod zygote_task;
