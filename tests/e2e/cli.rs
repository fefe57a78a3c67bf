//! The command line: exit codes, and messages that name what was wrong.

use serde_json::{Value, json};

use crate::support::{Place, Ran, hook_file, lode};

fn echo() -> String {
    hook_file("echo.js").display().to_string()
}

#[track_caller]
fn check_bad<const N: usize>(args: [&str; N], code: i32, words: &str) {
    let told = Place::sqlite().lode(args).bad(code);
    assert!(told.contains(words), "{told}");
}

#[test]
fn a_wrong_command_line_exits_2_and_says_what_is_wrong() {
    let echo = echo();
    check_bad(["run", &echo, "--nonsense"], 2, "--nonsense");
    check_bad(["run"], 2, "<FILE>");
    check_bad(["dance"], 2, "dance");
    check_bad(
        ["run", &echo, "--wall-limit", "soon"],
        2,
        "write it as 5s, 300ms or 2m",
    );
    check_bad(["run", &echo, "--wall-limit", "0s"], 2, "at least 1ms");
    check_bad(["run", &echo, "--body", "{a:1}"], 2, "--body is not JSON");
    check_bad(
        ["run", &echo, "--params", "[1]"],
        2,
        "--params must be a JSON object",
    );
    check_bad(["run", &echo, "--hook", "books.onPreSaev"], 2, "onPreSaev");
    check_bad(
        ["run", &echo, "--hook", "common:x"],
        2,
        "does not run by itself",
    );
    check_bad(
        ["enqueue", "a", "nonsense", "--queue", "sqlite:q.sqlite"],
        2,
        "<collection>.<function>",
    );
    check_bad(
        ["hook", "put", "a", &echo, "--on", "echo"],
        2,
        "endpoint:<name>",
    );
    check_bad(
        ["hook", "put", "a", &echo, "--on", "common:echo"],
        2,
        "use --common",
    );
}

#[test]
fn what_is_not_there_exits_1_and_is_named() {
    let echo = echo();
    check_bad(["run", "no/such/hook.js"], 1, "no/such/hook.js");
    check_bad(
        ["run", &echo, "--request", "no-request.json"],
        1,
        "no-request.json",
    );
    check_bad(
        ["run", &echo, "--store", "sqlite:empty.sqlite"],
        1,
        "lode app create",
    );
    check_bad(["run", &echo, "--store", "mysql://x"], 1, "mysql");
    check_bad(["run", &echo, "--config", "no.toml"], 1, "no.toml");
    check_bad(
        ["hook", "list", "nobody", "--store", "sqlite:s.sqlite"],
        1,
        "there is no app \"nobody\"",
    );
    check_bad(
        ["enqueue", "a", "endpoint:x", "--queue", "http://x"],
        1,
        "\"http\" is no known scheme",
    );
}

#[test]
fn an_unreachable_redis_is_named() {
    let flags = [
        "--store",
        "sqlite:s.sqlite",
        "--queue",
        "unix:///no/such/redis.sock",
    ];
    let told = Place::sqlite().lode(["serve"].iter().chain(&flags)).bad(1);
    assert!(told.contains("queue unix:///no/such/redis.sock"), "{told}");
    assert!(!told.contains("panicked"), "{told}");
}

