//! What a child looks like from outside: nothing to see, nothing to hold, nothing to become.
//!
//! Looking into another user's process needs root. Without it those tests say so and end.

use std::collections::BTreeSet;
use std::fs;

use crate::support::proc::Process;
use crate::support::{Place, Producer, Worker, eventually};
use serde_json::json;

/// A worker with two idle children.
fn idle() -> (Place, Worker, Vec<Process>) {
    let place = Place::sqlite();
    let worker = Worker::start(&place, &["POOL_WARM=2", "POOL_MAX_CHILDREN=2"]);
    let children = worker.idle_children(2);
    (place, worker, children)
}

fn is_root() -> bool {
    let root = nix::unistd::Uid::effective().is_root();
    if !root {
        eprintln!("not checked: only root may look into these processes");
    }
    root
}

/// Every thread of every idle child says this of `field`.
#[track_caller]
fn check_threads(field: &str, expected: &str) {
    let (_place, _worker, children) = idle();
    for child in children {
        let values = child.of_each_thread(field);
        assert!(!values.is_empty(), "{child:?} is gone");
        assert!(values.iter().all(|value| value == expected), "{values:?}");
    }
}

#[test]
fn no_thread_of_a_child_can_gain_privileges() {
    check_threads("NoNewPrivs", "1");
}

#[test]
fn every_thread_of_a_child_is_under_the_system_call_filter() {
    check_threads("Seccomp", "2");
}

#[test]
fn no_thread_of_a_child_has_a_capability() {
    let (_place, _worker, children) = idle();
    for field in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] {
        for value in children
            .iter()
            .flat_map(|child| child.of_each_thread(field))
        {
            assert_eq!(value, "0000000000000000", "{field}");
        }
    }
}

#[test]
fn neither_zygote_nor_child_is_root_or_in_a_group_of_root() {
    let (_place, worker, mut processes) = idle();
    processes.extend(worker.zygotes());
    for field in ["Uid", "Gid", "Groups"] {
        for value in processes
            .iter()
            .flat_map(|process| process.of_each_thread(field))
        {
            assert!(
                value.split_whitespace().all(|id| id != "0"),
                "{field}: {value}"
            );
        }
    }
}

#[test]
fn a_zygote_has_one_thread() {
    let (_place, worker, _) = idle();
    for zygote in worker.zygotes() {
        assert_eq!(zygote.of_each_thread("Threads"), ["1"]);
    }
}

#[test]
fn zygote_and_children_have_an_empty_environment() {
    if !is_root() {
        return;
    }
    let (_place, worker, mut processes) = idle();
    processes.extend(worker.launchers());
    processes.extend(worker.zygotes());
    assert_eq!(processes.len(), 4);
    for process in processes {
        assert_eq!(
            fs::read(process.path("environ")).unwrap(),
            b"",
            "{process:?}"
        );
    }
}

#[test]
fn zygote_and_children_show_no_arguments() {
    let (_place, worker, mut processes) = idle();
    processes.extend(worker.launchers());
    processes.extend(worker.zygotes());
    for process in processes {
        let line = fs::read(process.path("cmdline")).unwrap();
        assert!(line.iter().all(|byte| *byte == 0), "{line:?}");
    }
}

#[test]
fn a_child_can_make_no_process_and_open_nothing() {
    let (_place, _worker, children) = idle();
    for child in children {
        let limits = fs::read_to_string(child.path("limits")).unwrap();
        for (name, values) in [("Max processes", "0 0"), ("Max open files", "4 4")] {
            let line = limits.lines().find(|line| line.starts_with(name)).unwrap();
            let is: Vec<&str> = line[name.len()..].split_whitespace().take(2).collect();
            assert_eq!(is.join(" "), values, "{line}");
        }
    }
}

