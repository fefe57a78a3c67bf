//! The part of a new document's id that no other process has: MongoDB's five random bytes and counter.

/// Ids of one process.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct UniqueIds {
    random: [u8; 5],
    counter: u32,
}

impl UniqueIds {
    /// From what is left of the process's random seed.
    pub(crate) fn new(seed: [u8; 11]) -> Self {
        let [a, b, c, d, e, f, g, h, ..] = seed;
        Self {
            random: [a, b, c, d, e],
            counter: u32::from_le_bytes([f, g, h, 0]),
        }
    }

    /// The next one, as 16 hexadecimal digits; the second in front of it makes an id of it.
    pub(crate) fn next(&mut self) -> String {
        self.counter = (self.counter + 1) & 0xff_ffff;
        let [a, b, c, d, e] = self.random;
        format!("{a:02x}{b:02x}{c:02x}{d:02x}{e:02x}{:06x}", self.counter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counter_goes_round_within_three_bytes() {
        let mut ids = UniqueIds::new([1, 2, 3, 4, 255, 0xfe, 0xff, 0xff, 9, 9, 9]);
        assert_eq!(ids.next(), "01020304ffffffff");
        assert_eq!(ids.next(), "01020304ff000000");
    }
}
