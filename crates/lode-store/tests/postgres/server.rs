//! `PgServer`: a private Postgres, gone with this value.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

/// A busy machine takes seconds to start one.
const DEADLINE: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(20);

/// A running server, on a socket in a folder of its own.
#[derive(Debug)]
pub(crate) struct PgServer {
    child: Child,
    settings: Vec<String>,
    pub(crate) dir: TempDir,
}

impl PgServer {
    /// Starts a server with these settings besides, and returns once it accepts connections. The
    /// superuser is `postgres`, with the password `geheim` where one is asked for.
    pub(crate) fn start(settings: &[String], set_up: impl FnOnce(&Path)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        own(dir.path());
        let data = dir.path().join("data");
        std::fs::write(dir.path().join("password"), "geheim").unwrap();
        let made = command("initdb")
            .args(["--no-sync", "-A", "trust", "-U", "postgres", "-E", "UTF8"])
            .args(["--locale=C", "--pwfile"])
            .arg(dir.path().join("password"))
            .arg("-D")
            .arg(&data)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&made.stderr);
        assert!(made.status.success(), "initdb: {said}");
        set_up(&data);
        own(dir.path());
        let mut server = Self {
            child: launch(dir.path(), settings),
            settings: settings.to_vec(),
            dir,
        };
        server.wait();
        server
    }

    /// Ends it at once, with all its connections. What was committed is still there.
    pub(crate) fn stop(&mut self) {
        // What one that is killed leaves behind is ended by itself, but not at once: a new one has
        // to wait for it. `immediate` does not wait for anything else.
        let data = self.dir.path().join("data");
        let stop = ["stop", "-m", "immediate", "-w", "-D"];
        let stopped = command("pg_ctl").args(stop).arg(data).output().unwrap();
        let said = String::from_utf8_lossy(&stopped.stderr);
        assert!(stopped.status.success(), "pg_ctl: {said}");
        self.child.wait().unwrap();
    }

    /// Starts what was stopped, in the same place.
    pub(crate) fn start_again(&mut self) {
        self.child = launch(self.dir.path(), &self.settings);
        self.wait();
    }

    pub(crate) fn url(&self) -> String {
        let socket = self.dir.path().to_str().unwrap().replace('/', "%2F");
        format!("postgres://postgres:geheim@{socket}/postgres")
    }

    fn wait(&mut self) {
        let pid = self.dir.path().join("data").join("postmaster.pid");
        let ready = async {
            let mut looks = tokio::time::interval(LOOK);
            loop {
                looks.tick().await;
                assert!(self.child.try_wait().unwrap().is_none(), "{}", self.log());
                let text = std::fs::read_to_string(&pid).unwrap_or_default();
                if text.lines().any(|line| line.trim() == "ready") {
                    return;
                }
            }
        };
        // On a thread: the test may be within a runtime already.
        let wait = || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .build()
                .unwrap();
            runtime.block_on(async { tokio::time::timeout(DEADLINE, ready).await.is_ok() })
        };
        let in_time = std::thread::scope(|scope| scope.spawn(wait).join());
        assert!(
            in_time.unwrap(),
            "the server does not start: {}",
            self.log()
        );
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("log")).unwrap_or_default()
    }
}

impl Drop for PgServer {
    fn drop(&mut self) {
        // The children of one that is killed end by themselves.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn launch(dir: &Path, settings: &[String]) -> Child {
    let log = std::fs::File::create(dir.join("log")).unwrap();
    let mut command = command("postgres");
    command.arg("-D").arg(dir.join("data")).arg("-k").arg(dir);
    for setting in ["fsync=off", "listen_addresses=", "max_connections=300"]
        .map(str::to_owned)
        .iter()
        .chain(settings)
    {
        command.args(["-c", setting]);
    }
    command.stderr(log).stdout(Stdio::null()).spawn().unwrap()
}

/// A program of Postgres, as a user that it accepts; it ends with the thread that starts it.
fn command(name: &str) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL"]);
    if let Some(user) = user() {
        command.args(["--reuid", user, "--regid", user, "--clear-groups"]);
    }
    command.arg("--").arg(program(name)).stdin(Stdio::null());
    command
}

/// Postgres refuses root.
fn user() -> Option<&'static str> {
    let id = Command::new("id").arg("-u").output().unwrap();
    if id.stdout != b"0\n" {
        return None;
    }
    let known = Command::new("id").arg("postgres").output().unwrap();
    Some(if known.status.success() {
        "postgres"
    } else {
        "nobody"
    })
}

fn own(dir: &Path) {
    if let Some(user) = user() {
        let mut chown = Command::new("chown");
        let owned = chown.arg("-R").arg(user).arg(dir).status().unwrap();
        assert!(owned.success());
    }
}

/// Of PATH, or where Debian has it: the newest.
fn program(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut found: Vec<PathBuf> = std::env::split_paths(&path).collect();
    found.reverse();
    if let Ok(versions) = std::fs::read_dir("/usr/lib/postgresql") {
        found.extend(versions.flatten().map(|version| version.path().join("bin")));
    }
    let program = found
        .into_iter()
        .map(|dir| dir.join(name))
        .rfind(|file| file.is_file());
    program.unwrap_or_else(|| {
        panic!(
            "these tests need Postgres: install the package `postgresql`, or set \
             LODE_TEST_POSTGRES to the address of a server whose user may create schemas"
        )
    })
}
