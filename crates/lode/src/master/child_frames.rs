//! What a child's frames must look like: checks of bytes from a process that a tenant may own.

use lode_core::Breach;
use lode_proto::JobLimits;
use lode_proto::frame::{self, Frame, Kind, PROTOCOL_VERSION};
use lode_proto::limits::{ERROR_TEXT_BYTES_MAX, cut};
use lode_proto::message::{Done, Log, Ready};
use serde_json::value::RawValue;

use crate::master::work::{Tally, Work};

/// Why a child's socket is of no more use.
pub(super) enum Stop {
    /// It was read to its end.
    Closed,
    /// The child broke a rule.
    Breach(Breach, String),
}

pub(super) fn check_ready(frame: &Frame) -> Result<(), Stop> {
    if frame.kind != Kind::Ready {
        return Err(breach(format!("{:?} instead of Ready", frame.kind)));
    }
    let Ready { version } = frame.parse().map_err(|error| protocol(&error))?;
    if version != PROTOCOL_VERSION {
        return Err(breach(format!(
            "frames of version {version}, this is {PROTOCOL_VERSION}"
        )));
    }
    Ok(())
}

/// What has gone over one child's socket.
#[derive(Debug, Default)]
pub(super) struct Traffic {
    frames: u64,
    sent_bytes: u64,
    received_bytes: u64,
}

impl Traffic {
    /// The child has sent so many bytes more.
    pub(super) fn sent(&mut self, bytes: usize, limits: &JobLimits) -> Result<(), Stop> {
        self.sent_bytes += bytes as u64;
        let limit = limits.sent_limit_bytes;
        within(self.sent_bytes, limit, "bytes sent by the job's process")
    }

    /// The child is sent so many bytes more.
    pub(super) fn received(&mut self, bytes: usize, limits: &JobLimits) -> Result<(), Stop> {
        self.received_bytes += bytes as u64;
        let limit = limits.received_limit_bytes;
        within(
            self.received_bytes,
            limit,
            "bytes of replies to the job's process",
        )
    }

    /// The child has sent one frame more.
    pub(super) fn frame(&mut self, limits: &JobLimits) -> Result<(), Stop> {
        self.frames += 1;
        within(
            self.frames,
            limits.frames_limit,
            "frames sent by the job's process",
        )
    }
}

fn within(is: u64, limit: u64, what: &str) -> Result<(), Stop> {
    if is <= limit {
        return Ok(());
    }
    Err(Stop::Breach(
        Breach::Traffic,
        format!("more than {limit} {what}"),
    ))
}

pub(super) fn take_log(work: &Work, tally: &Tally, log: &Log) -> Result<(), Stop> {
    let limits = &work.run.limits;
    let lines = tally.log_line();
    if lines <= limits.log_lines_limit {
        let max = usize::try_from(limits.log_line_limit_bytes).unwrap_or(usize::MAX);
        work.scope.log(log.level, &cut(&log.message, max));
    } else if lines == limits.log_lines_limit + 1 {
        let text = format!(
            "[further lines are dropped: the limit is {}]",
            limits.log_lines_limit
        );
        work.scope
            .log(lode_proto::message::LogLevel::Warning, &text);
    } else {
        // A child of ours sends one line beyond the limit and counts the rest.
        return Err(breach("log lines beyond their limit".to_owned()));
    }
    Ok(())
}

/// Checks a report as what it is: bytes from a process that a tenant may own.
pub(super) fn check_done(mut done: Done, limits: &JobLimits) -> Result<Done, Stop> {
    if !Done::may_claim(done.tag) {
        return Err(breach(format!("a report of {}", done.tag)));
    }
    let length = |raw: &Option<Box<RawValue>>| raw.as_deref().map_or(0, |raw| raw.get().len());
    if (length(&done.body) + length(&done.request)) as u64 > limits.result_limit_bytes {
        return Err(Stop::Breach(
            Breach::ResultSize,
            "a result beyond its limit".to_owned(),
        ));
    }
    if let Err(reason) = lode_proto::outcome::check_headers(&done.headers) {
        return Err(Stop::Breach(Breach::ResultSize, reason));
    }
    for value in [&done.body, &done.request].into_iter().flatten() {
        lode_proto::plain_json::check(value.get()).map_err(breach)?;
    }
    if done.tag.is_success() && !(100..=599).contains(&done.status) {
        return Err(breach(format!("an HTTP status of {}", done.status)));
    }
    done.debug = cut(&done.debug, ERROR_TEXT_BYTES_MAX);
    done.stack = done.stack.map(|stack| cut(&stack, ERROR_TEXT_BYTES_MAX));
    Ok(done)
}

pub(super) fn breach(reason: String) -> Stop {
    Stop::Breach(Breach::Protocol, reason)
}

pub(super) fn protocol(error: &frame::FrameError) -> Stop {
    breach(error.to_string())
}
