//! Addresses, what is wrong with them in words, TLS, and what is there after opening again.

use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use serde_json::json;

use crate::client::client;
use crate::concurrency::on_many_threads;
use crate::place::{Place, server_url};
use crate::server::PgServer;
use crate::{APP, execute, find, insert, new_app, update};

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

#[tokio::test]
async fn a_store_goes_on_when_its_server_was_restarted() {
    let mut server = PgServer::start(&[], |_| {});
    let place = Place::on(&server.url());
    let store = place.open().await;
    store.create_app(new_app(APP)).await.unwrap();
    execute(&*store, insert(json!({"_id": 1}))).await.unwrap();
    server.stop();
    let away = execute(&*store, find(json!({}), json!(null))).await;
    let error = away.unwrap_err();
    assert_eq!((error.code(), error.status()), ("InternalError", 500));
    assert!(!format!("{error:?}").contains("geheim"), "{error:?}");
    server.start_again();
    let found = execute(&*store, find(json!({}), json!(null))).await;
    assert_eq!(found.unwrap(), json!([{"_id": 1}]));
}

#[tokio::test]
async fn a_ping_says_how_the_server_is_reached_and_that_it_keeps_apps_apart() {
    let place = Place::new();
    let store = place.open().await;
    let said = store.ping().await.unwrap();
    for part in [
        "PostgreSQL 1",
        place.schema.as_str(),
        "without TLS",
        "8 + 2 connections",
        "row-level security on as lode_tenant",
    ] {
        assert!(said.contains(part), "{said}");
    }
    let client = client(&place).await;
    client
        .batch_execute("ALTER TABLE documents DISABLE ROW LEVEL SECURITY")
        .await
        .unwrap();
    let error = store.ping().await.unwrap_err().to_string();
    assert!(error.contains("is off for documents"), "{error}");
}

#[tokio::test]
async fn an_operation_may_run_for_as_long_as_the_operator_says() {
    let place = Place::new();
    let options = lode_store::StoreOptions {
        operation_ms: 200,
        ..lode_store::StoreOptions::default()
    };
    let store = lode_store::open_with(&place.url(), options).await.unwrap();
    store.create_app(new_app(APP)).await.unwrap();
    execute(&*store, insert(json!({"_id": 1}))).await.unwrap();
    // Somebody else has the document and does not let go of it.
    let mut client = client(&place).await;
    let held = client.transaction().await.unwrap();
    held.execute("SELECT 1 FROM documents FOR UPDATE", &[])
        .await
        .unwrap();
    let update = update(json!({"_id": 1}), json!({"$set": {"a": 1}}), json!(null));
    let error = store.execute(APP, update).await.unwrap_err();
    assert_eq!(error.code(), "OperationTooLong");
    assert!(error.to_string().contains("200 ms"), "{error}");
    let options = lode_store::StoreOptions {
        operation_ms: 60_000,
        ..options
    };
    let refused = lode_store::open_with(&place.url(), options).await;
    let message = refused.unwrap_err().to_string();
    assert!(message.contains("100 to 9000"), "{message}");
}

#[tokio::test]
async fn eight_stores_prepare_one_new_schema_at_once_and_its_twin_in_another_database() {
    // A server of its own: the role of tenants is the whole server's, and is made here. The level
    // is one at which a transaction would not see what was done while it waited for the lock.
    let settings = ["default_transaction_isolation=repeatable read".to_owned()];
    let server = PgServer::start(&settings, |_| {});
    let place = Place::named(server.url());
    let beside = client(&place).await;
    beside.batch_execute("CREATE DATABASE twin").await.unwrap();
    let twin = Place {
        server: format!("{}twin", server.url().strip_suffix("postgres").unwrap()),
        schema: place.schema.clone(),
    };
    on_many_threads(8, |thread| {
        let place = [&place, &twin][thread % 2];
        async move {
            let store = place.open().await;
            store
                .create_app(new_app(&thread.to_string()))
                .await
                .unwrap();
        }
    });
    for place in [place, twin] {
        let store = place.open().await;
        assert_eq!(store.apps().await.unwrap().len(), 4);
    }
    let role = "SELECT rolsuper OR rolbypassrls OR rolcanlogin FROM pg_roles
                WHERE rolname = 'lode_tenant'";
    let role = beside.query_one(role, &[]).await.unwrap();
    assert!(!role.get::<_, bool>(0));
}

#[tokio::test]
async fn a_test_takes_its_schema_with_it_also_when_it_panics() {
    let server = server_url();
    let test = std::thread::spawn(move || {
        let place = Place::on(&server);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let name = place.schema.clone();
        runtime.block_on(async {
            place.open().await;
            let beside = client(&place).await;
            let create = format!("CREATE ROLE {name}_owner; BEGIN; SELECT 1 FROM apps");
            beside.batch_execute(&create).await.unwrap();
            // The reader of the panic's payload below.
            std::panic::panic_any(name);
        })
    });
    let schema = *test.join().unwrap_err().downcast::<String>().unwrap();
    let beside = client(&Place::new()).await;
    let left = "SELECT nspname FROM pg_namespace WHERE nspname = $1
                UNION ALL SELECT rolname FROM pg_roles WHERE starts_with(rolname::text, $1)";
    assert!(beside.query(left, &[&schema]).await.unwrap().is_empty());
}
