//! Addresses, what is wrong with them in words, TLS, and what is there after opening again.

use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use serde_json::json;

use crate::client::client;
use crate::place::{Place, server_url};
use crate::server::PgServer;
use crate::{APP, execute, find, insert, new_app};

/// Refused with all of these words, and never with the password.
#[track_caller]
fn check_refused(
    opened: Result<std::sync::Arc<dyn lode_store::Store>, lode_store::StoreError>,
    parts: &[&str],
) {
    let error = opened.unwrap_err();
    let message = error.to_string();
    assert_eq!(error.code(), "BadUrl", "{message}");
    for part in parts {
        assert!(message.contains(part), "{message}");
    }
    assert!(
        !format!("{error:?} {message}").contains("geheim"),
        "{message}"
    );
}

fn free_port() -> u16 {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    free.local_addr().unwrap().port()
}

#[tokio::test]
async fn everything_is_there_after_opening_again() {
    let place = Place::new();
    let app = {
        let store = place.open().await;
        let app = store.create_app(new_app(APP)).await.unwrap();
        execute(
            &*store,
            insert(json!([{"_id": 2, "b": 1.0, "a": "x\u{0}"}, {"_id": 1}])),
        )
        .await
        .unwrap();
        app
    };
    let store = place.open().await;
    assert_eq!(store.apps().await.unwrap(), [app]);
    let reply = store
        .execute(APP, find(json!({}), json!(null)))
        .await
        .unwrap();
    // Byte for byte: jsonb alone would sort the keys and refuse the NUL.
    assert_eq!(
        reply.as_json(),
        r#"[{"_id":2,"b":1.0,"a":"x\u0000"},{"_id":1}]"#
    );
    let answer = store.ping().await.unwrap();
    assert!(answer.starts_with("PostgreSQL 1"), "{answer}");
}

#[tokio::test]
async fn a_schema_of_a_newer_release_is_refused() {
    let place = Place::new();
    place.open().await;
    let client = client(&place).await;
    client
        .batch_execute("INSERT INTO versions VALUES (99)")
        .await
        .unwrap();
    check_refused(
        lode_store::open(&place.url()).await,
        &["version 99", "newer release"],
    );
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named() {
    let port = free_port();
    let url = format!("postgres://u:geheim@127.0.0.1:{port}/d");
    let place = format!("u@127.0.0.1:{port}/d");
    let opened = lode_store::open(&url).await;
    check_refused(opened, &[&place, "refused", "check that the server runs"]);
    let base = server_url();
    let (base, _) = base.rsplit_once('/').unwrap();
    let opened = lode_store::open(&format!("{base}/nowhere_at_all")).await;
    check_refused(opened, &["nowhere_at_all", "create the database"]);
}

/// A server that asks everybody for a password and speaks TLS, with the files of its authority.
fn guarded(port: u16, folder: &Path) -> PgServer {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = params.self_signed(&key).unwrap();
    std::fs::write(folder.join("ca.pem"), root.pem()).unwrap();
    let issuer = Issuer::new(params, key);
    let own = KeyPair::generate().unwrap();
    let named = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let signed = named.signed_by(&own, &issuer).unwrap();
    let settings = [
        "listen_addresses=127.0.0.1".to_owned(),
        format!("port={port}"),
        "ssl=on".to_owned(),
    ];
    PgServer::start(&settings, |data| {
        std::fs::write(data.join("server.crt"), signed.pem()).unwrap();
        let secret = data.join("server.key");
        std::fs::write(&secret, own.serialize_pem()).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&secret, mode).unwrap();
        std::fs::write(
            data.join("pg_hba.conf"),
            "hostssl all all 127.0.0.1/32 scram-sha-256\nlocal all all scram-sha-256\n",
        )
        .unwrap();
    })
}

#[tokio::test]
async fn passwords_and_certificates_are_checked_and_named_when_they_are_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    let _server = guarded(port, folder.path());
    let ca = folder.path().join("ca.pem");
    let ca = ca.to_str().unwrap();
    let open = async |user: &str, host: &str, query: &str| {
        lode_store::open(&format!("postgres://{user}@{host}:{port}/postgres?{query}")).await
    };
    let trusting = format!("sslmode=verify-full&sslrootcert={ca}");
    let store = open("postgres:geheim", "localhost", &trusting)
        .await
        .unwrap();
    store.create_app(new_app(APP)).await.unwrap();

    let wrong = open("postgres:geheimnis", "localhost", &trusting).await;
    check_refused(
        wrong,
        &[
            "password authentication failed",
            "check the user and the password",
        ],
    );
    let none = open("postgres", "localhost", &trusting).await;
    check_refused(none, &["asks for a password"]);
    // The public authorities do not know this one.
    let unknown = open("postgres:geheim", "localhost", "sslmode=require").await;
    check_refused(unknown, &["TLS", "sslrootcert=FILE"]);
    let other_name = open("postgres:geheim", "127.0.0.1", &trusting).await;
    check_refused(other_name, &["TLS", "for the host of the address"]);
    let plain = open("postgres:geheim", "localhost", "sslmode=disable").await;
    check_refused(plain, &["no encryption", "pg_hba.conf"]);
    let no_file = open(
        "postgres:geheim",
        "localhost",
        "sslmode=require&sslrootcert=/no/file",
    )
    .await;
    check_refused(no_file, &["sslrootcert=/no/file", "readable PEM file"]);
}

#[tokio::test]
async fn a_server_without_tls_is_refused_where_tls_is_asked_for() {
    let port = free_port();
    let settings = [
        "listen_addresses=127.0.0.1".to_owned(),
        format!("port={port}"),
    ];
    let _server = PgServer::start(&settings, |_| {});
    let url = format!("postgres://postgres:geheim@127.0.0.1:{port}/postgres");
    let opened = lode_store::open(&format!("{url}?sslmode=require")).await;
    check_refused(opened, &["does not support TLS", "sslmode=disable"]);
    lode_store::open(&url).await.unwrap();
}

/// The connections of a server that has been restarted are gone, the store is not.
#[tokio::test]
async fn a_store_outlives_the_connections_that_it_has() {
    let place = Place::new();
    let store = place.open().await;
    store.create_app(new_app(APP)).await.unwrap();
    execute(&*store, insert(json!({"_id": 1}))).await.unwrap();
    let client = client(&place).await;
    // Those of this store only: the server may be shared.
    let end = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
               WHERE query LIKE '%COMMIT%' AND state = 'idle' AND pid <> pg_backend_pid()
                 AND application_name = $1";
    client.query(end, &[&place.schema]).await.unwrap();
    let found = execute(&*store, find(json!({}), json!(null))).await;
    assert_eq!(found.unwrap(), json!([{"_id": 1}]));
}
