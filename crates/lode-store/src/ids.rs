//! Ids and secrets made from the operating system's randomness.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read as _};

use crate::clock;

const RANDOM: &str = "/dev/urandom";

/// Makes `_id`s in the form of MongoDB's ObjectID: 24 hex digits that are unique over all stores
/// on all machines, and roughly ordered by time.
///
/// MongoDB ends them with a counter. Here all apps share the source, and a counter would tell
/// each how much the others insert; so all but the time is random.
#[derive(Debug)]
pub(crate) struct ObjectIds {
    /// The kernel's generator, kept open: an id costs one system call.
    random: File,
}

impl ObjectIds {
    pub(crate) fn new() -> io::Result<Self> {
        let mut random = File::open(RANDOM)?;
        // Shows now, not at the first insert, whether it can be read.
        random.read_exact(&mut [0; 8])?;
        Ok(Self { random })
    }

    /// 4 bytes of seconds, 8 random ones: among a million ids of one second, two are equal once
    /// in tens of millions of times, and then the insert is refused.
    pub(crate) fn next(&self) -> String {
        // The format holds 32 bits of seconds, so it wraps in 2106.
        let seconds = (clock::now_ms() / 1000).to_be_bytes();
        let mut random = [0; 8];
        (&self.random)
            .read_exact(&mut random)
            .expect("the kernel's generator has been read before and never ends");
        let mut id = hex(&seconds[4..]);
        id.push_str(&hex(&random));
        id
    }
}

/// A secret of 128 bits. It comes from the kernel, never from a generator in user space, whose
/// state could be copied or guessed.
pub(crate) fn secret() -> io::Result<String> {
    os_random::<16>().map(|bytes| hex(&bytes))
}

fn os_random<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    File::open(RANDOM)?.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn object_ids_are_24_hex_digits_and_never_repeat() {
        let ids = ObjectIds::new().unwrap();
        let other = ObjectIds::new().unwrap();
        let made: HashSet<String> = (0..1000).flat_map(|_| [ids.next(), other.next()]).collect();
        assert_eq!(made.len(), 2000);
        assert!(
            made.iter()
                .all(|id| id.len() == 24 && id.chars().all(|c| c.is_ascii_hexdigit()))
        );
    }

    #[test]
    fn ids_do_not_tell_how_many_others_were_made() {
        let ids = ObjectIds::new().unwrap();
        let random = |id: String| u64::from_str_radix(&id[8..], 16).unwrap();
        let made: Vec<u64> = (0..100).map(|_| random(ids.next())).collect();
        // Neighbours are far apart, in both directions; a counter goes one way in small steps.
        let far = |two: &&[u64]| two[0].abs_diff(two[1]) > u64::from(u32::MAX);
        assert_eq!(made.windows(2).filter(far).count(), 99);
        assert!(!made.is_sorted() && !made.iter().rev().is_sorted());
    }

    #[test]
    fn secrets_are_32_hex_digits_and_differ() {
        let (a, b) = (secret().unwrap(), secret().unwrap());
        assert_eq!((a.len(), b.len()), (32, 32));
        assert_ne!(a, b);
    }
}
