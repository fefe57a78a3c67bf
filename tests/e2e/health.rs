//! What a worker says of itself, and of its host: HTTP, `lode doctor`, refusals, the kernel's files.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use lode_jail::Layer;
use serde_json::{Value, json};

use crate::support::proc::Process;
use crate::support::{Place, Producer, Worker, eventually, lode};

/// Where the worker answers HTTP, as it has logged.
fn address(worker: &Worker) -> String {
    let log = worker.log();
    let (_, rest) = log
        .split_once("http address=")
        .expect("the address is logged");
    rest.split_whitespace().next().unwrap().to_owned()
}

/// Status and body of one request.
fn ask(worker: &Worker, method: &str, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address(worker)).unwrap();
    let head = format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    let (head, body) = reply.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, body.to_owned())
}

/// Status and JSON of `/readyz`.
fn ready(worker: &Worker) -> (u16, Value) {
    let (status, body) = ask(worker, "GET", "/readyz");
    (status, serde_json::from_str(&body).unwrap())
}

const LISTEN: &str = "HTTP_LISTEN=127.0.0.1:0";

fn layer_names() -> Vec<&'static str> {
    Layer::ALL.iter().map(|layer| layer.as_str()).collect()
}

#[test]
fn a_worker_says_over_http_that_it_is_ready_and_what_its_jail_is_made_of() {
    let place = Place::sqlite();
    let worker = Worker::start(&place, &[LISTEN, "WORKER_NAME=tester"]);
    assert_eq!(ask(&worker, "GET", "/healthz"), (200, "ok\n".to_owned()));
    let (status, told) = ready(&worker);
    assert_eq!((status, &told["ready"]), (200, &json!(true)), "{told}");
    assert_eq!(
        (&told["worker"], &told["suspended"]),
        (&json!("tester"), &json!([]))
    );
    assert!(told["guest"].as_str().unwrap().starts_with("V8 "), "{told}");
    assert!(told.get("reason").is_none(), "{told}");
    let layers = told["jail"].as_array().unwrap();
    let names: BTreeSet<&str> = layers
        .iter()
        .map(|l| l["layer"].as_str().unwrap())
        .collect();
    assert_eq!(names, layer_names().into_iter().collect());
    assert_eq!(layers.len(), 16);
    assert!(
        layers.iter().all(|layer| layer["missing"].is_null()),
        "{told}"
    );
    let group = told["control_group"].as_str().unwrap();
    assert!(
        group.starts_with("cgroup v") || group.starts_with("none; "),
        "{group}"
    );
}

#[test]
fn what_else_is_asked_over_http_is_answered_with_what_there_is() {
    let place = Place::sqlite();
    let worker = Worker::start(&place, &[LISTEN]);
    for (method, path, status, words) in [
        ("GET", "/", 404, "there are /healthz and /readyz"),
        ("GET", "/metrics", 404, "there are /healthz and /readyz"),
        ("POST", "/healthz", 405, "allowed are GET and HEAD"),
        ("DELETE", "/readyz", 405, "allowed are GET and HEAD"),
        ("GET", "/healthz?x=1", 200, "ok"),
        ("HEAD", "/readyz", 200, ""),
    ] {
        let (is, body) = ask(&worker, method, path);
        assert_eq!(is, status, "{method} {path}: {body}");
        assert!(body.contains(words), "{method} {path}: {body}");
    }
}

#[test]
fn a_draining_worker_is_alive_and_not_ready() {
    let place = Place::redis();
    place.app("a", &[]);
    place.endpoints("a", &["sleeps"]);
    let mut worker = Worker::start(&place, &[LISTEN, "WORKER_DRAIN_LIMIT_MS=3000"]);
    let request = json!({"body": {"name": "slow", "ms": 50_000}});
    Producer::new(&place, "p").push(json!({"app": "a", "hook": "endpoint:sleeps",
                                          "request": request, "timeout_ms": 60_000}));
    worker.await_log("started slow.");
    worker.terminate();
    worker.await_log("draining");
    let (status, told) = ready(&worker);
    assert_eq!((status, &told["ready"]), (503, &json!(false)), "{told}");
    let reason = "draining: running jobs finish, no new ones are taken";
    assert_eq!(told["reason"], reason);
    assert_eq!(ask(&worker, "GET", "/healthz").0, 200);
    assert_eq!(worker.exit_code(), Some(0));
}

