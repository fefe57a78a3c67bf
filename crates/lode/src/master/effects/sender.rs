//! The sender: takes due effects out of the outbox, sends them, and says how it went.
//!
//! Guarantee: an effect that was recorded as due is sent at least once, or ends as `failed` after its
//! attempts. It is sent twice only if a worker dies, or cannot reach the store, between sending it
//! and saying so; the two bear one id.

use std::sync::Arc;
use std::time::Duration;

use lode_effects::{Email, Failure, Mailer, Origin, Push, Webhook};
use lode_store::{Attempt, Claimed, Effect, EffectKind, Keep, Store};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use super::{EffectRules, Fresh};
use crate::config::{Config, OutboxConfig};
use crate::master::clock::unix_ms;
use crate::shown::chain;

/// Between two looks for what another worker recorded, or what has become due again.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Between two looks for what need not be kept any longer.
const PRUNE_EVERY: Duration = Duration::from_secs(60);
/// How much longer than one attempt may take a claim lasts: saying how it went takes its time.
const LEASE_MARGIN: Duration = Duration::from_secs(5);
/// Looks in a row for what need not be kept, while they find something.
const PRUNE_LOOKS: usize = 20;
/// The longest pause between two attempts.
const PAUSE_MAX: Duration = Duration::from_secs(3_600);
/// Times that it is said how an attempt went; a store that is away for longer lets it be sent again.
const SETTLE_TRIES: u32 = 4;

/// See the file's head.
#[derive(Debug)]
pub(crate) struct Sender {
    courier: Arc<Courier>,
    kinds: Vec<EffectKind>,
    wake: Arc<Notify>,
    fresh: Arc<Fresh>,
    /// The longest attempt: a worker that leaves waits so long for what it is sending.
    attempt_max: Duration,
}

/// What one attempt needs.
#[derive(Debug)]
struct Courier {
    store: Arc<dyn Store>,
    rules: Arc<EffectRules>,
    mailer: Option<Mailer>,
    webhook: Option<Webhook>,
    options: OutboxConfig,
}

impl Sender {
    pub(super) fn new(
        config: &Config,
        store: Arc<dyn Store>,
        rules: Arc<EffectRules>,
        (mailer, webhook): (Option<Mailer>, Option<Webhook>),
        kinds: Vec<EffectKind>,
        (wake, fresh): (Arc<Notify>, Arc<Fresh>),
    ) -> Self {
        let slowest = config.email.timeout_ms.max(config.push.timeout_ms);
        Self {
            attempt_max: Duration::from_millis(slowest),
            courier: Arc::new(Courier {
                store,
                rules,
                mailer,
                webhook,
                options: config.outbox.clone(),
            }),
            kinds,
            wake,
            fresh,
        }
    }

    /// Sends until `stop`, and then waits for what is on its way.
    pub(crate) async fn run(self, mut stop: oneshot::Receiver<()>) {
        let mut sending = JoinSet::new();
        let mut look = tokio::time::interval(LOOK_EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut prune = tokio::time::interval(PRUNE_EVERY);
        prune.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = &mut stop => break,
                () = self.wake.notified() => {}
                _ = look.tick() => {}
                Some(_) = sending.join_next() => {}
                _ = prune.tick() => {
                    self.courier.prune().await;
                    continue;
                }
                () = self.fresh.much.notified() => {
                    self.courier.prune().await;
                    continue;
                }
            }
            self.claim(&mut sending).await;
        }
        let all = async { while sending.join_next().await.is_some() {} };
        if tokio::time::timeout(self.attempt_max, all).await.is_err() {
            tracing::warn!("effects were still being sent: they are sent anew by another worker");
        }
    }

    /// Takes as much as there is room for.
    async fn claim(&self, sending: &mut JoinSet<()>) {
        let room = self.courier.options.senders.saturating_sub(sending.len());
        if room == 0 || self.kinds.is_empty() {
            return;
        }
        let claimed =
            self.courier
                .store
                .claim_effects(&self.kinds, room, self.attempt_max + LEASE_MARGIN);
        match claimed.await {
            Ok(claimed) => {
                for one in claimed {
                    let courier = Arc::clone(&self.courier);
                    sending.spawn(async move { courier.attempt(one).await });
                }
            }
            Err(error) => {
                tracing::warn!(error = chain(&error), "the outbox could not be looked at");
            }
        }
    }
}

