//! Apps, hooks, versions and rolling back.

use lode_store::{AppLimits, HookKind, NewApp, NewHook, RateLimit, StoreError, UNLIMITED};

use crate::{APP, new_app, new_hook, store};

#[track_caller]
fn check_refused<T: std::fmt::Debug>(result: Result<T, StoreError>, code: &str, part: &str) {
    let error = result.unwrap_err();
    assert_eq!(error.code(), code, "{error}");
    assert!(error.to_string().contains(part), "{error}");
}

#[tokio::test]
async fn an_app_gets_secrets_that_nobody_else_has() {
    let store = store().await;
    let made = store.app(APP).await.unwrap().unwrap();
    assert_eq!((made.app_secret.len(), made.master_secret.len()), (32, 32));
    assert_ne!(made.app_secret, made.master_secret);
    assert!(!format!("{made:?}").contains(&made.master_secret));
    let given = NewApp {
        app_secret: Some("as".to_owned()),
        master_secret: Some("ms".to_owned()),
        ..new_app("app0")
    };
    let given = store.create_app(given).await.unwrap();
    assert_eq!(
        (given.app_secret.as_str(), given.master_secret.as_str()),
        ("as", "ms")
    );
    assert_eq!(store.apps().await.unwrap(), [given, made]);
    assert_eq!(store.app("nobody").await.unwrap(), None);
}

#[tokio::test]
async fn an_app_id_is_checked_and_unique() {
    let store = store().await;
    check_refused(store.create_app(new_app(APP)).await, "AppExists", APP);
    for bad in ["", "a b", "{q}", "-a", "a:b", "ä", &"x".repeat(121)] {
        check_refused(
            store.create_app(new_app(bad)).await,
            "BadName",
            "only letters, digits",
        );
    }
    let empty = NewApp {
        app_secret: Some(String::new()),
        ..new_app("b")
    };
    check_refused(store.create_app(empty).await, "BadName", "app secret");
}

#[tokio::test]
async fn limits_are_checked_and_kept() {
    let store = store().await;
    let mut limits = AppLimits {
        max_concurrent: Some(UNLIMITED),
        weight: Some(100),
        rate: Some("100/1s".parse().unwrap()),
        hook_rates: [("endpoint:report".to_owned(), "1/1m".parse().unwrap())].into(),
        queue_max: Some(UNLIMITED),
        http_hosts: vec!["api.example.com".to_owned()],
        ..AppLimits::default()
    };
    limits.jobs.set("heap_limit_bytes", 1 << 30).unwrap();
    let updated = store.update_app_limits(APP, limits.clone()).await.unwrap();
    assert_eq!(updated.limits, limits);
    assert_eq!(store.app(APP).await.unwrap().unwrap(), updated);
    for jobs in [0, -2] {
        let bad = AppLimits {
            max_concurrent: Some(jobs),
            ..limits.clone()
        };
        check_refused(
            store.update_app_limits(APP, bad).await,
            "BadLimits",
            "max_concurrent",
        );
    }
    let bad = AppLimits {
        http_hosts: vec!["a.example".to_owned(); 101],
        ..limits.clone()
    };
    check_refused(
        store.update_app_limits(APP, bad).await,
        "BadLimits",
        "101 http_hosts",
    );
    check_refused(
        store.update_app_limits("nobody", limits).await,
        "UnknownApp",
        "nobody",
    );
    serde_json::from_str::<AppLimits>(r#"{"max_jobs": 1}"#).unwrap_err();
}

#[tokio::test]
async fn shares_rates_and_queue_lengths_have_bounds() {
    let store = store().await;
    let no_rate = RateLimit { jobs: 1, per_ms: 0 };
    let rate_of = |hook: &str| [(hook.to_owned(), "1/1s".parse().unwrap())].into();
    let many = (0..17).map(|n| (format!("endpoint:{n}"), "1/1s".parse().unwrap()));
    let many = many.collect();
    let other = |change: &dyn Fn(&mut AppLimits)| {
        let mut limits = AppLimits::default();
        change(&mut limits);
        limits
    };
    for (bad, part) in [
        (
            other(&|limits| limits.weight = Some(0)),
            "weight is 0; it may be 1 to 100",
        ),
        (other(&|limits| limits.weight = Some(101)), "weight is 101"),
        (
            other(&|limits| limits.rate = Some(no_rate)),
            "such as 100/1s",
        ),
        (
            other(&|limits| limits.queue_max = Some(0)),
            "queue_max is 0; it may be -1",
        ),
        (
            other(&|limits| limits.hook_rates = rate_of("x")),
            "hook_rates: hook name",
        ),
        (
            other(&|limits| limits.hook_rates = rate_of("common:x")),
            "is common code",
        ),
        (
            other(&|limits| limits.hook_rates.clone_from(&many)),
            "17 hook_rates",
        ),
    ] {
        check_refused(store.update_app_limits(APP, bad).await, "BadLimits", part);
    }
}

#[tokio::test]
async fn every_new_source_is_a_new_version_and_becomes_active() {
    let store = store().await;
    let put = async |source| {
        store
            .put_hook(new_hook("b.onPreSave", source))
            .await
            .unwrap()
            .version
    };
    assert_eq!(put("one").await, 1);
    assert_eq!(put("one").await, 1);
    assert_eq!(put("two").await, 2);
    assert_eq!(put("one").await, 3);
    let active = store.hook(APP, "b.onPreSave", None).await.unwrap().unwrap();
    assert_eq!((active.version, active.source.as_str()), (3, "one"));
    let old = store
        .hook(APP, "b.onPreSave", Some(2))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (old.version, old.source.as_str(), old.kind),
        (2, "two", HookKind::Hook)
    );
    assert_eq!(store.hook(APP, "b.onPreSave", Some(9)).await.unwrap(), None);
    assert_eq!(store.hook(APP, "c.onPreSave", None).await.unwrap(), None);
    let heads = store.hooks(APP).await.unwrap();
    assert_eq!(
        (heads[0].name.as_str(), heads[0].active, heads[0].versions),
        ("b.onPreSave", 3, 3)
    );
}