#[test]
fn a_suspended_app_is_shown() {
    let place = Place::redis();
    place.app("a", &[]);
    place.endpoints("a", &["smuggles_a_header"]);
    let worker = Worker::start(
        &place,
        &[LISTEN, "BREAKER_BAD_JOBS=1", "BREAKER_WINDOW_MS=600000"],
    );
    let mut producer = Producer::new(&place, "p");
    for _ in 0..2 {
        producer.ask(json!({"app": "a", "hook": "endpoint:smuggles_a_header"}));
    }
    assert_eq!(ready(&worker).1["suspended"], json!(["a"]));
}

/// `lode serve` on the place with this in its environment, which ends at once.
#[track_caller]
fn refused(place: &Place, mut command: Command, name: &str, value: &str) -> String {
    command.args(["serve", "--queue", &place.queue, "--store", &place.store]);
    place.finish(command.env(name, value)).bad(1)
}

#[test]
fn an_address_that_cannot_be_listened_on_is_named_at_the_start() {
    let place = Place::sqlite();
    let told = refused(&place, lode(), "LODE_HTTP_LISTEN", "localhost");
    let words = "http.listen is \"localhost\", an address such as 127.0.0.1:7080 is expected";
    assert!(told.contains(words), "{told}");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = listener.local_addr().unwrap().to_string();
    drop(listener);
    let worker = Worker::start(&place, &[&format!("HTTP_LISTEN={taken}")]);
    assert_eq!(address(&worker), taken);
    let told = refused(&place, lode(), "LODE_HTTP_LISTEN", &taken);
    assert!(told.contains(&format!("http.listen {taken}")), "{told}");
}

#[test]
fn doctor_shows_every_layer() {
    let place = Place::sqlite();
    let args = ["doctor", "--store", &place.store, "--queue", &place.queue];
    let told = place.lode(args).good();
    for name in layer_names() {
        let is_its_line = |line: &str| {
            line.starts_with(&format!("ok   jail {name} ")) && line.trim_end().ends_with(" on")
        };
        assert!(told.lines().any(is_its_line), "{name}: {told}");
    }
    assert_eq!(told.matches(" jail ").count(), 16, "{told}");
    assert!(
        told.lines()
            .any(|line| line.starts_with("ok   control group ")),
        "{told}"
    );
}

const NO_NETWORK_NAMESPACES: &str = "echo 0 > /proc/sys/user/max_net_namespaces";
const NO_CONTROL_GROUPS: &str = "mount -t tmpfs none /sys/fs/cgroup";

/// The binary on a host that lacks something: in a user namespace and a mount namespace in which
/// this shell command has taken it away. `None` where this host gives no such namespaces.
fn on_host(without: &str) -> Option<Command> {
    let within = |script: &str| {
        let binary = lode();
        let mut command = Command::new("unshare");
        for (name, _) in binary.get_envs() {
            command.env_remove(name);
        }
        command.args([
            "--user",
            "--map-user=1000",
            "--map-group=1000",
            "--keep-caps",
        ]);
        command.args(["--mount", "sh", "-c", script, "sh"]);
        command.arg(binary.get_program());
        command
    };
    let probe = within(without).stderr(Stdio::null()).status();
    if !probe.is_ok_and(|status| status.success()) {
        eprintln!("not checked: `unshare --user --mount` does not work here");
        return None;
    }
    Some(within(&format!("{without} && exec \"$@\"")))
}

