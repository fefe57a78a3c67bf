//! `Address`: where a queue lives, read from its URL.

use std::path::PathBuf;

use crate::error::QueueError;
use crate::redis::RedisPlace;

/// What every refusal of an address says.
const ALLOWED: &str = "allowed are redis://user:password@host:port/db?queue=NAME, \
     unix:///path/redis.sock?queue=NAME (or redis+unix://, or the bare absolute path of the \
     socket), redis+sentinel://user:password@host:port,host:port/SERVICE/db?queue=NAME (with \
     &sentinel_user=…&sentinel_pass=… where sentinels ask for it), \
     redis+cluster://user:password@host:port,host:port?queue=NAME, rediss…:// in place of \
     redis…:// for TLS (with &tls_ca=FILE&tls_cert=FILE&tls_key=FILE) and \
     sqlite:PATH?queue=NAME; NAME is 1 to 64 of A-Z a-z 0-9 _ - (default: default)";

const SCHEMES: [&str; 8] = [
    "redis://",
    "rediss://",
    "unix://",
    "redis+unix://",
    "redis+sentinel://",
    "rediss+sentinel://",
    "redis+cluster://",
    "rediss+cluster://",
];

/// A validated address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) queue: String,
    pub(crate) place: Place,
}

/// The kind of storage and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// Redis servers.
    Redis(Box<RedisPlace>),
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
            Place::Redis(Box::new(RedisPlace::socket(PathBuf::from(bare))))
        } else {
            if !SCHEMES.iter().any(|scheme| bare.starts_with(scheme)) {
                // Not quoted whole: it may hold a password.
                let scheme = bare.split("://").next().filter(|s| s.len() < bare.len());
                return Err(bad(&format!(
                    "{:?} is no known scheme",
                    scheme.unwrap_or("")
                )));
            }
            Place::Redis(Box::new(RedisPlace::parse(&bare)?))
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
    use crate::redis::RedisPlace;
    use crate::redis::place::{Login, Node, TlsFiles, Topology};

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
        let redis =
            |url: &str| Place::Redis(Box::new(RedisPlace::parse(url).expect("a good place")));
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
            Place::Redis(Box::new(RedisPlace::socket("/run/r.sock".into()))),
        );
        check("sqlite:q.db", "default", Place::Sqlite("q.db".into()));
        check(
            "sqlite:///var/q.db?queue=a",
            "a",
            Place::Sqlite("/var/q.db".into()),
        );
    }

    #[track_caller]
    fn redis(url: &str) -> RedisPlace {
        match Address::parse(url).expect("a good address").place {
            Place::Redis(place) => *place,
            Place::Sqlite(path) => panic!("{path:?}"),
        }
    }

    fn node(host: &str, port: u16) -> Node {
        Node {
            host: host.to_owned(),
            port,
        }
    }

    fn login(user: &str, password: &str) -> Login {
        Login {
            user: (!user.is_empty()).then(|| user.to_owned()),
            password: Some(password.to_owned()),
        }
    }

    #[test]
    fn sentinel_addresses_name_hosts_service_database_and_both_logins() {
        let place = redis(
            "redis+sentinel://u:p%40%2B+@a:1,b,[::1]:3/my%20service/2?queue=q&sentinel_pass=s",
        );
        let expected = Topology::Sentinel {
            sentinels: vec![node("a", 1), node("b", 26379), node("::1", 3)],
            service: "my service".to_owned(),
            db: 2,
            login: login("u", "p@++"),
            sentinel_login: login("", "s"),
            secure: false,
        };
        assert_eq!(place.topology, expected);
        assert_eq!(place.tls, TlsFiles::default());
    }

    #[test]
    fn cluster_addresses_name_hosts_login_and_tls_files() {
        let place = redis(
            "rediss+cluster://:p@a,b:2?tls_ca=/ca.pem&queue=q&tls_key=/k.pem&tls_cert=/c.pem",
        );
        let expected = Topology::Cluster {
            nodes: vec![node("a", 6379), node("b", 2)],
            login: login("", "p"),
            secure: true,
        };
        assert_eq!(place.topology, expected);
        let files = TlsFiles {
            ca: Some("/ca.pem".into()),
            client: Some(("/c.pem".into(), "/k.pem".into())),
        };
        assert_eq!(place.tls, files);
    }

    #[test]
    fn no_password_is_printed() {
        for url in [
            "redis://u:secret@h",
            "redis+sentinel://u:secret@h/s?sentinel_user=v&sentinel_pass=secret",
            "redis+cluster://u:secret@h",
        ] {
            let text = format!("{:?}", Address::parse(url));
            assert!(
                text.starts_with("Ok(") && !text.contains("secret"),
                "{text}"
            );
        }
        for url in [
            "redis+cluster://u:sec@ret/x@h",
            "redis+sentinel://u:secret@h:port/s",
            "redis+cluster://u:secret@h?sentinel_pass=secret",
            "redis+cluster://u:secret@h?tls_ca=/x",
        ] {
            let text = Address::parse(url).expect_err("bad").to_string();
            assert!(!text.contains("sec"), "{text}");
        }
    }

    #[test]
    fn a_bad_address_says_what_is_allowed() {
        check_bad("", "no known scheme");
        check_bad("localhost:6379", "no known scheme");
        check_bad("http://x", "\"http\" is no known scheme");
        check_bad("sqlite:", "names no file");
        check_bad("sqlite::memory:", "lose every job");
        check_bad("sqlite:q.db?qeue=a", "unknown parameter");
        check_bad("redis://h?queu=a", "unknown parameter \"queu\"");
        check_bad("unix:///s?password=x", "unknown parameter \"password\"");
        check_bad("redis://h?queue=", "no queue name");
        check_bad("redis://h?queue=a{b}", "no queue name");
        check_bad("redis://h?tls_ca=/ca.pem", "\"redis\" uses no TLS");
        check_bad("rediss://h?tls_cert=/c.pem", "tls_cert needs tls_key");
        check_bad("rediss://h?tls_ca=", "tls_ca is empty");
        check_bad("redis+sentinel://h:1", "names no service");
        check_bad("redis+sentinel://h:1/s/x", "no database number");
        check_bad(
            "redis+sentinel://h:1/s?sentinel_user=u",
            "needs sentinel_pass",
        );
        check_bad("redis+sentinel://h:1,/s", "host:port[,host:port…]");
        check_bad("redis+cluster://h:0", "host:port[,host:port…]");
        check_bad("redis+cluster://h/1", "no database");
        check_bad("redis+cluster://h?db=1", "unknown parameter \"db\"");
        check_bad("redis+cluster://u@h", "user:password@");
        check_bad("redis+cluster://:p%4@h", "write it %25");
    }
}
