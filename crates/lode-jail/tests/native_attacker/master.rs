//! The master's side: starts a zygote, sends attacks to its children, learns how they end.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use lode_jail::control::{ControlSocket, FromZygote, ToZygote};
use lode_jail::seccomp::Heard;
use lode_jail::{
    ChildHandle, JailSettings, Layer, LayerState, Listener, ZygoteProcess, call_name,
    process_of_thread, trapped_call,
};
use lode_proto::frame::{Decoder, Kind, encode};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{MsgFlags, recv};

use crate::attack::{Attack, Survived};

/// Milliseconds without any event at all after which a test has failed.
const SILENCE_MS_MAX: u16 = 60_000;
/// Children that are attacked from at a time.
const AT_A_TIME: usize = 8;

/// A zygote and its children.
pub(crate) struct Jail {
    process: ZygoteProcess,
    control: ControlSocket,
    listener: Listener,
    layers: Vec<LayerState>,
    children: BTreeMap<u64, Child>,
    next: u64,
}

/// A child as the master knows it.
pub(crate) struct Child {
    socket: OwnedFd,
    handle: ChildHandle,
    /// As our PID namespace numbers it.
    pub(crate) pid: i32,
    decoder: Decoder,
    ready: bool,
    open: bool,
    /// A forbidden call of this child is heard and not answered.
    left_waiting: bool,
    fate: Fate,
}

/// What has become of a child so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fate {
    /// What its steps returned.
    pub(crate) results: Vec<i64>,
    /// There when it got through all of them.
    pub(crate) survived: Option<Survived>,
    /// The number of the call that the listener heard.
    pub(crate) heard: Option<u32>,
    /// Raw wait status, once it has ended.
    pub(crate) status: Option<i32>,
}

impl Fate {
    /// The signal that has ended it.
    pub(crate) fn signal(&self) -> Option<i32> {
        self.status.map(|s| s & 0x7f).filter(|signal| *signal != 0)
    }

    /// The name of the call at which it was stopped, if the jail says that it was.
    pub(crate) fn stopped_at(&self) -> Option<String> {
        let killed = self.signal() == Some(libc::SIGKILL);
        if let Some(number) = self.heard.filter(|_| killed) {
            let name = call_name(number);
            return Some(name.split(' ').next().unwrap_or_default().to_owned());
        }
        let code = self.status.filter(|status| status & 0x7f == 0)? >> 8;
        trapped_call(code & 0xff).map(str::to_owned)
    }
}

impl Jail {
    /// Starts a zygote; `None` when this host gives no filters, of which all tests here are about.
    pub(crate) fn launch() -> Option<Self> {
        let settings = JailSettings {
            oom_score_adj: 500,
            nice: 0,
        };
        let (process, control) = ZygoteProcess::launch(settings, None).expect("a zygote starts");
        wait_readable(&[control.as_fd()]);
        let (message, fds) = receive(&control).expect("a zygote says that it is ready");
        let FromZygote::Ready { layers, .. } = message else {
            panic!("the zygote is not ready: {message:?}");
        };
        let listener = fds.into_iter().next().map(Listener::new);
        let Some(listener) = listener else {
            eprintln!("skipped, this host gives no filters: {layers:?}");
            return None;
        };
        Some(Self {
            process,
            control,
            listener,
            layers,
            children: BTreeMap::new(),
            next: 0,
        })
    }

    /// Whether the host gave this layer; says so when it did not.
    pub(crate) fn has(&self, layer: Layer) -> bool {
        let missing = self
            .layers
            .iter()
            .find(|state| state.layer == layer && state.missing.is_some());
        if let Some(state) = missing {
            eprintln!("a check is skipped, this host lacks a layer: {state:?}");
        }
        missing.is_none()
    }

    pub(crate) fn launcher_pid(&self) -> u32 {
        self.process.pid()
    }