#[test]
fn a_layer_that_the_host_does_not_give_is_named_and_must_be_waived() {
    let Some(command) = on_host(NO_NETWORK_NAMESPACES) else {
        return;
    };
    let place = Place::sqlite();
    let told = refused(&place, command, "LODE_LOG_LEVEL", "error");
    let words = "this host cannot give these jail layers: network_namespace (";
    assert!(told.contains(words), "{told}");
    assert!(told.contains("jail.waive"), "{told}");
    let command = on_host(NO_NETWORK_NAMESPACES).unwrap();
    let told = refused(&place, command, "LODE_JAIL_WAIVE", "[\"landlock\"]");
    assert!(told.contains(words), "another layer is waived: {told}");
    let mut command = on_host(NO_NETWORK_NAMESPACES).unwrap();
    let told = place.finish(command.args(["doctor", "--store", &place.store]));
    assert_eq!(told.code, Some(1), "{told:?}");
    let line = "FAIL jail network_namespace";
    assert!(told.stdout.contains(line), "{told:?}");
    assert!(
        told.stdout.contains("jail.waive = [\"network_namespace\"]"),
        "{told:?}"
    );
    place.app("a", &[]);
    place.endpoints("a", &["echo"]);
    let command = on_host(NO_NETWORK_NAMESPACES).unwrap();
    let waive = "JAIL_WAIVE=[\"network_namespace\"]";
    let worker = Worker::start_by(command, &place, &[LISTEN, waive]);
    worker.await_log("jail layer=network_namespace on=false missing=");
    let (status, told) = ready(&worker);
    let missing = |layer: &&Value| !layer["missing"].is_null();
    let missing: Vec<&Value> = told["jail"]
        .as_array()
        .unwrap()
        .iter()
        .filter(missing)
        .collect();
    assert_eq!((status, missing.len()), (200, 1), "{told}");
    assert_eq!(missing[0]["layer"], "network_namespace");
    assert_eq!(place.ask("a", "echo", &json!(7)).response.body.get(), "7");
}

/// Launchers, zygotes and children.
fn below(worker: &Worker) -> Vec<Process> {
    [worker.launchers(), worker.zygotes(), worker.children()].concat()
}

#[test]
fn launcher_zygote_and_children_have_the_weight_that_is_configured() {
    for (nice, adjustment) in [("3", "700"), ("0", "0")] {
        let settings = [
            format!("JAIL_NICE={nice}"),
            format!("JAIL_OOM_SCORE_ADJ={adjustment}"),
            "POOL_WARM=2".to_owned(),
            "POOL_MAX_CHILDREN=2".to_owned(),
        ];
        let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
        let own = fs::read_to_string("/proc/self/oom_score_adj").unwrap();
        let place = Place::sqlite();
        let worker = Worker::start(&place, &settings);
        worker.idle_children(2);
        let processes = below(&worker);
        assert_eq!(processes.len(), 4, "{processes:?}");
        for process in processes {
            let stat = fs::read_to_string(process.path("stat")).unwrap();
            let fields: Vec<&str> = stat[stat.rfind(')').unwrap() + 2..].split(' ').collect();
            let score = fs::read_to_string(process.path("oom_score_adj")).unwrap();
            assert_eq!(
                (fields[16], score.trim()),
                (nice, adjustment),
                "{process:?}"
            );
        }
        let masters = fs::read_to_string(format!("/proc/{}/oom_score_adj", worker.pid()));
        assert_eq!(masters.unwrap(), own, "the master's is its own");
    }
}

/// The folders of the worker's control group, as it has logged; `None` where the host gives none.
fn group_folders(worker: &Worker) -> Option<Vec<PathBuf>> {
    let log = worker.log();
    let Some((_, rest)) = log.split_once("group=\"cgroup v") else {
        assert!(
            log.contains("no control group; the memory of each child is watched"),
            "{log}"
        );
        eprintln!("not checked: this host gives no control group");
        return None;
    };
    let text = rest.split_once('"').unwrap().0.split_once(": ").unwrap().1;
    Some(text.split(", ").map(PathBuf::from).collect())
}

/// The only folder that has the file of version 2, or that of version 1, and what is in it.
fn setting(folders: &[PathBuf], two: &str, one: &str) -> String {
    let mut found = folders.iter().filter_map(|folder| {
        let read = |name: &str| fs::read_to_string(folder.join(name)).ok();
        read(two).or_else(|| read(one))
    });
    found
        .next()
        .unwrap_or_else(|| panic!("no {two}: {folders:?}"))
        .trim()
        .to_owned()
}

