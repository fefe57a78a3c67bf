//! The address of a MongoDB: what this store reads in it, and what it leaves to the driver.

use std::time::Duration;

use mongodb::options::{
    Acknowledgment, ClientOptions, ReadPreference, SelectionCriteria, ServerAddress, Tls,
    TlsOptions, WriteConcern,
};

use crate::StoreError;
use crate::mongo::names::check_database;

/// Connections for documents when the address does not say.
const CONNECTIONS: u32 = 16;
/// Each is a thread here.
const CONNECTIONS_MAX: u32 = 500;
/// Below the time that one operation may run, so that its error names the reason.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

const ALLOWED: &str = "allowed is mongodb://USER:PASSWORD@HOST:PORT/DATABASE with MongoDB's own \
    parameters; maxPoolSize is the number of connections";

/// Where the server is, and how to speak with it.
#[derive(Debug)]
pub(super) struct Address {
    /// The driver's part; its debug text leaves the password out.
    pub(super) options: ClientOptions,
    pub(super) database: String,
    /// Connections for documents; two more are for apps and hooks.
    pub(super) connections: usize,
}

impl Address {
    pub(super) async fn parse(url: &str) -> Result<Self, StoreError> {
        if url.starts_with("mongodb+srv:") {
            return Err(refused(
                "mongodb+srv asks the DNS for the servers, which this store does not; name them",
            ));
        }
        let read = ClientOptions::parse(url).await;
        let mut options = read.map_err(|error| refused(&without_password(url, &error)))?;
        let database = options.default_database.clone();
        let database = database.ok_or_else(|| refused("it names no database"))?;
        check_database(&database).map_err(|reason| refused(&reason))?;
        let connections = options.max_pool_size.unwrap_or(CONNECTIONS);
        if !(1..=CONNECTIONS_MAX).contains(&connections) {
            return Err(refused(&format!(
                "maxPoolSize is {connections}; it may be 1 to {CONNECTIONS_MAX}"
            )));
        }
        options.max_pool_size = Some(connections + super::CATALOGUE_CONNECTIONS);
        require_primary(options.selection_criteria.as_ref())?;
        encrypt(&mut options);
        options.connect_timeout.get_or_insert(CONNECT_TIMEOUT);
        options
            .server_selection_timeout
            .get_or_insert(CONNECT_TIMEOUT);
        options.app_name.get_or_insert_with(|| "lode".to_owned());
        require_acknowledgment(&mut options)?;
        Ok(Self {
            options,
            database,
            connections: usize::try_from(connections).unwrap_or(usize::MAX),
        })
    }

    /// The server for people, without the password: `user@host:27017/database`.
    pub(super) fn place(&self) -> String {
        let hosts = self.options.hosts.iter().map(ToString::to_string);
        let hosts = hosts.collect::<Vec<_>>().join(",");
        let credential = self.options.credential.as_ref();
        match credential.and_then(|credential| credential.username.as_deref()) {
            Some(user) => format!("{user}@{hosts}/{}", self.database),
            None => format!("{hosts}/{}", self.database),
        }
    }
}

/// What a write has done must be seen by the next read.
fn require_primary(criteria: Option<&SelectionCriteria>) -> Result<(), StoreError> {
    match criteria {
        None | Some(SelectionCriteria::ReadPreference(ReadPreference::Primary)) => Ok(()),
        Some(_) => Err(refused(
            "readPreference may only be primary: what a hook has written it must find",
        )),
    }
}

/// Without a word about it: by a majority of the servers, so that it is not taken back.
fn require_acknowledgment(options: &mut ClientOptions) -> Result<(), StoreError> {
    let concern = options
        .write_concern
        .get_or_insert_with(WriteConcern::default);
    let w = concern.w.get_or_insert(Acknowledgment::Majority);
    if *w == Acknowledgment::Nodes(0) {
        return Err(refused(
            "w=0 asks for no acknowledgment, and what is lost would be lost silently",
        ));
    }
    Ok(())
}

/// Without a word about it: TLS wherever somebody else can listen.
fn encrypt(options: &mut ClientOptions) {
    let is_near = |server: &ServerAddress| match server {
        ServerAddress::Tcp { host, .. } => {
            ["localhost", "127.0.0.1", "::1", "[::1]"].contains(&host.as_str())
        }
        ServerAddress::Unix { .. } => true,
        _ => false,
    };
    if options.tls.is_none() && !options.hosts.iter().all(is_near) {
        options.tls = Some(Tls::Enabled(TlsOptions::default()));
    }
}

/// The driver's words, unless they repeat a secret.
fn without_password(url: &str, error: &mongodb::error::Error) -> String {
    let words = error.kind.to_string();
    let login = url.rsplit_once('@').map_or("", |(login, _)| login);
    let secret = login.splitn(3, ':').nth(2).unwrap_or_default();
    match !secret.is_empty() && words.contains(secret) {
        true => "it is not one of MongoDB's".to_owned(),
        false => words,
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

    async fn parse(url: &str) -> Address {
        Address::parse(url).await.unwrap()
    }

    #[tokio::test]
    async fn an_address_says_where_and_how() {
        let read =
            parse("mongodb://u:geheim@db.example:6432,b/shop?maxPoolSize=5&authSource=admin").await;
        assert_eq!(read.place(), "u@db.example:6432,b:27017/shop");
        assert_eq!((read.database.as_str(), read.connections), ("shop", 5));
        assert!(!format!("{read:?}").contains("geheim"));
        let concern = read.options.write_concern.unwrap();
        assert_eq!(concern.w, Some(Acknowledgment::Majority));
        assert_eq!(parse("mongodb://localhost/d").await.connections, 16);
    }

    #[tokio::test]
    async fn encryption_is_left_out_only_where_nobody_can_listen() {
        for (url, is_encrypted) in [
            ("mongodb://localhost/d", false),
            ("mongodb://127.0.0.1:27018/d", false),
            ("mongodb://db.example/d", true),
            ("mongodb://localhost,db.example/d", true),
            ("mongodb://db.example/d?tls=false", false),
            ("mongodb://localhost/d?tls=true", true),
        ] {
            let tls = parse(url).await.options.tls;
            assert_eq!(matches!(tls, Some(Tls::Enabled(_))), is_encrypted, "{url}");
        }
    }

    #[tokio::test]
    async fn what_is_wrong_is_named_and_the_password_never_shown() {
        for (url, part) in [
            ("mongodb://u:geheim@h", "no database"),
            ("mongodb://u:geheim@h/", "no database"),
            ("mongodb://u:geheim@h/admin", "the server's own"),
            ("mongodb://u:geheim@h/d?maxPoolSize=0", "maxPoolSize=0"),
            ("mongodb://u:geheim@h/d?maxPoolSize=501", "1 to 500"),
            (
                "mongodb://u:geheim@h/d?readPreference=secondary",
                "only be primary",
            ),
            ("mongodb://u:geheim@h/d?w=0", "w=0"),
            ("mongodb://u:geheim@h:port/d", "port"),
            ("mongodb://u:ge:heim@h/d", "allowed is mongodb://"),
            ("mongodb://u:geheim@h/d?tls=perhaps", "tls"),
            ("mongodb+srv://u:geheim@h/d", "name them"),
        ] {
            let error = Address::parse(url).await.unwrap_err();
            assert_eq!(error.code(), "BadUrl", "{url}");
            let words = error.to_string();
            assert!(words.contains(part), "{words}");
            assert!(!words.contains("heim"), "{words}");
        }
    }
}
