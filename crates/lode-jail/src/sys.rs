//! The system calls that no safe crate offers: one function each, no policy.
#![expect(
    unsafe_code,
    reason = "the one module that speaks to the kernel directly"
)]

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicI32, Ordering};

use nix::unistd::{ForkResult, Pid};

use crate::seccomp::{ForbiddenCall, Instruction};

/// What a system call returned, as a result.
fn check(done: i64) -> io::Result<()> {
    if done >= 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// A descriptor that a system call has just made, or its error.
fn new_descriptor(made: i64) -> io::Result<OwnedFd> {
    check(made)?;
    let fd = RawFd::try_from(made).map_err(io::Error::other)?;
    // SAFETY: every caller passes what the kernel has just returned as a new descriptor: nobody
    // else knows its number.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

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
    new_descriptor(unsafe { libc::syscall(libc::SYS_pidfd_open, pid.as_raw(), 0) })
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
    check(done)
}

/// Takes over standard input as a descriptor of its own, and closes every other one but standard
/// error: whatever our parent's parent forgot to close does not come along.
pub(crate) fn take_stdin() -> io::Result<OwnedFd> {
    // SAFETY: F_DUPFD_CLOEXEC reads no memory; descriptor 0 being closed gives EBADF.
    let stdin = new_descriptor(unsafe { libc::fcntl(0, libc::F_DUPFD_CLOEXEC, 3) }.into())?;
    let own = stdin.as_raw_fd().unsigned_abs();
    // This is the first thing that the process does: no value owns any other descriptor yet, and
    // the standard streams tolerate EBADF.
    close_all([(0, 1), (3, own - 1), (own + 1, u32::MAX)])?;
    Ok(stdin)
}

/// Closes ranges of descriptors, of which the caller knows that nothing uses them again.
fn close_all<const N: usize>(ranges: [(u32, u32); N]) -> io::Result<()> {
    for (first, last) in ranges.into_iter().filter(|(first, last)| first <= last) {
        // SAFETY: close_range reads no memory; both callers say why no owner of a closed number
        // acts on it again.
        check(unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) })?;
    }
    Ok(())
}

/// Moves `keep` to descriptor `place` and closes every other descriptor of the process.
pub(crate) fn keep_only(keep: OwnedFd, place: RawFd) -> io::Result<OwnedFd> {
    // The number may be closed below; it must not be closed again by a destructor.
    let old = keep.into_raw_fd();
    if old != place {
        // SAFETY: dup2 reads no memory; whatever held `place` is closed below anyway, and no
        // value of this process uses it again: the caller is a fresh fork that only serves `keep`.
        check(unsafe { libc::dup2(old, place) }.into())?;
    }
    let number = u32::try_from(place).map_err(io::Error::other)?;
    // Values that own descriptors in these ranges are never used in this process again (see above).
    close_all([(0, number - 1), (number + 1, u32::MAX)])?;
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
    check(done)
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
    check(done.into())
}

/// Lets children inherit the pages from `start` to `end` (`MADV_DOFORK`).
pub(crate) fn inherit_pages(start: usize, end: usize) -> io::Result<()> {
    let address = std::ptr::with_exposed_provenance_mut::<libc::c_void>(start);
    // SAFETY: MADV_DOFORK changes only what fork copies; it neither maps nor unmaps nor writes,
    // and a range that is no longer mapped gives ENOMEM.
    let done = unsafe { libc::madvise(address, end - start, libc::MADV_DOFORK) };
    check(done.into())
}

/// Takes ownership of a descriptor that `recvmsg` has just put into this process.
pub(crate) fn adopt_received(fd: RawFd) -> OwnedFd {
    // SAFETY: SCM_RIGHTS installs fresh descriptors for the receiver; the one caller passes each
    // number on exactly once, straight from the control message.
    unsafe { OwnedFd::from_raw_fd(fd) }
}

