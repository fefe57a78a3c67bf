//! An app's limits: where it departs from the worker's defaults.

use std::collections::BTreeMap;

use lode_proto::{HookName, LimitOverrides};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::limits::{HOOK_RATES_MAX, HTTP_HOSTS_MAX, WEIGHT_MAX};
use crate::{RateLimit, StoreError};

/// [`AppLimits::max_concurrent`] or [`AppLimits::queue_max`] of an app without a bound of its own.
pub const UNLIMITED: i64 = -1;

/// Limits of one app; a missing one means the worker's default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppLimits {
    /// Jobs at the same time; [`UNLIMITED`], or at least 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_concurrent: Option<i64>,
    /// Its share of the workers where apps compete for them, 1 to 100; 1 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<u32>,
    /// Jobs that may start per time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<RateLimit>,
    /// The same for single hooks by name, at most 16; common code is none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub hook_rates: BTreeMap<String, RateLimit>,
    /// Jobs that it may have in the queue, running ones included; [`UNLIMITED`], or at least 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue_max: Option<i64>,
    /// Hosts that its hooks may send HTTP requests to, as rules such as `api.example.com`; none
    /// by default.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub http_hosts: Vec<String>,
    /// What one job may use, by the names of [`lode_proto::JobLimits`]; a name that is none of
    /// those is refused.
    #[serde(flatten)]
    pub jobs: LimitOverrides,
}

impl AppLimits {
    /// Limits as they stand in the store. A value that is no longer allowed (its bounds or its name
    /// have changed since) must not make the app unreadable: it gives way to the worker's default,
    /// and the log says so.
    pub(crate) fn stored(app: &str, text: &str) -> Self {
        if let Some(limits) = allowed(serde_json::from_str(text)) {
            return limits;
        }
        let given: Map<String, Value> = serde_json::from_str(text).unwrap_or_default();
        let is_allowed = |name: &String, value: &Value| {
            let alone = Map::from_iter([(name.clone(), value.clone())]);
            allowed(serde_json::from_value(Value::Object(alone))).is_some()
        };
        let mut kept = Map::new();
        for (name, value) in given {
            if is_allowed(&name, &value) {
                kept.insert(name, value);
            } else {
                tracing::warn!(app, name, %value, "a stored limit is not allowed; the default holds");
            }
        }
        serde_json::from_value(Value::Object(kept)).unwrap_or_default()
    }

    pub(crate) fn check(&self) -> Result<(), StoreError> {
        check_count("max_concurrent", self.max_concurrent)?;
        check_count("queue_max", self.queue_max)?;
        if let Some(weight) = self.weight
            && !(1..=WEIGHT_MAX).contains(&weight)
        {
            return Err(StoreError::BadLimits(format!(
                "weight is {weight}; it may be 1 to {WEIGHT_MAX}"
            )));
        }
        if let Some(rate) = self.rate {
            rate.check()?;
        }
        self.check_hook_rates()?;
        if self.http_hosts.len() > HTTP_HOSTS_MAX {
            return Err(StoreError::BadLimits(format!(
                "{} http_hosts; there may be {HTTP_HOSTS_MAX}",
                self.http_hosts.len()
            )));
        }
        Ok(())
    }

    fn check_hook_rates(&self) -> Result<(), StoreError> {
        if self.hook_rates.len() > HOOK_RATES_MAX {
            return Err(StoreError::BadLimits(format!(
                "{} hook_rates; there may be {HOOK_RATES_MAX}",
                self.hook_rates.len()
            )));
        }
        for (hook, rate) in &self.hook_rates {
            let name = HookName::parse(hook)
                .map_err(|error| StoreError::BadLimits(format!("hook_rates: {error}")))?;
            if name.is_common() {
                return Err(StoreError::BadLimits(format!(
                    "hook_rates: {hook:?} is common code, which does not run by itself"
                )));
            }
            rate.check()?;
        }
        Ok(())
    }
}

fn allowed(read: serde_json::Result<AppLimits>) -> Option<AppLimits> {
    read.ok().filter(|limits| limits.check().is_ok())
}

fn check_count(what: &str, count: Option<i64>) -> Result<(), StoreError> {
    match count {
        Some(jobs) if jobs != UNLIMITED && jobs < 1 => Err(StoreError::BadLimits(format!(
            "{what} is {jobs}; it may be {UNLIMITED} (unlimited) or at least 1"
        ))),
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_that_are_no_longer_allowed_give_way_to_the_defaults() {
        let text = r#"{"max_concurrent":3,"wall_limit_ms":0,"cpu_limit_ms":70,"an_old_name":1,
            "weight":101,"rate":"5/1s","queue_max":0,"hook_rates":{"common:x":"1/1s"}}"#;
        let limits = AppLimits::stored("a", text);
        let mut expected = AppLimits {
            max_concurrent: Some(3),
            rate: Some("5/1s".parse().unwrap()),
            ..AppLimits::default()
        };
        expected.jobs.set("cpu_limit_ms", 70).unwrap();
        assert_eq!(limits, expected);
        // Good JSON of the right types, and yet beyond a bound.
        let weight = AppLimits::stored("a", r#"{"weight":0,"queue_max":-1}"#);
        assert_eq!((weight.weight, weight.queue_max), (None, Some(UNLIMITED)));
        assert_eq!(AppLimits::stored("a", "no JSON"), AppLimits::default());
    }
}
