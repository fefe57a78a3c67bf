//! The address of a Postgres: what this store reads in it, and what it leaves to the client.

use std::path::PathBuf;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

use crate::limits::CONNECTIONS_MAX;
use crate::{StoreError, StoreOptions};

/// Characters of a schema's name: Postgres cuts longer ones.
const SCHEMA_CHARS_MAX: usize = 63;
/// Below the time that one operation may run, so that its error names the reason.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

const ALLOWED: &str = "allowed is postgres://USER:PASSWORD@HOST:PORT/DATABASE with sslmode \
    (disable, require or verify-full), sslrootcert, sslcert, sslkey, schema, connections and the \
    client's own host, port, user, password, dbname, target_session_attrs, options";

/// Where the server is, and how to speak with it.
#[derive(Debug)]
pub(super) struct Address {
    /// The client's part; its debug text leaves the password out.
    pub(super) config: Config,
    pub(super) tls: TlsFiles,
    /// The schema with this store's tables.
    pub(super) schema: String,
    /// Connections for documents; two more are for apps and hooks.
    pub(super) connections: usize,
}

/// PEM files.
#[derive(Debug, Default)]
pub(super) struct TlsFiles {
    pub(super) root: Option<PathBuf>,
    pub(super) client: Option<(PathBuf, PathBuf)>,
}

impl Address {
    /// What the address does not say is as in the options.
    pub(super) fn parse(url: &str, options: StoreOptions) -> Result<Self, StoreError> {
        let mut own = Own::default();
        let (base, query) = url.split_once('?').unwrap_or((url, ""));
        let mut rest = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            if !own.take(pair)? {
                rest.push(pair);
            }
        }
        let mut config: Config = format!("{base}?{}", rest.join("&"))
            .parse()
            // Only what kind of mistake it is: the rest may be a password.
            .map_err(|error: tokio_postgres::Error| {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                refused(&cause.unwrap_or_else(|| error.to_string()))
            })?;
        if config.get_hosts().is_empty() {
            return Err(refused("it names no host"));
        }
        if config.get_user().is_none() {
            return Err(refused("it names no user"));
        }
        let tls = own.tls_files()?;
        config.ssl_mode(own.ssl_mode(config.get_hosts())?);
        config.connect_timeout(CONNECT_TIMEOUT);
        config.tcp_user_timeout(CONNECT_TIMEOUT);
        if config.get_application_name().is_none() {
            config.application_name("lode");
        }
        Ok(Self {
            config,
            tls,
            schema: own.schema.unwrap_or_else(|| "lode".to_owned()),
            connections: own.connections.unwrap_or(options.connections),
        })
    }

    /// Whether there is TLS on the way: it is never tried and then left out.
    pub(super) fn is_encrypted(&self) -> bool {
        self.config.get_ssl_mode() != SslMode::Disable
    }

    /// The server for people, without the password: `user@host:5432/database`.
    pub(super) fn place(&self) -> String {
        let config = &self.config;
        let ports = config.get_ports();
        let hosts = config.get_hosts().iter().enumerate().map(|(index, host)| {
            let host = match host {
                Host::Tcp(name) => name.clone(),
                Host::Unix(path) => path.display().to_string(),
            };
            let port = ports.get(index).or_else(|| ports.first());
            format!("{host}:{}", port.copied().unwrap_or(5432))
        });
        let user = config.get_user().unwrap_or_default();
        let hosts = hosts.collect::<Vec<_>>().join(",");
        format!("{user}@{hosts}/{}", config.get_dbname().unwrap_or(user))
    }
}

/// The parameters that the client does not know, or not in this way.
#[derive(Debug, Default)]
struct Own {
    ssl_mode: Option<String>,
    root: Option<PathBuf>,
    cert: Option<PathBuf>,
    key: Option<PathBuf>,
    schema: Option<String>,
    connections: Option<usize>,
}