/// Asks the kernel whether it knows a filter action (`SECCOMP_RET_*`).
pub(crate) fn seccomp_action_available(action: u32) -> io::Result<()> {
    // SAFETY: SECCOMP_GET_ACTION_AVAIL reads one u32 through the pointer, which is to a local.
    check(unsafe {
        libc::syscall(
            libc::SYS_seccomp,
            libc::SECCOMP_GET_ACTION_AVAIL,
            0,
            &raw const action,
        )
    })
}

/// Installs a filter with `flags`; what the call returned.
fn install(code: &[Instruction], flags: libc::c_ulong) -> io::Result<i64> {
    let code: Vec<libc::sock_filter> = code
        .iter()
        .map(|i| libc::sock_filter {
            code: i.code,
            jt: i.jt,
            jf: i.jf,
            k: i.k,
        })
        .collect();
    let program = libc::sock_fprog {
        len: u16::try_from(code.len()).map_err(io::Error::other)?,
        filter: code.as_ptr().cast_mut(),
    };
    // SAFETY: the kernel copies `len` instructions from the live vector, checks them, and writes
    // nothing through the pointer.
    let done = unsafe {
        libc::syscall(
            libc::SYS_seccomp,
            libc::SECCOMP_SET_MODE_FILTER,
            flags,
            &raw const program,
        )
    };
    check(done).map(|()| done)
}

/// Puts a filter on every thread of this process.
pub(crate) fn filter_all_threads(code: &[Instruction]) -> io::Result<()> {
    match install(code, libc::SECCOMP_FILTER_FLAG_TSYNC)? {
        0 => Ok(()),
        thread => Err(io::Error::other(format!(
            "thread {thread} has other filters"
        ))),
    }
}

/// Puts a filter on this process, which has one thread; calls that it neither allows nor refuses
/// come out of the descriptor.
pub(crate) fn filter_and_listen(code: &[Instruction]) -> io::Result<OwnedFd> {
    new_descriptor(install(code, libc::SECCOMP_FILTER_FLAG_NEW_LISTENER)?)
}

