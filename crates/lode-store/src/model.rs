//! Apps and hooks, as the store keeps them.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::StoreError;
use crate::limits::{NAME_CHARS_MAX, SECRET_CHARS_MAX};

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
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AppLimits {
    /// Jobs at the same time; [`UNLIMITED`], or at least 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_concurrent: Option<i64>,
    /// Wall time of one job, at least 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wall_limit_ms: Option<u64>,
    /// JavaScript heap of one job, at least 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heap_limit_bytes: Option<u64>,
    /// Array buffers of one job; 0 forbids them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub array_buffer_limit_bytes: Option<u64>,
    /// The outcome of one job, at least 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result_limit_bytes: Option<u64>,
    /// Host calls of one job; 0 forbids them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host_calls_limit: Option<u64>,
}

impl AppLimits {
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        if let Some(jobs) = self.max_concurrent
            && jobs != UNLIMITED
            && jobs < 1
        {
            return Err(StoreError::BadLimits(format!(
                "max_concurrent is {jobs}; it may be {UNLIMITED} (unlimited) or at least 1"
            )));
        }
        for (name, value) in [
            ("wall_limit_ms", self.wall_limit_ms),
            ("heap_limit_bytes", self.heap_limit_bytes),
            ("result_limit_bytes", self.result_limit_bytes),
        ] {
            if value == Some(0) {
                return Err(StoreError::BadLimits(format!(
                    "{name} is 0, so no job could run; give at least 1, or leave it out for the \
                     worker's default"
                )));
            }
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
