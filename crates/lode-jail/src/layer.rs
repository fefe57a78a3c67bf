//! Layers of the jail: what each is called, and whether this host gave it.

use serde::{Deserialize, Serialize};

/// One layer of the confinement. A host that cannot give one must have it waived by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layer {
    /// A user namespace of its own: whatever a child could gain counts only inside.
    UserNamespace,
    /// A PID namespace: children see no other process and die with their zygote.
    PidNamespace,
    /// A mount namespace whose root is empty and read-only.
    MountNamespace,
    /// A network namespace without interfaces.
    NetworkNamespace,
    /// An IPC namespace.
    IpcNamespace,
    /// A UTS namespace: the host's name is not to be seen.
    UtsNamespace,
    /// A cgroup namespace.
    CgroupNamespace,
    /// No root: the uid is not 0 on the host.
    UnprivilegedUser,
    /// A session keyring of its own: the worker's keys are out of reach.
    Keyring,
    /// Locked securebits: uid 0 means nothing, and no capability can be raised again.
    Securebits,
    /// No capability in any set.
    NoCapabilities,
    /// `no_new_privs`.
    NoNewPrivs,
    /// Landlock: no file, no TCP port, no abstract socket, no signal to a process outside.
    Landlock,
    /// Resource limits of the kernel: no core file, no file growth, no descriptors.
    ResourceLimits,
    /// Nobody may look into the process, and it leaves no core.
    Undumpable,
    /// The system-call allow-list.
    Seccomp,
}

impl Layer {
    /// Every layer, in the order in which they are put on.
    pub const ALL: [Self; 16] = [
        Self::UnprivilegedUser,
        Self::Keyring,
        Self::UserNamespace,
        Self::PidNamespace,
        Self::MountNamespace,
        Self::NetworkNamespace,
        Self::IpcNamespace,
        Self::UtsNamespace,
        Self::CgroupNamespace,
        Self::Securebits,
        Self::NoCapabilities,
        Self::NoNewPrivs,
        Self::Landlock,
        Self::ResourceLimits,
        Self::Undumpable,
        Self::Seccomp,
    ];

    /// The name used in the configuration, in `lode doctor` and in logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UserNamespace => "user_namespace",
            Self::PidNamespace => "pid_namespace",
            Self::MountNamespace => "mount_namespace",
            Self::NetworkNamespace => "network_namespace",
            Self::IpcNamespace => "ipc_namespace",
            Self::UtsNamespace => "uts_namespace",
            Self::CgroupNamespace => "cgroup_namespace",
            Self::UnprivilegedUser => "unprivileged_user",
            Self::Keyring => "keyring",
            Self::Securebits => "securebits",
            Self::NoCapabilities => "no_capabilities",
            Self::NoNewPrivs => "no_new_privs",
            Self::Landlock => "landlock",
            Self::ResourceLimits => "resource_limits",
            Self::Undumpable => "undumpable",
            Self::Seccomp => "seccomp",
        }
    }
}

impl std::fmt::Display for Layer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether one layer is on, and if not, what the kernel said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerState {
    /// Which.
    pub layer: Layer,
    /// `None` when it is on, else why it is not.
    pub missing: Option<String>,
}
