//! Addresses, files, and what is still there after opening again.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::json;

use crate::{APP, execute, find, insert, new_app, new_hook};

#[track_caller]
fn check_refused(error: lode_store::StoreError, part_of_message: &str) {
    assert!(error.to_string().contains(part_of_message), "{error}");
}

#[tokio::test]
async fn a_bad_address_says_what_is_allowed() {
    for bad in [
        "",
        "sqlite",
        "sqlite:",
        "sqlite://",
        "mysql://h/d",
        "/var/x.db",
    ] {
        check_refused(
            lode_store::open(bad).await.unwrap_err(),
            "sqlite:PATH, sqlite::memory: and postgres://",
        );
    }
    let nowhere = lode_store::open("sqlite:/no/such/folder/x.db")
        .await
        .unwrap_err();
    assert_eq!((nowhere.code(), nowhere.status()), ("InternalError", 500));
    check_refused(nowhere, "/no/such/folder/x.db");
}

#[cfg(not(feature = "mongodb"))]
#[tokio::test]
async fn a_build_without_mongodb_says_how_to_get_it() {
    let error = lode_store::open("mongodb://u:geheim@h/d")
        .await
        .unwrap_err();
    assert_eq!(error.code(), "BadUrl");
    check_refused(error, "--features mongodb");
}

#[tokio::test]
async fn everything_is_there_after_opening_again() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}/store.db", folder.path().display());
    let app = {
        let store = lode_store::open(&url).await.unwrap();
        let app = store.create_app(new_app(APP)).await.unwrap();
        store
            .put_hook(new_hook("b.onPreSave", "one"))
            .await
            .unwrap();
        store
            .put_hook(new_hook("b.onPreSave", "two"))
            .await
            .unwrap();
        store.rollback_hook(APP, "b.onPreSave", None).await.unwrap();
        execute(&*store, insert(json!([{"_id": 2}, {"_id": 1}])))
            .await
            .unwrap();
        app
    };
    let store = lode_store::open(&url).await.unwrap();
    assert_eq!(store.apps().await.unwrap(), [app]);
    assert_eq!(
        store
            .script(APP, "b.onPreSave")
            .await
            .unwrap()
            .unwrap()
            .source,
        "one"
    );
    assert_eq!(store.hooks(APP).await.unwrap()[0].versions, 2);
    let found = execute(&*store, find(json!({}), json!(null)))
        .await
        .unwrap();
    assert_eq!(found, json!([{"_id": 2}, {"_id": 1}]));
}

#[tokio::test]
async fn a_ping_names_the_database() {
    let folder = tempfile::tempdir().unwrap();
    let path = format!("{}/store.db", folder.path().display());
    let store = lode_store::open(&format!("sqlite:{path}")).await.unwrap();
    let answer = store.ping().await.unwrap();
    assert!(
        answer.starts_with("SQLite 3.") && answer.ends_with(&path),
        "{answer}"
    );
}

#[tokio::test]
async fn the_files_are_readable_by_their_owner_only() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/store.db", folder.path().display());
    let store = lode_store::open(&url).await.unwrap();
    store.create_app(new_app(APP)).await.unwrap();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", entry.path());
    }
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    std::fs::write(
        &path,
        "these are my notes, and not a database at all".repeat(100),
    )
    .unwrap();
    let error = lode_store::open(&format!("sqlite:{}", path.display()))
        .await
        .unwrap_err();
    assert_eq!(error.code(), "InternalError");
    assert!(
        std::fs::read_to_string(&path)
            .unwrap()
            .starts_with("these are my notes")
    );
}
