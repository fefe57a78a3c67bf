//! The confinement as one ordered list: what is put on where, and why in that place.
//!
//! ```text
//! launcher   begin              signals · weight · oom score                    (needs /proc)
//!            enter_namespaces   drop root · keyring · user ns · the other namespaces
//!    fork                       the first process of the new PID namespace
//!            launcher's filter  it only waits from here on
//! zygote     shut_in            host name · empty root · securebits · capabilities ·
//!                               no_new_privs · Landlock · limits
//!            …V8 starts here, with nothing around it…
//!            seal               undumpable · the serving filter
//! child      isolate_child      death with the parent · only the job socket · signals
//!            …the guest wakes: its seed, its watchdog thread…
//!            lock_child         no thread, no descriptor more · the child's filter
//!            …the job comes…
//!            job limits         memory · CPU time
//! ```
//! A step that the host refuses is recorded, not skipped silently: the master will not serve with
//! a missing layer unless the configuration waives it by name.

use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;

use nix::mount::{MntFlags, MsFlags};
use nix::sched::{CloneFlags, unshare};
use nix::sys::prctl;
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::{SigSet, Signal};
use nix::unistd::{Gid, Uid};

use serde::{Deserialize, Serialize};

use crate::layer::{Layer, LayerState};
use crate::seccomp::{self, ChildFilter, Listener};
use crate::sys;

/// The user that a worker started by root becomes: `nobody` of every Linux distribution.
const NOBODY: u32 = 65_534;
/// The descriptor of the job socket in a child; 0 to 2 stay closed so that nothing written to
/// "standard error" can end up in it.
const JOB_SOCKET: i32 = 3;

/// Stack of a child's main thread, in bytes.
const STACK_BYTES: u64 = 4 << 20;

/// Namespaces other than the user's, in the order in which they are entered.
const NAMESPACES: [(Layer, CloneFlags); 6] = [
    (Layer::PidNamespace, CloneFlags::CLONE_NEWPID),
    (Layer::MountNamespace, CloneFlags::CLONE_NEWNS),
    (Layer::NetworkNamespace, CloneFlags::CLONE_NEWNET),
    (Layer::IpcNamespace, CloneFlags::CLONE_NEWIPC),
    (Layer::UtsNamespace, CloneFlags::CLONE_NEWUTS),
    (Layer::CgroupNamespace, CloneFlags::CLONE_NEWCGROUP),
];

/// What has been put on so far.
#[derive(Debug, Default)]
pub struct Layers(Vec<LayerState>);

impl Layers {
    fn record<E: std::fmt::Display>(&mut self, layer: Layer, result: Result<(), E>) {
        let missing = result.err().map(|error| error.to_string());
        self.0.push(LayerState { layer, missing });
    }

    /// Whether the layer has been put on.
    pub(crate) fn has(&self, layer: Layer) -> bool {
        self.0
            .iter()
            .any(|state| state.layer == layer && state.missing.is_none())
    }

    /// The states, to be reported.
    #[must_use]
    pub fn into_states(self) -> Vec<LayerState> {
        self.0
    }
}

/// What an operator sets; sent to the launcher before it does anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct JailSettings {
    /// Added to the kernel's score for whom to kill when memory runs out, 0 to 1,000: children
    /// go before the master.
    pub oom_score_adj: u32,
    /// Steps by which children weigh less than the master on a busy processor, 0 to 19; the weight of
    /// a master that is nice itself counts from there.
    pub nice: u32,
}

/// In the launcher: gives up root and enters fresh namespaces.
pub(crate) fn enter_namespaces(settings: &JailSettings) -> io::Result<Layers> {
    // Before anything else, so that no moment exists in which we outlive the master.
    die_with_parent()?;
    // What the master's parent blocked or ignored is no business of ours.
    SigSet::all().thread_unblock()?;
    sys::reset_ignored_signals();
    empty_arguments()?;
    weigh_less(settings)?;
    // A session of its own: a Ctrl-C at the master's terminal must not kill running jobs.
    nix::unistd::setsid()?;
    let mut layers = Layers::default();
    // Root goes first: a user namespace made by root would map root.
    layers.record(Layer::UnprivilegedUser, drop_root());
    // As the user that we are now, so that it counts against that user's quota.
    layers.record(Layer::Keyring, sys::join_own_keyring());
    // The user namespace comes next: it grants the capability that the other namespaces need.
    layers.record(Layer::UserNamespace, enter_user_namespace());
    for (layer, flag) in NAMESPACES {
        layers.record(layer, unshare(flag));
    }
    // Changing credentials has cleared the death signal.
    die_with_parent()?;
    Ok(layers)
}

