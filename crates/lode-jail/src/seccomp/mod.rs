//! The system-call filters: compiled from [`rules`], named for whoever broke one.

mod bpf;
pub(crate) mod rules;

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

pub(crate) use bpf::Instruction;
use bpf::{Action, Program};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
pub use rules::Use;
use rules::{On, Rule};

use crate::sys;

/// `AUDIT_ARCH_*`: which table of numbers a call is made by.
const ARCH_X86_64: u32 = 0xc000_003e;
const ARCH_AARCH64: u32 = 0xc000_00b7;

/// Exit codes of a child whose call was trapped: this plus the rule's place in its list. Above
/// those of [`lode_proto::ChildExit`], below the 128 of signals in shells.
const TRAPPED_EXIT: i32 = 100;

/// A processor whose call numbers are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Machine {
    X86_64,
    Aarch64,
}

impl Machine {
    /// The one that this program was built for.
    fn own() -> io::Result<Self> {
        match std::env::consts::ARCH {
            "x86_64" => Ok(Self::X86_64),
            "aarch64" => Ok(Self::Aarch64),
            other => Err(io::Error::other(format!(
                "no table of system calls for {other}; there are x86_64 and aarch64"
            ))),
        }
    }

    fn arch(self) -> u32 {
        match self {
            Self::X86_64 => ARCH_X86_64,
            Self::Aarch64 => ARCH_AARCH64,
        }
    }

    /// A call's number; `None` where the processor has no such call.
    fn number(self, rule: &Rule) -> Option<u32> {
        let number = match (self, rule.on) {
            (Self::Aarch64, On::X86) | (Self::X86_64, On::Arm) => return None,
            (Self::X86_64, On::X86 | On::All) => {
                rule.call.parse::<syscalls::x86_64::Sysno>().ok()?.id()
            }
            (Self::Aarch64, On::Arm | On::All) => {
                rule.call.parse::<syscalls::aarch64::Sysno>().ok()?.id()
            }
        };
        u32::try_from(number).ok()
    }

    fn name(self, number: u32) -> Option<&'static str> {
        let number = usize::try_from(number).ok()?;
        match self {
            Self::X86_64 => syscalls::x86_64::Sysno::new(number).map(|call| call.name()),
            Self::Aarch64 => syscalls::aarch64::Sysno::new(number).map(|call| call.name()),
        }
    }

    fn launcher(self) -> Program {
        let kill = Action::KillProcess;
        bpf::compile(
            self.arch(),
            rules::LAUNCHER,
            |r| self.number(r),
            kill,
            |_| kill,
        )
    }

    fn serving(self) -> Program {
        let tell = Action::Notify;
        bpf::compile(
            self.arch(),
            rules::SERVING,
            |r| self.number(r),
            tell,
            |_| tell,
        )
    }

    fn child(self) -> Program {
        let trap = |index| Action::Trap(u16::try_from(index).unwrap_or(u16::MAX));
        let number = |rule: &Rule| self.number(rule);
        bpf::compile(self.arch(), rules::CHILD, number, Action::Allow, trap)
    }
}

/// A call as people know it: `bpf (321)`.
#[must_use]
pub fn call_name(number: u32) -> String {
    let name = Machine::own().ok().and_then(|machine| machine.name(number));
    format!("{} ({number})", name.unwrap_or("unknown"))
}

/// The calls that a child may make in some form, with how they come up; for the test that finds
/// entries nothing uses.
#[must_use]
pub fn calls_of_a_child() -> Vec<(&'static str, Use)> {
    let taken = |call: &str| {
        let of_child = rules::CHILD.iter().find(|rule| rule.call == call);
        of_child.is_some_and(|rule| rule.verb == rules::Verb::Trap)
    };
    let machine = Machine::own().ok();
    rules::SERVING
        .iter()
        .filter(|rule| machine.is_some_and(|machine| machine.number(rule).is_some()))
        .filter(|rule| !taken(rule.call))
        .map(|rule| (rule.call, rule.used))
        .collect()
}

