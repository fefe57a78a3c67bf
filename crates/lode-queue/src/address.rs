//! `Address`: where a queue lives, read from its URL.

use std::path::PathBuf;

use crate::error::QueueError;

/// What every refusal of an address says.
const ALLOWED: &str = "allowed are redis://host:port/db?queue=NAME, rediss://…, \
     unix:///path/redis.sock?queue=NAME (or redis+unix://, or the bare absolute path of the \
     socket) and sqlite:PATH?queue=NAME; NAME is 1 to 64 of A-Z a-z 0-9 _ - (default: default)";

/// A validated address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) queue: String,
    pub(crate) place: Place,
}

/// The kind of storage and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// A Redis URL without our own `queue` parameter.
    Redis(String),
    /// A Redis socket given as a path.
    RedisSocket(PathBuf),
    /// A SQLite file.
    Sqlite(PathBuf),
}

impl Address {
    /// Reads `url`; an error names what is wrong and what is allowed.
    pub(crate) fn parse(url: &str) -> Result<Self, QueueError> {
        let (bare, queue) = split_queue(url)?;
        let place = if let Some(path) = bare.strip_prefix("sqlite:") {
            sqlite_place(path)?
        } else if bare.starts_with('/') {
            Place::RedisSocket(PathBuf::from(bare))
        } else {
            let known = ["redis://", "rediss://", "unix://", "redis+unix://"];
            if !known.iter().any(|scheme| bare.starts_with(scheme)) {
                // Not quoted whole: it may hold a password.
                let scheme = bare.split("://").next().filter(|s| s.len() < bare.len());
                return Err(bad(&format!(
                    "{:?} is no known scheme",
                    scheme.unwrap_or("")
                )));
            }
            Place::Redis(bare)
        };
        Ok(Self { queue, place })
    }
}

/// An address error: what was wrong, then what is allowed.
pub(crate) fn bad(what: &str) -> QueueError {
    QueueError::Address(format!("{what}; {ALLOWED}"))
}

fn sqlite_place(path: &str) -> Result<Place, QueueError> {
    let path = path.strip_prefix("//").unwrap_or(path);
    match path {
        "" => Err(bad("sqlite: names no file")),
        ":memory:" => Err(bad(
            "sqlite::memory: would lose every job, a file is needed",
        )),
        _ => Ok(Place::Sqlite(PathBuf::from(path))),
    }
}

/// Takes `queue=NAME` out of the query part; other parameters and the fragment stay.
fn split_queue(url: &str) -> Result<(String, String), QueueError> {
    let (front, fragment) = match url.split_once('#') {
        Some((front, fragment)) if !url.starts_with("sqlite:") => (front, format!("#{fragment}")),
        Some(_) | None => (url, String::new()),
    };
    let Some((front, query)) = front.split_once('?') else {
        return Ok((url.to_owned(), "default".to_owned()));
    };
    let mut queue = "default".to_owned();
    let mut others = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.strip_prefix("queue=") {
            Some(name) => name.clone_into(&mut queue),
            None => others.push(pair),
        }
    }
    check_name(&queue)?;
    let local = url.starts_with("sqlite:") || url.starts_with('/');
    if let (true, Some(other)) = (local, others.first()) {
        return Err(bad(&format!("unknown parameter {other:?}")));
    }
    let query = if others.is_empty() {
        String::new()
    } else {
        format!("?{}", others.join("&"))
    };
    Ok((format!("{front}{query}{fragment}"), queue))
}

fn check_name(name: &str) -> Result<(), QueueError> {
    let fits = (1..=64).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    if fits {
        Ok(())
    } else {
        Err(bad(&format!("{name:?} is no queue name")))
    }
}

#[cfg(test)]
mod tests {
    use super::{Address, Place};

    #[track_caller]
    fn check(url: &str, queue: &str, place: Place) {
        let address = Address::parse(url).expect("a good address");
        assert_eq!(
            address,
            Address {
                queue: queue.to_owned(),
                place
            }
        );
    }

    #[track_caller]
    fn check_bad(url: &str, words: &str) {
        let text = Address::parse(url).expect_err("a bad address").to_string();
        assert!(text.contains(words), "{text}");
        assert!(text.contains("allowed are redis://"), "{text}");
    }

    #[test]
    fn every_form_is_read() {
        let redis = |url: &str| Place::Redis(url.to_owned());
        check("redis://h:1/2?queue=jobs", "jobs", redis("redis://h:1/2"));
        check(
            "rediss://h#insecure",
            "default",
            redis("rediss://h#insecure"),
        );
        check(
            "rediss://h?queue=a#insecure",
            "a",
            redis("rediss://h#insecure"),
        );
        check(
            "unix:///s?db=1&queue=a&pass=x",
            "a",
            redis("unix:///s?db=1&pass=x"),
        );
        check("redis+unix:///s", "default", redis("redis+unix:///s"));
        check(
            "/run/r.sock?queue=a-B_9",
            "a-B_9",
            Place::RedisSocket("/run/r.sock".into()),
        );
        check("sqlite:q.db", "default", Place::Sqlite("q.db".into()));
        check(
            "sqlite:///var/q.db?queue=a",
            "a",
            Place::Sqlite("/var/q.db".into()),
        );
    }

    #[test]
    fn a_bad_address_says_what_is_allowed() {
        check_bad("", "no known scheme");
        check_bad("localhost:6379", "no known scheme");
        check_bad("http://x", "\"http\" is no known scheme");
        check_bad("sqlite:", "names no file");
        check_bad("sqlite::memory:", "lose every job");
        check_bad("sqlite:q.db?qeue=a", "unknown parameter");
        check_bad("redis://h?queue=", "no queue name");
        check_bad("redis://h?queue=a{b}", "no queue name");
    }
}