/// Children give way to the master on a busy processor, and go before it when memory runs out. Both
/// are inherited, and both go up only: an unprivileged process may not take back what its parents set.
fn weigh_less(settings: &JailSettings) -> io::Result<()> {
    let named =
        |what: &str, error: io::Error| io::Error::new(error.kind(), format!("{what}: {error}"));
    let stat = fs::read_to_string("/proc/self/stat")?;
    // Field 19 of proc(5), counted from 1; the first after the name in parentheses is the third.
    let nice = stat
        .rsplit(") ")
        .next()
        .unwrap_or_default()
        .split(' ')
        .nth(19 - 3);
    let nice: i32 = nice.and_then(|nice| nice.parse().ok()).unwrap_or(0);
    let steps = i32::try_from(settings.nice).unwrap_or(19);
    sys::set_niceness((nice + steps).min(19)).map_err(|error| named("jail.nice", error))?;
    let path = "/proc/self/oom_score_adj";
    let score: i64 = fs::read_to_string(path)?.trim().parse().unwrap_or(0);
    let wanted = i64::from(settings.oom_score_adj).max(score);
    fs::write(path, wanted.to_string()).map_err(|error| named("jail.oom_score_adj", error))
}

/// Leaves nothing of the command line for anybody to read, and a name for `ps` instead.
fn empty_arguments() -> io::Result<()> {
    prctl::set_name(c"lode-zygote")?;
    let stat = fs::read_to_string("/proc/self/stat")?;
    // The name in parentheses may hold anything. Fields 48 and 49 of proc(5), counted from 1, are
    // where the arguments begin and end; the first after the name is the third.
    let mut fields = stat
        .rsplit(") ")
        .next()
        .unwrap_or_default()
        .split(' ')
        .skip(48 - 3);
    let mut field = || fields.next().and_then(|field| field.parse::<u64>().ok());
    if let (Some(start), Some(end)) = (field(), field()) {
        let length = usize::try_from(end.saturating_sub(start)).map_err(io::Error::other)?;
        let memory = fs::OpenOptions::new().write(true).open("/proc/self/mem")?;
        // Our own strings, which nobody reads again: what this process is was decided by now.
        memory.write_all_at(&vec![0; length], start)?;
    }
    Ok(())
}

fn drop_root() -> io::Result<()> {
    if !Uid::effective().is_root() {
        return Ok(());
    }
    nix::unistd::setgroups(&[])?;
    let (uid, gid) = (Uid::from_raw(NOBODY), Gid::from_raw(NOBODY));
    nix::unistd::setresgid(gid, gid, gid)?;
    nix::unistd::setresuid(uid, uid, uid)?;
    // Changing the uid made us undumpable, and then /proc/self/uid_map belongs to root. The
    // zygote becomes undumpable again before it serves.
    prctl::set_dumpable(true)?;
    Ok(())
}

fn enter_user_namespace() -> io::Result<()> {
    let (uid, gid) = (Uid::effective(), Gid::effective());
    unshare(CloneFlags::CLONE_NEWUSER)?;
    // The kernel wants setgroups denied before an unprivileged process may map its group.
    fs::write("/proc/self/setgroups", "deny")?;
    fs::write("/proc/self/uid_map", format!("{NOBODY} {uid} 1"))?;
    fs::write("/proc/self/gid_map", format!("{NOBODY} {gid} 1"))?;
    Ok(())
}

/// In the zygote, before V8 starts: nothing is left to see and nothing to become.
pub(crate) fn shut_in(layers: &mut Layers) -> io::Result<()> {
    // The fork that made us has cleared the death signal.
    die_with_parent()?;
    if layers.has(Layer::UtsNamespace) {
        nix::unistd::sethostname("lode")?;
    }
    if layers.has(Layer::MountNamespace)
        && let Err(error) = empty_root()
    {
        layers
            .0
            .retain(|state| state.layer != Layer::MountNamespace);
        layers.record(Layer::MountNamespace, Err(error));
    }
    // After the mounts, which need the namespace's own CAP_SYS_ADMIN.
    // The securebits and the bounding set can only be changed while CAP_SETPCAP is still held.
    layers.record(Layer::Securebits, lock_securebits());
    layers.record(Layer::NoCapabilities, sys::drop_capabilities());
    layers.record(Layer::NoNewPrivs, prctl::set_no_new_privs());
    // Asks for no_new_privs; what has been opened before stays open.
    layers.record(Layer::Landlock, deny_files_and_ports());
    layers.record(Layer::ResourceLimits, limit_zygote());
    die_with_parent()
}

/// Replaces the root by an empty, read-only file system of one page.
fn empty_root() -> io::Result<()> {
    const NONE: Option<&str> = None;
    // Nothing that we mount may travel back to the host.
    nix::mount::mount(NONE, "/", NONE, MsFlags::MS_REC | MsFlags::MS_PRIVATE, NONE)?;
    let place = ["/tmp", "/mnt", "/var"]
        .into_iter()
        .find(|folder| fs::metadata(folder).is_ok_and(|meta| meta.is_dir()))
        .ok_or_else(|| io::Error::other("none of /tmp, /mnt and /var is a folder"))?;
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    let options = Some("size=4k,nr_inodes=2,mode=0555");
    nix::mount::mount(Some("none"), place, Some("tmpfs"), flags, options)?;
    nix::unistd::chdir(place)?;
    // The old root lands on top of the new one, and is then taken away.
    nix::unistd::pivot_root(".", ".")?;
    nix::mount::umount2(".", MntFlags::MNT_DETACH)?;
    nix::unistd::chdir("/")?;
    let read_only = flags | MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY;
    nix::mount::mount(NONE, "/", NONE, read_only, NONE)?;
    Ok(())
}