/// The calls that a zygote may make, in some form.
#[must_use]
pub fn calls_of_a_zygote() -> Vec<&'static str> {
    rules::SERVING.iter().map(|rule| rule.call).collect()
}

/// The call that a child was stopped at, if `code` is the exit code that says so.
#[must_use]
pub fn trapped_call(code: i32) -> Option<&'static str> {
    trapped_rule(code).map(|rule| rule.call)
}

/// The same as [`call_name`] would tell it.
#[must_use]
pub fn trapped_call_name(code: i32) -> Option<String> {
    let number = Machine::own().ok()?.number(trapped_rule(code)?)?;
    Some(call_name(number))
}

fn trapped_rule(code: i32) -> Option<&'static Rule> {
    let index = usize::try_from(code.checked_sub(TRAPPED_EXIT)?).ok()?;
    rules::CHILD.get(index)
}

/// A child's filter, compiled once in the zygote.
#[derive(Debug)]
pub(crate) struct ChildFilter(Program);

impl ChildFilter {
    pub(crate) fn compile() -> io::Result<Self> {
        Ok(Self(Machine::own()?.child()))
    }

    /// Puts the filter on every thread of this process. It cannot be taken off.
    pub(crate) fn apply(&self) -> io::Result<()> {
        let code = self.0.for_process(std::process::id());
        sys::filter_all_threads(&code)
    }
}

/// Puts the launcher's filter on.
pub(crate) fn confine_launcher() -> io::Result<()> {
    sys::filter_all_threads(&Machine::own()?.launcher().code)
}

/// Puts the serving filter on the zygote, whose children inherit it. The master listens to what
/// comes back: every call that is not on the list waits there until its process is killed.
pub(crate) fn confine_zygote() -> io::Result<Listener> {
    // The handler comes first: the filter keeps it from being replaced.
    sys::exit_when_trapped(TRAPPED_EXIT)?;
    sys::filter_and_listen(&Machine::own()?.serving().code).map(Listener)
}

/// Whether the kernel knows the two actions that the filters need.
pub(crate) fn available() -> io::Result<()> {
    Machine::own()?;
    sys::seccomp_action_available(libc::SECCOMP_RET_KILL_PROCESS)?;
    sys::seccomp_action_available(libc::SECCOMP_RET_USER_NOTIF)
}

/// A forbidden call that was stopped before the kernel looked at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ForbiddenCall {
    /// The calling thread, as this process's PID namespace numbers it.
    pub thread: i32,
    /// The call's number.
    pub number: u32,
}

/// The master's ear: forbidden calls of one zygote and all its children come here. The caller of
/// each waits in the kernel to be killed. The call is never made: a signal between two threads of
/// the process can break the wait off, and the call then fails with EINTR.
#[derive(Debug)]
pub struct Listener(OwnedFd);

impl Listener {
    /// Takes over the descriptor that came with the zygote's Ready message.
    #[must_use]
    pub fn new(fd: OwnedFd) -> Self {
        Self(fd)
    }

    /// What there is to hear right now; does not wait.
    pub fn receive(&self) -> io::Result<Heard> {
        let mut fds = [PollFd::new(self.0.as_fd(), PollFlags::POLLIN)];
        poll(&mut fds, PollTimeout::ZERO)?;
        let events = fds[0].revents().unwrap_or(PollFlags::empty());
        if events.contains(PollFlags::POLLIN) {
            let call = sys::receive_forbidden_call(self.0.as_raw_fd())?;
            return Ok(call.map_or(Heard::Nothing, Heard::Call));
        }
        let ended = events.intersects(PollFlags::POLLHUP | PollFlags::POLLERR);
        Ok(if ended { Heard::End } else { Heard::Nothing })
    }
}

/// What a [`Listener`] hears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// A forbidden call.
    Call(ForbiddenCall),
    /// Nothing now.
    Nothing,
    /// Nothing ever again: no process is left.
    End,
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl AsRawFd for Listener {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

#[cfg(test)]
mod tests;
