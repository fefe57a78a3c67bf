//! The zygote: a single-threaded process that forks children and reaps them, and its children's
//! first steps. Both sides of each fork stand in this file.
//!
//! ```text
//! master ──exec──► launcher ──fork──► zygote (PID 1 of its namespace) ──fork──► child, child, …
//!                  waits, nothing else   poll: control socket, ended children
//! ```
//! Nobody outlives its parent: each has a parent-death signal, and the end of the PID
//! namespace's first process ends all others.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use lode_proto::ChildExit;
use lode_proto::frame::{Kind, PROTOCOL_VERSION};
use lode_proto::message::Ready;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socketpair};
use nix::unistd::Pid;

use crate::confine::{self, Layers};
use crate::control::{ControlSocket, FromZygote, ToZygote};
use crate::job_socket::JobSocket;
use crate::layer::Layer;
use crate::resident::OwnProc;
use crate::seccomp::{self, ChildFilter};
use crate::sys::{self, Forked};

/// What lives in the zygote and wakes in each child: the pristine isolate.
pub trait Guest: Sized {
    /// Builds the guest in the confined zygote. It must leave the process with one thread.
    fn build() -> Result<Self, String>;
    /// What it is, for `lode doctor` and the log.
    fn describe(&self) -> String;
    /// In a fresh child, before the system-call filter: reseed, start the watchdog thread. `seed`
    /// is this child's own.
    fn wake(&mut self, seed: [u8; 16]) -> Result<(), String>;
    /// In the confined child: serves exactly one job.
    fn serve(&mut self, socket: JobSocket) -> ChildExit;
}

/// The whole life of the process that the master started as zygote. The control socket is its
/// standard input. Returns the exit code.
#[must_use]
pub fn serve<G: Guest>() -> i32 {
    let control = match sys::take_stdin() {
        Ok(fd) => ControlSocket::from(fd),
        // Started by hand: there is nobody to report to.
        Err(_) => return 2,
    };
    match launch::<G>(&control) {
        Ok(code) => code,
        Err(error) => {
            // The master reads this or is gone; either way there is nothing else to do.
            let _ = control.send(
                &FromZygote::Failed {
                    reason: error.to_string(),
                },
                &[],
            );
            1
        }
    }
}

fn launch<G: Guest>(control: &ControlSocket) -> io::Result<i32> {
    let settings = match control.receive()? {
        Some((ToZygote::Begin { settings }, _)) => settings,
        // The master is gone, or is none of ours.
        Some((ToZygote::Spawn { .. }, _)) | None => return Ok(2),
    };
    let layers = confine::enter_namespaces(&settings)?;
    match sys::fork()? {
        Forked::Parent(_) => wait_for_zygote(control, &layers),
        Forked::Child => {
            Zygote::<G>::start(control, layers)?.run(control)?;
            Ok(0)
        }
    }
}

/// The launcher's rest of life. It must not hold the control socket, or the master would not see
/// the zygote's end.
fn wait_for_zygote(control: &ControlSocket, layers: &Layers) -> io::Result<i32> {
    sys::close_early(control.as_raw_fd());
    // A user namespace lets anybody install filters; without it they need no_new_privs first.
    if layers.has(Layer::UserNamespace) {
        nix::sys::prctl::set_no_new_privs()?;
        seccomp::confine_launcher()?;
    }
    while sys::reap(true)?.is_some() {}
    sys::exit_now(0)
}

struct Zygote<G> {
    guest: G,
    /// `None` only where the host has no filters and the master has been told so.
    filter: Option<ChildFilter>,
    ended: SignalFd,
    children: BTreeMap<Pid, u64>,
}

