//! The guest of the zygote: V8's pristine isolate behind the jail's [`Guest`] trait.

use std::io;
use std::time::Duration;

use lode_isolate::{Incoming, Port, Pristine, engine};
use lode_jail::job_socket::Received;
use lode_jail::{Guest, JobSocket, process_cpu_us, thread_cpu_us};
use lode_proto::ChildExit;
use lode_proto::frame::Kind;
use lode_proto::message::{Call, Done, Log, Reply, Run};

/// What lives in the zygote and wakes in each child.
pub(crate) struct V8Guest(Pristine);

impl Guest for V8Guest {
    fn build() -> Result<Self, String> {
        engine::init(|exit| lode_jail::exit_now(exit.code()));
        Pristine::build().map(Self)
    }

    fn describe(&self) -> String {
        Pristine::describe()
    }

    fn wake(&mut self, seed: [u8; 16]) -> Result<(), String> {
        self.0.wake(seed, process_cpu_us)
    }

    fn serve(&mut self, mut socket: JobSocket) -> ChildExit {
        let frame = match socket.receive(None) {
            Ok(Received::Frame(frame)) if frame.kind == Kind::Run => frame,
            Ok(Received::Frame(_)) | Err(_) => return ChildExit::BadFrame,
            Ok(Received::Closed | Received::TimedOut) => return ChildExit::Unused,
        };
        let Ok(run) = frame.parse::<Run>() else {
            return ChildExit::BadFrame;
        };
        let limited = lode_jail::limit_memory(run.limits.memory_limit_bytes())
            .and_then(|()| lode_jail::limit_cpu(run.limits.cpu_limit_ms));
        if limited.is_err() {
            return ChildExit::NotConfined;
        }
        self.0.run(run, Box::new(SocketPort(socket)))
    }
}

/// The job socket as the isolate's port.
struct SocketPort(JobSocket);

impl Port for SocketPort {
    fn call(&mut self, call: &Call) -> io::Result<()> {
        self.0.send(Kind::Call, call)
    }

    fn log(&mut self, log: &Log) -> io::Result<()> {
        self.0.send(Kind::Log, log)
    }

    fn done(&mut self, done: &Done) -> io::Result<()> {
        self.0.send(Kind::Done, done)
    }

    fn receive(&mut self, wait: Option<Duration>) -> io::Result<Incoming> {
        let wait = wait.map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
        match self.0.receive(wait)? {
            Received::TimedOut => Ok(Incoming::TimedOut),
            Received::Closed => Ok(Incoming::Closed),
            Received::Frame(frame) if frame.kind == Kind::Reply => frame
                .parse::<Reply>()
                .map(Incoming::Reply)
                .map_err(io::Error::other),
            Received::Frame(_) => Err(io::Error::other("only replies come while a job runs")),
        }
    }

    fn cpu_us(&self) -> u64 {
        // The run's thread does all of the job's work.
        thread_cpu_us()
    }
}
