//! Apps apart from each other by the database itself, whatever a statement says.

use std::time::Duration;

use lode_proto::message::LogLevel;
use lode_store::{EffectKind, LogQuery, NewEffect, NewLogLine, Store};
use serde_json::json;

use crate::client::client;
use crate::place::Place;
use crate::{APP, execute, find, insert, new_app, new_hook};

/// As the store's own transactions begin, for the app `other`.
const AS_OTHER: &str = "BEGIN; SET LOCAL ROLE lode_tenant; SET LOCAL lode.app = 'other'";

async fn two_apps(place: &Place) -> std::sync::Arc<dyn Store> {
    let store = place.open().await;
    for app in [APP, "other"] {
        store.create_app(new_app(app)).await.unwrap();
    }
    execute(&*store, insert(json!({"_id": "mine"})))
        .await
        .unwrap();
    store.put_hook(new_hook("c.onPreSave", "1")).await.unwrap();
    let index = lode_store::Index {
        collection: "c".to_owned(),
        path: "a".to_owned(),
    };
    store.create_index(APP, index).await.unwrap();
    store.record_effect(new_effect(APP)).await.unwrap();
    store.append_logs(vec![new_line(APP)]).await.unwrap();
    store
}

fn new_effect(app: &str) -> NewEffect {
    NewEffect {
        app: app.to_owned(),
        job: "j1".to_owned(),
        hook: "c.onPreSave".to_owned(),
        kind: EffectKind::Email,
        payload: "{}".to_owned(),
        is_due: true,
        waiting_max: 10,
    }
}

fn new_line(app: &str) -> NewLogLine {
    NewLogLine {
        app: app.to_owned(),
        at_ms: 1,
        level: LogLevel::Info,
        hook: "c.onPreSave".to_owned(),
        job: "j1".to_owned(),
        message: "mine".to_owned(),
    }
}

#[tokio::test]
async fn a_statement_that_names_another_apps_rows_sees_and_changes_none() {
    let place = Place::new();
    let store = two_apps(&place).await;
    let client = client(&place).await;
    for table in [
        "documents",
        "document_keys",
        "indexes",
        "hooks",
        "hook_versions",
        "outbox",
        "logs",
    ] {
        let all = format!("SELECT 1 FROM {table}");
        assert_ne!(
            client.query(&all, &[]).await.unwrap().len(),
            0,
            "{table}: the test's login"
        );
        client.batch_execute(AS_OTHER).await.unwrap();
        for sql in [
            format!("SELECT 1 FROM {table} WHERE app = '{APP}'"),
            format!("SELECT 1 FROM {table}"),
            format!("DELETE FROM {table} WHERE app = '{APP}' RETURNING 1"),
            format!("UPDATE {table} SET app = 'other' RETURNING 1"),
        ] {
            assert_eq!(client.query(&sql, &[]).await.unwrap().len(), 0, "{sql}");
        }
        client.batch_execute("ROLLBACK").await.unwrap();
    }
    let found = execute(&*store, find(json!({}), json!(null)))
        .await
        .unwrap();
    assert_eq!(found, json!([{"_id": "mine"}]));
}

#[tokio::test]
async fn a_row_of_another_app_cannot_be_written() {
    let place = Place::new();
    let _store = two_apps(&place).await;
    let client = client(&place).await;
    client.batch_execute(AS_OTHER).await.unwrap();
    let row = format!(
        "INSERT INTO documents (app, collection, id, doc, body) VALUES ('{APP}', 'c', 'x', '{{}}', '{{}}')"
    );
    let refused = client.execute(&row, &[]).await.unwrap_err();
    let said = refused.as_db_error().unwrap().message().to_owned();
    assert!(said.contains("row-level security"), "{said}");
}

