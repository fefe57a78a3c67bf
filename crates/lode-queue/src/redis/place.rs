//! `RedisPlace`: which servers a Redis queue lives on, read from its URL.

use std::fmt;
use std::path::PathBuf;

use crate::address::bad;
use crate::error::QueueError;

const REDIS_PORT: u16 = 6379;
const SENTINEL_PORT: u16 = 26379;

/// Where the servers are and how to log in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RedisPlace {
    pub(crate) topology: Topology,
    /// The files of `tls_ca`, `tls_cert` and `tls_key`.
    pub(crate) tls: TlsFiles,
}

/// How the servers are found.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Topology {
    /// One address, as a URL of the client library. It may hold a password.
    Url(String),
    /// One server, by its socket.
    Socket(PathBuf),
    /// The primary that the sentinels name.
    Sentinel {
        sentinels: Vec<Node>,
        service: String,
        db: i64,
        login: Login,
        sentinel_login: Login,
        secure: bool,
    },
    /// The node of a Cluster that owns the queue's slot.
    Cluster {
        nodes: Vec<Node>,
        login: Login,
        secure: bool,
    },
}

/// PEM files; a missing `ca` means the public web roots.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct TlsFiles {
    pub(crate) ca: Option<PathBuf>,
    /// A client's certificate and its key.
    pub(crate) client: Option<(PathBuf, PathBuf)>,
}

/// A user and a password, never printed.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Login {
    pub(crate) user: Option<String>,
    pub(crate) password: Option<String>,
}

/// One server's address.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Node {
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.password.is_some() { "Login" } else { "" })
    }
}

impl fmt::Debug for Topology {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(_) => f.write_str("Url"),
            Self::Socket(path) => write!(f, "Socket({})", path.display()),
            Self::Sentinel { service, .. } => write!(f, "Sentinel({service})"),
            Self::Cluster { nodes, .. } => write!(f, "Cluster({nodes:?})"),
        }
    }
}

impl RedisPlace {
    /// Reads a URL whose `queue` parameter is already gone.
    pub(crate) fn parse(url: &str) -> Result<Self, QueueError> {
        let (url, taken) = take(url, &["tls_ca", "tls_cert", "tls_key"])?;
        let [ca, cert, key] = taken.map(|value| value.map(PathBuf::from));
        let scheme = url.split("://").next().unwrap_or("");
        let secure = scheme.starts_with("rediss");
        let client = match (cert, key) {
            (None, None) => None,
            (Some(cert), Some(key)) => Some((cert, key)),
            (Some(_), None) => return Err(bad("tls_cert needs tls_key")),
            (None, Some(_)) => return Err(bad("tls_key needs tls_cert")),
        };
        if !secure && (ca.is_some() || client.is_some()) {
            return Err(bad(&format!(
                "{scheme:?} uses no TLS, and tls_ca, tls_cert and tls_key need it"
            )));
        }
        let topology = match scheme {
            "redis+sentinel" | "rediss+sentinel" => sentinel(&url, secure)?,
            "redis+cluster" | "rediss+cluster" => cluster(&url, secure)?,
            _ => {
                check_parameters(&url)?;
                Topology::Url(url)
            }
        };
        Ok(Self {
            topology,
            tls: TlsFiles { ca, client },
        })
    }

    /// A server's socket.
    pub(crate) fn socket(path: PathBuf) -> Self {
        Self {
            topology: Topology::Socket(path),
            tls: TlsFiles::default(),
        }
    }
}

/// The parameters that the client library reads of an address of one server. It ignores any other,
/// and with it what somebody meant by it.
fn check_parameters(url: &str) -> Result<(), QueueError> {
    let known: &[&str] = match url.split("://").next() {
        Some("unix" | "redis+unix") => &["db", "user", "pass", "protocol"],
        Some(_) | None => &["protocol"],
    };
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let query = query.split_once('#').map_or(query, |(query, _)| query);
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let name = pair.split('=').next().unwrap_or(pair);
        if !known.contains(&name) {
            let known = known.join(", ");
            return Err(bad(&format!(
                "unknown parameter {name:?}, known here are queue, {known}"
            )));
        }
    }
    Ok(())
}

