//! A child that is made to do what no child of ours does: it is stopped, named, and its zygote goes.
//!
//! V8 never makes these system calls. They stand for a tenant who has taken over the process: a
//! debugger puts them into a real child, which needs root and knows the registers of x86_64.
#![cfg(target_arch = "x86_64")]

use std::fs;

use nix::errno::Errno;
use nix::sys::ptrace;
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;
use serde_json::json;

use crate::support::{Place, Producer, Worker, eventually, hook_file};

/// A system call with its first arguments.
#[derive(Debug, Clone, Copy)]
struct Call {
    number: u64,
    args: [u64; 4],
    /// As the outcome names it.
    name: &'static str,
}

const fn call(number: u64, args: [u64; 4], name: &'static str) -> Call {
    Call { number, args, name }
}

#[rustfmt::skip]
const FORBIDDEN: &[Call] = &[
    // On no list.
    call(321, [0; 4], "bpf (321)"),
    call(101, [0; 4], "ptrace (101)"),
    call(425, [1, 0, 0, 0], "io_uring_setup (425)"),
    call(41, [2, 1, 0, 0], "socket (41)"),
    call(59, [0; 4], "execve (59)"),
    call(250, [0; 4], "keyctl (250)"),
    call(62, [0; 4], "kill (62)"),
    call(16, [3, 0x5413, 0, 0], "ioctl (16)"),
    call(272, [0x1000_0000, 0, 0, 0], "unshare (272)"),
    // Of what is allowed, a form that is not: shared memory, a futex that is requeued.
    call(9, [0, 4096, 3, 0x21], "mmap (9)"),
    call(202, [0, 3, 0, 0], "futex (202)"),
    // The numbers of the x32 table, which are calls of another kind.
    call(0x4000_0001, [3, 0, 0, 0], "unknown (1073741825)"),
];

/// What a zygote may do and a child may not: the child's own filter traps it.
#[rustfmt::skip]
const TRAPPED: &[Call] = &[
    call(56, [0x11, 0, 0, 0], "clone (56)"),
    call(56, [0x0120_0011, 0, 0, 0], "clone (56)"),
    call(435, [0; 4], "clone3 (435)"),
    call(46, [3, 0, 0, 0], "sendmsg (46)"),
    call(317, [1, 8, 0, 0], "seccomp (317)"),
    call(0, [0, 0, 0, 0], "read (0)"),
    call(234, [1, 1, 9, 0], "tgkill (234)"),
    call(33, [3, 0, 0, 0], "dup2 (33)"),
    call(157, [4, 1, 0, 0], "prctl (157)"),
    call(302, [0, 7, 0, 0], "prlimit64 (302)"),
];

/// Which thread of the child makes the call.
#[derive(Debug, Clone, Copy)]
enum Thread {
    Main,
    Watchdog,
}

/// A worker with one place, whose apps have the hooks that are needed; `None` where it cannot be.
fn scene() -> Option<(Place, Worker, Producer)> {
    if !nix::unistd::Uid::effective().is_root() {
        eprintln!("not checked: only root may trace these processes");
        return None;
    }
    let place = Place::redis();
    place.app("a", &[]);
    place.app("b", &[]);
    place.endpoints("b", &["echo"]);
    let settings = ["POOL_WARM=1", "POOL_MAX_CHILDREN=1", "BREAKER_BAD_JOBS=0"];
    let worker = Worker::start(&place, &settings);
    let producer = Producer::new(&place, "p");
    Some((place, worker, producer))
}

/// Starts a job that waits, and returns the pid of its process. Each is of a hook of its own: one
/// whose children die would have to wait.
fn waiting_child(scene: &mut (Place, Worker, Producer), name: &str) -> i32 {
    let (place, worker, producer) = scene;
    let hook = format!("endpoint:{name}");
    place.put("a", &hook_file("sleeps.js"), &hook).good();
    let request = json!({"body": {"name": name, "ms": 50_000}});
    producer.push(
        json!({"app": "a", "hook": hook, "id": name, "request": request,
                         "timeout_ms": 60_000}),
    );
    worker.await_log(&format!("started {name}."));
    let children = worker.children();
    assert_eq!(children.len(), 1, "{children:?}");
    children[0].pid
}