/// The next forbidden call of a listener; `None` when its caller is gone.
pub(crate) fn receive_forbidden_call(listener: RawFd) -> io::Result<Option<ForbiddenCall>> {
    // SAFETY: seccomp_notif is a plain struct of integers, for which all-zero is a value, and
    // the one that the kernel demands.
    let mut call: libc::seccomp_notif = unsafe { std::mem::zeroed() };
    // SECCOMP_IOCTL_NOTIF_RECV: _IOWR('!', 0, struct seccomp_notif).
    let request = 0xc050_2100_u64;
    // SAFETY: the pointer is to a live local of the type (80 bytes) that the request writes.
    let done = unsafe { libc::ioctl(listener, request, &raw mut call) };
    match check(done.into()) {
        Ok(()) => Ok(Some(ForbiddenCall {
            thread: call.pid.cast_signed(),
            number: call.data.nr.cast_unsigned(),
        })),
        Err(error) if error.raw_os_error() == Some(libc::ENOENT) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Has a trapped call (`SECCOMP_RET_TRAP`) end the process with the code `base` plus the filter's
/// number for it.
pub(crate) fn exit_when_trapped(base: i32) -> io::Result<()> {
    static BASE: AtomicI32 = AtomicI32::new(0);
    extern "C" fn trapped(_: i32, info: *const libc::siginfo_t, _: *const libc::c_void) {
        // SAFETY: the kernel passes a siginfo_t (SA_SIGINFO), whose si_errno is the filter's data.
        let rule = unsafe { (*info).si_errno };
        exit_now(BASE.load(Ordering::Relaxed) + rule)
    }
    BASE.store(base, Ordering::Relaxed);
    // SAFETY: sigaction is a plain struct, for which all-zero is a value.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = trapped as *const () as usize;
    action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
    // SAFETY: the handler has the signature that SA_SIGINFO asks for and calls nothing that is
    // not async-signal-safe; the old action may be null.
    let done = unsafe { libc::sigaction(libc::SIGSYS, &raw const action, std::ptr::null_mut()) };
    check(done.into())
}

/// Gives every signal that our parent's parent had ignored its default action back. SIGPIPE stays
/// ignored: a write to a closed socket is an error to us, not a death.
pub(crate) fn reset_ignored_signals() {
    for signal in 1..=libc::SIGRTMAX() {
        // SAFETY: sigaction is a plain struct, for which all-zero is a value.
        let mut old: libc::sigaction = unsafe { std::mem::zeroed() };
        // SAFETY: only reads into the live local; numbers that cannot be asked about give EINVAL.
        let known = unsafe { libc::sigaction(signal, std::ptr::null(), &raw mut old) } == 0;
        if known && old.sa_sigaction == libc::SIG_IGN && signal != libc::SIGPIPE {
            // SAFETY: SIG_DFL is no code of ours.
            unsafe { libc::signal(signal, libc::SIG_DFL) };
        }
    }
}

/// Leaves the session keyring of our parents for an empty one of our own.
pub(crate) fn join_own_keyring() -> io::Result<()> {
    const JOIN_SESSION_KEYRING: libc::c_long = 1;
    let name = std::ptr::null::<libc::c_char>();
    // SAFETY: a null name asks for an anonymous keyring; no memory is read.
    let done = unsafe { libc::syscall(libc::SYS_keyctl, JOIN_SESSION_KEYRING, name) };
    match check(done) {
        // A kernel without keyrings has none to leave.
        Err(error) if error.raw_os_error() == Some(libc::ENOSYS) => Ok(()),
        other => other,
    }
}

/// The version of Landlock that the kernel has.
pub(crate) fn landlock_version() -> io::Result<u32> {
    const VERSION: libc::c_ulong = 1;
    let none = std::ptr::null::<libc::c_void>();
    // SAFETY: with the version flag the call reads no memory.
    let version = unsafe { libc::syscall(libc::SYS_landlock_create_ruleset, none, 0, VERSION) };
    check(version)?;
    u32::try_from(version).map_err(io::Error::other)
}

/// Denies this process and its children everything in `handled` (files, network, scopes; the
/// kernel reads the first `bytes` of it) without exception.
pub(crate) fn landlock_deny(handled: &[u64; 3], bytes: usize) -> io::Result<()> {
    let attributes = handled.as_ptr();
    // SAFETY: the kernel reads `bytes` bytes, at most the 24 of the array.
    let ruleset = unsafe {
        libc::syscall(
            libc::SYS_landlock_create_ruleset,
            attributes,
            bytes.min(24),
            0,
        )
    };
    let ruleset = new_descriptor(ruleset)?;
    // SAFETY: the call takes a descriptor that lives until the end of this function, and a flag.
    check(unsafe { libc::syscall(libc::SYS_landlock_restrict_self, ruleset.as_raw_fd(), 0) })
}

/// Sets the niceness of this process, -20 to 19.
pub(crate) fn set_niceness(nice: i32) -> io::Result<()> {
    // SAFETY: setpriority takes three integers.
    check(unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, nice) }.into())
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
    // SAFETY: getrandom writes at most the given length to the live local behind the pointer; up
    // to 256 bytes come whole, says getrandom(2).
    let got = unsafe { libc::getrandom(seed.as_mut_ptr().cast(), seed.len(), 0) };
    check(got.try_into().unwrap_or(-1)).map(|()| seed)
}

/// Keeps malloc to its one main arena. A second one, made when the watchdog thread first allocates,
/// would cost each child a mapping, and a look at the number of processors.
pub(crate) fn one_malloc_arena() {
    // SAFETY: mallopt takes two ints and is called while this process has one thread.
    unsafe { libc::mallopt(libc::M_ARENA_MAX, 1) };
}