/// Workers claim and forget over all apps; what a hook adds is added as its app.
#[tokio::test]
async fn over_all_apps_effects_and_lines_are_seen_and_none_is_added() {
    let place = Place::new();
    let _store = two_apps(&place).await;
    let client = client(&place).await;
    let outbox = "INSERT INTO outbox (id, app, job, hook, kind, at_ms, payload, state, attempts,
                                      claim, is_claimed)
                  VALUES ('x', 'other', '', '', 'push', 0, '{}', 'recorded', 0, 0, false)";
    let logs = "INSERT INTO logs (app, at_ms, level, hook, job, message)
                VALUES ('other', 0, 0, '', '', '')";
    for (table, insert) in [("outbox", outbox), ("logs", logs)] {
        for (app, seen, may_insert) in [("*", 1, false), (APP, 1, false), ("other", 0, true)] {
            let begin = format!("BEGIN; SET LOCAL ROLE lode_tenant; SET LOCAL lode.app = '{app}'");
            client.batch_execute(&begin).await.unwrap();
            let all = format!("SELECT 1 FROM {table}");
            let rows = client.query(&all, &[]).await.unwrap();
            assert_eq!(rows.len(), seen, "{table} as {app}");
            let inserted = client.execute(insert, &[]).await;
            assert_eq!(
                inserted.is_ok(),
                may_insert,
                "{table} as {app}: {inserted:?}"
            );
            client.batch_execute("ROLLBACK").await.unwrap();
        }
    }
}

#[tokio::test]
async fn without_an_app_there_is_nothing_and_the_catalogue_has_no_documents() {
    let place = Place::new();
    let _store = two_apps(&place).await;
    let client = client(&place).await;
    for (setting, apps) in [("", 0), ("SET LOCAL lode.app = '*'", 2)] {
        let begin = format!("BEGIN; SET LOCAL ROLE lode_tenant; {setting}");
        client.batch_execute(&begin).await.unwrap();
        let count = async |table: &str| {
            let sql = format!("SELECT 1 FROM {table}");
            client.query(&sql, &[]).await.unwrap().len()
        };
        assert_eq!((count("apps").await, count("documents").await), (apps, 0));
        client.batch_execute("ROLLBACK").await.unwrap();
    }
}

#[tokio::test]
async fn the_policies_hold_for_an_ordinary_owner_without_a_role() {
    let place = Place::new();
    let client = client(&place).await;
    let owner = format!("{}_owner", place.schema);
    let create = format!(
        "CREATE ROLE {owner} LOGIN; CREATE SCHEMA {} AUTHORIZATION {owner}",
        place.schema
    );
    client.batch_execute(&create).await.unwrap();
    let url = place
        .url()
        .replacen("postgres://postgres", &format!("postgres://{owner}"), 1);
    let store = lode_store::open(&url).await.unwrap();
    for app in [APP, "other"] {
        store.create_app(new_app(app)).await.unwrap();
    }
    execute(&*store, insert(json!({"_id": "mine"})))
        .await
        .unwrap();
    // All that goes over all apps does so for it, too.
    store.record_effect(new_effect(APP)).await.unwrap();
    let lines = vec![new_line(APP), new_line("other")];
    store.append_logs(lines).await.unwrap();
    let claimed = store.claim_effects(&EffectKind::ALL, 9, Duration::ZERO);
    assert_eq!(claimed.await.unwrap().len(), 1);
    let read = store.logs("other", LogQuery::default()).await.unwrap();
    assert_eq!(read.len(), 1);
    let as_owner = format!("BEGIN; SET LOCAL ROLE {owner}; SET LOCAL lode.app = 'other'");
    client.batch_execute(&as_owner).await.unwrap();
    let seen = client.query("SELECT 1 FROM documents", &[]).await.unwrap();
    assert_eq!(seen.len(), 0);
    client.batch_execute("ROLLBACK").await.unwrap();
    drop(store);
    // A shared server keeps roles; this one is gone with the schema, too, if the test fails.
    let clean = format!("DROP OWNED BY {owner} CASCADE; DROP ROLE {owner}");
    client.batch_execute(&clean).await.unwrap();
}

#[tokio::test]
async fn a_damaged_document_is_named_with_its_app_and_collection() {
    let place = Place::new();
    let store = two_apps(&place).await;
    let client = client(&place).await;
    let damage = "UPDATE documents SET doc = '[1, 2]' WHERE id = 's:mine'";
    assert_eq!(client.execute(damage, &[]).await.unwrap(), 1);
    let error = execute(&*store, find(json!({}), json!(null)))
        .await
        .unwrap_err();
    assert_eq!((error.code(), error.status()), ("InternalError", 500));
    let message = error.to_string();
    for part in ["s:mine", "`c`", "`app1`", "damaged"] {
        assert!(message.contains(part), "{message}");
    }
}
