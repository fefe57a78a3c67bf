//! `Scripts`: the Lua scripts, each with the common part in front of it.

use redis::Script;

/// One script per transition; the files beside this one list their keys, arguments and replies.
#[derive(Debug)]
pub(crate) struct Scripts {
    pub(crate) lease: Script,
    pub(crate) extend: Script,
    pub(crate) settle: Script,
    pub(crate) release: Script,
    pub(crate) retry: Script,
    pub(crate) set_caps: Script,
    pub(crate) stats: Script,
}

impl Scripts {
    pub(crate) fn new() -> Self {
        Self {
            lease: with_common(include_str!("lua/lease.lua")),
            extend: with_common(include_str!("lua/extend.lua")),
            settle: with_common(include_str!("lua/settle.lua")),
            release: with_common(include_str!("lua/release.lua")),
            retry: with_common(include_str!("lua/retry.lua")),
            set_caps: with_common(include_str!("lua/set_caps.lua")),
            stats: with_common(include_str!("lua/stats.lua")),
        }
    }
}

/// The names of a queue's keys.
#[derive(Debug)]
pub(crate) struct Keys {
    /// `lode:{q}:`
    pub(crate) prefix: String,
    /// What every script gets as KEYS, in the order of `common.lua`.
    pub(crate) all: Vec<String>,
}

impl Keys {
    pub(crate) fn new(queue: &str) -> Self {
        let prefix = crate::reply_to::key_prefix(queue);
        let names = [
            "in", "wake", "active", "vt", "capped", "leases", "running", "caps", "meta", "dead",
        ];
        let all = names.iter().map(|name| format!("{prefix}{name}")).collect();
        Self { prefix, all }
    }

    /// The key of this short name.
    pub(crate) fn of(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }
}

fn with_common(code: &str) -> Script {
    Script::new(&format!("{}\n{code}", include_str!("lua/common.lua")))
}
