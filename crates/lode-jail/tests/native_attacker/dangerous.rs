//! The calls by which processes get out of sandboxes, with arguments that would work elsewhere.

use crate::attack::place::{
    ADDRESS, ALL_SIGNALS, ARGV, CAP_ALL, CAP_HEADER, CLONE_ARGS, FILE, FILTER, IOVEC, KEYRING,
    MESSAGE, NAME, NANOSECOND, PASSWD, PERF, ROOT, SHELL, TMPFS, UNLIMITED, ZEROS,
};
use crate::attack::{Arg, Attack, KEY, call, steps};
use crate::master::{Fate, Jail};

/// The first process of the PID namespace: the zygote.
const ZYGOTE: i32 = 1;
const AT_FDCWD: i32 = -100;
/// The attacker's one descriptor.
const SOCKET: i32 = 3;

/// One call, made by one child.
pub(crate) struct Attempt {
    pub(crate) name: &'static str,
    pub(crate) attack: Attack,
}

impl Attempt {
    /// An error unless the call failed or ended the child under its own name.
    pub(crate) fn check(&self, fate: &Fate) -> Result<(), String> {
        let failed = matches!(fate.results[..], [result] if result < 0);
        let stopped = fate.results.is_empty() && fate.stopped_at().as_deref() == Some(self.name);
        if failed || stopped {
            Ok(())
        } else {
            Err(format!("{}: {:?}: {fate:?}", self.name, self.attack.steps))
        }
    }
}

/// A list of attempts that leaves out what the processor has not.
#[derive(Default)]
pub(crate) struct Attempts(pub(crate) Vec<Attempt>);

impl Attempts {
    pub(crate) fn add(&mut self, name: &'static str, args: &[Arg]) {
        if let Some(step) = call(name, args) {
            let attack = steps([step]);
            self.0.push(Attempt { name, attack });
        }
    }
}

/// Adds calls, one a line.
macro_rules! add {
    ($list:ident: $($name:literal $(($($arg:expr),*))?;)+) => {
        $($list.add($name, &[$($($crate::attack::Arg::from($arg)),*)?]);)+
    };
}
pub(crate) use add;

