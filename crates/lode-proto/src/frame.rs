//! Frames on the job socket between master and child: a sans-IO codec.
//!
//! ```text
//! frame = length (u32, little endian: bytes that follow) · kind (u8) · payload (JSON)
//! ```
//! The length is checked against [`FRAME_BYTES_MAX`] before anything is allocated for it. Both
//! ends come from one binary; [`PROTOCOL_VERSION`] in the Ready frame catches the case that they
//! do not. An unknown kind or a malformed payload ends the child.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::limits::FRAME_BYTES_MAX;

/// Version of the frames and their payloads; changes with any of them.
pub const PROTOCOL_VERSION: u32 = 1;

/// Length prefix and kind.
const HEAD_BYTES: usize = 5;

/// What a frame carries; see `message.rs` for the payloads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Kind {
    /// Child to master: confined, waiting for a job.
    Ready = 1,
    /// Child to master: a host call.
    Call = 2,
    /// Child to master: a log line.
    Log = 3,
    /// Child to master: the job's end as the child saw it.
    Done = 4,
    /// Master to child: the job.
    Run = 16,
    /// Master to child: a host call's result.
    Reply = 17,
}

impl Kind {
    fn from_byte(byte: u8) -> Option<Self> {
        [
            Self::Ready,
            Self::Call,
            Self::Log,
            Self::Done,
            Self::Run,
            Self::Reply,
        ]
        .into_iter()
        .find(|kind| *kind as u8 == byte)
    }
}

/// One decoded frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// What it carries.
    pub kind: Kind,
    /// JSON, not yet parsed.
    pub payload: Vec<u8>,
}

/// Why bytes are not a frame.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The length prefix is out of range.
    #[error("frame of {length} bytes, allowed are 1 to {FRAME_BYTES_MAX}")]
    Length {
        /// The length that was announced.
        length: usize,
    },
    /// The kind byte is none of ours.
    #[error("unknown frame kind {kind}")]
    Kind {
        /// The byte.
        kind: u8,
    },
    /// The payload is not what its kind says.
    #[error("{kind:?} frame: {reason}")]
    Payload {
        /// The frame's kind.
        kind: Kind,
        /// What the parser said.
        reason: String,
    },
}

impl Frame {
    /// The payload as `T`.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, FrameError> {
        serde_json::from_slice(&self.payload).map_err(|error| FrameError::Payload {
            kind: self.kind,
            reason: crate::limits::cut(&error.to_string(), 300),
        })
    }
}

/// Appends one frame to `out`. Fails when the payload is larger than a frame may be.
pub fn encode<T: Serialize>(kind: Kind, payload: &T, out: &mut Vec<u8>) -> Result<(), FrameError> {
    let start = out.len();
    out.extend_from_slice(&[0; HEAD_BYTES - 1]);
    out.push(kind as u8);
    if let Err(error) = serde_json::to_writer(&mut *out, payload) {
        out.truncate(start);
        return Err(FrameError::Payload {
            kind,
            reason: error.to_string(),
        });
    }
    let length = out.len() - start - 4;
    let Some(prefix) = u32::try_from(length)
        .ok()
        .filter(|_| length <= FRAME_BYTES_MAX)
    else {
        out.truncate(start);
        return Err(FrameError::Length { length });
    };
    out[start..start + 4].copy_from_slice(&prefix.to_le_bytes());
    Ok(())
}

/// Collects bytes and yields whole frames.
#[derive(Debug, Default)]
pub struct Decoder {
    buffer: Vec<u8>,
    /// Bytes of `buffer` that have been consumed.
    start: usize,
}

impl Decoder {
    /// Takes more bytes from the peer.
    pub fn feed(&mut self, bytes: &[u8]) {
        if self.start > 0 {
            self.buffer.drain(..self.start);
            self.start = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole frame, `None` when more bytes are needed, or why there will never be one.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, FrameError> {
        let rest = &self.buffer[self.start..];
        let Some(prefix) = rest.first_chunk::<4>() else {
            return Ok(None);
        };
        let length = usize::try_from(u32::from_le_bytes(*prefix)).unwrap_or(usize::MAX);
        if length == 0 || length > FRAME_BYTES_MAX {
            return Err(FrameError::Length { length });
        }
        if let Some(&byte) = rest.get(4)
            && Kind::from_byte(byte).is_none()
        {
            return Err(FrameError::Kind { kind: byte });
        }
        let Some(body) = rest.get(4..4 + length) else {
            return Ok(None);
        };
        let kind = Kind::from_byte(body[0]).ok_or(FrameError::Kind { kind: body[0] })?;
        let payload = body[1..].to_vec();
        self.start += 4 + length;
        Ok(Some(Frame { kind, payload }))
    }

    /// True when bytes of an unfinished frame are waiting.
    #[must_use]
    pub fn is_mid_frame(&self) -> bool {
        self.start < self.buffer.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(kind: Kind, text: &str) -> Vec<u8> {
        let mut out = Vec::new();
        encode(kind, &text, &mut out).unwrap();
        out
    }

    #[test]
    fn frames_come_back_however_the_bytes_are_cut() {
        let mut bytes = wire(Kind::Call, "one");
        bytes.extend(wire(Kind::Done, "two"));
        for step in 1..bytes.len() {
            let mut decoder = Decoder::default();
            let mut seen = Vec::new();
            for piece in bytes.chunks(step) {
                decoder.feed(piece);
                while let Some(frame) = decoder.next_frame().unwrap() {
                    seen.push((frame.kind, frame.parse::<String>().unwrap()));
                }
            }
            assert_eq!(
                seen,
                [
                    (Kind::Call, "one".to_owned()),
                    (Kind::Done, "two".to_owned())
                ]
            );
            assert!(!decoder.is_mid_frame());
        }
    }

    #[test]
    fn a_length_above_the_limit_is_refused_before_its_bytes_come() {
        let mut decoder = Decoder::default();
        decoder.feed(&u32::MAX.to_le_bytes());
        assert_eq!(
            decoder.next_frame(),
            Err(FrameError::Length {
                length: u32::MAX as usize
            })
        );
    }

    #[test]
    fn an_empty_frame_and_an_unknown_kind_are_refused() {
        let mut decoder = Decoder::default();
        decoder.feed(&[0, 0, 0, 0]);
        assert_eq!(decoder.next_frame(), Err(FrameError::Length { length: 0 }));
        let mut decoder = Decoder::default();
        decoder.feed(&[9, 0, 0, 0, 99]);
        assert_eq!(decoder.next_frame(), Err(FrameError::Kind { kind: 99 }));
    }

    #[test]
    fn a_payload_of_the_wrong_type_is_an_error_with_its_kind() {
        let mut decoder = Decoder::default();
        decoder.feed(&wire(Kind::Done, "text"));
        let frame = decoder.next_frame().unwrap().unwrap();
        let error = frame.parse::<u32>().unwrap_err().to_string();
        assert!(error.starts_with("Done frame: invalid type"), "{error}");
    }
}
