//! `lode run`: one job, no queue.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Args;
use lode_egress::HostRules;
use lode_jail::Layer;
use lode_proto::HookName;
use lode_proto::limits::SCRIPT_BYTES_MAX;
use lode_proto::message::{Mode, Run, SourcePart};
use lode_store::{AppLimits, DocOp, NewApp, Store};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::{
    ConfigArgs, UsageError, complain, exit_code, parse_duration, print_line, read_input, start_log,
};
use crate::config::Config;
use crate::master::app_keys::AppKeys;
use crate::master::broker::{JobScope, LogSink};
use crate::master::clock::now;
use crate::master::http_calls::HttpScope;
use crate::master::outlets::Outlets;
use crate::master::progress::JobProgress;
use crate::master::shell::{Happening, Shell, ShellOptions};
use crate::master::work::{Ended, Work};
use crate::outcome::Subject;
use crate::shown::address;

/// See `lode run --help`.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// The hook's script.
    file: PathBuf,
    /// What to call: a function (onPreSave), a hook name (books.onPreSave) or endpoint:NAME.
    /// Default: the only hook function that the script defines, or none (plain dialect).
    #[arg(long, value_name = "NAME")]
    hook: Option<String>,
    /// The whole request as JSON, from a file or standard input.
    #[arg(long, value_name = "FILE|-")]
    request: Option<String>,
    /// The request's body as JSON.
    #[arg(long, value_name = "JSON")]
    body: Option<String>,
    /// The request's params as a JSON object.
    #[arg(long, value_name = "JSON")]
    params: Option<String>,
    /// The whole response (status, headers, body) as JSON, for post hooks.
    #[arg(long, value_name = "FILE|-")]
    response: Option<String>,
    /// Common code, evaluated before the hook; may be given more than once.
    #[arg(long, value_name = "FILE")]
    common: Vec<PathBuf>,
    /// Documents to start with: a JSON object {collection: [documents]}.
    #[arg(long, value_name = "FILE")]
    seed_data: Option<String>,
    /// Store. Default: a private one in memory.
    #[arg(long, value_name = "URL")]
    store: Option<String>,
    /// The app whose data and keys the hook sees.
    #[arg(long, value_name = "ID", default_value = "local")]
    app: String,
    /// Wall limit, such as 5s or 300ms.
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    wall_limit: Option<Duration>,
    /// V8 heap limit in MiB.
    #[arg(long, value_name = "MIB")]
    heap_limit: Option<u64>,
    #[command(flatten)]
    config: ConfigArgs,
}

/// Runs the command.
pub(crate) async fn run(args: RunArgs) -> Result<ExitCode> {
    let mut config = Config::load(args.config.config.as_deref())?;
    if let Some(wall) = args.wall_limit {
        config.limits.wall_limit_ms = u64::try_from(wall.as_millis()).unwrap_or(u64::MAX);
        config.ceiling.wall_limit_ms = config
            .ceiling
            .wall_limit_ms
            .max(config.limits.wall_limit_ms);
    }
    if let Some(mib) = args.heap_limit {
        config.limits.heap_limit_bytes = mib.saturating_mul(1 << 20);
        config.ceiling.heap_limit_bytes = config
            .ceiling
            .heap_limit_bytes
            .max(config.limits.heap_limit_bytes);
    }
    let config = config.check()?;
    let _log = start_log("warn", false)?;
    let store = prepare_store(&args, &config).await?;
    let (work, subject) = prepare_work(&args, &config, store).await?;
    let ended = run_alone(work, &config.jail.waive).await?;
    let outcome = subject.settled(ended);
    print_line(&serde_json::to_string(&outcome)?);
    Ok(exit_code(outcome.tag.is_success()))
}

/// Runs one job in a pool of one. Missing jail layers are complained about and accepted: this is
/// the developer's own script on the developer's own machine.
pub(crate) async fn run_alone(work: Work, waived: &[Layer]) -> Result<Ended> {
    let mut shell = Shell::new(ShellOptions::alone());
    shell.submit(work);
    loop {
        match shell.next().await {
            Happening::Ended { ended, .. } => return Ok(ended),
            Happening::Serving { layers, .. } => {
                for state in layers {
                    if let Some(reason) = state.missing.filter(|_| !waived.contains(&state.layer)) {
                        complain(&format!(
                            "lode: jail layer {} is off: {reason}",
                            state.layer
                        ));
                    }
                }
            }
            Happening::Moved | Happening::Refused { .. } => {}
            Happening::Drained => bail!("the pool ended before the job"),
        }
        if shell.stats().zygotes_started > 3 && shell.wants_jobs() == 0 {
            bail!("the zygote does not start; `lode doctor` says more");
        }
    }
}

async fn prepare_store(args: &RunArgs, config: &Config) -> Result<Arc<dyn Store>> {
    let url = args.store.as_deref().unwrap_or("sqlite::memory:");
    let store = lode_store::open_with(url, config.store_options())
        .await
        .with_context(|| format!("store {}", address(url)))?;
    if store.app(&args.app).await?.is_none() {
        if args.store.is_some() {
            bail!(
                "store {} has no app {:?}; create it with `lode app create`",
                address(url),
                args.app
            );
        }
        let app = NewApp {
            id: args.app.clone(),
            app_secret: None,
            master_secret: None,
            limits: AppLimits::default(),
        };
        store.create_app(app).await?;
    }
    if let Some(path) = &args.seed_data {
        seed(&args.app, path, store.as_ref()).await?;
    }
    Ok(store)
}

