//! A stream of frames as an input: two bytes that say how it is cut, then the bytes of the stream.
//!
//! Read here by the head of `frame.rs` alone, without its code, so that the two can disagree.

use fastrand::Rng;

use crate::{json, words, write};

/// Bytes in front of the stream, the seed of the cuts.
pub const SEED_BYTES: usize = 2;

/// The longest frame, from the document of the protocol.
pub const FRAME_BYTES_MAX: usize = 20 << 20;

/// What becomes of a stream after its last whole frame.
#[derive(Debug, PartialEq, Eq)]
pub enum End {
    /// Nothing is left.
    Clean,
    /// A frame has begun and is not all there.
    Unfinished,
    /// A length of no frame.
    BadLength(usize),
    /// A kind of no frame.
    BadKind(u8),
}

/// The frames of a stream, kind and payload, and its end.
pub fn read(mut bytes: &[u8]) -> (Vec<(u8, &[u8])>, End) {
    let mut frames = Vec::new();
    loop {
        if bytes.is_empty() {
            return (frames, End::Clean);
        }
        let Some((prefix, rest)) = bytes.split_first_chunk::<4>() else {
            return (frames, End::Unfinished);
        };
        let length = u32::from_le_bytes(*prefix) as usize;
        if length == 0 || length > FRAME_BYTES_MAX {
            return (frames, End::BadLength(length));
        }
        match rest.first() {
            None => return (frames, End::Unfinished),
            Some(1..=4 | 16 | 17) => {}
            Some(&kind) => return (frames, End::BadKind(kind)),
        }
        if rest.len() < length {
            return (frames, End::Unfinished);
        }
        let (body, rest) = rest.split_at(length);
        frames.push((body[0], &body[1..]));
        bytes = rest;
    }
}

/// Like [`crate::mutate`], for a stream: changes the payload of one frame and mends its length.
pub fn mutate(data: &mut [u8], size: usize, max: usize, seed: u32) -> Option<usize> {
    let mut rng = Rng::with_seed(u64::from(seed));
    if rng.u8(..6) == 0 {
        return None;
    }
    let (head, stream) = data[..size].split_first_chunk::<SEED_BYTES>()?;
    let (mut frames, _) = read(stream);
    let index = rng.usize(..frames.len().max(1));
    let payload = json::mutated(frames.get(index)?.1, &words::FRAMES, &mut rng);
    match (rng.u8(..10), payload) {
        (0, _) => drop(frames.remove(index)),
        (1, _) => frames.insert(rng.usize(..=frames.len()), frames[index]),
        (2, _) => frames[index].0 = [1, 2, 3, 4, 16, 17][rng.usize(..6)],
        (_, Some(payload)) => {
            let (kind, _) = frames[index];
            let made = stream_of(
                *head,
                &frames[..index],
                Some((kind, &payload)),
                &frames[index + 1..],
            );
            return write(&made, data, max);
        }
        (_, None) => return None,
    }
    let made = stream_of(*head, &frames, None, &[]);
    write(&made, data, max)
}

fn stream_of(
    head: [u8; SEED_BYTES],
    before: &[(u8, &[u8])],
    changed: Option<(u8, &[u8])>,
    behind: &[(u8, &[u8])],
) -> Vec<u8> {
    let mut bytes = head.to_vec();
    for (kind, payload) in before
        .iter()
        .copied()
        .chain(changed)
        .chain(behind.iter().copied())
    {
        let length = u32::try_from(payload.len() + 1).expect("an input is smaller than 4 GiB");
        bytes.extend(length.to_le_bytes());
        bytes.push(kind);
        bytes.extend(payload);
    }
    bytes
}
