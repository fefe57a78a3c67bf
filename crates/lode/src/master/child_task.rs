//! One child's job socket: its frames, its host calls, its report. Its bytes are hostile.
//!
//! Calls of one job are carried out one after the other, in the order in which they were made;
//! frames are read meanwhile, so that a child that writes and a master that replies never wait
//! for each other. The report counts once every call made before it has been carried out.

use std::collections::VecDeque;
use std::io;
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use lode_core::{Breach, ChildId};
use lode_proto::JobLimits;
use lode_proto::frame::{self, Decoder, Frame, Kind};
use lode_proto::limits::CALLS_WAITING_BYTES_MAX;
use lode_proto::message::{Call, CallError, Done, Log, Reply};
use serde_json::value::RawValue;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{mpsc, oneshot};

use crate::master::child_frames::{
    Stop, Traffic, breach, check_done, check_ready, protocol, take_log,
};
use crate::master::clock::{micros, now};
use crate::master::shell::Event;
use crate::master::work::{Tally, Work};

/// Unsent replies beyond which no further call of that child is started, in bytes.
const UNSENT_BYTES_MAX: usize = 1 << 20;

/// A job on its way to a child.
pub(crate) type Assignment = (Work, Arc<Tally>);

type RunningCall =
    Pin<Box<dyn Future<Output = (u32, Instant, Result<Box<RawValue>, CallError>)> + Send>>;

/// Serves one child until its socket closes or it breaks a rule.
pub(crate) async fn serve(
    child: ChildId,
    socket: OwnedFd,
    job: oneshot::Receiver<Assignment>,
    events: mpsc::UnboundedSender<Event>,
) {
    let stop = match adopt(socket) {
        Ok(stream) => {
            let mut task = ChildTask::new(child, stream, events.clone());
            task.live(job).await
        }
        Err(error) => Stop::Breach(Breach::Protocol, error.to_string()),
    };
    // Nobody listens only when the shell is gone.
    if let Stop::Breach(breach, reason) = stop {
        let _ = events.send(Event::ChildBroke {
            child,
            breach,
            reason,
        });
    }
    let _ = events.send(Event::ChildClosed { child });
}

fn adopt(socket: OwnedFd) -> io::Result<UnixStream> {
    let stream = std::os::unix::net::UnixStream::from(socket);
    stream.set_nonblocking(true)?;
    UnixStream::from_std(stream)
}

struct ChildTask {
    child: ChildId,
    reader: OwnedReadHalf,
    writer: OwnedWriteHalf,
    events: mpsc::UnboundedSender<Event>,
    decoder: Decoder,
    out: Vec<u8>,
    /// Bytes of `out` that are written already.
    written: usize,
    waiting: VecDeque<Call>,
    waiting_bytes: usize,
    running: Option<RunningCall>,
    /// The shell has been told that there are host calls.
    told_calls: bool,
    traffic: Traffic,
    report: Report,
}

/// The child's report on its way to the shell. Once it is here, nothing else of the child counts.
enum Report {
    Awaited,
    Held(Box<Done>),
    Sent,
}

impl ChildTask {
    fn new(child: ChildId, stream: UnixStream, events: mpsc::UnboundedSender<Event>) -> Self {
        let (reader, writer) = stream.into_split();
        Self {
            child,
            reader,
            writer,
            events,
            decoder: Decoder::default(),
            out: Vec::new(),
            written: 0,
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            running: None,
            told_calls: false,
            traffic: Traffic::default(),
            report: Report::Awaited,
        }
    }

    async fn live(&mut self, job: oneshot::Receiver<Assignment>) -> Stop {
        match self
            .read_frame()
            .await
            .and_then(|frame| check_ready(&frame))
        {
            Ok(()) => {
                let _ = self.events.send(Event::ChildReady { child: self.child });
            }
            Err(stop) => return stop,
        }
        let (work, tally) = tokio::select! {
            job = job => match job {
                Ok(job) => job,
                // The shell has given this child up.
                Err(_) => return Stop::Closed,
            },
            frame = self.read_frame() => return match frame {
                Ok(frame) => breach(format!("{:?} before Run", frame.kind)),
                Err(stop) => stop,
            },
        };
        if let Err(error) = frame::encode(Kind::Run, &work.run, &mut self.out) {
            return breach(error.to_string());
        }
        let Err(stop) = self.run(&work, &tally).await;
        stop
    }

    /// Reads frames, carries out calls and writes replies, all at once, until the socket's end.
    async fn run(&mut self, work: &Work, tally: &Tally) -> Result<std::convert::Infallible, Stop> {
        let mut buffer = vec![0; 16 << 10];
        loop {
            self.start_next_call(work);
            self.tell_calls();
            self.report_if_due();
            tokio::select! {
                read = self.reader.read(&mut buffer) => {
                    let length = read.unwrap_or(0);
                    if length == 0 {
                        self.finish_calls(work, tally).await;
                        return Err(Stop::Closed);
                    }
                    self.traffic.sent(length, &work.run.limits)?;
                    self.decoder.feed(&buffer[..length]);
                    self.take_frames(work, tally)?;
                }
                (id, started, result) = poll_call(&mut self.running), if self.running.is_some() => {
                    self.running = None;
                    tally.host_call_took(micros(now() - started));
                    self.reply(id, result, &work.run.limits)?;
                }
                written = self.writer.write(&self.out[self.written..]), if self.unsent() > 0 => {
                    match written {
                        Ok(count) => self.written += count,
                        // The read side will see the end, after what the child still had to say.
                        Err(_) => self.written = self.out.len(),
                    }
                    // What is written goes when it is the greater part: each byte moves at most
                    // once, and a child that reads slowly does not keep all that it has read.
                    if self.written > self.out.len() / 2 {
                        self.out.drain(..self.written);
                        self.written = 0;
                    }
                }
            }
        }
    }

