//! The broker: carries out a host call with the capability of that job's app, and of no other.

use std::sync::Arc;
use std::time::Duration;

use lode_proto::limits::HOST_CALL_MS_MAX;
use lode_proto::message::{CallError, LogLevel};
use lode_store::{DocOp, NewLogLine, Store};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::master::app_keys::AppKeys;
use crate::master::clock::unix_ms;
use crate::master::effects::{Asker, Effects};
use crate::master::http_calls::HttpScope;
use crate::master::outlets::Outlets;
use crate::master::progress::JobProgress;
use crate::shown::chain;

/// Where a job's log lines go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogSink {
    /// Standard error, one plain line each: `lode run`.
    Plain,
    /// The worker's own structured log: `lode serve`.
    Structured,
}

/// What one job's host calls may reach.
#[derive(Debug, Clone)]
pub(crate) struct JobScope {
    pub(crate) app: String,
    pub(crate) job: String,
    pub(crate) hook: String,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) logs: LogSink,
    pub(crate) keys: Arc<AppKeys>,
    pub(crate) http: Arc<HttpScope>,
    pub(crate) progress: Arc<JobProgress>,
    pub(crate) outlets: Outlets,
}

/// Arguments of every `db.*` call; which of them must be there is the store's decision.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DocArgs {
    collection: String,
    #[serde(default)]
    query: Value,
    #[serde(default)]
    entity: Value,
    #[serde(default)]
    options: Value,
    #[serde(default)]
    sort: Value,
    #[serde(default)]
    key: Value,
    #[serde(default)]
    x: Value,
    #[serde(default)]
    y: Value,
}

/// The methods that a child may call.
const METHODS: &str = "db.find, db.findOne, db.insert, db.save, db.update, db.remove, db.count, \
                       db.findAndModify, db.findAndRemove, db.distinct, db.geoNear, \
                       db.collectionExists, app.appSecret, app.masterSecret, app.securityContext, \
                       http.fetch, job.progress, email.send, push.send, push.broadcast";

impl JobScope {
    /// Carries out one call within its time limit.
    pub(crate) async fn call(
        &self,
        method: String,
        args: Box<RawValue>,
    ) -> Result<Box<RawValue>, CallError> {
        if let Some(name) = method.strip_prefix("app.") {
            return self.keys.call(name, &args);
        }
        if method == "http.fetch" {
            return self.http.fetch(&args).await;
        }
        if method == "job.progress" {
            return self.progress.call(&args).await;
        }
        if Effects::has(&method) {
            let asker = Asker {
                app: &self.app,
                job: &self.job,
                hook: &self.hook,
            };
            return self.outlets.effects.call(&method, &args, asker).await;
        }
        let op = parse(&method, &args)?;
        let limit = Duration::from_millis(HOST_CALL_MS_MAX);
        match tokio::time::timeout(limit, self.store.execute(&self.app, op)).await {
            Ok(Ok(reply)) => RawValue::from_string(reply.into_json()).map_err(|error| {
                tracing::error!(app = self.app, method, %error, "the store gave no JSON");
                failure(
                    "InternalError",
                    "the store's answer cannot be read".to_owned(),
                )
            }),
            Ok(Err(error)) => {
                if !error.is_callers_fault() {
                    let error = chain(&error);
                    tracing::error!(app = self.app, job = self.job, method, error, "host call");
                }
                Err(failure(error.code(), error.to_string()))
            }
            Err(_) => {
                let text = format!("{method} took longer than {HOST_CALL_MS_MAX} ms");
                Err(failure("HostCallTimeout", text))
            }
        }
    }

    /// Writes one log line of the hook.
    pub(crate) fn log(&self, level: LogLevel, message: &str) {
        if let Some(lines) = &self.outlets.lines {
            lines.keep(NewLogLine {
                app: self.app.clone(),
                at_ms: unix_ms(),
                level,
                hook: self.hook.clone(),
                job: self.job.clone(),
                message: message.to_owned(),
            });
        }
        match self.logs {
            LogSink::Plain => plain_log(level, message),
            LogSink::Structured => {
                let (app, job, hook) = (&self.app, &self.job, &self.hook);
                match level {
                    LogLevel::Info => {
                        tracing::info!(target: "hook", app, job, hook, line = message)
                    }
                    LogLevel::Warning => {
                        tracing::warn!(target: "hook", app, job, hook, line = message)
                    }
                    LogLevel::Error | LogLevel::Fatal => {
                        tracing::error!(target: "hook", app, job, hook, line = message);
                    }
                }
            }
        }
    }
}

#[expect(
    clippy::print_stderr,
    reason = "`lode run` shows a hook's log on standard error"
)]
fn plain_log(level: LogLevel, message: &str) {
    let level = match level {
        LogLevel::Info => "INFO",
        LogLevel::Warning => "WARNING",
        LogLevel::Error => "ERROR",
        LogLevel::Fatal => "FATAL",
    };
    // A terminal must not obey what a hook prints.
    let escaped = |c: char| c.is_control() && c != '\n' && c != '\t';
    let message = message.replace(escaped, "\u{fffd}");
    eprintln!("[{level}] {message}");
}

/// A tenant's text for one line of a terminal, which must not obey it.
pub(super) fn on_one_line(text: &str) -> String {
    text.replace(char::is_control, "\u{fffd}")
}

fn parse(method: &str, args: &RawValue) -> Result<DocOp, CallError> {
    let parsed = serde_json::from_str::<DocArgs>(args.get());
    let DocArgs {
        collection,
        query,
        entity,
        options,
        sort,
        key,
        x,
        y,
    } = parsed.map_err(|error| failure("BadRequest", format!("{method}: {error}")))?;
    match method {
        "db.find" => Ok(DocOp::Find {
            collection,
            query,
            options,
        }),
        "db.findOne" => Ok(DocOp::FindOne {
            collection,
            query,
            options,
        }),
        "db.insert" => Ok(DocOp::Insert { collection, entity }),
        "db.save" => Ok(DocOp::Save { collection, entity }),
        "db.update" => Ok(DocOp::Update {
            collection,
            query,
            entity,
            options,
        }),
        "db.remove" => Ok(DocOp::Remove { collection, query }),
        "db.count" => Ok(DocOp::Count { collection, query }),
        "db.findAndModify" => Ok(DocOp::FindAndModify {
            collection,
            query,
            sort,
            entity,
            options,
        }),
        "db.findAndRemove" => Ok(DocOp::FindAndRemove {
            collection,
            query,
            sort,
        }),
        "db.distinct" => Ok(DocOp::Distinct {
            collection,
            key,
            query,
        }),
        "db.geoNear" => Ok(DocOp::GeoNear {
            collection,
            x,
            y,
            options,
        }),
        "db.collectionExists" => Ok(DocOp::CollectionExists { collection }),
        _ => Err(unknown_method(method)),
    }
}

pub(super) fn unknown_method(method: &str) -> CallError {
    let method = lode_proto::limits::cut(method, 100);
    failure(
        "UnknownMethod",
        format!("there is no {method:?}; there are {METHODS}"),
    )
}

pub(super) fn failure(code: &str, message: String) -> CallError {
    CallError {
        code: code.to_owned(),
        message,
    }
}
