//! The master's side: starts a zygote, asks it for children, kills them.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::process::{Child, Command, Stdio};

use nix::fcntl::{FcntlArg, OFlag, fcntl};

use crate::cgroup::Cgroup;
use crate::confine::JailSettings;
use crate::control::{self, ControlSocket, ToZygote};
use crate::sys;

/// The hidden command that makes the binary a zygote.
pub const ZYGOTE_COMMAND: &str = "zygote";

/// Why a zygote could not be started.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// The control socket could not be made or used.
    #[error("zygote's control socket")]
    Control(#[source] io::Error),
    /// The program could not be executed again.
    #[error("start of the zygote process")]
    Exec(#[source] io::Error),
    /// The new process could not be put into its control group.
    #[error("control group of the zygote")]
    Cgroup(#[source] io::Error),
}

/// A running zygote as the master sees it. Dropping it ends the zygote and all its children.
#[derive(Debug)]
pub struct ZygoteProcess {
    launcher: Child,
}

impl ZygoteProcess {
    /// Executes this program anew as a zygote: empty environment, no inherited descriptor but its
    /// control socket (as standard input) and standard error.
    ///
    /// The control socket comes back non-blocking.
    ///
    /// The calling thread must live as long as the zygote shall: the kernel ties the death
    /// signal to it.
    pub fn launch(
        settings: JailSettings,
        cgroup: Option<&Cgroup>,
    ) -> Result<(Self, ControlSocket), LaunchError> {
        let (ours, theirs) = control::pair().map_err(LaunchError::Control)?;
        let launcher = Command::new("/proc/self/exe")
            .arg(ZYGOTE_COMMAND)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .spawn()
            .map_err(LaunchError::Exec)?;
        let process = Self { launcher };
        // It waits for its Begin: nothing of it runs outside the group.
        if let Some(cgroup) = cgroup {
            cgroup.adopt(process.pid()).map_err(LaunchError::Cgroup)?;
        }
        ours.send(&ToZygote::Begin { settings }, &[])
            .map_err(LaunchError::Control)?;
        let nonblocking = FcntlArg::F_SETFL(OFlag::O_NONBLOCK);
        fcntl(&ours, nonblocking).map_err(|error| LaunchError::Control(error.into()))?;
        Ok((process, ours))
    }

    /// SIGKILL to the launcher, whose death takes the zygote and its children along. Reaps it.
    pub fn kill(&mut self) {
        // Both fail only when it is dead and reaped already, which is what we want.
        let _ = self.launcher.kill();
        let _ = self.launcher.wait();
    }

    /// The launcher's pid, for logs and tests.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.launcher.id()
    }
}

impl Drop for ZygoteProcess {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A child as the master holds it.
#[derive(Debug)]
pub struct ChildHandle {
    pidfd: OwnedFd,
}

impl ChildHandle {
    /// Takes over the pidfd that came with the Spawned message.
    #[must_use]
    pub fn new(pidfd: OwnedFd) -> Self {
        Self { pidfd }
    }

    /// Its process id as this process's PID namespace numbers it; `None` when it is gone.
    #[must_use]
    pub fn pid(&self) -> Option<i32> {
        let path = format!("/proc/self/fdinfo/{}", self.pidfd.as_raw_fd());
        let text = std::fs::read_to_string(path).ok()?;
        let pid = text.lines().find_map(|line| line.strip_prefix("Pid:"))?;
        pid.trim().parse().ok().filter(|pid| *pid > 0)
    }

    /// Memory that it alone makes the kernel hold, in bytes: anonymous pages, in memory or in swap,
    /// and page tables, of which memory that is mapped and only read needs any number. `None` when
    /// it is gone or cannot be asked.
    #[must_use]
    pub fn resident_bytes(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid()?)).ok()?;
        let bytes = |name| -> Option<u64> {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
            Some(kib << 10)
        };
        // A kernel without swap has no line for it.
        let swap = bytes("VmSwap:").unwrap_or(0);
        Some(bytes("RssAnon:")? + swap + bytes("VmPTE:")?)
    }

    /// SIGKILL, for real and to nobody else: a pidfd never names a second process. A child that
    /// is dead already is no error.
    pub fn kill(&self) -> io::Result<()> {
        match sys::pidfd_kill(&self.pidfd) {
            Err(error) if error.raw_os_error() == Some(libc::ESRCH) => Ok(()),
            other => other,
        }
    }
}

/// The process that a thread belongs to, both as this process's PID namespace numbers them.
#[must_use]
pub fn process_of_thread(thread: i32) -> Option<i32> {
    status_field(thread, "Tgid:")
}

/// A process's parent, both as this process's PID namespace numbers them.
#[must_use]
pub fn parent_of_process(process: i32) -> Option<i32> {
    status_field(process, "PPid:")
}

fn status_field(id: i32, name: &str) -> Option<i32> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().parse().ok()
}