impl Own {
    /// Whether the parameter is one of these.
    fn take(&mut self, pair: &str) -> Result<bool, StoreError> {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = percent_decode_str(value)
            .decode_utf8()
            .map_err(|_| refused(&format!("{name} is not UTF-8")))?
            .into_owned();
        match name {
            "sslmode" => self.ssl_mode = Some(value),
            "sslrootcert" => self.root = Some(value.into()),
            "sslcert" => self.cert = Some(value.into()),
            "sslkey" => self.key = Some(value.into()),
            "schema" => {
                let is_good = (1..=SCHEMA_CHARS_MAX).contains(&value.len())
                    && value.starts_with(|c: char| c.is_ascii_lowercase())
                    && value
                        .chars()
                        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
                    && !value.starts_with("pg_");
                if !is_good {
                    return Err(refused(&format!(
                        "the schema {value:?} must have 1 to {SCHEMA_CHARS_MAX} characters, only \
                         a to z, digits and _, and begin with a letter, but not with pg_"
                    )));
                }
                self.schema = Some(value);
            }
            "connections" => {
                let count = value.parse().ok();
                let count = count.filter(|count| (1..=CONNECTIONS_MAX).contains(count));
                self.connections = Some(count.ok_or_else(|| {
                    refused(&format!(
                        "connections is {value:?}; it may be 1 to {CONNECTIONS_MAX}"
                    ))
                })?);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn tls_files(&mut self) -> Result<TlsFiles, StoreError> {
        let client = match (self.cert.take(), self.key.take()) {
            (Some(cert), Some(key)) => Some((cert, key)),
            (None, None) => None,
            (Some(_), None) | (None, Some(_)) => {
                return Err(refused("sslcert and sslkey go together"));
            }
        };
        Ok(TlsFiles {
            root: self.root.take(),
            client,
        })
    }

    /// Without a word about it: none where nobody else can listen, and else required.
    fn ssl_mode(&self, hosts: &[Host]) -> Result<SslMode, StoreError> {
        let is_near = |host: &Host| match host {
            Host::Unix(_) => true,
            Host::Tcp(name) => ["localhost", "127.0.0.1", "::1"].contains(&name.as_str()),
        };
        match self.ssl_mode.as_deref() {
            None if hosts.iter().all(is_near) => Ok(SslMode::Disable),
            None | Some("require" | "verify-full") => Ok(SslMode::Require),
            Some("disable") => Ok(SslMode::Disable),
            Some(other) => Err(refused(&format!(
                "sslmode={other} might go on without encryption or without a check of the \
                 certificate"
            ))),
        }
    }
}

fn refused(reason: &str) -> StoreError {
    StoreError::BadUrl(format!(
        "the store's address cannot be used: {reason}; {ALLOWED}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Result<Address, StoreError> {
        Address::parse(url, StoreOptions::default())
    }

    #[track_caller]
    fn check_refused(url: &str, part_of_message: &str) {
        let error = parse(url).unwrap_err().to_string();
        assert!(error.contains(part_of_message), "{error}");
        assert!(!error.contains("geheim"), "{error}");
    }

    #[test]
    fn an_address_says_where_and_how() {
        let read = parse(
            "postgres://u:geheim@db.example:6432/d?schema=lode_2&connections=5&sslmode=disable",
        )
        .unwrap();
        assert_eq!(read.place(), "u@db.example:6432/d");
        assert_eq!((read.schema.as_str(), read.connections), ("lode_2", 5));
        assert_eq!(read.config.get_ssl_mode(), SslMode::Disable);
        assert_eq!(read.config.get_password(), Some(b"geheim".as_slice()));
        assert!(!format!("{read:?}").contains("geheim"));
    }

    #[test]
    fn encryption_is_left_out_only_where_nobody_can_listen() {
        for (url, mode) in [
            ("postgres://u@localhost/d", SslMode::Disable),
            ("postgres://u@%2Frun%2Fpg/d", SslMode::Disable),
            ("postgresql:///d?host=/run/pg&user=u", SslMode::Disable),
            ("postgres://u@db.example/d", SslMode::Require),
            ("postgres://u@localhost,db.example/d", SslMode::Require),
            (
                "postgres://u@localhost/d?sslmode=verify-full",
                SslMode::Require,
            ),
        ] {
            let read = parse(url).unwrap();
            assert_eq!(read.config.get_ssl_mode(), mode, "{url}");
        }
    }

    #[test]
    fn what_is_wrong_is_named_and_the_password_never_shown() {
        for (url, part) in [
            ("postgres://u:geheim@h/d?sslmode=prefer", "sslmode=prefer"),
            ("postgres://u:geheim@h/d?sslcert=/x", "go together"),
            ("postgres://u:geheim@h/d?schema=A", "only a to z"),
            ("postgres://u:geheim@h/d?connections=0", "1 to 500"),
            ("postgres://u:geheim@h/d?colour=red", "colour"),
            ("postgres://u:geheim@h:port/d", "port"),
            ("postgres://h/d", "no user"),
            ("postgres:///d?user=u", "no host"),
        ] {
            check_refused(url, part);
        }
    }
}
