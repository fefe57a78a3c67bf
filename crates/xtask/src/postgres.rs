//! A private Postgres: a server of our own on a socket in the system's temporary folder, gone with
//! the command.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::background::Background;
use crate::package::{self, Need};
use crate::{deadline, place, step};

const START_LIMIT: Duration = Duration::from_secs(60);

/// Where Debian has the programs of each version, outside of PATH.
const DEBIAN: &str = "/usr/lib/postgresql";

/// A running server, its folder and its address.
#[derive(Debug)]
pub(crate) struct Postgres {
    /// Dropped before the folder is removed.
    server: Option<Background>,
    dir: PathBuf,
    /// `postgres://postgres@%2Ftmp%2F…/postgres`
    pub(crate) url: String,
}

impl Postgres {
    /// Starts a server and returns once it answers.
    pub(crate) fn start() -> Result<Self> {
        let initdb = find()?;
        let user = user()?;
        // Not in the target folder: another user may not get there.
        let dir = std::env::temp_dir().join(format!("lode-postgres-{}", std::process::id()));
        // One of an earlier process with the same id.
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(&dir).with_context(|| format!("folder {}", dir.display()))?;
        if let Some(user) = user {
            step::run(Command::new("chown").arg(user).arg(&dir))?;
        }
        let data = dir.join("data");
        let mut make = Command::new("setpriv");
        make.args(as_user(user)).arg("--").arg(&initdb);
        make.args(["--no-sync", "-A", "trust", "-U", "postgres", "-E", "UTF8"]);
        step::stdout(make.args(["--locale=C", "-D"]).arg(&data))?;
        // The tests open many stores at once, each with connections of its own.
        let settings = ["fsync=off", "listen_addresses=", "max_connections=1000"];
        let log = dir.join("log");
        let mut server = Background::start("Postgres", Path::new("setpriv"), &log, |command| {
            command
                .args(as_user(user))
                .args(["--pdeathsig", "KILL", "--"]);
            command.arg(initdb.with_file_name("postgres"));
            command.arg("-D").arg(&data).arg("-k").arg(&dir);
            command.args(settings.iter().flat_map(|setting| ["-c", setting]));
        })?;
        let pid = data.join("postmaster.pid");
        let is_ready = || {
            let text = std::fs::read_to_string(&pid).unwrap_or_default();
            text.lines().any(|line| line.trim() == "ready")
        };
        let socket = dir.display().to_string().replace('/', "%2F");
        let mut started = Self {
            server: None,
            dir,
            url: format!("postgres://postgres@{socket}/postgres"),
        };
        deadline::wait(START_LIMIT, "the start of Postgres", || {
            server.check_alive()?;
            Ok(is_ready().then_some(()))
        })?;
        started.server = Some(server);
        Ok(started)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        drop(self.server.take());
        // A folder that stays behind is a temporary one and harms nobody.
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

/// Options of setpriv.
fn as_user(user: Option<&str>) -> Vec<String> {
    match user {
        Some(user) => vec![
            format!("--reuid={user}"),
            format!("--regid={user}"),
            "--clear-groups".to_owned(),
        ],
        None => Vec::new(),
    }
}

/// Whose server it is: Postgres refuses root. Debian's package has made the user.
fn user() -> Result<Option<&'static str>> {
    if !package::is_root()? {
        return Ok(None);
    }
    let is_known = step::succeeds(Command::new("id").arg("postgres"));
    Ok(Some(if is_known { "postgres" } else { "nobody" }))
}

/// `initdb`, with the other programs beside it, installed where it is missing and can be.
fn find() -> Result<PathBuf> {
    if let Some(program) = program() {
        return Ok(program);
    }
    let because = "the store is tested against a real Postgres server";
    Need {
        packages: &["postgresql"],
        because,
    }
    .install()?;
    program().context("postgresql is installed, and still there is no initdb")
}

/// Of PATH, or of the newest version that Debian has installed.
fn program() -> Option<PathBuf> {
    place::program("initdb").or_else(|| {
        let versions = std::fs::read_dir(DEBIAN).ok()?.flatten();
        let number = |version: &std::fs::DirEntry| {
            let name = version.file_name();
            name.to_string_lossy().parse::<u32>().unwrap_or(0)
        };
        let programs = versions.map(|version| {
            let program = version.path().join("bin/initdb");
            (number(&version), program)
        });
        let newest = programs.filter(|(_, program)| program.is_file()).max();
        newest.map(|(_, program)| program)
    })
}
