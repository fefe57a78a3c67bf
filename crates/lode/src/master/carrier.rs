//! The carrier: what admins set in the store on its way to the queue: apps' quotas, schedules.
//!
//! Every worker carries, and all carry the same. Sent is what has changed since the last time, and
//! everything once in a while, for a queue that has been emptied.

use std::sync::Arc;
use std::time::{Duration, Instant};

use lode_queue::{AppQuota, Queue, Rate};
use lode_store::{App, AppLimits, RateLimit, Store};

use crate::master::clock::now;
use crate::master::reach::Reach;
use crate::master::ticks;
use crate::shown::chain;

/// How long what has not changed is not sent again.
const SEND_EVERY: Duration = Duration::from_secs(60);

/// Quotas by app.
type Quotas = Vec<(String, AppQuota)>;
/// Ids and texts of schedules.
type Specs = Vec<(String, String)>;

/// See the file's head.
#[derive(Debug)]
pub(crate) struct Carrier {
    store: Arc<dyn Store>,
    with_schedules: bool,
    quotas: Option<(Quotas, Instant)>,
    schedules: Option<(Specs, Instant)>,
}

impl Carrier {
    /// One that leaves schedules alone is for a second queue on one store.
    pub(crate) fn new(store: Arc<dyn Store>, with_schedules: bool) -> Self {
        Self {
            store,
            with_schedules,
            quotas: None,
            schedules: None,
        }
    }

    /// Carries once; `now_ms` is the queue's clock, since 1970.
    pub(crate) async fn carry(&mut self, queue: &dyn Queue, reach: &Reach, now_ms: u64) {
        self.carry_quotas(queue, reach).await;
        if self.with_schedules {
            self.carry_schedules(queue, reach, now_ms).await;
        }
    }

    async fn carry_quotas(&mut self, queue: &dyn Queue, reach: &Reach) {
        let quotas: Quotas = match self.store.apps().await {
            Ok(apps) => apps.into_iter().filter_map(quota_of).collect(),
            Err(error) => return tracing::warn!(error = chain(&error), "apps could not be read"),
        };
        if is_known(self.quotas.as_ref(), &quotas) {
            return;
        }
        let sent = queue.set_quotas(&quotas).await;
        reach.see("set_quotas", &sent);
        if sent.is_ok() {
            self.quotas = Some((quotas, now()));
        }
    }

    async fn carry_schedules(&mut self, queue: &dyn Queue, reach: &Reach, now_ms: u64) {
        let schedules = match self.store.schedules(None).await {
            Ok(schedules) => schedules,
            Err(error) => {
                return tracing::warn!(error = chain(&error), "schedules could not be read");
            }
        };
        let entries = ticks::entries(schedules, now_ms);
        let specs: Specs = entries
            .iter()
            .map(|entry| (entry.id.clone(), entry.spec.clone()))
            .collect();
        if is_known(self.schedules.as_ref(), &specs) {
            return;
        }
        let sent = queue.set_schedules(&entries).await;
        reach.see("set_schedules", &sent);
        if sent.is_ok() {
            self.schedules = Some((specs, now()));
        }
    }
}

fn is_known<T: PartialEq>(last: Option<&(T, Instant)>, value: &T) -> bool {
    last.is_some_and(|(known, at)| known == value && now() - *at < SEND_EVERY)
}

/// The app's quota, if it departs from the defaults anywhere.
fn quota_of(app: App) -> Option<(String, AppQuota)> {
    let AppLimits {
        max_concurrent,
        weight,
        rate: all,
        hook_rates,
        queue_max,
        http_hosts: _,
        jobs: _,
    } = app.limits;
    let quota = AppQuota {
        max_concurrent,
        weight,
        rate: all.map(rate),
        hook_rates: hook_rates
            .into_iter()
            .map(|(hook, limit)| (hook, rate(limit)))
            .collect(),
        queue_max,
    };
    (quota != AppQuota::default()).then_some((app.id, quota))
}

fn rate(limit: RateLimit) -> Rate {
    Rate {
        jobs: limit.jobs,
        per: Duration::from_millis(limit.per_ms),
    }
}