pub(crate) fn no_dangerous_call_is_made() {
    let Some(mut jail) = Jail::launch() else {
        return;
    };
    let attempts = all();
    assert!(attempts.len() > 400, "only {} attempts", attempts.len());
    let fates = jail.attack_all(attempts.iter().map(|attempt| &attempt.attack));
    let checked = attempts.iter().zip(&fates);
    let broken: Vec<String> = checked
        .filter_map(|(a, fate)| a.check(fate).err())
        .collect();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// All of them.
pub(crate) fn all() -> Vec<Attempt> {
    let mut list = Attempts::default();
    kernel_surface(&mut list);
    other_processes(&mut list);
    new_processes(&mut list);
    namespaces_and_mounts(&mut list);
    files(&mut list);
    descriptors(&mut list);
    sockets(&mut list);
    privileges(&mut list);
    memory(&mut list);
    host(&mut list);
    list.0
}

/// Large parts of the kernel behind one call.
fn kernel_surface(list: &mut Attempts) {
    add!(list:
        "io_uring_setup"(8, ZEROS);
        "io_uring_enter"(SOCKET, 1, 0, 0, 0, 0);
        "io_uring_register"(SOCKET, 0, ZEROS, 1);
        "io_setup"(8, ZEROS);
        "io_submit"(0, 1, ZEROS);
        "userfaultfd"(0);
        "userfaultfd"(1);
        "perf_event_open"(PERF, 0, -1, -1, 0);
        "perf_event_open"(PERF, ZYGOTE, -1, -1, 0);
        "modify_ldt"(1, ZEROS, 16);
        "modify_ldt"(0, ZEROS, 16);
        "arch_prctl"(0x1001, ZEROS);
        "arch_prctl"(0x1012, 0);
        "iopl"(3);
        "ioperm"(0x80, 1, 1);
        "landlock_create_ruleset"(0, 0, 1);
        "landlock_restrict_self"(SOCKET, 0);
        "keyctl"(0, -3, 1);
        "keyctl"(1, NAME);
        "keyctl"(11, -3, ZEROS, 64);
        "add_key"(KEYRING, NAME, 0, 0, -3);
        "request_key"(KEYRING, NAME, 0, -3);
        "fanotify_init"(0, 0);
        "inotify_init1"(0);
        "rseq"(ZEROS, 32, 0, 0x5305_3053);
        "membarrier"(0, 0);
        "map_shadow_stack"(0, 4096, 0);
    );
    for command in 0..40 {
        add!(list: "bpf"(command, ZEROS, 128););
    }
    for operation in 0..5 {
        for flags in [0, 1, 8] {
            add!(list: "seccomp"(operation, flags, FILTER););
        }
    }
}

/// The zygote and whoever else has a number.
fn other_processes(list: &mut Attempts) {
    for process in [ZYGOTE, 2, 3, -1] {
        add!(list:
            "ptrace"(16, process);
            "ptrace"(0x4206, process, 0, 0);
            "process_vm_readv"(process, IOVEC, 1, IOVEC, 1, 0);
            "process_vm_writev"(process, IOVEC, 1, IOVEC, 1, 0);
            "process_madvise"(process, IOVEC, 1, 20, 0);
            "process_mrelease"(process, 0);
            "kcmp"(process, Arg::OwnProcess, 0, 0, 0);
            "pidfd_open"(process, 0);
            "kill"(process, 0);
            "tkill"(process, 0);
            "tgkill"(process, process, 6);
            "rt_sigqueueinfo"(process, 18, ZEROS);
            "rt_tgsigqueueinfo"(process, process, 18, ZEROS);
            "prlimit64"(process, 2, 0, ZEROS);
            "prlimit64"(process, 7, UNLIMITED, 0);
            "sched_setaffinity"(process, 8, ALL_SIGNALS);
            "sched_setscheduler"(process, 0, ZEROS);
            "setpriority"(0, process, 0);
            "move_pages"(process, 0, 0, 0, 0, 0);
            "migrate_pages"(process, 64, ZEROS, ZEROS);
            "get_robust_list"(process, ZEROS, ZEROS);
            "setpgid"(process, 0);
            "getpgid"(process);
            "getsid"(process);
        );
    }
    add!(list:
        "ptrace"(0);
        "kill"(0, 0);
        "kill"(Arg::OwnProcess, 0);
        "tgkill"(Arg::OwnProcess, Arg::OwnThread, 9);
        "tgkill"(Arg::OwnProcess, Arg::OwnThread, 31);
        "pidfd_getfd"(SOCKET, 0, 0);
        "pidfd_send_signal"(SOCKET, 0, 0, 0);
        "wait4"(-1, 0, 1, 0);
        "waitid"(0, 0, ZEROS, 5, 0);
        "getppid";
    );
}

/// Processes and threads.
fn new_processes(list: &mut Attempts) {
    // What the C library forks and makes threads with, then one namespace each, then the rest.
    let namespaces = [0x80, 0x2_0000, 0x200_0000, 0x400_0000, 0x800_0000];
    let more = [0x1000_0000, 0x2000_0000, 0x4000_0000, 0x7e02_0000];
    let plain = [
        0x0120_0011,
        0x003d_0f00,
        17,
        0,
        0x100,
        0x4100,
        0x1_0f00,
        0x8000 | 17,
    ];
    for flags in plain {
        add!(list: "clone"(flags, 0, 0, 0, 0););
    }
    for flags in namespaces.into_iter().chain(more) {
        add!(list: "clone"(flags | 17, 0, 0, 0, 0); "unshare"(flags););
    }
    // Nothing of the upper half may make a difference.
    add!(list:
        "clone"(0x1_0120_0011_u64, 0, 0, 0, 0);
        "clone3"(CLONE_ARGS, 64);
        "clone3"(CLONE_ARGS, 88);
        "clone3"(ZEROS, 88);
        "clone3"(0, 0);
        "fork";
        "vfork";
        "unshare"(0x400);
        "execve"(SHELL, ARGV, 0);
        "execveat"(AT_FDCWD, SHELL, ARGV, 0, 0);
        "execveat"(SOCKET, ZEROS, ARGV, 0, 0x1000);
        "setns"(SOCKET, 0);
        "set_tid_address"(ZEROS);
        "set_robust_list"(ZEROS, 24);
        "personality"(0x0040_0000);
    );
}

fn namespaces_and_mounts(list: &mut Attempts) {
    add!(list:
        "mount"(NAME, ROOT, TMPFS, 0, 0);
        "mount"(0, ROOT, 0, 0x20, 0);
        "umount2"(ROOT, 2);
        "pivot_root"(ROOT, ROOT);
        "chroot"(ROOT);
        "chdir"(ROOT);
        "fchdir"(SOCKET);
        "fsopen"(TMPFS, 0);
        "fspick"(AT_FDCWD, ROOT, 0);
        "fsconfig"(SOCKET, 6, 0, 0, 0);
        "fsmount"(SOCKET, 0, 0);
        "open_tree"(AT_FDCWD, ROOT, 1);
        "move_mount"(SOCKET, ZEROS, AT_FDCWD, ROOT, 4);
        "mount_setattr"(AT_FDCWD, ROOT, 0, ZEROS, 32);
        "statmount"(ZEROS, ZEROS, 4096, 0);
        "listmount"(ZEROS, ZEROS, 8, 0);
    );
}

/// Files, by whatever name.
fn files(list: &mut Attempts) {
    for path in [PASSWD, FILE, ROOT, ZEROS] {
        add!(list:
            "open"(path, 0);
            "open"(path, 0x42, 0o600);
            "openat"(AT_FDCWD, path, 0);
            "openat"(AT_FDCWD, path, 0x42, 0o600);
            "openat"(SOCKET, path, 0x20_0000);
            "openat2"(AT_FDCWD, path, ZEROS, 24);
            "creat"(path, 0o600);
            "mkdir"(path, 0o700);
            "mkdirat"(AT_FDCWD, path, 0o700);
            "mknodat"(AT_FDCWD, path, 0o20600, 0x103);
            "unlinkat"(AT_FDCWD, path, 0);
            "symlinkat"(PASSWD, AT_FDCWD, path);
            "linkat"(AT_FDCWD, PASSWD, AT_FDCWD, path, 0);
            "renameat2"(AT_FDCWD, path, AT_FDCWD, FILE, 0);
            "newfstatat"(AT_FDCWD, path, ZEROS, 0);
            "stat"(path, ZEROS);
            "statx"(AT_FDCWD, path, 0, 0xfff, ZEROS);
            "statfs"(path, ZEROS);
            "access"(path, 0);
            "faccessat2"(AT_FDCWD, path, 0, 0);
            "readlink"(path, ZEROS, 64);
            "getxattr"(path, NAME, ZEROS, 64);
            "truncate"(path, 0);
            "fchmodat"(AT_FDCWD, path, 0o777);
            "fchownat"(AT_FDCWD, path, 0, 0, 0);
            "name_to_handle_at"(AT_FDCWD, path, ZEROS, ZEROS, 0);
            "inotify_add_watch"(SOCKET, path, 0xfff);
            "swapon"(path, 0);
            "quotactl"(0x80_0007, path, 0, ZEROS);
            "acct"(path);
            "uselib"(path);
        );
    }
}

/// Descriptors from wherever, and what can be done with one.
fn descriptors(list: &mut Attempts) {
    add!(list:
        "open_by_handle_at"(SOCKET, ZEROS, 0);
        "getdents64"(SOCKET, ZEROS, 4096);
        "getcwd"(ZEROS, 4096);
        "ioctl"(SOCKET, 0x8901, ZEROS);
        "ioctl"(SOCKET, 0x541b, ZEROS);
        "fstat"(SOCKET, ZEROS);
        "memfd_create"(NAME, 0);
        "memfd_secret"(0);
        "eventfd2"(0, 0);
        "epoll_create1"(0);
        "signalfd4"(-1, ALL_SIGNALS, 8, 0);
        "timerfd_create"(1, 0);
        "pipe2"(ZEROS, 0);
        "dup"(SOCKET);
        "dup2"(SOCKET, 2);
        "dup3"(SOCKET, 2, 0);
        "fcntl"(SOCKET, 0, 0);
        "fcntl"(SOCKET, 1030, 0);
        "fcntl"(SOCKET, 8, Arg::OwnProcess);
        "close_range"(0, -1, 2);
        "vmsplice"(SOCKET, IOVEC, 1, 8);
        "splice"(SOCKET, 0, SOCKET, 0, 16, 0);
        "tee"(SOCKET, SOCKET, 16, 0);
        "sendfile"(SOCKET, SOCKET, 0, 16);
        "copy_file_range"(SOCKET, 0, SOCKET, 0, 16, 0);
        "read"(0, ZEROS, 16);
        "read"(4, ZEROS, 16);
        "readv"(SOCKET, IOVEC, 1);
        "writev"(SOCKET, IOVEC, 1);
        "pwrite64"(SOCKET, ZEROS, 16, 0);
        "write"(0, ZEROS, 16);
        "write"(1, ZEROS, 16);
        "write"(2, ZEROS, 16);
        "write"(4, ZEROS, 16);
        "sync";
        "flock"(SOCKET, 2);
    );
}

/// Sockets of every family and kind, and what else the one there is could do.
fn sockets(list: &mut Attempts) {
    for family in 0..=45 {
        for kind in 1..=6 {
            add!(list: "socket"(family, kind, 0););
        }
        add!(list: "socketpair"(family, 1, 0, ZEROS););
    }
    add!(list:
        "sendmsg"(SOCKET, MESSAGE, 0);
        "sendmmsg"(SOCKET, MESSAGE, 1, 0);
        "recvmsg"(SOCKET, MESSAGE, 0x40);
        "recvmmsg"(SOCKET, MESSAGE, 1, 0x40, 0);
        "sendto"(SOCKET, ZEROS, 16, 0, ADDRESS, 16);
        "recvfrom"(SOCKET, ZEROS, 16, 0x40, 0, 0);
        "connect"(SOCKET, ADDRESS, 16);
        "bind"(SOCKET, ADDRESS, 16);
        "listen"(SOCKET, 1);
        "accept4"(SOCKET, 0, 0, 0);
        "getpeername"(SOCKET, ZEROS, ZEROS);
        "getsockopt"(SOCKET, 1, 17, ZEROS, ZEROS);
        "setsockopt"(SOCKET, 1, 26, FILTER, 16);
        "shutdown"(SOCKET, 2);
    );
}

/// Who one is and what one may.
fn privileges(list: &mut Attempts) {
    for option in 0..=80 {
        add!(list: "prctl"(option, 1, 0, 0, 0););
    }
    // PR_SET_PTRACER, PR_GET_AUXV, and the processor's own options.
    for option in [0x5961_6d61, 0x4155_5856, 0x1001, 0x1002] {
        add!(list: "prctl"(option, ZEROS, 64, 0, 0););
    }
    add!(list:
        "prctl"(22, 2, FILTER, 0, 0);
        "prctl"(0x1_0000_0016_u64, 2, FILTER, 0, 0);
        "setuid"(0);
        "setgid"(0);
        "setreuid"(0, 0);
        "setresuid"(0, 0, 0);
        "setresgid"(0, 0, 0);
        "setfsuid"(0);
        "setgroups"(1, ZEROS);
        "capset"(CAP_HEADER, CAP_ALL);
        "capget"(CAP_HEADER, ZEROS);
        "setsid";
        "setrlimit"(2, UNLIMITED);
        "prlimit64"(0, 7, UNLIMITED, 0);
        "prlimit64"(0, 6, UNLIMITED, 0);
        "prlimit64"(0, 9, UNLIMITED, 0);
        "sched_setparam"(0, ZEROS);
        "sched_setattr"(0, ZEROS, 0);
        "ioprio_set"(1, 0, 0);
    );
}

/// Memory that is not the child's own, or of another kind than `RLIMIT_DATA` counts.
fn memory(list: &mut Attempts) {
    const READ_WRITE: i32 = 3;
    // MAP_SHARED | ANONYMOUS, SHARED_VALIDATE | ANONYMOUS, a file, GROWSDOWN, HUGETLB.
    for flags in [0x21, 0x23, 0x01, 0x02, 0x122, 0x20, 0x4_0022, 0x5404_0022] {
        add!(list: "mmap"(0, 0x20_0000, READ_WRITE, flags, SOCKET, 0););
    }
    add!(list:
        "mmap"(0, 4096, 0x0100_0003, 0x22, -1, 0);
        "mmap"(0, 4096, 0x0200_0003, 0x22, -1, 0);
        "mmap"(0, 4096, 0x8, 0x22, -1, 0);
        "mmap"(0, 4096, READ_WRITE, 0xffff_ffff_0000_0021_u64, -1, 0);
        "mprotect"(ZEROS, 4096, 0x0100_0003);
        "mprotect"(ZEROS, 4096, 0x0200_0003);
        "mprotect"(ZEROS, 4096, 0x8);
        "mremap"(ZEROS, 4096, 4096, 3, 0x1000_0000);
        "mremap"(ZEROS, 4096, 4096, 5, 0);
        "mremap"(ZEROS, 4096, 4096, 7, 0x1000_0000);
        "mremap"(ZEROS, 0, 4096, 1, 0);
        "madvise"(ZEROS, 4096, 100);
        "madvise"(ZEROS, 4096, 101);
        "remap_file_pages"(ZEROS, 4096, 0, 0, 0);
        "pkey_mprotect"(ZEROS, 4096, 7, 0);
        "pkey_alloc"(0, 0);
        "mseal"(ZEROS, 4096, 0);
        "mlock"(ZEROS, 4096);
        "mlockall"(3);
        "mincore"(ZEROS, 4096, ZEROS);
        "msync"(ZEROS, 4096, 4);
        "mbind"(ZEROS, 4096, 0, 0, 0, 0);
        "set_mempolicy"(0, 0, 0);
        "shmget"(KEY, 4096, 0o1600);
        "shmat"(0, 0, 0);
        "msgget"(KEY, 0o1600);
        "semget"(KEY, 1, 0o1600);
        "mq_open"(NAME, 0x42, 0o600, 0);
    );
}

/// The machine as a whole.
fn host(list: &mut Attempts) {
    add!(list:
        "init_module"(ZEROS, 4096, ZEROS);
        "finit_module"(SOCKET, ZEROS, 0);
        "delete_module"(NAME, 0);
        "kexec_load"(0, 0, 0, 0);
        "kexec_file_load"(SOCKET, -1, 1, ZEROS, 8);
        // Turns Ctrl-Alt-Delete off: it does no harm, should it ever get through.
        "reboot"(0xfee1_dead_u64, 0x2812_1969, 0, 0);
        "syslog"(10, 0, 0);
        "syslog"(3, ZEROS, 4096);
        "sethostname"(NAME, 11);
        "setdomainname"(NAME, 11);
        "settimeofday"(ZEROS, 0);
        "clock_settime"(0, NANOSECOND);
        "clock_adjtime"(0, ZEROS);
        "adjtimex"(ZEROS);
        "swapoff"(PASSWD);
        "vhangup";
        "uname"(ZEROS);
        "sysinfo"(ZEROS);
        "getrusage"(0, ZEROS);
        "times"(ZEROS);
        "timer_create"(1, 0, ZEROS);
        "setitimer"(0, ZEROS, 0);
        "alarm"(1);
        "pause";
        "rt_sigsuspend"(ZEROS, 8);
        "lookup_dcookie"(0, ZEROS, 4096);
        "getcpu"(ZEROS, 0, 0);
        "getuid";
        "getppid";
    );
}
