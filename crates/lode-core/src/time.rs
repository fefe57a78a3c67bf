//! [`Time`]: an instant of the shell's monotonic clock, in microseconds.
//!
//! Sums and differences saturate: a limit of `u64::MAX` means "never", and an instant that
//! seems to lie in the future (the shell read its clocks in another order) is no age at all.

/// Microseconds of a monotonic clock whose zero the shell chooses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Time(pub u64);

impl Time {
    /// The instant `us` microseconds later, or the last one that can be told.
    #[must_use]
    pub fn plus_us(self, us: u64) -> Self {
        Self(self.0.saturating_add(us))
    }

    /// Microseconds since `earlier`; zero if that is not earlier at all.
    #[must_use]
    pub fn saturating_since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_and_differences_saturate() {
        assert_eq!(Time(5).plus_us(u64::MAX), Time(u64::MAX));
        assert_eq!(Time(5).saturating_since(Time(7)), 0);
        assert_eq!(Time(7).saturating_since(Time(5)), 2);
    }
}
