//! Effects of hooks (email, push): the host calls that ask for them, and the outbox behind.
//!
//! ```text
//! hook ─ host call ─► checked ─► recorded in the store ─► reply        the job goes on
//!                                      │ wake
//!                                      ▼
//!                     sender: claim ─► send ─► settle                  any worker's, off the jobs' path
//! ```
//!
//! What a hook is told is that its effect is recorded; whether it was sent stands in the outbox.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::Result;
use lode_effects::{Email, EmailOptions, Invalid, Mailer, Push, PushOptions, Webhook};
use lode_proto::limits::HOST_CALL_MS_MAX;
use lode_proto::message::CallError;
use lode_store::{EffectKind, NewEffect, Store};
use serde_json::json;
use serde_json::value::{RawValue, to_raw_value};
use tokio::sync::Notify;

use crate::cli::complain;
use crate::config::Config;
use crate::master::broker::{failure, on_one_line};
use crate::shown::chain;

mod sender;

pub(crate) use sender::Sender;

/// What the effects of jobs go through.
#[derive(Debug, Clone)]
pub(crate) enum Effects {
    /// To standard error, and no further: `lode run`.
    Shown(Arc<EffectRules>),
    /// To the outbox: `lode serve`.
    Recorded(Arc<EffectDesk>),
}

/// What hooks may ask for.
#[derive(Debug, Clone, Default)]
pub(crate) struct EffectRules {
    email: EmailOptions,
    push: PushOptions,
}

/// Where effects are recorded.
#[derive(Debug)]
pub(crate) struct EffectDesk {
    rules: Arc<EffectRules>,
    store: Arc<dyn Store>,
    /// What there is something to send with; the rest is recorded only.
    sends: Vec<EffectKind>,
    waiting_max: usize,
    /// Told of each effect that is due.
    wake: Arc<Notify>,
    fresh: Arc<Fresh>,
}

/// What was recorded since it was last looked for what need not be kept: a bound of the outbox that
/// is looked after by time alone is no bound for a hook that sends fast.
#[derive(Debug, Default)]
struct Fresh {
    count: AtomicUsize,
    bytes: AtomicUsize,
    /// Told when it has become much.
    much: Notify,
}

impl Fresh {
    /// Effects after which it is looked.
    const COUNT: usize = 1_000;
    /// Bytes of them.
    const BYTES: usize = 64 << 20;

    fn add(&self, bytes: usize) {
        let count = self.count.fetch_add(1, Ordering::Relaxed) + 1;
        let bytes = self.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if count >= Self::COUNT || bytes >= Self::BYTES {
            self.count.store(0, Ordering::Relaxed);
            self.bytes.store(0, Ordering::Relaxed);
            self.much.notify_one();
        }
    }
}

/// Whose effect it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asker<'a> {
    pub(crate) app: &'a str,
    pub(crate) job: &'a str,
    pub(crate) hook: &'a str,
}

impl EffectRules {
    pub(crate) fn of(config: &Config) -> Arc<Self> {
        Arc::new(Self {
            email: config.email.clone(),
            push: config.push.clone(),
        })
    }

    /// What a host call asks for: its kind, and what the outbox keeps of it.
    fn read(&self, method: &str, args: &str) -> Result<(EffectKind, String), Invalid> {
        match method {
            "email.send" => {
                // What was read and counted, and nothing else that the hook has put beside it.
                let email = Email::from_json(args, &self.email)?;
                Ok((EffectKind::Email, email.to_json()))
            }
            "push.send" => {
                let push = Push::to_users(args, &self.push)?;
                Ok((EffectKind::Push, push.to_json()))
            }
            _ => {
                let push = Push::to_all(args, &self.push)?;
                Ok((EffectKind::Push, push.to_json()))
            }
        }
    }
}

impl Effects {
    /// True for the host calls that [`Self::call`] carries out.
    pub(crate) fn has(method: &str) -> bool {
        matches!(method, "email.send" | "push.send" | "push.broadcast")
    }

    /// For a run of a developer's own.
    pub(crate) fn shown(config: &Config) -> Self {
        Self::Shown(EffectRules::of(config))
    }

    /// For a job that is only compiled.
    pub(crate) fn none() -> Self {
        Self::Shown(Arc::default())
    }

