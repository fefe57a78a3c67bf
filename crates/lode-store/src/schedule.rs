//! Schedules as the store keeps them. When they fire is not its business.

use std::collections::BTreeMap;

use lode_proto::{HookName, plain_json};
use serde::Serialize;
use serde::de::IgnoredAny;

use crate::StoreError;
use crate::limits::{SCHEDULE_REQUEST_BYTES_MAX, SCHEDULE_RULE_BYTES_MAX};
use crate::model::check_name;

/// A schedule to be stored. At least one of `start_ms` and `cron` is given; whether the rule is one
/// is for the caller to check, and whether the endpoint exists.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewSchedule {
    /// Whose.
    pub app: String,
    /// Letters, digits, `_`, `-`, `.`; it begins with a letter or digit. At most 120 characters.
    pub name: String,
    /// What runs: `endpoint:<name>`.
    pub hook: String,
    /// The first tick in milliseconds since 1970.
    pub start_ms: Option<u64>,
    /// An interval such as `daily`, counted from the start; 1 to 200 bytes.
    pub every: Option<String>,
    /// A cron pattern, 1 to 200 bytes.
    pub cron: Option<String>,
    /// The jobs' request, a JSON object of at most 256 KiB.
    pub request: Option<String>,
}

/// A stored schedule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Schedule {
    /// Whose.
    pub app: String,
    /// Unique in the app.
    pub name: String,
    /// What runs: `endpoint:<name>`.
    pub hook: String,
    /// The first tick in milliseconds since 1970.
    pub start_ms: Option<u64>,
    /// An interval, counted from the start.
    pub every: Option<String>,
    /// A cron pattern.
    pub cron: Option<String>,
    /// The jobs' request, a JSON object.
    pub request: Option<String>,
    /// When it was stored as it is, in milliseconds since 1970.
    pub created_ms: u64,
}

impl NewSchedule {
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        check_name("schedule name", &self.name)?;
        let hook =
            HookName::parse(&self.hook).map_err(|error| StoreError::BadName(error.to_string()))?;
        if hook.endpoint().is_none() {
            return Err(StoreError::BadName(format!(
                "a schedule cannot run {:?}; allowed is endpoint:<name>",
                self.hook
            )));
        }
        for (what, rule) in [("interval", &self.every), ("cron pattern", &self.cron)] {
            if let Some(rule) = rule
                && !(1..=SCHEDULE_RULE_BYTES_MAX).contains(&rule.len())
            {
                return Err(StoreError::BadSchedule(format!(
                    "the {what} has {} bytes, allowed are 1 to {SCHEDULE_RULE_BYTES_MAX}",
                    rule.len()
                )));
            }
        }
        if self.start_ms.is_none() && self.cron.is_none() {
            return Err(StoreError::BadSchedule(
                "a schedule needs a start or a cron pattern".to_owned(),
            ));
        }
        match &self.request {
            Some(request) => check_request(request),
            None => Ok(()),
        }
    }
}

fn check_request(request: &str) -> Result<(), StoreError> {
    if request.len() > SCHEDULE_REQUEST_BYTES_MAX {
        return Err(StoreError::LimitExceeded {
            what: format!("a schedule's request of {} bytes", request.len()),
            limit: format!("{SCHEDULE_REQUEST_BYTES_MAX} bytes"),
            advice: "keep the data in a collection, which the endpoint reads",
        });
    }
    // What no job may be is refused now and not at each tick.
    plain_json::check(request)
        .and_then(|()| {
            serde_json::from_str::<BTreeMap<String, IgnoredAny>>(request)
                .map_err(|error| error.to_string())
        })
        .map(|_| ())
        .map_err(|reason| {
            StoreError::BadSchedule(format!(
                "the schedule's request must be a JSON object: {reason}"
            ))
        })
}