async fn seed(app: &str, path: &str, store: &dyn Store) -> Result<()> {
    let text = read_input(path)?;
    let data: Map<String, Value> = serde_json::from_str(&text).with_context(|| {
        format!("--seed-data {path} must be a JSON object {{collection: [documents]}}")
    })?;
    for (collection, documents) in data {
        if !documents.is_array() {
            bail!("--seed-data {path}: collection {collection:?} must be an array of documents");
        }
        let op = DocOp::Insert {
            collection: collection.clone(),
            entity: documents,
        };
        store
            .execute(app, op)
            .await
            .with_context(|| format!("--seed-data {path}: {collection}"))?;
    }
    Ok(())
}

async fn prepare_work(
    args: &RunArgs,
    config: &Config,
    store: Arc<dyn Store>,
) -> Result<(Work, Subject)> {
    let app = store.app(&args.app).await?.context("the app is gone")?;
    let Target {
        function,
        collection,
        endpoint,
        label,
    } = target(args.hook.as_deref())?;
    let mut parts = Vec::new();
    for path in &args.common {
        parts.push(source_part(path, None)?);
    }
    parts.push(source_part(&args.file, None)?);
    let request = request(args)?;
    let response = args
        .response
        .as_deref()
        .map(json_object_input)
        .transpose()?;
    let limits = config.limits;
    let rules = HostRules::parse(&app.limits.http_hosts)?;
    let http = HttpScope::new(config.egress()?, rules, limits.http_requests_limit);
    let subject = Subject {
        id: "run".to_owned(),
        app: app.id.clone(),
        hook: label.clone(),
        request: request.clone(),
        limits,
        queued: Duration::ZERO,
        worker: config.worker.name.clone(),
    };
    let run = Run {
        mode: Mode::Run,
        parts,
        function,
        collection,
        endpoint,
        request,
        response,
        app_key: app.id.clone(),
        realm: config.realm(),
        limits,
    };
    let scope = JobScope {
        keys: Arc::new(AppKeys::of(&app)),
        http: Arc::new(http),
        progress: Arc::new(JobProgress::shown()),
        app: app.id,
        job: "run".to_owned(),
        hook: label,
        store,
        logs: LogSink::Plain,
        outlets: Outlets::shown(config),
    };
    Ok((
        Work {
            run,
            scope,
            idempotent: false,
            leased_at: now(),
        },
        subject,
    ))
}

/// What `--hook` names.
#[derive(Debug, Default)]
struct Target {
    function: Option<String>,
    collection: Option<String>,
    endpoint: Option<String>,
    label: String,
}

fn target(hook: Option<&str>) -> Result<Target> {
    let Some(hook) = hook else {
        return Ok(Target {
            label: "run".to_owned(),
            ..Target::default()
        });
    };
    let label = hook.to_owned();
    if !hook.contains(['.', ':']) {
        return Ok(Target {
            function: Some(label.clone()),
            label,
            ..Target::default()
        });
    }
    let name = HookName::parse(hook).map_err(|error| UsageError(format!("--hook: {error}")))?;
    let Some(function) = name.function() else {
        bail!(UsageError(format!(
            "--hook {hook}: common code does not run by itself"
        )));
    };
    Ok(Target {
        function: Some(function.to_owned()),
        collection: name.collection().map(str::to_owned),
        endpoint: name.endpoint().map(str::to_owned),
        label,
    })
}

/// A script file as a part; its name in stacks is `name` or the file's.
pub(crate) fn source_part(path: &std::path::Path, name: Option<String>) -> Result<SourcePart> {
    let bytes = std::fs::read(path).with_context(|| format!("script {}", path.display()))?;
    if bytes.len() > SCRIPT_BYTES_MAX {
        bail!(
            "script {} has {} bytes, allowed are {SCRIPT_BYTES_MAX}",
            path.display(),
            bytes.len()
        );
    }
    let source = String::from_utf8(bytes)
        .map_err(|error| anyhow::anyhow!("script {}: not UTF-8: {error}", path.display()))?;
    let file = || {
        path.file_name()
            .unwrap_or(path.as_os_str())
            .to_string_lossy()
            .into_owned()
    };
    Ok(SourcePart {
        name: name.unwrap_or_else(file),
        source,
    })
}

fn request(args: &RunArgs) -> Result<Option<Box<RawValue>>> {
    build_request(
        args.request.as_deref(),
        args.body.as_deref(),
        args.params.as_deref(),
    )
}

/// A request out of `--request`, with `--body` and `--params` put over it.
pub(crate) fn build_request(
    whole: Option<&str>,
    body: Option<&str>,
    params: Option<&str>,
) -> Result<Option<Box<RawValue>>> {
    let base = whole.map(json_object_input).transpose()?;
    if body.is_none() && params.is_none() {
        return Ok(base);
    }
    let mut request: Map<String, Value> = match &base {
        Some(base) => serde_json::from_str(base.get())?,
        None => Map::new(),
    };
    for (name, text) in [("body", body), ("params", params)] {
        if let Some(text) = text {
            let value: Value = serde_json::from_str(text)
                .map_err(|error| UsageError(format!("--{name} is not JSON: {error}")))?;
            if name == "params" && !value.is_object() {
                bail!(UsageError("--params must be a JSON object".to_owned()));
            }
            request.insert(name.to_owned(), value);
        }
    }
    Ok(Some(serde_json::value::to_raw_value(&request)?))
}

fn json_object_input(path: &str) -> Result<Box<RawValue>> {
    let text = read_input(path)?;
    let map: Map<String, Value> = serde_json::from_str(&text)
        .map_err(|error| UsageError(format!("{path} must hold a JSON object: {error}")))?;
    Ok(serde_json::value::to_raw_value(&map)?)
}
