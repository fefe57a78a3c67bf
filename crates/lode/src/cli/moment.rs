//! Moments on the command line: ISO 8601 in, RFC 3339 out, UTC where no zone is named.

use chrono::{DateTime, NaiveDate, NaiveDateTime, SecondsFormat};

use crate::cli::UsageError;

/// Milliseconds since 1970 of `2026-12-01T08:00:00Z`, of the same with an offset such as `+01:00`,
/// without a zone (then it is UTC), without seconds, or of a date alone (its first instant in UTC).
pub(crate) fn parse(text: &str) -> Result<u64, String> {
    let in_utc =
        |format| NaiveDateTime::parse_from_str(text, format).map(|moment| moment.and_utc());
    let moment = DateTime::parse_from_rfc3339(text)
        .or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M%#z"))
        .map(|moment| moment.to_utc())
        .or_else(|_| in_utc("%Y-%m-%dT%H:%M:%S%.f"))
        .or_else(|_| in_utc("%Y-%m-%dT%H:%M"))
        .or_else(|_| {
            NaiveDate::parse_from_str(text, "%Y-%m-%d")
                .map(|date| NaiveDateTime::from(date).and_utc())
        })
        .map_err(|_| "write it as 2026-12-01T08:00:00Z, 2026-12-01T09:00:00+01:00 or 2026-12-01")?;
    u64::try_from(moment.timestamp_millis()).map_err(|_| "it lies before 1970".to_owned())
}

/// The same for clap's arguments.
pub(crate) fn argument(name: &str, text: &str) -> Result<u64, UsageError> {
    parse(text).map_err(|why| UsageError(format!("{name} {text:?}: {why}")))
}

/// `2026-12-01T08:00:00Z`, with milliseconds if there are any.
pub(crate) fn shown(ms: u64) -> String {
    let moment = i64::try_from(ms)
        .ok()
        .and_then(DateTime::from_timestamp_millis);
    let text = moment.map(|moment| moment.to_rfc3339_opts(SecondsFormat::AutoSi, true));
    text.unwrap_or_else(|| format!("{ms} ms after 1970"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_in_any_zone_and_shown_in_utc() {
        for (text, expected) in [
            ("2026-12-01T08:00:00Z", "2026-12-01T08:00:00Z"),
            ("2026-12-01T09:30:00.250+01:30", "2026-12-01T08:00:00.250Z"),
            ("2026-12-01T08:00", "2026-12-01T08:00:00Z"),
            ("2026-12-01T09:00+01:00", "2026-12-01T08:00:00Z"),
            ("2026-12-01", "2026-12-01T00:00:00Z"),
        ] {
            assert_eq!(parse(text).map(shown).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_moment_is_refused_with_what_is_allowed() {
        for (text, why) in [
            ("tomorrow", "2026-12-01T08:00:00Z"),
            ("2026-13-01", "2026-12-01T08:00:00Z"),
            ("1969-12-31T23:00:00Z", "before 1970"),
        ] {
            let told = parse(text).unwrap_err();
            assert!(told.contains(why), "{text}: {told}");
        }
    }
}