fn sentinel(url: &str, secure: bool) -> Result<Topology, QueueError> {
    let (url, taken) = take(url, &["sentinel_user", "sentinel_pass"])?;
    let [user, password] = taken;
    if user.is_some() && password.is_none() {
        return Err(bad("sentinel_user needs sentinel_pass"));
    }
    let (login, sentinels, path) = split(&url, SENTINEL_PORT)?;
    let (service, db) = path.split_once('/').unwrap_or((path, ""));
    if service.is_empty() {
        return Err(bad("the sentinel address names no service after the hosts"));
    }
    let db = match db {
        "" => 0,
        number => number
            .parse::<u16>()
            .map_err(|_| bad(&format!("{number:?} is no database number")))?,
    };
    Ok(Topology::Sentinel {
        sentinels,
        service: decode(service)?,
        db: db.into(),
        login,
        sentinel_login: Login { user, password },
        secure,
    })
}

fn cluster(url: &str, secure: bool) -> Result<Topology, QueueError> {
    let (login, nodes, path) = split(url, REDIS_PORT)?;
    if !path.is_empty() {
        return Err(bad(&format!(
            "a cluster has no database or service, but the address ends in {path:?}"
        )));
    }
    Ok(Topology::Cluster {
        nodes,
        login,
        secure,
    })
}

/// The login, the hosts and the path of a URL that may list several hosts.
fn split(url: &str, port: u16) -> Result<(Login, Vec<Node>, &str), QueueError> {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    if rest.contains('#') {
        return Err(bad("a # has no meaning here; in a password write %23"));
    }
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    if let Some(other) = query.split('&').find(|pair| !pair.is_empty()) {
        let name = other.split('=').next().unwrap_or(other);
        return Err(bad(&format!("unknown parameter {name:?}")));
    }
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (login, hosts) = match authority.rsplit_once('@') {
        Some((login, hosts)) => (read_login(login)?, hosts),
        None => (Login::default(), authority),
    };
    let nodes = hosts
        .split(',')
        .map(|host| node(host, port))
        .collect::<Option<Vec<_>>>()
        // Not quoted: a password with an @ or / that is not written as %40 or %2F may be in it.
        .ok_or_else(|| bad("the hosts are not host:port[,host:port…]"))?;
    Ok((login, nodes, path.trim_end_matches('/')))
}

fn read_login(text: &str) -> Result<Login, QueueError> {
    let (user, password) = text.split_once(':').unwrap_or((text, ""));
    let some = |text: &str| -> Result<Option<String>, QueueError> {
        (!text.is_empty()).then(|| decode(text)).transpose()
    };
    let (user, password) = (some(user)?, some(password)?);
    if user.is_some() && password.is_none() {
        return Err(bad("the user has no password, expected is user:password@"));
    }
    Ok(Login { user, password })
}

/// `host`, `host:port`, `[v6]:port`. `None` when it is none of them.
pub(super) fn node(text: &str, default_port: u16) -> Option<Node> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']')?;
            (host, port.strip_prefix(':'))
        }
        None => match text.rsplit_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    let port = port.map_or(Some(default_port), |port| port.parse().ok())?;
    let fits = !host.is_empty() && port != 0 && !host.contains(['@', ' ']);
    fits.then(|| Node {
        host: host.to_owned(),
        port,
    })
}

/// Takes these parameters out of a URL's query; the others stay.
fn take<const N: usize>(
    url: &str,
    names: &[&str; N],
) -> Result<(String, [Option<String>; N]), QueueError> {
    let mut found = [const { None }; N];
    let (front, fragment) = match url.split_once('#') {
        Some((front, fragment)) => (front, format!("#{fragment}")),
        None => (url, String::new()),
    };
    let Some((front, query)) = front.split_once('?') else {
        return Ok((url.to_owned(), found));
    };
    let mut others = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        match names.iter().position(|known| *known == name) {
            Some(_) if value.is_empty() => return Err(bad(&format!("{name} is empty"))),
            Some(at) => found[at] = Some(decode(value)?),
            None => others.push(pair),
        }
    }
    let query = if others.is_empty() {
        String::new()
    } else {
        format!("?{}", others.join("&"))
    };
    Ok((format!("{front}{query}{fragment}"), found))
}

/// Resolves `%41`. A `+` stays a plus: passwords have them.
fn decode(text: &str) -> Result<String, QueueError> {
    let wrong = || bad("a % is not followed by two hexadecimal digits of UTF-8 text; write it %25");
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or("").as_bytes().to_vec();
    for part in parts {
        let digits = part.get(..2).ok_or_else(wrong)?;
        bytes.push(u8::from_str_radix(digits, 16).map_err(|_| wrong())?);
        bytes.extend_from_slice(&part.as_bytes()[2..]);
    }
    String::from_utf8(bytes).map_err(|_| wrong())
}
