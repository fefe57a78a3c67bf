//! The confinement as one ordered list: what is put on where, and why in that place.
//!
//! ```text
//! launcher   enter_namespaces   drop root · user ns · the other namespaces      (needs /proc, privileges)
//!    fork                       the first process of the new PID namespace
//! zygote     shut_in            host name · empty root · capabilities · no_new_privs · limits
//!            …V8 starts here, with nothing around it…
//! child      in_child           death with the parent · only the job socket · limits · seccomp
//! ```
//! A step that the host refuses is recorded, not skipped silently: the master will not serve with
//! a missing layer unless the configuration waives it by name.

use std::fs;
use std::io;
use std::os::fd::OwnedFd;

use nix::mount::{MntFlags, MsFlags};
use nix::sched::{CloneFlags, unshare};
use nix::sys::prctl;
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::{SigSet, Signal};
use nix::unistd::{Gid, Uid};

use crate::layer::{Layer, LayerState};
use crate::seccomp;
use crate::sys;

/// The user that a worker started by root becomes: `nobody` of every Linux distribution.
const NOBODY: u32 = 65_534;
/// The descriptor of the job socket in a child; 0 to 2 stay closed so that nothing written to
/// "standard error" can end up in it.
const JOB_SOCKET: i32 = 3;

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

/// In the launcher: gives up root and enters fresh namespaces.
pub(crate) fn enter_namespaces() -> io::Result<Layers> {
    // Before anything else, so that no moment exists in which we outlive the master.
    die_with_parent()?;
    // A session of its own: a Ctrl-C at the master's terminal must not kill running jobs.
    nix::unistd::setsid()?;
    let mut layers = Layers::default();
    // Root goes first: a user namespace made by root would map root.
    layers.record(Layer::UnprivilegedUser, drop_root());
    // The user namespace comes next: it grants the capability that the other namespaces need.
    layers.record(Layer::UserNamespace, enter_user_namespace());
    for (layer, flag) in NAMESPACES {
        layers.record(layer, unshare(flag));
    }
    // Changing credentials has cleared the death signal.
    die_with_parent()?;
    Ok(layers)
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
    layers.record(Layer::NoCapabilities, drop_capabilities());
    layers.record(Layer::NoNewPrivs, prctl::set_no_new_privs());
    layers.record(Layer::ResourceLimits, limit_zygote());
    layers.record(Layer::Seccomp, seccomp::available());
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

fn drop_capabilities() -> io::Result<()> {
    // The securebits and the bounding set can only be changed while CAP_SETPCAP is still held;
    // without any capability (no user namespace, no root) there is nothing to gain them from.
    let privileged = sys::lock_securebits().is_ok();
    if privileged {
        // Numbers go up without a gap; the kernel refuses the first that it does not know.
        let mut capability = 0;
        while sys::drop_bounding(capability)? {
            capability += 1;
        }
    }
    sys::drop_capabilities()
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
    // Never RLIMIT_AS: V8 reserves address space that it does not use.
    Ok(())
}

/// In the zygote, after V8 started: from here on nobody may look into this process.
pub(crate) fn seal_zygote() -> io::Result<()> {
    prctl::set_dumpable(false)?;
    die_with_parent()
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
pub(crate) fn lock_child(filter: Option<&seccomp::Filter>) -> io::Result<()> {
    // poll(2) refuses more descriptors than this; the job socket is the only one.
    setrlimit(Resource::RLIMIT_NOFILE, 4, 4)?;
    filter.map_or(Ok(()), seccomp::Filter::apply)
}

fn die_with_parent() -> io::Result<()> {
    prctl::set_pdeathsig(Signal::SIGKILL)?;
    Ok(())
}