    pub(crate) fn child(&self, child: u64) -> &Child {
        &self.children[&child]
    }

    pub(crate) fn fate(&self, child: u64) -> &Fate {
        &self.children[&child].fate
    }

    pub(crate) fn handle(&self, child: u64) -> &ChildHandle {
        &self.children[&child].handle
    }

    pub(crate) fn socket(&self, child: u64) -> &OwnedFd {
        &self.children[&child].socket
    }

    /// Forks a child and waits until it is confined.
    pub(crate) fn spawn(&mut self) -> u64 {
        let child = self.ask_for_child();
        self.wait("a child's Ready", |jail| {
            jail.children.get(&child).is_some_and(|child| child.ready)
        });
        child
    }

    /// Sends an attack to a child.
    pub(crate) fn run(&self, child: u64, attack: &Attack) {
        self.send(child, Kind::Run, attack);
    }

    /// Lets a child go on that holds after its last step.
    pub(crate) fn release(&self, child: u64) {
        self.send(child, Kind::Reply, &());
    }

    /// A forbidden call of this child is heard, but nobody kills it.
    pub(crate) fn leave_waiting(&mut self, child: u64) {
        if let Some(child) = self.children.get_mut(&child) {
            child.left_waiting = true;
        }
    }

    /// Waits for a child's end.
    pub(crate) fn end(&mut self, child: u64) -> Fate {
        self.wait("a child's end", |jail| jail.fate(child).status.is_some());
        let ended = self.children.remove(&child);
        ended.expect("it has been waited for").fate
    }

    /// One child, one attack, its end.
    pub(crate) fn attack(&mut self, attack: &Attack) -> Fate {
        let child = self.spawn();
        self.run(child, attack);
        self.end(child)
    }

    /// The same for many, some at a time.
    pub(crate) fn attack_all<'a>(
        &mut self,
        attacks: impl IntoIterator<Item = &'a Attack>,
    ) -> Vec<Fate> {
        let attacks: Vec<&Attack> = attacks.into_iter().collect();
        let mut fates = Vec::new();
        for some in attacks.chunks(AT_A_TIME) {
            let children: Vec<u64> = some.iter().map(|_| self.ask_for_child()).collect();
            for (child, attack) in children.iter().zip(some) {
                self.wait("a child's Ready", |jail| {
                    jail.children.get(child).is_some_and(|child| child.ready)
                });
                self.run(*child, attack);
            }
            fates.extend(children.into_iter().map(|child| self.end(child)));
        }
        fates
    }

    /// Takes events until the predicate holds.
    pub(crate) fn wait(&mut self, what: &str, done: impl Fn(&Self) -> bool) {
        while !done(self) {
            self.take_events(what);
        }
    }

    fn ask_for_child(&mut self) -> u64 {
        self.next += 1;
        let spawn = ToZygote::Spawn { child: self.next };
        self.control.send(&spawn, &[]).expect("the zygote lives");
        self.next
    }

    fn send<T: serde::Serialize>(&self, child: u64, kind: Kind, payload: &T) {
        let mut rest = Vec::new();
        encode(kind, payload, &mut rest).expect("an attack fits a frame");
        let mut rest = rest.as_slice();
        while !rest.is_empty() {
            let written = nix::unistd::write(self.socket(child), rest).expect("the child reads");
            rest = &rest[written..];
        }
    }

    fn take_events(&mut self, what: &str) {
        let open = self.children.values().filter(|child| child.open);
        let mut fds = vec![self.control.as_fd(), self.listener.as_fd()];
        fds.extend(open.map(|child| child.socket.as_fd()));
        assert!(
            wait_readable(&fds),
            "nothing happens any more, waiting for {what}"
        );
        for child in self.children.values_mut() {
            child.read();
        }
        while let Heard::Call(call) = self.listener.receive().expect("the listener works") {
            self.hear(call.thread, call.number);
        }
        while let Some((message, fds)) = receive(&self.control) {
            self.take_message(message, fds);
        }
    }

    fn hear(&mut self, thread: i32, number: u32) {
        let Some(process) = process_of_thread(thread) else {
            return; // dead meanwhile
        };
        let child = self
            .children
            .values_mut()
            .find(|child| child.pid == process);
        let child = child.unwrap_or_else(|| {
            panic!("a process that is no child makes {}", call_name(number));
        });
        child.fate.heard = Some(number);
        if !child.left_waiting {
            child.handle.kill().expect("a child can be killed");
        }
    }

    fn take_message(&mut self, message: FromZygote, fds: Vec<OwnedFd>) {
        match message {
            FromZygote::Spawned { child } => {
                let [socket, pidfd] = <[OwnedFd; 2]>::try_from(fds).expect("two descriptors");
                let handle = ChildHandle::new(pidfd);
                let entry = Child {
                    pid: handle.pid().expect("nobody has reaped it yet"),
                    socket,
                    handle,
                    decoder: Decoder::default(),
                    ready: false,
                    open: true,
                    left_waiting: false,
                    fate: Fate::default(),
                };
                self.children.insert(child, entry);
            }
            FromZygote::Exited { child, status, .. } => {
                let child = self
                    .children
                    .get_mut(&child)
                    .expect("a child that was spawned");
                // What it had said before it died is still there.
                child.read();
                child.fate.status = Some(status);
            }
            FromZygote::Ready { .. }
            | FromZygote::SpawnFailed { .. }
            | FromZygote::Failed { .. } => panic!("the zygote says {message:?}"),
        }
    }
}

