//! The system calls that no safe crate offers: one function each, no policy.
#![expect(
    unsafe_code,
    reason = "the one module that speaks to the kernel directly"
)]

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};

use nix::unistd::{ForkResult, Pid};

/// What became of `fork`.
#[derive(Debug)]
pub(crate) enum Forked {
    /// We are the parent; the child's pid as our PID namespace sees it.
    Parent(Pid),
    /// We are the child.
    Child,
}

/// Forks. The process must have exactly one thread, for which alone a fork is sound.
pub(crate) fn fork() -> io::Result<Forked> {
    // SAFETY: fork's contract for multi-threaded callers (only async-signal-safe calls in the
    // child) does not bind us: the launcher has started no thread since it was executed, and the
    // zygote has asserted from /proc/self/status that it has one before it serves.
    match unsafe { nix::unistd::fork() }? {
        ForkResult::Parent { child } => Ok(Forked::Parent(child)),
        ForkResult::Child => Ok(Forked::Child),
    }
}

/// Ends the process at once: no destructor, no exit handler, no flush.
pub fn exit_now(code: i32) -> ! {
    // SAFETY: _exit takes any int, does not return and touches no memory of ours.
    unsafe { libc::_exit(code) }
}

/// A descriptor that names the process `pid` even when its number is used again.
pub(crate) fn pidfd_open(pid: Pid) -> io::Result<OwnedFd> {
    // SAFETY: pidfd_open(pid_t, flags) reads no memory; flags 0 is defined.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid.as_raw(), 0) };
    let fd = RawFd::try_from(fd).unwrap_or(-1);
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel has just given us this descriptor and nobody else knows its number.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Sends SIGKILL to the process behind `pidfd`.
pub(crate) fn pidfd_kill(pidfd: &OwnedFd) -> io::Result<()> {
    // SAFETY: the siginfo pointer may be null (the kernel fills it in), flags 0 is defined, and
    // the descriptor is open for as long as we borrow it.
    let done = unsafe {
        libc::syscall(
            libc::SYS_pidfd_send_signal,
            pidfd.as_raw_fd(),
            libc::SIGKILL,
            std::ptr::null::<libc::siginfo_t>(),
            0,
        )
    };
    if done == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Takes over standard input as a descriptor of its own, and closes every other one but standard
/// error: whatever our parent's parent forgot to close does not come along.
pub(crate) fn take_stdin() -> io::Result<OwnedFd> {
    // SAFETY: F_DUPFD_CLOEXEC reads no memory; descriptor 0 being closed gives EBADF.
    let fd = unsafe { libc::fcntl(0, libc::F_DUPFD_CLOEXEC, 3) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    let own = fd.unsigned_abs();
    for (first, last) in [(0, 1), (3, own - 1), (own + 1, u32::MAX)] {
        // SAFETY: close_range reads no memory. This is the first thing that the process does: no
        // value owns any of these descriptors yet, and the standard streams tolerate EBADF.
        if first <= last && unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) } != 0 {
            return Err(io::Error::last_os_error());
        }
    }
    // SAFETY: the kernel has just given us this descriptor and nobody else knows its number.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Moves `keep` to descriptor `place` and closes every other descriptor of the process.
pub(crate) fn keep_only(keep: OwnedFd, place: RawFd) -> io::Result<OwnedFd> {
    let old = keep.as_raw_fd();
    if old != place {
        // SAFETY: dup2 reads no memory; whatever held `place` is closed below anyway, and no
        // value of this process uses it again: the caller is a fresh fork that only serves `keep`.
        if unsafe { libc::dup2(old, place) } < 0 {
            return Err(io::Error::last_os_error());
        }
    }
    // The number may be closed by the ranges below; it must not be closed again by a destructor.
    let _ = keep.into_raw_fd();
    let place_u = u32::try_from(place).map_err(io::Error::other)?;
    for (first, last) in [(0, place_u - 1), (place_u + 1, u32::MAX)] {
        // SAFETY: close_range reads no memory; values that own descriptors in these ranges are
        // never used in this process again (see above).
        if unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) } != 0 {
            return Err(io::Error::last_os_error());
        }
    }
    // SAFETY: `place` is open (dup2 above, or it was `keep` itself) and has no other owner.
    Ok(unsafe { OwnedFd::from_raw_fd(place) })
}

/// One ended child: its raw wait status, CPU time and peak memory.
#[derive(Debug)]
pub(crate) struct Reaped {
    pub(crate) pid: Pid,
    pub(crate) status: i32,
    pub(crate) cpu_us: u64,
    pub(crate) rss_peak_kib: u64,
}

/// Reaps one ended child. `None` when none has ended (or, blocking, when there is none left).
pub(crate) fn reap(block: bool) -> io::Result<Option<Reaped>> {
    let mut status = 0;
    // SAFETY: rusage is a plain struct of integers, for which all-zero is a value.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    let flags = if block { 0 } else { libc::WNOHANG };
    // SAFETY: both pointers are to live locals of the types that wait4 writes.
    let pid = unsafe { libc::wait4(-1, &raw mut status, flags, &raw mut usage) };
    if pid == 0 {
        return Ok(None);
    }
    if pid < 0 {
        let error = io::Error::last_os_error();
        let none_left = error.raw_os_error() == Some(libc::ECHILD);
        return if none_left { Ok(None) } else { Err(error) };
    }
    let micros = |t: libc::timeval| t.tv_sec.unsigned_abs() * 1_000_000 + t.tv_usec.unsigned_abs();
    Ok(Some(Reaped {
        pid: Pid::from_raw(pid),
        status,
        cpu_us: micros(usage.ru_utime) + micros(usage.ru_stime),
        rss_peak_kib: usage.ru_maxrss.unsigned_abs(),
    }))
}

