//! `Scripts`: the Lua scripts, each with the parts that it shares with others in front of it.
//!
//! The files beside this one list their keys, arguments and replies. Names in capitals stand for
//! keys and for limits of `limits.rs`, so there is one place for each number.

use std::collections::HashMap;

use redis::Script;

use crate::limits::{
    ADMIT_BYTES_MAX, ADMIT_LONG_MAX, ADMIT_MAX, AHEAD_MS_MAX, APP_BYTES_MAX, COST, DEAD_BYTES_MAX,
    DEAD_CALL_BYTES_MAX, DEAD_CALL_MAX, DEAD_MAX, DECODE_BYTES_MAX, DEDUPE_KEY_BYTES_MAX,
    DEDUPE_TTL_MS_MAX, DELAY_MS_MAX, DUE_MAX, GAP_MIN_MS, GRACE_MAX_MS, HEAL_MAX, HOOK_BYTES_MAX,
    ID_BYTES_MAX, JOINED_MAX, LANE_MAX, LANE_MOVES_MAX, LAYOUT, LOOK_MAX, LOST_MAX,
    PEEK_DELAYED_MAX, PEEK_PIECE_MIN, PRIORITY_MAX, PROMOTE_MAX, READ_FIRST, READ_LARGE, READ_MAX,
    REASONS_MAX, RECLAIM_MAX, REPLY_TO_BYTES_MAX, RUN_AT_MS_MAX, TAIL_BYTES_MAX, TAIL_MAX,
    UNRUNNABLE_MAX,
};

/// What every script gets as KEYS, in the order of `base.lua`.
const KEYS: [&str; 28] = [
    "in",
    "wake",
    "active",
    "vt",
    "capped",
    "throttled",
    "paused",
    "laned",
    "leases",
    "running",
    "live",
    "limits",
    "tats",
    "delayed",
    "deadlines",
    "unrunnable",
    "cancels",
    "workers",
    "names",
    "bans",
    "reasons",
    "schedules",
    "ticks",
    "about",
    "dead",
    "owns",
    "absent",
    "meta",
];

const PLACE: &str = include_str!("lua/place.lua");
const MOVE: &str = include_str!("lua/move.lua");
const PUSH: &str = include_str!("lua/push.lua");
const READ: &str = include_str!("lua/read.lua");
const ADMIT: &str = include_str!("lua/admit.lua");
const LAYOUT_CODE: &str = include_str!("lua/layout.lua");
const SWEEP: &str = include_str!("lua/sweep.lua");
const HAND: &str = include_str!("lua/hand.lua");

/// One script per transition, and one per view that needs several commands.
#[derive(Debug)]
pub(crate) struct Scripts {
    pub(crate) lease: Script,
    pub(crate) tend: Script,
    pub(crate) leave: Script,
    pub(crate) extend: Script,
    pub(crate) settle: Script,
    pub(crate) release: Script,
    pub(crate) retry: Script,
    pub(crate) progress: Script,
    pub(crate) cancel: Script,
    pub(crate) quotas: Script,
    pub(crate) pause: Script,
    pub(crate) bans: Script,
    pub(crate) schedules: Script,
    pub(crate) fire: Script,
    pub(crate) stats: Script,
    pub(crate) apps: Script,
    pub(crate) views: Script,
    pub(crate) dead: Script,
    pub(crate) workers: Script,
    pub(crate) check: Script,
}

impl Scripts {
    pub(crate) fn new() -> Self {
        // Mostly the inbox is empty, and what admits it is made only when it is not.
        let serving = [
            LAYOUT_CODE,
            PLACE,
            MOVE,
            SWEEP,
            HAND,
            "local function admit(limit, long_limit)
              if redis.call('XLEN', IN) == 0 and not far then return 0 end",
            PUSH,
            READ,
            ADMIT,
            "return admit(limit, long_limit) end",
        ];
        let admitting = [LAYOUT_CODE, PLACE, MOVE, PUSH, READ, ADMIT];
        // Most settled jobs leave their app where it stands: the parts for that are made only then.
        let settling = [
            PUSH,
            "local function place_one(app)",
            PLACE,
            "touch(app) place_touched() return eligible end",
        ];
        Self {
            lease: script(&serving, include_str!("lua/lease.lua")),
            tend: script(&serving, include_str!("lua/tend.lua")),
            leave: script(&[PLACE, MOVE, SWEEP], include_str!("lua/leave.lua")),
            extend: script(&[], include_str!("lua/extend.lua")),
            settle: script(&settling, include_str!("lua/settle.lua")),
            release: script(&[PLACE, MOVE], include_str!("lua/release.lua")),
            retry: script(&[PLACE, MOVE], include_str!("lua/retry.lua")),
            progress: script(&[PUSH], include_str!("lua/progress.lua")),
            cancel: script(&admitting, include_str!("lua/cancel.lua")),
            quotas: script(&[PLACE], include_str!("lua/quotas.lua")),
            pause: script(&[PLACE], include_str!("lua/pause.lua")),
            bans: script(&[], include_str!("lua/bans.lua")),
            schedules: script(&[], include_str!("lua/schedules.lua")),
            fire: script(&[], include_str!("lua/fire.lua")),
            stats: script(&[], include_str!("lua/stats.lua")),
            apps: script(&[PLACE], include_str!("lua/apps.lua")),
            views: script(&[PLACE, MOVE], include_str!("lua/views.lua")),
            dead: script(&admitting, include_str!("lua/dead.lua")),
            workers: script(&[], include_str!("lua/workers.lua")),
            check: script(&[LAYOUT_CODE], include_str!("lua/check.lua")),
        }
    }
}