/// Locks the securebits and empties the bounding set.
fn lock_securebits() -> io::Result<()> {
    sys::lock_securebits()?;
    // Numbers go up without a gap; the kernel refuses the first that it does not know.
    let mut capability = 0;
    while sys::drop_bounding(capability)? {
        capability += 1;
    }
    Ok(())
}

/// Denies everything that the kernel's Landlock knows how to deny.
fn deny_files_and_ports() -> io::Result<()> {
    let version = sys::landlock_version()?;
    // Numbers of rights by version, from the kernel's landlock.h: files, ports, scopes.
    let files: u64 = match version {
        1 => 13,
        2 => 14,
        3 | 4 => 15,
        _ => 16,
    };
    let ports: u64 = if version >= 4 { 2 } else { 0 };
    let scopes: u64 = if version >= 6 { 2 } else { 0 };
    let all = |rights: u64| (1_u64 << rights) - 1;
    // Older kernels refuse a structure that is longer than theirs.
    let bytes = match version {
        1..=3 => 8,
        4 | 5 => 16,
        _ => 24,
    };
    sys::landlock_deny(&[all(files), all(ports), all(scopes)], bytes)
}

fn limit_zygote() -> io::Result<()> {
    // No core file: it would hold the memory of a tenant.
    setrlimit(Resource::RLIMIT_CORE, 0, 0)?;
    // No file can grow, should one ever be reachable.
    setrlimit(Resource::RLIMIT_FSIZE, 0, 0)?;
    setrlimit(Resource::RLIMIT_MEMLOCK, 0, 0)?;
    setrlimit(Resource::RLIMIT_MSGQUEUE, 0, 0)?;
    // The control socket, the signal descriptor, a few while a child's sockets change hands.
    setrlimit(Resource::RLIMIT_NOFILE, 64, 64)?;
    // V8 keeps to one megabyte of stack; this is for the native code below and above it.
    setrlimit(Resource::RLIMIT_STACK, STACK_BYTES, STACK_BYTES)?;
    for resource in [
        Resource::RLIMIT_LOCKS,
        Resource::RLIMIT_NICE,
        Resource::RLIMIT_RTPRIO,
        Resource::RLIMIT_SIGPENDING,
    ] {
        setrlimit(resource, 0, 0)?;
    }
    // Never RLIMIT_AS: V8 reserves address space that it does not use.
    Ok(())
}

/// In the zygote, after V8 started: from here on nobody may look into this process, and it makes
/// only the system calls of its list. The listener is the master's; `None` where the host has no
/// filters.
pub(crate) fn seal_zygote(layers: &mut Layers) -> io::Result<Option<Listener>> {
    layers.record(Layer::Undumpable, prctl::set_dumpable(false));
    die_with_parent()?;
    // Last: nothing that V8 needed to start is needed again.
    let sealed = seccomp::available().and_then(|()| seccomp::confine_zygote());
    match sealed {
        Ok(listener) => {
            layers.record(Layer::Seccomp, Ok::<_, io::Error>(()));
            Ok(Some(listener))
        }
        Err(error) => {
            layers.record(Layer::Seccomp, Err(error));
            Ok(None)
        }
    }
}

/// In a fresh child, before anything else.
pub(crate) fn isolate_child(socket: OwnedFd) -> io::Result<OwnedFd> {
    die_with_parent()?;
    // First thing: a descriptor of the zygote or of an elder sibling would keep its peer from
    // ever seeing the end of file.
    let socket = sys::keep_only(socket, JOB_SOCKET)?;
    // The zygote blocks SIGCHLD for its descriptor.
    SigSet::all().thread_unblock()?;
    Ok(socket)
}

/// In a child, when the guest has made its threads: the last step before the job is read.
pub(crate) fn lock_child(filter: Option<&ChildFilter>) -> io::Result<()> {
    // poll(2) refuses more descriptors than this; the job socket is the only one.
    setrlimit(Resource::RLIMIT_NOFILE, 4, 4)?;
    // The watchdog is the last thread; the filter says so, too.
    setrlimit(Resource::RLIMIT_NPROC, 0, 0)?;
    filter.map_or(Ok(()), ChildFilter::apply)
}

fn die_with_parent() -> io::Result<()> {
    prctl::set_pdeathsig(Signal::SIGKILL)?;
    Ok(())
}
