//! Frames of a child: however the bytes are cut, the same frames and the same error come out; and
//! what a payload is read as comes back from its own encoding.
#![no_main]

use std::fmt::Debug;

use fastrand::Rng;
use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use lode_fuzz::frames::{self, End};
use lode_proto::frame::{Decoder, Frame, FrameError, Kind, encode};
use lode_proto::message::{Call, Done, Log, Ready, Reply, Run};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Bytes of the longest reason that an error gives.
const REASON_BYTES_MAX: usize = 400;

fuzz_mutator!(|data: &mut [u8], size: usize, max: usize, seed: u32| {
    frames::mutate(data, size, max, seed)
        .unwrap_or_else(|| libfuzzer_sys::fuzzer_mutate(data, size, max))
});

fuzz_target!(|input: &[u8]| {
    let Some((head, stream)) = input.split_first_chunk::<{ frames::SEED_BYTES }>() else {
        return;
    };
    let whole = decoded(stream, &mut |left| left);
    let mut rng = Rng::with_seed(u64::from(u16::from_le_bytes(*head)));
    let longest = 1 + rng.usize(..40);
    let cut = decoded(stream, &mut |left| left.min(rng.usize(..=longest)));
    assert_eq!(cut, whole, "the cuts make a difference");
    check_against_the_document(stream, &whole);
    for frame in &whole.frames {
        check_payload(frame);
    }
});

/// All that a decoder says about a stream.
#[derive(Debug, PartialEq)]
struct Decoded {
    frames: Vec<Frame>,
    error: Option<FrameError>,
    is_mid_frame: bool,
}

/// Decodes a stream in pieces whose lengths `piece` says, given how many bytes are left.
fn decoded(stream: &[u8], piece: &mut dyn FnMut(usize) -> usize) -> Decoded {
    let mut decoder = Decoder::default();
    let mut frames = Vec::new();
    let mut rest = stream;
    let mut error = None;
    while error.is_none() && !rest.is_empty() {
        let (now, later) = rest.split_at(piece(rest.len()));
        decoder.feed(now);
        rest = later;
        error = loop {
            match decoder.next_frame() {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break None,
                Err(error) => break Some(error),
            }
        };
    }
    if let Some(error) = &error {
        decoder.feed(rest);
        assert_eq!(decoder.next_frame().as_ref(), Err(error), "an error stays");
    }
    let is_mid_frame = decoder.is_mid_frame();
    Decoded {
        frames,
        error,
        is_mid_frame,
    }
}

fn check_against_the_document(stream: &[u8], decoded: &Decoded) {
    let (frames, end) = frames::read(stream);
    let mut seen = Vec::new();
    for frame in &decoded.frames {
        assert!(frame.payload.len() < frames::FRAME_BYTES_MAX);
        seen.push((frame.kind as u8, frame.payload.as_slice()));
    }
    assert_eq!(seen, frames);
    let error = match end {
        End::Clean | End::Unfinished => None,
        End::BadLength(length) => Some(FrameError::Length { length }),
        End::BadKind(kind) => Some(FrameError::Kind { kind }),
    };
    assert_eq!(decoded.error, error);
    assert_eq!(decoded.is_mid_frame, end != End::Clean);
}

fn check_payload(frame: &Frame) {
    match frame.kind {
        Kind::Ready => check_parsed::<Ready>(frame),
        Kind::Call => check_parsed::<Call>(frame),
        Kind::Log => check_parsed::<Log>(frame),
        Kind::Done => check_parsed::<Done>(frame),
        Kind::Run => check_parsed::<Run>(frame),
        Kind::Reply => check_parsed::<Reply>(frame),
    }
}

/// What is read from a payload is what its own encoding is read as, and the next encoding is the
/// same bytes: nothing gets lost or changed on the way.
fn check_parsed<T: DeserializeOwned + Serialize + Debug>(frame: &Frame) {
    let value: T = match frame.parse() {
        Ok(value) => value,
        Err(FrameError::Payload { kind, reason }) => {
            assert_eq!(kind, frame.kind);
            assert!(
                !reason.is_empty() && reason.len() <= REASON_BYTES_MAX,
                "{reason}"
            );
            return;
        }
        Err(error) => panic!("{error} is no error of a payload"),
    };
    let mut bytes = Vec::new();
    encode(frame.kind, &value, &mut bytes).expect("what came in a frame fits in one");
    let again = decoded(&bytes, &mut |left| left);
    let [frame] = again.frames.as_slice() else {
        panic!("one frame became {again:?}");
    };
    let same: T = frame.parse().expect("an encoding of ours is read");
    assert_eq!(format!("{same:?}"), format!("{value:?}"));
    let mut same_bytes = Vec::new();
    encode(frame.kind, &same, &mut same_bytes).expect("it did fit before");
    assert_eq!(same_bytes, bytes);
}