    /// The child is gone, but what it asked for before its report is still owed.
    async fn finish_calls(&mut self, work: &Work, tally: &Tally) {
        if self.is_running() {
            return;
        }
        loop {
            self.start_next_call(work);
            if self.running.is_none() {
                break;
            }
            let (_, started, _) = poll_call(&mut self.running).await;
            self.running = None;
            tally.host_call_took(micros(now() - started));
        }
        self.report_if_due();
    }

    fn take_frames(&mut self, work: &Work, tally: &Tally) -> Result<(), Stop> {
        let limits = &work.run.limits;
        loop {
            let frame = self
                .decoder
                .next_frame()
                .map_err(|error| protocol(&error))?;
            let Some(frame) = frame else { return Ok(()) };
            if !self.is_running() {
                continue; // nothing counts after the report
            }
            self.traffic.frame(limits)?;
            match frame.kind {
                Kind::Call => self.take_call(&frame, limits, tally)?,
                Kind::Log => {
                    let log: Log = frame.parse().map_err(|error| protocol(&error))?;
                    take_log(work, tally, &log)?;
                }
                Kind::Done => {
                    let done = frame.parse().map_err(|error| protocol(&error))?;
                    self.report = Report::Held(Box::new(check_done(done, limits)?));
                    let _ = self.events.send(Event::ChildReported { child: self.child });
                }
                Kind::Ready | Kind::Run | Kind::Reply => {
                    return Err(breach(format!("{:?} while a job runs", frame.kind)));
                }
            }
        }
    }

    fn take_call(&mut self, frame: &Frame, limits: &JobLimits, tally: &Tally) -> Result<(), Stop> {
        let call: Call = frame.parse().map_err(|error| protocol(&error))?;
        let waiting = self.waiting.len() as u64;
        let bytes = call.args.get().len();
        if tally.host_call() > limits.host_calls_limit
            || waiting >= limits.host_calls_in_flight_limit
            || bytes as u64 > limits.host_call_limit_bytes
            || self.waiting_bytes + bytes > CALLS_WAITING_BYTES_MAX
        {
            let reason = "a host call beyond its limits".to_owned();
            return Err(Stop::Breach(Breach::HostCalls, reason));
        }
        self.waiting_bytes += bytes;
        self.waiting.push_back(call);
        Ok(())
    }

    /// Bytes that the child has not taken yet.
    fn unsent(&self) -> usize {
        self.out.len() - self.written
    }

    fn start_next_call(&mut self, work: &Work) {
        // For a child that does not read its replies, no more of them are made.
        let clogged = self.is_running() && self.unsent() > UNSENT_BYTES_MAX;
        if self.running.is_some() || clogged {
            return;
        }
        if let Some(Call { id, method, args }) = self.waiting.pop_front() {
            self.waiting_bytes -= args.get().len();
            let scope = work.scope.clone();
            let started = now();
            self.running = Some(Box::pin(async move {
                (id, started, scope.call(method, args).await)
            }));
        }
    }

    fn reply(
        &mut self,
        id: u32,
        result: Result<Box<RawValue>, CallError>,
        limits: &JobLimits,
    ) -> Result<(), Stop> {
        if !self.is_running() {
            return Ok(()); // nobody waits for it
        }
        let reply = match result {
            Ok(value) => Reply {
                id,
                ok: Some(value),
                error: None,
            },
            Err(error) => Reply {
                id,
                ok: None,
                error: Some(error),
            },
        };
        let before = self.out.len();
        let encoded = frame::encode(Kind::Reply, &reply, &mut self.out).or_else(|error| {
            let error = CallError {
                code: "LimitExceeded".to_owned(),
                message: error.to_string(),
            };
            let reply = Reply {
                id,
                ok: None,
                error: Some(error),
            };
            frame::encode(Kind::Reply, &reply, &mut self.out).map_err(|error| protocol(&error))
        });
        encoded?;
        self.traffic.received(self.out.len() - before, limits)
    }

    /// Tells of the first host call. From then on the hard deadline includes all of the time by which
    /// waiting may lengthen the wall clock: the child counts each wait to the microsecond for its
    /// soft deadline, and the small difference of many calls must not add up to an early death.
    fn tell_calls(&mut self) {
        if self.running.is_some() && !self.told_calls {
            self.told_calls = true;
            let _ = self.events.send(Event::HostCalls { child: self.child });
        }
    }

    fn report_if_due(&mut self) {
        if self.running.is_some() || !self.waiting.is_empty() {
            return;
        }
        match std::mem::replace(&mut self.report, Report::Sent) {
            Report::Held(done) => {
                let _ = self.events.send(Event::ChildDone {
                    child: self.child,
                    done,
                });
            }
            earlier @ (Report::Awaited | Report::Sent) => self.report = earlier,
        }
    }

    /// True until the child has reported.
    fn is_running(&self) -> bool {
        matches!(self.report, Report::Awaited)
    }

    async fn read_frame(&mut self) -> Result<Frame, Stop> {
        let mut buffer = [0; 1024];
        loop {
            if let Some(frame) = self
                .decoder
                .next_frame()
                .map_err(|error| protocol(&error))?
            {
                return Ok(frame);
            }
            match self.reader.read(&mut buffer).await {
                Ok(0) | Err(_) => return Err(Stop::Closed),
                Ok(length) => self.decoder.feed(&buffer[..length]),
            }
        }
    }
}

async fn poll_call(
    running: &mut Option<RunningCall>,
) -> (u32, Instant, Result<Box<RawValue>, CallError>) {
    match running {
        Some(call) => call.await,
        None => std::future::pending().await,
    }
}
