//! Which lists an outcome may be pushed to.
//!
//! `reply_to` comes from the producer. One that would write into the queue's own keys must not be
//! used, and must not fail the settle either: the outcome then goes to the dead list.

use crate::limits::REPLY_TO_BYTES_MAX;

/// The start of every key of a queue. The braces make them one slot of a Redis Cluster.
pub(crate) fn key_prefix(queue: &str) -> String {
    format!("lode:{{{queue}}}:")
}

/// The start of the queue's reply lists.
pub(crate) fn reply_prefix(queue: &str) -> String {
    format!("{}reply:", key_prefix(queue))
}

/// Why `list` cannot take an outcome of `queue`; `None` when it can.
pub(crate) fn refusal(queue: &str, list: &str) -> Option<String> {
    if list.is_empty() || list.len() > REPLY_TO_BYTES_MAX {
        return Some(format!(
            "reply_to has {} bytes, allowed are 1 to {REPLY_TO_BYTES_MAX}",
            list.len()
        ));
    }
    // Any queue's keys, not only our own: a list where another queue expects a stream would stop it.
    let replies = reply_prefix(queue);
    let is_reply = list.strip_prefix("lode:{").is_none_or(|rest| {
        // The first brace ends the queue's name: what comes after it may hold braces of its own.
        rest.split_once('}')
            .and_then(|(_, key)| key.strip_prefix(":reply:"))
            .is_some_and(|caller| !caller.is_empty())
    });
    if !is_reply {
        return Some(format!(
            "reply_to {list:?} is a queue's own key, allowed are {replies}<caller> and names that \
             do not begin with lode:{{"
        ));
    }
    // Those of npm background-task; see proto/background-task.md.
    let is_hash = |kind: &str| !kind.is_empty() && kind.bytes().all(|b| b.is_ascii_lowercase());
    if list.strip_suffix(":normal").is_some_and(is_hash)
        || list.starts_with("blacklist:")
        || list.starts_with("taskKey:")
    {
        return Some(format!(
            "reply_to {list:?} is a key of npm background-task, allowed are names that are none of \
             its own"
        ));
    }
    None
}

/// What the dead list says of an outcome that could not be pushed. `settle.lua` says the same.
pub(crate) fn undelivered(list: &str, problem: &str) -> String {
    let shown: String = list.chars().take(REPLY_TO_BYTES_MAX).collect();
    format!("outcome not delivered to {shown}: {problem}")
}

#[cfg(test)]
mod tests {
    use super::refusal;

    #[track_caller]
    fn check(list: &str, allowed: bool) {
        assert_eq!(refusal("q", list).is_none(), allowed, "{list}");
    }

    #[test]
    fn only_foreign_lists_and_reply_lists_are_allowed() {
        check("lode:{q}:reply:me", true);
        check("anything", true);
        check("lode:{other}:in", false);
        check("lode:{other}:reply:me", true);
        check(&"x".repeat(512), true);
        check(&"x".repeat(513), false);
        check("", false);
        check("lode:{q}:in", false);
        check("lode:{q}:reply:", false);
        check("lode:{q}:job:x}:reply:y", false);
        check("lode:{q", false);
        check("lode:{q}:reply:a}:reply:b", true);
        check("newtask:normal", false);
        check("my:normal", false);
        check("my:own:normal", true);
        check("taskKey:shop", false);
        check("blacklist:globalBlacklist:shop", false);
    }
}
