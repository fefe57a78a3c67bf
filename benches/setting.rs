//! `Setting`: what all arms share: the servers, the store with its app, the versions.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use lode_store::{AppLimits, DocOp, HookKind, NewApp, NewHook, Store};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::Options;
use crate::arm::{Hook, Way};
use crate::redis_server::Redis;

/// The app of all jobs.
pub(crate) const APP: &str = "bench";
const DOCUMENTS: usize = 100;

/// See the file's head.
#[derive(Debug)]
pub(crate) struct Setting {
    pub(crate) redis: Redis,
    pub(crate) lode: PathBuf,
    pub(crate) store_url: String,
    pub(crate) queue: String,
    /// How long an arm runs.
    pub(crate) arm: Duration,
    pub(crate) max_children: usize,
    pub(crate) warm: usize,
    pub(crate) versions: Vec<(&'static str, String)>,
    dir: TempDir,
}

impl Setting {
    pub(crate) fn prepare(options: &Options) -> Result<Self> {
        let lode = find_lode()?;
        let dir = tempfile::tempdir()?;
        let redis = Redis::find_or_start(dir.path())?;
        let store_url = format!("sqlite:{}", dir.path().join("store.sqlite").display());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(fill_store(&store_url))?;
        let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        let versions = vec![
            ("lode", version_of(&lode)?),
            ("V8", lode_isolate::engine::version().to_owned()),
            ("Redis", redis.version()?),
            ("Linux", kernel.trim().to_owned()),
            ("cores", std::thread::available_parallelism()?.to_string()),
        ];
        Ok(Self {
            redis,
            lode,
            store_url,
            // A server that others use as well must not mix our jobs with theirs.
            queue: format!("bench-{}", std::process::id()),
            arm: Duration::from_millis(if options.quick { 400 } else { options.arm_ms }),
            max_children: options.max_children,
            warm: options.warm,
            versions,
            dir,
        })
    }

    /// The URL that worker and producer give for the queue.
    pub(crate) fn queue_url(&self, way: Way) -> String {
        let name = &self.queue;
        match way {
            Way::Redis | Way::Floor => {
                let mark = if self.redis.url.contains('?') {
                    '&'
                } else {
                    '?'
                };
                format!("{}{mark}queue={name}", self.redis.url)
            }
            Way::Sqlite => {
                let path = self.dir.path().join("queue.sqlite");
                format!("sqlite:{}?queue={name}", path.display())
            }
        }
    }
}

/// The binary of the same build: two folders up from `target/debug/examples/bench`.
fn find_lode() -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    let folder = own.parent().and_then(|folder| folder.parent());
    let lode = folder.context("no folder above")?.join("lode");
    ensure!(
        lode.is_file(),
        "{} is missing: `cargo build -p lode`",
        lode.display()
    );
    Ok(lode)
}

fn version_of(lode: &PathBuf) -> Result<String> {
    let output = Command::new(lode).arg("--version").output()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    Ok(text.trim_start_matches("lode ").to_owned())
}

async fn fill_store(url: &str) -> Result<()> {
    let store = lode_store::open(url).await?;
    let app = NewApp {
        id: APP.to_owned(),
        app_secret: None,
        master_secret: None,
        limits: AppLimits::default(),
    };
    store.create_app(app).await?;
    for hook in Hook::ALL {
        put_hook(store.as_ref(), hook).await?;
    }
    let books: Vec<Value> = (0..DOCUMENTS)
        .map(|n| json!({ "n": n, "title": format!("Book {n}"), "tags": ["a", "b"], "price": 9.5 }))
        .collect();
    let insert = DocOp::Insert {
        collection: Hook::FindOne.collection().to_owned(),
        entity: Value::Array(books),
    };
    store.execute(APP, insert).await?;
    Ok(())
}

async fn put_hook(store: &dyn Store, hook: Hook) -> Result<()> {
    let put = NewHook {
        app: APP.to_owned(),
        name: format!("{}.onPreSave", hook.collection()),
        kind: HookKind::Hook,
        source: hook.source().to_owned(),
    };
    store.put_hook(put).await?;
    Ok(())
}
