//! ISO-8601 texts: the form in which a date is stored.

/// Days of the months of a year that is no leap year.
const DAYS: [u64; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/// Whether a text is exactly a date, a time and `Z`, with or without fractions of a second.
pub(crate) fn is_iso_date(text: &str) -> bool {
    let Some(text) = text.strip_suffix('Z') else {
        return false;
    };
    let (text, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let shape = text
        .bytes()
        .zip(b"0000-00-00T00:00:00")
        .all(|(byte, model)| match model {
            b'0' => byte.is_ascii_digit(),
            mark => byte == *mark,
        });
    if text.len() != 19 || !shape || !digits(fraction) || fraction.len() > 9 {
        return false;
    }
    let number = |from: usize, to: usize| text[from..to].parse::<u64>().unwrap_or(u64::MAX);
    let (year, month, day) = (number(0, 4), number(5, 7), number(8, 10));
    (1..=12).contains(&month)
        && (1..=days_in_month(year, month)).contains(&day)
        && number(11, 13) < 24
        && number(14, 16) < 60
        && number(17, 19) < 60
}

/// Milliseconds since 1970 as JavaScript's `toISOString` writes them.
pub(crate) fn iso_date(ms: u64) -> String {
    let (days, rest) = (ms / 86_400_000, ms % 86_400_000);
    // Whole cycles of 400 years first, so that the loops below are short.
    let (mut year, mut days) = (1970 + days / 146_097 * 400, days % 146_097);
    while days >= days_in_year(year) {
        days -= days_in_year(year);
        year += 1;
    }
    let mut month = 1;
    while days >= days_in_month(year, month) {
        days -= days_in_month(year, month);
        month += 1;
    }
    format!(
        "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z",
        day = days + 1,
        hour = rest / 3_600_000,
        minute = rest / 60_000 % 60,
        second = rest / 1_000 % 60,
        ms = rest % 1_000,
    )
}

fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

fn days_in_year(year: u64) -> u64 {
    if is_leap(year) { 366 } else { 365 }
}

fn days_in_month(year: u64, month: u64) -> u64 {
    if month == 2 && is_leap(year) {
        return 29;
    }
    let index = usize::try_from(month.saturating_sub(1)).unwrap_or(usize::MAX);
    DAYS.get(index).copied().unwrap_or(31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_javascript_writes_them() {
        for (ms, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_001, "2000-02-29T00:00:00.001Z"),
            (1_393_443_922_211, "2014-02-26T19:45:22.211Z"),
            (4_107_542_399_999, "2100-02-28T23:59:59.999Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (17_000_000_000_000, "2508-09-16T06:13:20.000Z"),
        ] {
            assert_eq!(iso_date(ms), text);
            assert!(is_iso_date(text));
        }
    }

    #[test]
    fn only_a_whole_date_with_z_is_one() {
        assert!(is_iso_date("2014-02-26T19:45:22Z"));
        for other in [
            "",
            "Z",
            "2014-02-26",
            "2014-02-26T19:45:22.211",
            "2014-02-30T19:45:22.211Z",
            "2014-13-26T19:45:22.211Z",
            "2014-02-26T24:45:22.211Z",
            "2014-02-26T19:45:22.Z",
            "2014-02-26 19:45:22.211Z",
            "2014-02-26T19:45:2é.211Z",
            "ISODate(\"2014-02-26T19:45:22.211Z\")",
        ] {
            assert!(!is_iso_date(other), "{other:?}");
        }
    }
}
