//! A rate as people write it: `100/1s`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::StoreError;
use crate::limits::{RATE_JOBS_MAX, RATE_MS_MAX};

/// The units of a rate's time, the longest first.
const UNITS: [(&str, u64); 4] = [("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// So many starts per time. Its text is `100/1s`, with the units ms, s, m and h.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// Starts, 1 to [`RATE_JOBS_MAX`].
    pub jobs: u32,
    /// The time in milliseconds, 1 to [`RATE_MS_MAX`].
    pub per_ms: u64,
}

impl RateLimit {
    pub(crate) fn check(self) -> Result<(), StoreError> {
        let is_good =
            (1..=RATE_JOBS_MAX).contains(&self.jobs) && (1..=RATE_MS_MAX).contains(&self.per_ms);
        match is_good {
            true => Ok(()),
            false => Err(refused(&self.to_string())),
        }
    }
}

fn refused(given: &str) -> StoreError {
    StoreError::BadLimits(format!(
        "{:?} is no rate; allowed is <jobs>/<time>, such as 100/1s: 1 to {RATE_JOBS_MAX} jobs, a \
         time of 1ms to 24h in ms, s, m or h",
        lode_proto::limits::cut(given, 40)
    ))
}

impl FromStr for RateLimit {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        let read = || {
            let (jobs, time) = text.split_once('/')?;
            let digits = time.bytes().take_while(u8::is_ascii_digit).count();
            let (number, unit) = time.split_at(digits);
            let (_, unit_ms) = UNITS.iter().find(|(name, _)| *name == unit)?;
            // `parse` alone would take a sign.
            let is_plain = jobs.bytes().all(|byte| byte.is_ascii_digit());
            Some(Self {
                jobs: jobs.parse().ok().filter(|_| is_plain)?,
                per_ms: number.parse::<u64>().ok()?.checked_mul(*unit_ms)?,
            })
        };
        let rate = read().filter(|rate| rate.check().is_ok());
        rate.ok_or_else(|| refused(text))
    }
}

impl fmt::Display for RateLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = UNITS.iter().find(|(_, ms)| self.per_ms.is_multiple_of(*ms));
        let (unit, ms) = whole.unwrap_or(&("ms", 1));
        write!(f, "{}/{}{unit}", self.jobs, self.per_ms / ms)
    }
}

impl Serialize for RateLimit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for RateLimit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_written_in_the_longest_unit_that_is_exact() {
        for (given, written) in [
            ("100/1s", "100/1s"),
            ("1/1500ms", "1/1500ms"),
            ("5/60s", "5/1m"),
            ("1000000/24h", "1000000/24h"),
            ("7/1000ms", "7/1s"),
        ] {
            let rate: RateLimit = given.parse().unwrap();
            assert_eq!(rate.to_string(), written);
            assert_eq!(written.parse::<RateLimit>().unwrap(), rate);
            let json = serde_json::to_string(&rate).unwrap();
            assert_eq!(json, format!("{written:?}"));
            assert_eq!(serde_json::from_str::<RateLimit>(&json).unwrap(), rate);
        }
    }

    #[test]
    fn what_is_no_rate_is_refused_with_what_is_allowed() {
        for bad in [
            "",
            "100",
            "100/s",
            "100/1d",
            "0/1s",
            "1/0s",
            "1/25h",
            "+1/1s",
            "1/-1s",
            "-1/1s",
            "1 / 1s",
            "1000001/1s",
            "1/18446744073709551615h",
            "1/1s ",
        ] {
            let error = bad.parse::<RateLimit>().unwrap_err();
            assert_eq!(error.code(), "BadLimits");
            assert!(error.to_string().contains("such as 100/1s"), "{error}");
        }
        serde_json::from_str::<RateLimit>("5").unwrap_err();
    }
}