/// Empties every capability set of the process: effective, permitted, inheritable, ambient.
pub(crate) fn drop_capabilities() -> io::Result<()> {
    #[repr(C)]
    struct Header {
        version: u32,
        pid: i32,
    }
    // _LINUX_CAPABILITY_VERSION_3: two words for each set.
    let header = Header {
        version: 0x2008_0522,
        pid: 0,
    };
    let empty = [0_u32; 6];
    // SAFETY: the header and the six words have the layout that version 3 of capset reads, and
    // the kernel only reads them.
    let done = unsafe { libc::syscall(libc::SYS_capset, &raw const header, empty.as_ptr()) };
    if done == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Removes one capability from the bounding set. `false` when the kernel knows no such number.
pub(crate) fn drop_bounding(capability: u32) -> io::Result<bool> {
    // SAFETY: prctl(PR_CAPBSET_DROP, n) reads no memory.
    let done = unsafe {
        libc::prctl(
            libc::PR_CAPBSET_DROP,
            libc::c_ulong::from(capability),
            0,
            0,
            0,
        )
    };
    if done == 0 {
        return Ok(true);
    }
    let error = io::Error::last_os_error();
    if error.raw_os_error() == Some(libc::EINVAL) {
        Ok(false)
    } else {
        Err(error)
    }
}

/// Locks the securebits: uid 0 means nothing, and nothing of this can be undone.
pub(crate) fn lock_securebits() -> io::Result<()> {
    // NOROOT, NO_SETUID_FIXUP, KEEP_CAPS off, NO_CAP_AMBIENT_RAISE, each with its lock bit.
    let bits: libc::c_ulong = 0b1110_1111;
    // SAFETY: prctl(PR_SET_SECUREBITS, bits) reads no memory.
    let done = unsafe { libc::prctl(libc::PR_SET_SECUREBITS, bits, 0, 0, 0) };
    if done == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Lets children inherit the pages from `start` to `end` (`MADV_DOFORK`).
pub(crate) fn inherit_pages(start: usize, end: usize) -> io::Result<()> {
    let address = std::ptr::with_exposed_provenance_mut::<libc::c_void>(start);
    // SAFETY: MADV_DOFORK changes only what fork copies; it neither maps nor unmaps nor writes,
    // and a range that is no longer mapped gives ENOMEM.
    let done = unsafe { libc::madvise(address, end - start, libc::MADV_DOFORK) };
    if done == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// CPU time of this process in microseconds, all threads.
#[must_use]
pub fn process_cpu_us() -> u64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the pointer is to a live local of the type that clock_gettime writes.
    let done = unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut time) };
    if done != 0 {
        return 0;
    }
    time.tv_sec.unsigned_abs() * 1_000_000 + time.tv_nsec.unsigned_abs() / 1000
}

/// Takes ownership of a descriptor that `recvmsg` has just put into this process.
pub(crate) fn adopt_received(fd: RawFd) -> OwnedFd {
    // SAFETY: SCM_RIGHTS installs fresh descriptors for the receiver; the one caller passes each
    // number on exactly once, straight from the control message.
    unsafe { OwnedFd::from_raw_fd(fd) }
}

/// Asks the kernel whether it knows `SECCOMP_RET_KILL_PROCESS`.
pub(crate) fn seccomp_kill_process_available() -> io::Result<()> {
    let action: u32 = libc::SECCOMP_RET_KILL_PROCESS;
    // SAFETY: SECCOMP_GET_ACTION_AVAIL reads one u32 through the pointer, which is to a local.
    let done = unsafe {
        libc::syscall(
            libc::SYS_seccomp,
            libc::SECCOMP_GET_ACTION_AVAIL,
            0,
            &raw const action,
        )
    };
    if done == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Closes a descriptor whose owner lives on but never uses it again: only for a process that
/// leaves through [`exit_now`], so that no destructor closes the number a second time.
pub(crate) fn close_early(fd: RawFd) {
    // SAFETY: close reads no memory; the caller upholds that nobody uses the number again.
    unsafe { libc::close(fd) };
}

/// Sixteen random bytes from the kernel, for whatever a fork has copied and must not share.
pub(crate) fn random_seed() -> io::Result<[u8; 16]> {
    let mut seed = [0_u8; 16];
    // SAFETY: getrandom writes at most the given length to the live local behind the pointer.
    let got = unsafe { libc::getrandom(seed.as_mut_ptr().cast(), seed.len(), 0) };
    // Up to 256 bytes come whole, says getrandom(2).
    if got == 16 {
        Ok(seed)
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Keeps malloc to its one main arena. A second one, made when the watchdog thread first
/// allocates, would cost each child a mapping and ask for the number of processors, which the
/// system-call filter does not allow.
pub(crate) fn one_malloc_arena() {
    // SAFETY: mallopt takes two ints and is called while this process has one thread.
    unsafe { libc::mallopt(libc::M_ARENA_MAX, 1) };
}
