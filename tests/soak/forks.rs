//! `Forks`: a zygote driven by hand, without a queue or a pool: fork ahead, run, collect.
//!
//! The soak compares what comes out of it; the benchmark takes its time as the floor that no
//! queue can get below.

use std::collections::{BTreeMap, VecDeque};
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use lode_jail::control::{ControlSocket, FromZygote, ToZygote};
use lode_jail::{JailSettings, ZygoteProcess};
use lode_proto::ExitCause;
use lode_proto::frame::{self, Decoder, Frame, Kind};
use lode_proto::message::{Call, Done, Reply, Run};

/// Longer than any step takes; a hang becomes an error.
const PATIENCE: Duration = Duration::from_secs(60);

/// A zygote and the children that it has announced.
#[derive(Debug)]
pub(crate) struct Forks {
    /// The process; it ends with this value.
    pub(crate) zygote: ZygoteProcess,
    control: ControlSocket,
    asked: u64,
    spawned: VecDeque<ForkedChild>,
    exits: BTreeMap<u64, ExitCause>,
}

/// A forked child that waits for a job or runs it.
#[derive(Debug)]
pub(crate) struct ForkedChild {
    number: u64,
    socket: UnixStream,
    decoder: Decoder,
}

impl Forks {
    /// Starts a zygote and waits until it serves.
    pub(crate) fn launch() -> Result<Self> {
        let (zygote, control) = ZygoteProcess::launch(
            JailSettings {
                oom_score_adj: 500,
                nice: 0,
            },
            None,
        )?;
        let mut forks = Self {
            zygote,
            control: patient(control)?,
            asked: 0,
            spawned: VecDeque::new(),
            exits: BTreeMap::new(),
        };
        let first = forks.hear()?;
        if !matches!(first, FromZygote::Ready { .. }) {
            bail!("the zygote began with {first:?}");
        }
        Ok(forks)
    }

    /// Asks for one more child; does not wait for it.
    pub(crate) fn ask(&mut self) -> Result<()> {
        self.asked += 1;
        let spawn = ToZygote::Spawn { child: self.asked };
        self.control.send(&spawn, &[]).context("control socket")
    }

    /// The oldest child that was asked for, confined and ready.
    pub(crate) fn ready_child(&mut self) -> Result<ForkedChild> {
        let mut child = loop {
            match self.spawned.pop_front() {
                Some(child) => break child,
                None => drop(self.hear()?),
            }
        };
        match child.next_frame()? {
            Some(frame) if frame.kind == Kind::Ready => Ok(child),
            other => bail!("child {} began with {other:?}", child.number),
        }
    }

    /// Waits for the report and the end of a child that runs a job.
    pub(crate) fn finish(&mut self, mut child: ForkedChild) -> Result<(Option<Done>, ExitCause)> {
        let done = child.serve()?;
        loop {
            match self.exits.remove(&child.number) {
                Some(cause) => return Ok((done, cause)),
                None => drop(self.hear()?),
            }
        }
    }

    /// Takes one message of the zygote.
    fn hear(&mut self) -> Result<FromZygote> {
        let pid = self.zygote.pid();
        let heard = self.control.receive::<FromZygote>();
        let heard = heard.with_context(|| format!("control socket of zygote {pid}"))?;
        let Some((message, fds)) = heard else {
            bail!("zygote {pid} has ended");
        };
        match &message {
            FromZygote::Spawned { child } => self.spawned.push_back(adopt(*child, fds)?),
            FromZygote::Exited { child, status, .. } => {
                self.exits
                    .insert(*child, ExitCause::from_wait_status(*status));
            }
            FromZygote::Ready { .. } => {}
            FromZygote::SpawnFailed { .. } | FromZygote::Failed { .. } => {
                bail!("zygote {pid} says {message:?}")
            }
        }
        Ok(message)
    }
}

impl ForkedChild {
    /// Sends the job.
    pub(crate) fn start(&mut self, run: &Run) -> Result<()> {
        let mut bytes = Vec::new();
        frame::encode(Kind::Run, run, &mut bytes)?;
        Ok(self.socket.write_all(&bytes)?)
    }

    /// Answers host calls until the report; `None` when the child ends without one.
    fn serve(&mut self) -> Result<Option<Done>> {
        while let Some(frame) = self.next_frame()? {
            match frame.kind {
                Kind::Done => return Ok(Some(frame.parse()?)),
                Kind::Call => {
                    let mut bytes = Vec::new();
                    frame::encode(Kind::Reply, &echo(&frame.parse()?), &mut bytes)?;
                    self.socket.write_all(&bytes)?;
                }
                Kind::Log => {}
                Kind::Ready | Kind::Run | Kind::Reply => {
                    bail!("child {}: {:?} while a job runs", self.number, frame.kind)
                }
            }
        }
        Ok(None)
    }

    /// The next frame; `None` at the socket's end.
    fn next_frame(&mut self) -> Result<Option<Frame>> {
        let mut buffer = [0; 16 << 10];
        loop {
            if let Some(frame) = self.decoder.next_frame()? {
                return Ok(Some(frame));
            }
            let read = self.socket.read(&mut buffer);
            match read.with_context(|| format!("job socket of child {}", self.number))? {
                0 => return Ok(None),
                length => self.decoder.feed(&buffer[..length]),
            }
        }
    }
}

/// The reply to every host call: its own arguments, which any number of runs agree on.
pub(crate) fn echo(call: &Call) -> Reply {
    Reply {
        id: call.id,
        ok: Some(call.args.clone()),
        error: None,
    }
}

/// The control socket as a blocking one that gives up after a while.
fn patient(control: ControlSocket) -> Result<ControlSocket> {
    let stream = UnixStream::from(OwnedFd::from(control));
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(ControlSocket::from(OwnedFd::from(stream)))
}

fn adopt(number: u64, fds: Vec<OwnedFd>) -> Result<ForkedChild> {
    // The second is a pidfd, to kill with; nothing here kills a single child.
    let socket = fds.into_iter().next().context("a child without a socket")?;
    let socket = UnixStream::from(socket);
    socket.set_read_timeout(Some(PATIENCE))?;
    Ok(ForkedChild {
        number,
        socket,
        decoder: Decoder::default(),
    })
}