#[test]
fn the_children_are_in_a_control_group_with_the_configured_limits_which_goes_with_the_worker() {
    let settings = [
        "POOL_WARM=2",
        "POOL_MAX_CHILDREN=2",
        "JAIL_MEMORY_MAX_BYTES=1073741824",
        "JAIL_CPU_WEIGHT=200",
        "JAIL_CPU_MAX_PERCENT=150",
    ];
    let place = Place::sqlite();
    let mut worker = Worker::start(&place, &settings);
    worker.idle_children(2);
    let Some(folders) = group_folders(&worker) else {
        return;
    };
    for folder in &folders {
        let members = fs::read_to_string(folder.join("cgroup.procs")).unwrap();
        let members: BTreeSet<i32> = members.lines().map(|pid| pid.parse().unwrap()).collect();
        let ours: BTreeSet<i32> = below(&worker).iter().map(|process| process.pid).collect();
        assert_eq!(
            members, ours,
            "{folder:?}: launcher, zygote, children and nobody else"
        );
    }
    assert_eq!(
        setting(&folders, "memory.max", "memory.limit_in_bytes"),
        "1073741824"
    );
    // Two threads of each of 2 children; launcher and zygote, of which one may retire behind each.
    assert_eq!(setting(&folders, "pids.max", "pids.max"), "28");
    let weight = setting(&folders, "cpu.weight", "cpu.shares");
    assert!(["200", "2048"].contains(&weight.as_str()), "{weight}");
    let quota = setting(&folders, "cpu.max", "cpu.cfs_quota_us");
    assert!(
        ["150000 100000", "150000"].contains(&quota.as_str()),
        "{quota}"
    );
    worker.terminate();
    assert_eq!(worker.exit_code(), Some(0));
    for folder in &folders {
        assert!(!folder.exists(), "{folder:?} is left");
    }
}

#[test]
fn the_folders_of_a_killed_worker_go_with_the_next() {
    let place = Place::sqlite();
    let mut first = Worker::start(&place, &[]);
    let Some(folders) = group_folders(&first) else {
        return;
    };
    let below = below(&first);
    first.kill();
    eventually("its processes are gone", || {
        below.iter().all(|process| !process.lives()).then_some(())
    });
    let place = Place::sqlite();
    let _second = Worker::start(&place, &[]);
    for folder in &folders {
        assert!(!folder.exists(), "{folder:?} is left");
    }
}

#[test]
fn without_a_number_the_group_gets_what_the_jobs_need() {
    let place = Place::sqlite();
    let worker = Worker::start(&place, &["POOL_MAX_CHILDREN=3", "JAIL_CGROUP=auto"]);
    let Some(folders) = group_folders(&worker) else {
        return;
    };
    let of_job = lode_proto::JobLimits::default().memory_limit_bytes();
    let bytes: u64 = setting(&folders, "memory.max", "memory.limit_in_bytes")
        .parse()
        .unwrap();
    assert!(
        bytes > 3 * of_job && bytes < 3 * of_job + (1 << 30),
        "{bytes}"
    );
    drop(worker);
    let place = Place::sqlite();
    let worker = Worker::start(&place, &["JAIL_CGROUP=off", LISTEN]);
    assert!(!worker.has_logged("control group"), "{}", worker.log());
    assert_eq!(
        ready(&worker).1["control_group"],
        "none; each child's memory is watched"
    );
}

#[test]
fn a_host_without_control_groups_serves_unless_one_is_required() {
    let Some(command) = on_host(NO_CONTROL_GROUPS) else {
        return;
    };
    let place = Place::sqlite();
    let told = refused(&place, command, "LODE_JAIL_CGROUP", "require");
    assert!(told.contains("jail.cgroup is \"require\", but: "), "{told}");
    let mut command = on_host(NO_CONTROL_GROUPS).unwrap();
    command
        .args(["doctor", "--store", &place.store])
        .env("LODE_JAIL_CGROUP", "require");
    let told = place.finish(&mut command);
    assert!(told.stdout.contains("FAIL control group"), "{told:?}");
    assert_eq!(told.code, Some(1));
    let command = on_host(NO_CONTROL_GROUPS).unwrap();
    let worker = Worker::start_by(command, &place, &[LISTEN]);
    worker.await_log("no control group; the memory of each child is watched");
    let (status, told) = ready(&worker);
    let group = "none; each child's memory is watched";
    assert_eq!((status, &told["control_group"]), (200, &json!(group)));
    place.app("a", &[]);
    place.endpoints("a", &["echo"]);
    assert_eq!(place.ask("a", "echo", &json!(7)).response.body.get(), "7");
}
