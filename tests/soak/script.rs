//! `Script`: one file of `tests/hooks/soak`, and what a run of it says, as comparable bytes.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use lode_proto::JobLimits;
use lode_proto::message::{Done, Mode, Realm, Run, SourcePart};

/// Where the scripts are.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/hooks/soak");
/// Fewer would mean that files were lost.
const SCRIPTS_MIN: usize = 20;

/// One script.
#[derive(Debug)]
pub(crate) struct Script {
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    pub(crate) run: Run,
}

impl Script {
    /// All scripts, in the order of their names.
    pub(crate) fn all() -> Result<Vec<Self>> {
        let mut scripts = Vec::new();
        for entry in std::fs::read_dir(FOLDER).context(FOLDER)? {
            scripts.push(Self::read(&entry?.path())?);
        }
        scripts.sort_by(|a, b| a.name.cmp(&b.name));
        let count = scripts.len();
        ensure!(count >= SCRIPTS_MIN, "only {count} scripts in {FOLDER}");
        Ok(scripts)
    }

    /// One script file.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let source =
            std::fs::read_to_string(path).with_context(|| format!("script {}", path.display()))?;
        let name = path.file_name().unwrap_or(path.as_os_str());
        let name = name.to_string_lossy().into_owned();
        Ok(Self {
            run: job(&name, source),
            name,
            path: path.to_owned(),
        })
    }
}

/// A job of one script that defines at most one hook function.
pub(crate) fn job(name: &str, source: String) -> Run {
    let part = SourcePart {
        name: name.to_owned(),
        source,
    };
    Run {
        mode: Mode::Run,
        parts: vec![part],
        function: None,
        collection: Some("books".to_owned()),
        endpoint: None,
        request: None,
        response: None,
        app_key: "soak".to_owned(),
        realm: Realm::default(),
        // Nothing here is about limits: a busy machine must make no difference.
        limits: JobLimits {
            wall_limit_ms: 60_000,
            heap_limit_bytes: 256 << 20,
            ..JobLimits::default()
        },
    }
}

/// A report without what may differ: CPU time and heap in use.
pub(crate) fn comparable(mut done: Done) -> Result<String> {
    done.cpu_us = 0;
    done.heap_bytes = 0;
    Ok(serde_json::to_string(&done)?)
}
