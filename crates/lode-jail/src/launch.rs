//! The master's side: starts a zygote, asks it for children, kills them.

use std::io;
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};

use nix::fcntl::{FcntlArg, OFlag, fcntl};

use crate::control::{self, ControlSocket};
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
    pub fn launch() -> Result<(Self, ControlSocket), LaunchError> {
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
        let nonblocking = FcntlArg::F_SETFL(OFlag::O_NONBLOCK);
        fcntl(&ours, nonblocking).map_err(|error| LaunchError::Control(error.into()))?;
        Ok((Self { launcher }, ours))
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

    /// SIGKILL, for real and to nobody else: a pidfd never names a second process. A child that
    /// is dead already is no error.
    pub fn kill(&self) -> io::Result<()> {
        match sys::pidfd_kill(&self.pidfd) {
            Err(error) if error.raw_os_error() == Some(libc::ESRCH) => Ok(()),
            other => other,
        }
    }
}
