//! Apps and hooks, as the store keeps them.

use std::fmt;

use lode_proto::LimitOverrides;
use serde::{Deserialize, Serialize};

use crate::StoreError;
use crate::limits::{HTTP_HOSTS_MAX, NAME_CHARS_MAX, SECRET_CHARS_MAX};

/// [`AppLimits::max_concurrent`] of an app without a cap of its own.
pub const UNLIMITED: i64 = -1;

/// A tenant's backend.
#[derive(Clone, PartialEq, Eq)]
pub struct App {
    /// Its id.
    pub id: String,
    /// What its clients show.
    pub app_secret: String,
    /// What its owner shows.
    pub master_secret: String,
    /// Where it departs from the worker's defaults.
    pub limits: AppLimits,
    /// When it was created.
    pub created_ms: u64,
}

/// Leaves the secrets out: a debug line ends up in a log.
impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App")
            .field("id", &self.id)
            .field("limits", &self.limits)
            .field("created_ms", &self.created_ms)
            .finish_non_exhaustive()
    }
}

/// An app to be created.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct NewApp {
    /// Letters, digits, `_`, `-`, `.`; it begins with a letter or digit.
    pub id: String,
    /// None: 32 hex digits from the operating system.
    pub app_secret: Option<String>,
    /// None: 32 hex digits from the operating system.
    pub master_secret: Option<String>,
    /// Where the app departs from the worker's defaults.
    pub limits: AppLimits,
}

impl fmt::Debug for NewApp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewApp")
            .field("id", &self.id)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

impl NewApp {
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        check_name("app id", &self.id)?;
        for (what, secret) in [
            ("app secret", &self.app_secret),
            ("master secret", &self.master_secret),
        ] {
            let good = |text: &String| {
                (1..=SECRET_CHARS_MAX).contains(&text.chars().count())
                    && !text.chars().any(char::is_control)
            };
            if !secret.as_ref().is_none_or(good) {
                return Err(StoreError::BadName(format!(
                    "the {what} must have 1 to {SECRET_CHARS_MAX} characters, none of them a \
                     control character; leave it out to have one generated"
                )));
            }
        }
        self.limits.check()
    }
}

/// Limits of one app; a missing one means the worker's default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppLimits {
    /// Jobs at the same time; [`UNLIMITED`], or at least 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_concurrent: Option<i64>,
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
        if let Ok(limits) = serde_json::from_str(text) {
            return limits;
        }
        let mut limits = Self::default();
        let given: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(text).unwrap_or_default();
        for (name, value) in &given {
            let kept = match name.as_str() {
                "max_concurrent" => {
                    limits.max_concurrent = value.as_i64();
                    value.is_i64()
                }
                "http_hosts" => {
                    let hosts = serde_json::from_value(value.clone());
                    let good = hosts.is_ok();
                    limits.http_hosts = hosts.unwrap_or_default();
                    good
                }
                _ => value
                    .as_u64()
                    .is_some_and(|n| limits.jobs.set(name, n).is_ok()),
            };
            if !kept {
                tracing::warn!(app, name, %value, "a stored limit is not allowed; the default holds");
            }
        }
        limits
    }

    pub(crate) fn check(&self) -> Result<(), StoreError> {
        if let Some(jobs) = self.max_concurrent
            && jobs != UNLIMITED
            && jobs < 1
        {
            return Err(StoreError::BadLimits(format!(
                "max_concurrent is {jobs}; it may be {UNLIMITED} (unlimited) or at least 1"
            )));
        }
        if self.http_hosts.len() > HTTP_HOSTS_MAX {
            return Err(StoreError::BadLimits(format!(
                "{} http_hosts; there may be {HTTP_HOSTS_MAX}",
                self.http_hosts.len()
            )));
        }
        Ok(())
    }
}

/// What a stored script is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HookKind {
    /// A collection hook or a custom endpoint: something a job can run.
    Hook,
    /// Code that goes before every hook of the app.
    Common,
}

/// A script to be stored as the hook's next version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewHook {
    /// Whose.
    pub app: String,
    /// See [`lode_proto::HookName`].
    pub name: String,
    /// Must agree with the name.
    pub kind: HookKind,
    /// JavaScript, not checked here.
    pub source: String,
}

/// One immutable version of a hook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HookVersion {
    /// Whose.
    pub app: String,
    /// The hook's name.
    pub name: String,
    /// What it is.
    pub kind: HookKind,
    /// 1, 2, 3 …
    pub version: u64,
    /// JavaScript.
    pub source: String,
    /// When this version was stored.
    pub created_ms: u64,
}

/// A hook without its sources.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HookHead {
    /// The hook's name.
    pub name: String,
    /// What it is.
    pub kind: HookKind,
    /// The version that jobs run.
    pub active: u64,
    /// How many versions there are.
    pub versions: u64,
    /// When the active version was stored.
    pub created_ms: u64,
}

/// All the code of one job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// The app's active common code, (stored name, source), ordered by name.
    pub common: Vec<(String, String)>,
    /// The hook's name.
    pub name: String,
    /// Its active version.
    pub version: u64,
    /// That version's source.
    pub source: String,
}

/// Refuses what would be ambiguous in a queue key, a log line or a URL.
pub(crate) fn check_name(what: &str, name: &str) -> Result<(), StoreError> {
    let starts_well = name.starts_with(|first: char| first.is_ascii_alphanumeric());
    let rest_is_good = name
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c));
    if starts_well && rest_is_good && name.len() <= NAME_CHARS_MAX {
        return Ok(());
    }
    Err(StoreError::BadName(format!(
        "the {what} {name:?} is not allowed: it must have 1 to {NAME_CHARS_MAX} characters, only \
         letters, digits, `_`, `-` and `.`, and begin with a letter or digit"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_that_are_no_longer_allowed_give_way_to_the_defaults() {
        let text = r#"{"max_concurrent":3,"wall_limit_ms":0,"cpu_limit_ms":70,"an_old_name":1}"#;
        let limits = AppLimits::stored("a", text);
        assert_eq!(limits.max_concurrent, Some(3));
        assert_eq!(limits.jobs.get("cpu_limit_ms"), Some(70));
        assert_eq!(limits.jobs.get("wall_limit_ms"), None);
        assert_eq!(AppLimits::stored("a", "no JSON"), AppLimits::default());
    }
}
