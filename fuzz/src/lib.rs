//! What the fuzz targets share: a mutator that knows JSON, and the words of each kind of input.
//!
//! Inputs are the texts themselves, as a producer or a child would send them, so that a corpus can
//! be read, written by hand and grown from real records. The mutator keeps most of them valid;
//! libFuzzer's own, which knows bytes only, has its turn as well.
//!
//! In `corpus/`, files with a name were written by hand; those named by their hash were found by
//! fuzzing and chosen for the branches that no other file reaches. `cargo fuzz run` adds to that
//! folder, `cargo xtask fuzz` does not.
#![forbid(unsafe_code)]

pub mod algebra;
pub mod frames;
pub mod json;
pub mod model;
pub mod words;

use fastrand::Rng;

use words::Words;

/// Mutates the JSON text in the first `size` bytes of `data` to at most `max` bytes and says how
/// many they are. `None`, so that libFuzzer's own mutator does it, if it is no JSON, and once in
/// eight times: broken texts are inputs, too.
pub fn mutate(data: &mut [u8], size: usize, max: usize, seed: u32, words: &Words) -> Option<usize> {
    let mut rng = Rng::with_seed(u64::from(seed));
    if rng.u8(..8) == 0 {
        return None;
    }
    let text = json::mutated(&data[..size], words, &mut rng)?;
    write(&text, data, max)
}

/// Puts a part of one JSON text into another and says how many bytes of `out` that takes; 0, which
/// means that nothing came of it, if one of them is no JSON.
pub fn cross(one: &[u8], other: &[u8], out: &mut [u8], seed: u32) -> usize {
    let mut rng = Rng::with_seed(u64::from(seed));
    let made = json::crossed(one, other, &mut rng);
    made.and_then(|text| write(&text, out, out.len()))
        .unwrap_or(0)
}

/// Copies `made` to the start of `out` if it is at most `max` bytes, and says how many it is.
pub(crate) fn write(made: &[u8], out: &mut [u8], max: usize) -> Option<usize> {
    let fits = made.len() <= max;
    fits.then(|| {
        out[..made.len()].copy_from_slice(made);
        made.len()
    })
}