#[tokio::test]
async fn rolling_back_moves_the_active_version_only() {
    let store = store().await;
    let name = "endpoint:sum";
    for source in ["one", "two", "three"] {
        store.put_hook(new_hook(name, source)).await.unwrap();
    }
    assert_eq!(
        store.rollback_hook(APP, name, None).await.unwrap().source,
        "two"
    );
    assert_eq!(
        store.rollback_hook(APP, name, None).await.unwrap().source,
        "one"
    );
    check_refused(
        store.rollback_hook(APP, name, None).await,
        "UnknownVersion",
        "version before 1",
    );
    assert_eq!(
        store
            .rollback_hook(APP, name, Some(3))
            .await
            .unwrap()
            .source,
        "three"
    );
    check_refused(
        store.rollback_hook(APP, name, Some(4)).await,
        "UnknownVersion",
        "versions 1 to 3",
    );
    store.rollback_hook(APP, name, Some(1)).await.unwrap();
    assert_eq!(store.script(APP, name).await.unwrap().unwrap().version, 1);
    // The next version does not reuse a number.
    assert_eq!(
        store
            .put_hook(new_hook(name, "four"))
            .await
            .unwrap()
            .version,
        4
    );
    check_refused(
        store.rollback_hook(APP, "endpoint:x", None).await,
        "UnknownHook",
        "endpoint:x",
    );
    check_refused(
        store.rollback_hook("nobody", name, None).await,
        "UnknownApp",
        "nobody",
    );
}

#[tokio::test]
async fn a_script_is_the_hook_with_all_common_code_in_order() {
    let store = store().await;
    for (name, source) in [
        ("common:b", "b1"),
        ("b.onPreSave", "hook"),
        ("common:a", "a1"),
        ("common:b", "b2"),
    ] {
        store.put_hook(new_hook(name, source)).await.unwrap();
    }
    let script = store.script(APP, "b.onPreSave").await.unwrap().unwrap();
    let common: Vec<(&str, &str)> = script
        .common
        .iter()
        .map(|(name, source)| (name.as_str(), source.as_str()))
        .collect();
    assert_eq!(common, [("common:a", "a1"), ("common:b", "b2")]);
    assert_eq!((script.source.as_str(), script.version), ("hook", 1));
    assert_eq!(store.script(APP, "common:a").await.unwrap(), None);
    assert_eq!(store.script(APP, "x.onPreSave").await.unwrap(), None);
    store.create_app(new_app("app2")).await.unwrap();
    assert_eq!(store.script("app2", "b.onPreSave").await.unwrap(), None);
    assert_eq!(store.hooks("app2").await.unwrap(), []);
}

#[tokio::test]
async fn a_hook_is_checked_before_it_is_stored() {
    let store = store().await;
    check_refused(
        store.put_hook(new_hook("b.onSave", "")).await,
        "BadName",
        "onPreSave onPreInsert",
    );
    let confused = NewHook {
        kind: HookKind::Common,
        ..new_hook("b.onPreSave", "")
    };
    check_refused(store.put_hook(confused).await, "BadName", "disagree");
    let homeless = NewHook {
        app: "nobody".to_owned(),
        ..new_hook("b.onPreSave", "")
    };
    check_refused(store.put_hook(homeless).await, "UnknownApp", "nobody");
    let huge = new_hook("b.onPreSave", &" ".repeat(2 * 1024 * 1024));
    check_refused(store.put_hook(huge).await, "LimitExceeded", "1048576 bytes");
    assert_eq!(store.hooks(APP).await.unwrap(), []);
}