/// Makes the thread execute `call` in place of the call that it waits in.
fn force(pid: i32, thread: Thread, call: Call) {
    let tid = match thread {
        Thread::Main => pid,
        Thread::Watchdog => {
            let tasks = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
            let tids = tasks.map(|task| task.unwrap().file_name().into_string().unwrap());
            let mut others = tids
                .filter_map(|tid| tid.parse().ok())
                .filter(|tid| *tid != pid);
            others.next().expect("there is a second thread")
        }
    };
    let tid = Pid::from_raw(tid);
    eventually("the thread waits in a system call", || {
        match ptrace::attach(tid) {
            Ok(()) => {}
            Err(Errno::EPERM) => panic!("this process may not trace, although it is root's"),
            Err(error) => panic!("{tid}: {error}"),
        }
        waitpid(tid, Some(WaitPidFlag::__WALL)).unwrap();
        let mut registers = ptrace::getregs(tid).unwrap();
        let waits = i64::try_from(registers.orig_rax).is_ok();
        if waits {
            // Back to the two bytes of the instruction, and no restart of what was interrupted.
            registers.rip -= 2;
            registers.orig_rax = u64::MAX;
            registers.rax = call.number;
            [registers.rdi, registers.rsi, registers.rdx, registers.r10] = call.args;
            (registers.r8, registers.r9) = (u64::MAX, 0);
            ptrace::setregs(tid, registers).unwrap();
        }
        ptrace::detach(tid, None).unwrap();
        waits.then_some(())
    });
}

/// Forces each call into a child: the job ends as a violation that names it, the zygote is
/// replaced, and a job of another app completes.
#[track_caller]
fn check(calls: &[Call], thread: Thread) {
    let Some(mut scene) = scene() else {
        return;
    };
    for (index, call) in calls.iter().enumerate() {
        let name = format!("job-{index}");
        let zygotes = scene.1.zygotes();
        force(waiting_child(&mut scene, &name), thread, *call);
        let (_, worker, producer) = &mut scene;
        let outcome = producer.next();
        let error = outcome.error.unwrap();
        let ended = (outcome.id.as_str(), outcome.tag.as_str(), outcome.status);
        assert_eq!(
            ended,
            (name.as_str(), "hook_violation", 550),
            "{call:?}: {error:?}"
        );
        assert_eq!(json!(outcome.blame), json!("tenant"), "{call:?}");
        assert_eq!(error.error, "BLViolationError", "{call:?}");
        let text = "made a system call that no job may make: ";
        let (_, named) = error.debug.split_once(text).expect(&error.debug);
        let is_named = named.starts_with(&format!("{};", call.name));
        assert!(is_named, "{call:?}: {error:?}");
        let next = producer.ask(json!({"app": "b", "hook": "endpoint:echo"}));
        assert_eq!(next.tag.as_str(), "completed", "{call:?}: {next:?}");
        eventually("its zygote is gone", || {
            zygotes.iter().all(|zygote| !zygote.lives()).then_some(())
        });
        assert_ne!(worker.zygotes(), zygotes);
    }
}

#[test]
fn a_call_that_nobody_may_make_is_named_and_costs_the_zygote() {
    check(FORBIDDEN, Thread::Main);
}

#[test]
fn a_call_that_only_the_zygote_may_make_is_named_and_costs_the_zygote() {
    check(TRAPPED, Thread::Main);
}

#[test]
fn the_other_thread_of_a_child_is_bound_as_well() {
    check(&[FORBIDDEN[0], TRAPPED[0], FORBIDDEN[4]], Thread::Watchdog);
}