impl Child {
    /// Its number in its own PID namespace, by which its siblings could name it.
    pub(crate) fn pid_inside(&self) -> i32 {
        let status = format!("/proc/{}/status", self.pid);
        let status = std::fs::read_to_string(status).expect("the child lives");
        let line = status.lines().find_map(|line| line.strip_prefix("NSpid:"));
        let last = line.and_then(|line| line.split_whitespace().next_back()?.parse().ok());
        last.expect("a number in each namespace")
    }

    /// Reads whatever there is on the job socket.
    fn read(&mut self) {
        let mut buffer = [0; 4096];
        while self.open {
            match recv(self.socket.as_raw_fd(), &mut buffer, MsgFlags::MSG_DONTWAIT) {
                Ok(0) | Err(nix::errno::Errno::ECONNRESET) => self.open = false,
                Ok(length) => self.decoder.feed(&buffer[..length]),
                Err(nix::errno::Errno::EAGAIN) => break,
                Err(error) => panic!("a job socket: {error}"),
            }
        }
        while let Some(frame) = self.decoder.next_frame().expect("frames of our own guest") {
            match frame.kind {
                Kind::Ready => self.ready = true,
                Kind::Call => self.fate.results.push(frame.parse().expect("a result")),
                Kind::Done => self.fate.survived = Some(frame.parse().expect("a report")),
                Kind::Log | Kind::Run | Kind::Reply => panic!("a frame that no attacker sends"),
            }
        }
    }
}

/// Waits until one of the descriptors has something; `false` after a long silence.
fn wait_readable(fds: &[std::os::fd::BorrowedFd<'_>]) -> bool {
    let mut fds: Vec<PollFd<'_>> = fds
        .iter()
        .map(|fd| PollFd::new(*fd, PollFlags::POLLIN))
        .collect();
    poll(&mut fds, PollTimeout::from(SILENCE_MS_MAX)).expect("poll works") > 0
}

/// The next message of the control socket; `None` when there is none now.
fn receive(control: &ControlSocket) -> Option<(FromZygote, Vec<OwnedFd>)> {
    match control.receive() {
        Ok(Some(message)) => Some(message),
        Ok(None) => panic!("the zygote is gone"),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => None,
        Err(error) => panic!("the control socket: {error}"),
    }
}