#[test]
fn a_child_holds_one_socket_and_nothing_else() {
    if !is_root() {
        return;
    }
    let (_place, _worker, children) = idle();
    for child in children {
        let fds: Vec<String> = fs::read_dir(child.path("fd"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        assert_eq!(fds, ["3"]);
        let target = fs::read_link(child.path("fd/3")).unwrap();
        assert!(
            target.to_string_lossy().starts_with("socket:["),
            "{target:?}"
        );
    }
}

#[test]
fn no_two_children_share_a_socket() {
    if !is_root() {
        return;
    }
    let (_place, _worker, children) = idle();
    let sockets: BTreeSet<_> = children
        .iter()
        .map(|child| fs::read_link(child.path("fd/3")).unwrap())
        .collect();
    assert_eq!(sockets.len(), children.len());
}

#[test]
fn the_root_folder_of_a_child_is_empty_and_read_only() {
    if !is_root() {
        return;
    }
    let (_place, _worker, children) = idle();
    for child in children {
        let names: Vec<_> = fs::read_dir(child.path("root")).unwrap().collect();
        assert!(names.is_empty(), "{names:?}");
        let mounts = fs::read_to_string(child.path("mounts")).unwrap();
        let mounts: Vec<&str> = mounts.lines().collect();
        assert_eq!(mounts.len(), 1, "{mounts:?}");
        assert!(
            mounts[0].contains(" / tmpfs ro,nosuid,nodev,noexec"),
            "{mounts:?}"
        );
    }
}

#[test]
fn a_child_sees_no_network_interface_but_a_loopback_that_is_down() {
    if !is_root() {
        return;
    }
    let (_place, _worker, children) = idle();
    for child in children {
        let devices = fs::read_to_string(child.path("net/dev")).unwrap();
        let names: Vec<&str> = devices
            .lines()
            .filter_map(|line| Some(line.split_once(':')?.0.trim()))
            .collect();
        assert_eq!(names, ["lo"]);
        let routes = fs::read_to_string(child.path("net/route")).unwrap();
        assert!(
            routes.lines().count() <= 1,
            "more than a head line: {routes}"
        );
    }
}

#[test]
fn a_child_has_namespaces_of_its_own() {
    if !is_root() {
        return;
    }
    let (_place, worker, children) = idle();
    for child in children {
        for kind in ["user", "pid", "mnt", "net", "ipc", "uts", "cgroup"] {
            let name = format!("ns/{kind}");
            let ours = fs::read_link(format!("/proc/{}/{name}", worker.pid())).unwrap();
            assert_ne!(fs::read_link(child.path(&name)).unwrap(), ours, "{kind}");
        }
    }
}

#[test]
fn a_child_can_write_no_file_and_leave_no_core() {
    let (_place, _worker, children) = idle();
    for child in children {
        let limits = fs::read_to_string(child.path("limits")).unwrap();
        for name in ["Max core file size", "Max file size", "Max locked memory"] {
            let line = limits.lines().find(|line| line.starts_with(name)).unwrap();
            let values: Vec<&str> = line[name.len()..].split_whitespace().take(2).collect();
            assert_eq!(values, ["0", "0"], "{line}");
        }
    }
}

#[test]
fn a_tenants_script_cannot_make_a_child_outlive_its_job() {
    let place = Place::redis();
    place.app("a", &[]);
    place.endpoints("a", &["loops_after_complete"]);
    let worker = Worker::start(&place, &["POOL_WARM=2", "POOL_MAX_CHILDREN=2"]);
    let before = worker.idle_children(2);
    let mut producer = Producer::new(&place, "p");
    for _ in 0..2 {
        let job = json!({"app": "a", "hook": "endpoint:loops_after_complete"});
        assert_eq!(producer.ask(job).tag.as_str(), "completed");
    }
    eventually("both children are gone", || {
        before.iter().all(|child| !child.lives()).then_some(())
    });
}

#[test]
fn math_random_differs_in_every_child() {
    const COUNT: usize = 200;
    let place = Place::redis();
    place.app("a", &[]);
    place.endpoints("a", &["random_number"]);
    let _worker = Worker::start(&place, &["QUEUE_APP_MAX_CONCURRENT=-1"]);
    let mut producer = Producer::new(&place, "p");
    for _ in 0..COUNT {
        producer.push(json!({"app": "a", "hook": "endpoint:random_number"}));
    }
    let numbers: BTreeSet<String> = (0..COUNT)
        .map(|_| producer.next().response.body.get().to_owned())
        .collect();
    assert_eq!(numbers.len(), COUNT);
}
