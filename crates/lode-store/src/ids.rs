//! Ids and secrets made from the operating system's randomness.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read as _};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::clock;

/// Makes `_id`s in the form of MongoDB's ObjectID: 24 hex digits that are unique over all stores
/// on all machines, and roughly ordered by time.
#[derive(Debug)]
pub(crate) struct ObjectIds {
    /// Tells this source from every other.
    source: [u8; 5],
    /// Tells ids of one second apart; starts anywhere, wraps at 24 bits.
    counter: AtomicU32,
}

impl ObjectIds {
    pub(crate) fn new() -> io::Result<Self> {
        let source = os_random()?;
        let counter = AtomicU32::new(u32::from_ne_bytes(os_random()?));
        Ok(Self { source, counter })
    }

    /// 4 bytes of seconds, 5 of the source, 3 of the counter.
    pub(crate) fn next(&self) -> String {
        // The format holds 32 bits of seconds, so it wraps in 2106.
        let seconds = (clock::now_ms() / 1000).to_be_bytes();
        let count = self.counter.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        let mut id = hex(&seconds[4..]);
        id.push_str(&hex(&self.source));
        id.push_str(&hex(&count[1..]));
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
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
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
    fn secrets_are_32_hex_digits_and_differ() {
        let (a, b) = (secret().unwrap(), secret().unwrap());
        assert_eq!((a.len(), b.len()), (32, 32));
        assert_ne!(a, b);
    }
}
