//! Whether a script compiles: asked of V8 in a jailed child, as for a job.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail};
use lode_jail::Layer;
use lode_proto::message::{Mode, Realm, Run, SourcePart};
use lode_proto::{JobLimits, Tag};
use lode_store::Store;

use super::run::run_alone;
use crate::master::broker::{JobScope, LogSink};
use crate::master::clock::now;
use crate::master::http_calls::HttpScope;
use crate::master::outlets::Outlets;
use crate::master::progress::JobProgress;
use crate::master::work::Work;
use crate::outcome::Subject;

/// Fails with V8's message, line and column when `part` does not compile.
pub(crate) async fn compiles(
    app: &str,
    part: SourcePart,
    store: Arc<dyn Store>,
    waived: &[Layer],
) -> Result<()> {
    let name = part.name.clone();
    let limits = JobLimits::default();
    let run = Run {
        mode: Mode::Check,
        parts: vec![part],
        function: None,
        collection: None,
        endpoint: None,
        request: None,
        response: None,
        app_key: app.to_owned(),
        realm: Realm::default(),
        limits,
    };
    let scope = JobScope {
        app: app.to_owned(),
        job: "check".to_owned(),
        hook: name.clone(),
        store,
        logs: LogSink::Plain,
        outlets: Outlets::none(),
        keys: Arc::default(),
        http: Arc::new(HttpScope::none()),
        progress: Arc::new(JobProgress::shown()),
    };
    let ended = run_alone(
        Work {
            run,
            scope,
            idempotent: true,
            leased_at: now(),
        },
        waived,
    )
    .await?;
    let subject = Subject {
        id: "check".to_owned(),
        app: app.to_owned(),
        hook: name.clone(),
        request: None,
        limits,
        queued: Duration::ZERO,
        worker: String::new(),
    };
    let outcome = subject.settled(ended);
    match (outcome.tag, outcome.error) {
        (Tag::Completed, _) => Ok(()),
        (Tag::HookSyntax, Some(error)) => bail!("{name} does not compile: {}", error.debug),
        (tag, error) => {
            let debug = error.map(|error| error.debug).unwrap_or_default();
            bail!("{name} could not be checked: {tag}: {debug}")
        }
    }
}
