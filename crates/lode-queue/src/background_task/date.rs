//! A time as JavaScript's `String(new Date())` has it: the package's log of bans begins with it.

const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// Such as `Sat Nov 21 2026 11:19:25 GMT+0000 (Coordinated Universal Time)`, of seconds since 1970.
pub(crate) fn js_date(seconds: u64) -> String {
    let (days, time) = (seconds / 86_400, seconds % 86_400);
    // Years that begin in March have their leap day last (Hinnant's days_from_civil, turned round).
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let year = year_of_era + era * 400 + u64::from(month >= 10);
    let name = |names: &[&'static str], index: u64| {
        let index = usize::try_from(index).unwrap_or(0);
        names.get(index).copied().unwrap_or("")
    };
    format!(
        "{} {} {day:02} {year} {:02}:{:02}:{:02} GMT+0000 (Coordinated Universal Time)",
        name(&WEEKDAYS, days % 7),
        name(&MONTHS, (month + 2) % 12),
        time / 3_600,
        time / 60 % 60,
        time % 60,
    )
}

#[cfg(test)]
mod tests {
    use super::js_date;

    #[test]
    fn dates_are_javascripts() {
        for (seconds, expected) in [
            (0, "Thu Jan 01 1970 00:00:00"),
            (951_782_399, "Mon Feb 28 2000 23:59:59"),
            (951_782_400, "Tue Feb 29 2000 00:00:00"),
            (1_795_259_965, "Sat Nov 21 2026 11:19:25"),
            (4_102_444_799, "Thu Dec 31 2099 23:59:59"),
        ] {
            let expected = format!("{expected} GMT+0000 (Coordinated Universal Time)");
            assert_eq!(js_date(seconds), expected);
        }
    }
}
