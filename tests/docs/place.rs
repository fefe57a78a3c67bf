//! `Place`: one test's folder and worker; `Server`: its Redis.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use tempfile::TempDir;

/// The top of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A file of the repository.
#[track_caller]
pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A variable that is set and not empty.
pub(crate) fn variable(name: &str) -> Option<String> {
    #[expect(
        clippy::disallowed_methods,
        reason = "tests have no config.rs to read it in"
    )]
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The binary under test.
pub(crate) fn lode() -> Command {
    Command::new(env!("CARGO_BIN_EXE_lode"))
}

/// A process that ends with the test.
#[derive(Debug)]
pub(crate) struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Already gone is as good.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A folder that looks like a fresh checkout to whoever walks the tour.
#[derive(Debug)]
pub(crate) struct Place(TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        let place = Self(TempDir::new().unwrap());
        std::os::unix::fs::symlink(root().join("proto"), place.folder().join("proto")).unwrap();
        place
    }

    pub(crate) fn folder(&self) -> &Path {
        self.0.path()
    }

    /// The folder from which the tour starts.
    pub(crate) fn tour(&self) -> PathBuf {
        self.folder().to_owned()
    }

    /// The search path with the binary under test in front.
    pub(crate) fn path(&self) -> String {
        let binary = Path::new(env!("CARGO_BIN_EXE_lode")).parent().unwrap();
        let rest = variable("PATH").unwrap_or_default();
        format!("{}:{rest}", binary.display())
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.folder().join(name), text).unwrap();
    }

    /// Runs a command that must succeed; its standard output.
    #[track_caller]
    pub(crate) fn run(&self, command: &mut Command) -> String {
        self.run_in(command, self.folder())
    }

    #[track_caller]
    pub(crate) fn run_in(&self, command: &mut Command, folder: &Path) -> String {
        let errors = self.folder().join("errors");
        // A file and not a pipe: what a command leaves running would hold the pipe open.
        let output = self.folder().join("output");
        let status = command
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(fs::File::create(&output).unwrap())
            .stderr(fs::File::create(&errors).unwrap())
            .status()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let stdout = fs::read_to_string(output).unwrap();
        let stderr = fs::read_to_string(errors).unwrap();
        assert!(status.success(), "{command:?}: {status}\n{stdout}{stderr}");
        stdout
    }

    /// A worker on `queue`.
    pub(crate) fn worker(&self, queue: &str) -> Running {
        let log = fs::File::create(self.folder().join("worker.log")).unwrap();
        let worker = lode()
            .args(["serve", "--queue", queue])
            .current_dir(self.folder())
            .stdin(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        Running(worker)
    }
}

/// A Redis server.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) url: String,
    _private: Option<(Running, BufReader<ChildStdout>, TempDir)>,
}

impl Server {
    /// The server of `LODE_TEST_REDIS`, or else a private one.
    pub(crate) fn given_or_private() -> Self {
        match variable("LODE_TEST_REDIS") {
            Some(url) => Self {
                url,
                _private: None,
            },
            None => Self::private(),
        }
    }

    /// A server of the test's own, whose queue `default` nobody else uses.
    pub(crate) fn private() -> Self {
        let dir = TempDir::new().unwrap();
        let socket = dir.path().join("redis.sock");
        let mut child = Command::new("redis-server")
            .args(["--save", "", "--appendonly", "no", "--port", "0"])
            .arg("--unixsocket")
            .arg(&socket)
            .arg("--dir")
            .arg(dir.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| {
                panic!("redis-server cannot be started ({error}): run cargo xtask test")
            });
        let mut log = BufReader::new(child.stdout.take().unwrap());
        let running = Running(child);
        let mut line = String::new();
        while !line.to_lowercase().contains("ready to accept connections") {
            line.clear();
            let read = log.read_line(&mut line).unwrap();
            assert!(read > 0, "redis-server ended at its start");
        }
        Self {
            url: format!("unix://{}", socket.display()),
            _private: Some((running, log, dir)),
        }
    }

    /// The address of a queue that only this place uses.
    pub(crate) fn queue(&self, place: &Place) -> String {
        let folder = place.folder().file_name().unwrap().to_string_lossy();
        let name: String = folder
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
            .collect();
        let joint = if self.url.contains('?') { '&' } else { '?' };
        format!("{}{joint}queue={name}", self.url)
    }
}