    /// Carries out a host call. The reply comes when the effect is recorded.
    pub(crate) async fn call(
        &self,
        method: &str,
        args: &RawValue,
        asker: Asker<'_>,
    ) -> Result<Box<RawValue>, CallError> {
        let rules = match self {
            Self::Shown(rules) => rules,
            Self::Recorded(desk) => &desk.rules,
        };
        let read = rules.read(method, args.get());
        let (kind, payload) = read.map_err(|error| failure(error.code, error.text))?;
        let id = match self {
            Self::Shown(_) => {
                let label = kind.name().to_uppercase();
                complain(&format!("[{label}] {}", on_one_line(&payload)));
                "shown".to_owned()
            }
            Self::Recorded(desk) => desk.record(method, kind, payload, asker).await?,
        };
        to_raw_value(&json!({"success": true, "id": id}))
            .map_err(|error| failure("InternalError", error.to_string()))
    }
}

impl EffectDesk {
    async fn record(
        &self,
        method: &str,
        kind: EffectKind,
        payload: String,
        asker: Asker<'_>,
    ) -> Result<String, CallError> {
        let new = NewEffect {
            app: asker.app.to_owned(),
            job: asker.job.to_owned(),
            hook: asker.hook.to_owned(),
            kind,
            payload,
            is_due: self.sends.contains(&kind),
            waiting_max: self.waiting_max,
        };
        let bytes = new.payload.len();
        let limit = Duration::from_millis(HOST_CALL_MS_MAX);
        match tokio::time::timeout(limit, self.store.record_effect(new)).await {
            Ok(Ok(effect)) => {
                self.wake.notify_one();
                self.fresh.add(bytes);
                Ok(effect.id)
            }
            Ok(Err(error)) => {
                if !error.is_callers_fault() {
                    let error = chain(&error);
                    tracing::error!(app = asker.app, job = asker.job, method, error, "host call");
                }
                Err(failure(error.code(), error.to_string()))
            }
            Err(_) => {
                let text = format!("{method} took longer than {HOST_CALL_MS_MAX} ms");
                Err(failure("HostCallTimeout", text))
            }
        }
    }
}

/// The desk for this configuration, and the sender behind it.
pub(crate) fn open(config: &Config, store: &Arc<dyn Store>) -> Result<(Arc<EffectDesk>, Sender)> {
    let rules = EffectRules::of(config);
    let mailer = Mailer::new(&config.email)?;
    let webhook = Webhook::new(&config.push)?;
    let mut sends = Vec::new();
    sends.extend(mailer.is_some().then_some(EffectKind::Email));
    sends.extend(webhook.is_some().then_some(EffectKind::Push));
    let wake = Arc::new(Notify::new());
    let fresh = Arc::new(Fresh::default());
    let desk = EffectDesk {
        rules: Arc::clone(&rules),
        store: Arc::clone(store),
        sends: sends.clone(),
        waiting_max: config.outbox.app_max,
        wake: Arc::clone(&wake),
        fresh: Arc::clone(&fresh),
    };
    let sender = Sender::new(
        config,
        Arc::clone(store),
        rules,
        (mailer, webhook),
        sends,
        (wake, fresh),
    );
    Ok((Arc::new(desk), sender))
}

#[cfg(test)]
mod tests {
    use lode_store::{EffectQuery, NewApp};
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn the_bound_of_what_nobody_sends_holds_against_a_hook_that_asks_fast() {
        let store = lode_store::open("sqlite::memory:").await.unwrap();
        let app = NewApp {
            id: "a".to_owned(),
            ..NewApp::default()
        };
        store.create_app(app).await.unwrap();
        let mut config = Config::default();
        config.outbox.app_max = 10;
        let (desk, sender) = open(&config, &store).unwrap();
        let (stop, stopped) = oneshot::channel();
        let sender = tokio::spawn(sender.run(stopped));
        let asker = Asker {
            app: "a",
            job: "j",
            hook: "endpoint:x",
        };
        for _ in 0..Fresh::COUNT {
            let recorded = desk.record("push.send", EffectKind::Push, "{}".to_owned(), asker);
            recorded.await.unwrap();
        }
        let query = || EffectQuery {
            app: Some("a".to_owned()),
            limit: Fresh::COUNT,
            ..EffectQuery::default()
        };
        let pruned = async { while store.effects(query()).await.unwrap().len() > 10 {} };
        let patience = Duration::from_secs(60);
        tokio::time::timeout(patience, pruned).await.unwrap();
        stop.send(()).unwrap();
        sender.await.unwrap();
    }
}