impl<G: Guest> Zygote<G> {
    fn start(control: &ControlSocket, mut layers: Layers) -> io::Result<Self> {
        sys::one_malloc_arena();
        let mut own = OwnProc::open()?;
        confine::shut_in(&mut layers)?;
        let guest = G::build().map_err(io::Error::other)?;
        own.check_single_thread()?;
        own.inherit_every_page()?;
        drop(own);
        let filter = ChildFilter::compile();
        let mut signals = SigSet::empty();
        signals.add(Signal::SIGCHLD);
        signals.thread_block()?;
        let ended = SignalFd::with_flags(&signals, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?;
        let description = guest.describe();
        let listener = confine::seal_zygote(&mut layers)?;
        let filter = listener.is_some().then_some(filter).transpose()?;
        let ready = FromZygote::Ready {
            layers: layers.into_states(),
            guest: description,
        };
        let fds: Vec<_> = listener.iter().map(AsRawFd::as_raw_fd).collect();
        control.send(&ready, &fds)?;
        Ok(Self {
            guest,
            filter,
            ended,
            children: BTreeMap::new(),
        })
    }

    /// Forks and reaps until the master closes the control socket.
    fn run(&mut self, control: &ControlSocket) -> io::Result<()> {
        loop {
            let (asked, ended) = self.wait(control)?;
            if ended {
                self.reap_all(control)?;
            }
            if asked {
                match control.receive()? {
                    Some((ToZygote::Spawn { child }, _)) => self.spawn(control, child)?,
                    // Said once, to the launcher; said again it means nothing.
                    Some((ToZygote::Begin { .. }, _)) => {}
                    None => return Ok(()),
                }
            }
        }
    }

    /// Waits for a request or a child's end; says which of them there is.
    fn wait(&self, control: &ControlSocket) -> io::Result<(bool, bool)> {
        let mut fds = [
            PollFd::new(control.as_fd(), PollFlags::POLLIN),
            PollFd::new(self.ended.as_fd(), PollFlags::POLLIN),
        ];
        match poll(&mut fds, PollTimeout::NONE) {
            Ok(_) => Ok((fds[0].any().unwrap_or(true), fds[1].any().unwrap_or(true))),
            Err(nix::errno::Errno::EINTR) => Ok((false, false)),
            Err(error) => Err(error.into()),
        }
    }

    fn reap_all(&mut self, control: &ControlSocket) -> io::Result<()> {
        // One wake-up may stand for many ends.
        while self.ended.read_signal()?.is_some() {}
        while let Some(reaped) = sys::reap(false)? {
            if let Some(child) = self.children.remove(&reaped.pid) {
                let sys::Reaped {
                    status,
                    cpu_us,
                    rss_peak_kib,
                    ..
                } = reaped;
                control.send(
                    &FromZygote::Exited {
                        child,
                        status,
                        cpu_us,
                        rss_peak_kib,
                    },
                    &[],
                )?;
            }
        }
        Ok(())
    }

    fn spawn(&mut self, control: &ControlSocket, child: u64) -> io::Result<()> {
        match self.fork_child() {
            Ok((pid, socket, pidfd)) => {
                self.children.insert(pid, child);
                let fds = [socket.as_raw_fd(), pidfd.as_raw_fd()];
                control.send(&FromZygote::Spawned { child }, &fds)
            }
            Err(error) => {
                let reason = error.to_string();
                control.send(&FromZygote::SpawnFailed { child, reason }, &[])
            }
        }
    }

    fn fork_child(&mut self) -> io::Result<(Pid, OwnedFd, OwnedFd)> {
        let (ours, theirs) = socketpair(
            AddressFamily::Unix,
            SockType::Stream,
            None,
            SockFlag::SOCK_CLOEXEC,
        )?;
        match sys::fork()? {
            Forked::Child => self.live_as_child(theirs),
            // The child's end closes here; ours goes to the master and closes right after.
            Forked::Parent(pid) => match sys::pidfd_open(pid) {
                Ok(pidfd) => Ok((pid, ours, pidfd)),
                Err(error) => {
                    // Nobody could ever kill it; closing its socket makes it leave by itself.
                    drop(ours);
                    Err(error)
                }
            },
        }
    }

    /// The other side of the fork: confinement, one job, the end.
    fn live_as_child(&mut self, socket: OwnedFd) -> ! {
        std::panic::set_hook(Box::new(|_| sys::exit_now(ChildExit::Panicked.code())));
        let exit = match self.prepare_child(socket) {
            Ok(socket) => self.guest.serve(socket),
            Err(_) => ChildExit::NotConfined,
        };
        sys::exit_now(exit.code())
    }

    fn prepare_child(&mut self, socket: OwnedFd) -> io::Result<JobSocket> {
        let socket = confine::isolate_child(socket)?;
        self.guest
            .wake(sys::random_seed()?)
            .map_err(io::Error::other)?;
        confine::lock_child(self.filter.as_ref())?;
        let mut socket = JobSocket::new(socket);
        socket.send(
            Kind::Ready,
            &Ready {
                version: PROTOCOL_VERSION,
            },
        )?;
        Ok(socket)
    }
}
