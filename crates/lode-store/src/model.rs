//! Apps and hooks, as the store keeps them.

use std::fmt;

use lode_proto::HookName;
use lode_proto::limits::SCRIPT_BYTES_MAX;
use serde::{Deserialize, Serialize};

use crate::limits::{NAME_CHARS_MAX, SECRET_CHARS_MAX};
use crate::{AppLimits, StoreError};

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

impl HookKind {
    /// Its stored form.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Hook => "hook",
            Self::Common => "common",
        }
    }

    /// Reads the stored form.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::Hook, Self::Common]
            .into_iter()
            .find(|kind| kind.as_str() == text)
    }
}

impl NewHook {
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        let name =
            HookName::parse(&self.name).map_err(|error| StoreError::BadName(error.to_string()))?;
        let kind = if name.is_common() {
            HookKind::Common
        } else {
            HookKind::Hook
        };
        if kind != self.kind {
            return Err(StoreError::BadName(format!(
                "the name {:?} and the kind {:?} disagree: common code, and nothing else, is named \
                 `common:<name>`",
                self.name,
                self.kind.as_str()
            )));
        }
        if self.source.len() > SCRIPT_BYTES_MAX {
            return Err(StoreError::LimitExceeded {
                what: format!("a source of {} bytes", self.source.len()),
                limit: format!("{SCRIPT_BYTES_MAX} bytes"),
                advice: "move shared parts into common code",
            });
        }
        Ok(())
    }
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
