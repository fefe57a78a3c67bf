//! A private Redis: a server of our own on a socket in the target folder, gone with the command.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::background::Background;
use crate::package::Need;
use crate::{deadline, place};

const START_LIMIT: Duration = Duration::from_secs(20);
/// The kernel takes 107 bytes of a socket's path.
const SOCKET_PATH_MAX: usize = 107;

/// A running server, its folder and its address.
#[derive(Debug)]
pub(crate) struct Redis {
    /// Dropped before the folder is removed.
    server: Option<Background>,
    dir: PathBuf,
    /// `unix:///…/redis.sock`
    pub(crate) url: String,
}

impl Redis {
    /// Starts a server and returns once it answers.
    pub(crate) fn start() -> Result<Self> {
        Self::start_program(&find()?)
    }

    /// The same with this program, which may be another make's.
    pub(crate) fn start_program(program: &Path) -> Result<Self> {
        let name = program.file_name().unwrap_or_default().to_string_lossy();
        let dir = fresh_dir(&name)?;
        let socket = dir.join("redis.sock");
        let mut server = Background::start("the server", program, &dir.join("log"), |command| {
            command.args(["--port", "0", "--save", "", "--appendonly", "no"]);
            command.args(["--daemonize", "no", "--unixsocket"]);
            command.arg(&socket).arg("--dir").arg(&dir);
        })?;
        deadline::wait(START_LIMIT, "an answer of the server to PING", || {
            server.check_alive()?;
            Ok(answers(&socket).then_some(()))
        })?;
        let url = format!("unix://{}", socket.display());
        Ok(Self {
            server: Some(server),
            dir,
            url,
        })
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        drop(self.server.take());
        // A folder that stays behind is in target/ and harms nobody.
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

/// The server program, installed where it is missing and can be.
pub(crate) fn find() -> Result<PathBuf> {
    if let Some(program) = place::program("redis-server") {
        return Ok(program);
    }
    let because = "the queue is tested against a real Redis server";
    Need {
        packages: &["redis-server"],
        because,
    }
    .install()?;
    place::program("redis-server").context("redis-server is installed and still not in PATH")
}

/// An empty folder for a server of this kind.
pub(crate) fn fresh_dir(kind: &str) -> Result<PathBuf> {
    let name = format!("{kind}-{}", std::process::id());
    let mut dir = place::target().join("xtask").join(&name);
    if dir.join("redis.sock").as_os_str().len() > SOCKET_PATH_MAX {
        dir = std::env::temp_dir().join(format!("lode-{name}"));
    }
    // One of an earlier process with the same id.
    let _ = std::fs::remove_dir_all(&dir);
    std::fs::create_dir_all(&dir).with_context(|| format!("folder {}", dir.display()))?;
    Ok(dir)
}

fn answers(socket: &Path) -> bool {
    ping(socket).is_ok_and(|reply| reply == *b"+PONG\r\n")
}

fn ping(socket: &Path) -> std::io::Result<[u8; 7]> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(Duration::from_secs(1)))?;
    stream.write_all(b"PING\r\n")?;
    let mut reply = [0; 7];
    stream.read_exact(&mut reply)?;
    Ok(reply)
}