/// The names of a queue's keys.
#[derive(Debug)]
pub(crate) struct Keys {
    /// `lode:{q}:`
    pub(crate) prefix: String,
    /// What every script gets as KEYS.
    pub(crate) all: Vec<String>,
}

impl Keys {
    pub(crate) fn new(queue: &str) -> Self {
        let prefix = crate::reply_to::key_prefix(queue);
        let all = KEYS.iter().map(|name| format!("{prefix}{name}")).collect();
        Self { prefix, all }
    }

    /// The key of this short name.
    pub(crate) fn of(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// The key of a kept outcome. `base.lua` makes the same.
    pub(crate) fn result(&self, app: &str, own: &str) -> String {
        format!("{}result:{}:{app}{own}", self.prefix, app.len())
    }
}

/// A script: the base, the parts it needs, its own code, with all names put in.
fn script(parts: &[&str], code: &str) -> Script {
    let names = names();
    let mut text = String::new();
    for part in [include_str!("lua/base.lua")]
        .iter()
        .chain(parts)
        .chain([&code])
    {
        put_in(part, &names, &mut text);
        text.push('\n');
    }
    Script::new(&text)
}

/// Copies code, with what each name stands for.
fn put_in(code: &str, names: &HashMap<String, String>, to: &mut String) {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut rest = code;
    while let Some(start) = rest.find(is_word) {
        let (before, from_word) = rest.split_at(start);
        let end = from_word.find(|c| !is_word(c)).unwrap_or(from_word.len());
        let (word, after) = from_word.split_at(end);
        to.push_str(before);
        to.push_str(names.get(word).map_or(word, String::as_str));
        rest = after;
    }
    to.push_str(rest);
}

/// The keys and the limits by their names in the scripts.
fn names() -> HashMap<String, String> {
    macro_rules! named {
        ($($limit:ident)*) => {
            [$((stringify!($limit).to_owned(), $limit.to_string())),*]
        };
    }
    let limits = named!(
        ADMIT_BYTES_MAX ADMIT_LONG_MAX ADMIT_MAX AHEAD_MS_MAX APP_BYTES_MAX COST
        DEAD_BYTES_MAX DEAD_CALL_BYTES_MAX DEAD_CALL_MAX DEAD_MAX DECODE_BYTES_MAX
        DEDUPE_KEY_BYTES_MAX DEDUPE_TTL_MS_MAX DELAY_MS_MAX DUE_MAX GAP_MIN_MS GRACE_MAX_MS
        HEAL_MAX HOOK_BYTES_MAX ID_BYTES_MAX JOINED_MAX LANE_MAX LANE_MOVES_MAX LAYOUT
        LOOK_MAX LOST_MAX PEEK_DELAYED_MAX PEEK_PIECE_MIN PRIORITY_MAX PROMOTE_MAX
        READ_FIRST READ_LARGE READ_MAX REASONS_MAX RECLAIM_MAX REPLY_TO_BYTES_MAX
        RUN_AT_MS_MAX TAIL_BYTES_MAX TAIL_MAX UNRUNNABLE_MAX
    );
    let keys = KEYS
        .iter()
        .enumerate()
        .map(|(n, key)| (key.to_uppercase(), format!("KEYS[{}]", n + 1)));
    limits.into_iter().chain(keys).collect()
}

#[cfg(test)]
mod tests {
    use super::{names, put_in};

    #[test]
    fn names_are_put_in_whole() {
        let mut text = String::new();
        put_in("f(IN, 'XADD', DEAD_MAX) -- IN_X dead", &names(), &mut text);
        assert_eq!(text, "f(KEYS[1], 'XADD', 10000) -- IN_X dead");
    }
}