#[test]
fn a_request_may_come_from_standard_input() {
    let place = Place::sqlite();
    let file = place.write("request.json", r#"{"body":{"n":1}}"#);
    let mut command = lode();
    command.args(["run", &echo(), "--request", "-"]);
    let ran = place.finish(command.stdin(std::fs::File::open(file).unwrap()));
    assert_eq!(ran.outcome().response.body.get(), r#"{"n":1}"#);
}

#[test]
fn seed_data_is_there_when_the_hook_starts() {
    let place = Place::sqlite();
    let data = json!({"books": [{"_id": "a"}, {"_id": "b"}]});
    let file = place.write("data.json", &data.to_string());
    let ran = place.run("counts_books.js", &["--seed-data", file.to_str().unwrap()]);
    assert_eq!(ran.outcome().response.body.get(), "2");
    let file = place.write("bad.json", r#"{"books": {"_id": "a"}}"#);
    let told = place
        .run("counts_books.js", &["--seed-data", file.to_str().unwrap()])
        .bad(1);
    assert!(
        told.contains("collection \"books\" must be an array"),
        "{told}"
    );
}

#[test]
fn an_app_is_created_once_and_its_secrets_are_shown_once() {
    let place = Place::sqlite();
    let flags = ["--store", place.store.as_str(), "--max-concurrent", "-1"];
    let created = place
        .lode(["app", "create", "shop"].iter().chain(&flags))
        .good();
    let created: Value = serde_json::from_str(&created).unwrap();
    assert_eq!(
        (&created["id"], &created["limits"]["max_concurrent"]),
        (&json!("shop"), &json!(-1))
    );
    let told = place
        .lode(["app", "create", "shop"].iter().chain(&flags))
        .bad(1);
    assert!(told.contains("shop"), "{told}");
    let listed = place.lode(["app", "list", "--store", &place.store]).good();
    assert!(listed.contains("\"shop\""), "{listed}");
    for secret in ["app_secret", "master_secret"] {
        assert!(
            !listed.contains(created[secret].as_str().unwrap()),
            "{listed}"
        );
    }
}

/// `lode hook …` on the place's store.
fn hook(place: &Place, args: &[&str]) -> Ran {
    let store = ["--store", place.store.as_str()];
    place.lode(["hook"].iter().chain(args).chain(&store))
}

#[test]
fn a_script_with_a_typo_is_refused_with_its_line_and_column() {
    let place = Place::sqlite();
    place.app("a", &[]);
    let told = place
        .put("a", &hook_file("syntax_error.js"), "endpoint:x")
        .bad(1);
    assert!(
        told.contains("Unexpected token ';' at endpoint:x:2:18"),
        "{told}"
    );
    assert_eq!(hook(&place, &["list", "a"]).good(), "");
}

#[test]
fn a_hook_has_versions_that_can_be_shown_and_rolled_back() {
    let place = Place::sqlite();
    place.app("a", &[]);
    let first = place.write(
        "x.js",
        "function onRequest(q, r) { r.body = 1; r.complete(); }\n",
    );
    assert_eq!(
        place.put("a", &first, "endpoint:x").good(),
        "endpoint:x version 1\n"
    );
    let second = place.write(
        "x.js",
        "function onRequest(q, r) { r.body = 2; r.complete(); }\n",
    );
    assert_eq!(
        place.put("a", &second, "endpoint:x").good(),
        "endpoint:x version 2\n"
    );
    let shown = |args: &[&str]| hook(&place, args).good();
    assert!(shown(&["show", "a", "endpoint:x"]).contains("r.body = 2"));
    assert!(shown(&["show", "a", "endpoint:x", "--at", "1"]).contains("r.body = 1"));
    assert_eq!(
        shown(&["rollback", "a", "endpoint:x"]),
        "endpoint:x version 1\n"
    );
    assert!(shown(&["show", "a", "endpoint:x"]).contains("r.body = 1"));
    assert_eq!(
        shown(&["rollback", "a", "endpoint:x", "--to", "2"]),
        "endpoint:x version 2\n"
    );
    let listed = shown(&["list", "a"]);
    let head: Value = serde_json::from_str(listed.trim_end()).unwrap();
    assert_eq!(head["name"], "endpoint:x", "{listed}");
    let told = hook(&place, &["show", "a", "endpoint:x", "--at", "9"]).bad(1);
    assert!(told.contains("no hook endpoint:x version 9"), "{told}");
    let told = hook(&place, &["rollback", "a", "endpoint:x", "--to", "9"]).bad(1);
    assert!(told.contains('9'), "{told}");
}

#[test]
fn common_code_is_stored_under_its_files_name() {
    let place = Place::sqlite();
    place.app("a", &[]);
    let file = hook_file("common_helpers.js");
    let put = hook(&place, &["put", "a", file.to_str().unwrap(), "--common"]).good();
    assert_eq!(put, "common:common_helpers version 1\n");
}

#[test]
fn enqueue_gives_up_waiting_when_nobody_serves() {
    let place = Place::sqlite();
    let args = [
        "enqueue",
        "a",
        "endpoint:x",
        "--wait",
        "100ms",
        "--queue",
        &place.queue,
    ];
    let told = place.lode(args).bad(1);
    assert!(
        told.contains("is queued, but no outcome came within 100ms"),
        "{told}"
    );
    assert!(told.contains("is a worker serving this queue?"), "{told}");
}

#[test]
fn enqueue_without_wait_prints_the_jobs_id() {
    let place = Place::redis();
    let told = place
        .lode(["enqueue", "a", "endpoint:x", "--queue", &place.queue])
        .good();
    assert!(told.trim_end().split_once('-').is_some(), "{told}");
}

#[test]
fn an_unknown_key_of_the_configuration_is_named() {
    let place = Place::sqlite();
    let file = place.write("lode.toml", "[pool]\nwram = 3\n");
    let told = place
        .lode(["config", "--config", file.to_str().unwrap()])
        .bad(1);
    assert!(told.contains("pool") && told.contains("wram"), "{told}");
    let told = place
        .finish(lode().arg("config").env("LODE_POOL_WRAM", "3"))
        .bad(1);
    assert!(told.contains("wram"), "{told}");
    let told = place
        .finish(lode().arg("config").env("LODE_WARM", "3"))
        .bad(1);
    assert!(told.contains("environment variable LODE_WARM"), "{told}");
}

#[test]
fn a_value_out_of_range_is_named_with_its_range() {
    let place = Place::sqlite();
    for (name, value, words) in [
        (
            "LODE_POOL_MAX_CHILDREN",
            "0",
            "pool.max_children is 0, allowed are 1 to 10000",
        ),
        ("LODE_POOL_WARM", "many", "pool.warm"),
        (
            "LODE_LIMITS_HEAP_LIMIT_BYTES",
            "5",
            "limits.heap_limit_bytes is 5",
        ),
        (
            "LODE_QUEUE_APP_MAX_CONCURRENT",
            "0",
            "-1 (no limit) and 1 up",
        ),
        ("LODE_JAIL_WAIVE", "[\"walls\"]", "walls"),
    ] {
        let told = place.finish(lode().arg("config").env(name, value)).bad(1);
        assert!(told.contains(words), "{told}");
    }
}

#[test]
fn the_environment_goes_over_the_file_and_config_prints_both_as_toml() {
    let place = Place::sqlite();
    let file = place.write("lode.toml", "[pool]\nwarm = 3\nmax_children = 6\n");
    let mut command = lode();
    command.args(["config", "--config", file.to_str().unwrap()]);
    let printed = place.finish(command.env("LODE_POOL_WARM", "2")).good();
    let config: toml::Table = toml::from_str(&printed).unwrap();
    let pool = config["pool"].as_table().unwrap();
    let set = (pool["warm"].as_integer(), pool["max_children"].as_integer());
    assert_eq!(set, (Some(2), Some(6)));
    // What is printed is a configuration again.
    let again = place.write("again.toml", &printed);
    let second = place
        .lode(["config", "--config", again.to_str().unwrap()])
        .good();
    assert_eq!(second, printed);
}

#[test]
fn doctor_says_whether_this_configuration_can_be_served() {
    let place = Place::sqlite();
    let good = ["doctor", "--store", &place.store, "--queue", &place.queue];
    let told = place.lode(good).good();
    assert!(told.contains("this configuration can be served"), "{told}");
    for line in [
        "zygote",
        "jail seccomp",
        "jail user_namespace",
        "queue",
        "store",
    ] {
        assert!(
            told.lines()
                .any(|l| l.starts_with("ok ") && l.contains(line)),
            "{line}: {told}"
        );
    }
    let bad = [
        "doctor",
        "--store",
        &place.store,
        "--queue",
        "unix:///no/such/redis.sock",
    ];
    let ran = place.lode(bad);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.stdout.contains("FAIL queue"), "{ran:?}");
}