impl Courier {
    async fn attempt(&self, Claimed { effect, claim }: Claimed) {
        let (attempts, max) = (effect.attempts, self.options.attempts_max);
        let sent = if attempts > max {
            let text = format!("{max} attempts were begun and none ended: their workers were lost");
            Err(Failure {
                is_final: true,
                text,
            })
        } else {
            self.send(&effect).await
        };
        let (id, app, kind) = (effect.id.as_str(), effect.app.as_str(), effect.kind.name());
        let attempt = match sent {
            Ok(()) => {
                tracing::info!(id, app, kind, job = effect.job, attempts, "effect sent");
                Attempt::Sent
            }
            Err(Failure { is_final, text }) if is_final || attempts >= max => {
                tracing::error!(
                    id,
                    app,
                    kind,
                    job = effect.job,
                    attempts,
                    text,
                    "effect failed"
                );
                Attempt::Failed { error: text }
            }
            Err(Failure { text, .. }) => {
                let first = Duration::from_millis(self.options.retry_backoff_ms);
                let after = pause(first, attempts, fastrand::f64());
                let after_ms = after.as_millis();
                tracing::warn!(
                    id,
                    app,
                    kind,
                    attempts,
                    after_ms,
                    text,
                    "effect not sent yet"
                );
                Attempt::Retry { after, error: text }
            }
        };
        self.settle(&effect, claim, attempt).await;
    }

    async fn send(&self, effect: &Effect) -> Result<(), Failure> {
        let origin = Origin {
            id: effect.id.clone(),
            app: effect.app.clone(),
            hook: effect.hook.clone(),
            job: effect.job.clone(),
            at_ms: effect.at_ms,
        };
        // It was checked when it was recorded; another worker's rules may be narrower.
        let invalid = |error: lode_effects::Invalid| Failure {
            is_final: true,
            text: error.text,
        };
        match (effect.kind, &self.mailer, &self.webhook) {
            (EffectKind::Email, Some(mailer), _) => {
                let email = Email::from_json(&effect.payload, &self.rules.email);
                mailer.send(&email.map_err(invalid)?, &origin).await
            }
            (EffectKind::Push, _, Some(webhook)) => {
                let push = Push::from_json(&effect.payload).map_err(invalid)?;
                webhook.send(&push, &origin, unix_ms() / 1_000).await
            }
            (EffectKind::Email, None, _) | (EffectKind::Push, _, None) => Err(Failure {
                is_final: false,
                text: "this worker has nothing to send it with".to_owned(),
            }),
        }
    }

    async fn settle(&self, effect: &Effect, claim: u64, attempt: Attempt) {
        for tries in 1..=SETTLE_TRIES {
            let settled = self.store.settle_effect(&effect.id, claim, attempt.clone());
            let Err(error) = settled.await else {
                return; // or the claim was lost, and the effect is another worker's
            };
            let error = chain(&error);
            tracing::warn!(id = effect.id, error, "the outbox does not answer");
            if tries < SETTLE_TRIES {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }

    async fn prune(&self) {
        let keep = Keep {
            count: self.options.app_max,
            age: Duration::from_secs(self.options.keep_s),
        };
        for _ in 0..PRUNE_LOOKS {
            match self.store.prune_effects(keep).await {
                Ok(0) => return,
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(error = chain(&error), "old effects could not be forgotten");
                    return;
                }
            }
        }
    }
}

/// Doubled with each attempt, shortened by up to a half at random so that effects which failed
/// together do not come back together.
fn pause(first: Duration, attempts: u32, random: f64) -> Duration {
    let doubled = first.saturating_mul(1 << attempts.saturating_sub(1).min(20));
    doubled
        .min(PAUSE_MAX)
        .mul_f64(0.5 + random.clamp(0.0, 1.0) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_an_hour_and_no_further() {
        let first = Duration::from_secs(5);
        for (attempts, longest_s) in [(1, 5), (2, 10), (5, 80), (11, 3_600), (u32::MAX, 3_600)] {
            let longest = Duration::from_secs(longest_s);
            assert_eq!(pause(first, attempts, 1.0), longest, "{attempts}");
            assert_eq!(pause(first, attempts, 0.0), longest / 2, "{attempts}");
        }
    }
}
