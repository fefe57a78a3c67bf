//! When a schedule fires: once, every so often from a start, or by a cron pattern. All in UTC.
//!
//! Ticks are a function of the schedule alone and never of when anybody looked: workers that reckon
//! the next tick apart from one another come to the same instant.

use std::fmt;

use chrono::{DateTime, Utc};
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};

/// The last instant of a start or a tick, in milliseconds since 1970: the start of 2100.
pub const TICK_MS_MAX: u64 = 4_102_444_800_000;
/// Bytes of a cron pattern; the longest sensible one is far shorter.
pub const CRON_BYTES_MAX: usize = 200;

/// How often a schedule of Kinvey's fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interval {
    /// Each seven days.
    Weekly,
    /// Each 24 hours.
    Daily,
    /// Each hour.
    Hourly,
    /// Each 30 minutes.
    Minutes30,
    /// Each 10 minutes.
    Minutes10,
    /// Each 5 minutes.
    Minutes5,
    /// Each minute.
    Minutes1,
}

impl Interval {
    /// Every interval there is, the longest first.
    pub const ALL: [Self; 7] = [
        Self::Weekly,
        Self::Daily,
        Self::Hourly,
        Self::Minutes30,
        Self::Minutes10,
        Self::Minutes5,
        Self::Minutes1,
    ];

    /// Reads one of Kinvey's words, such as `30-minutes`; the error lists them.
    pub fn parse(text: &str) -> Result<Self, ScheduleError> {
        Self::ALL
            .into_iter()
            .find(|interval| interval.as_str() == text)
            .ok_or_else(|| ScheduleError::Interval {
                given: text.chars().take(40).collect(),
            })
    }

    /// Kinvey's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Weekly => "weekly",
            Self::Daily => "daily",
            Self::Hourly => "hourly",
            Self::Minutes30 => "30-minutes",
            Self::Minutes10 => "10-minutes",
            Self::Minutes5 => "5-minutes",
            Self::Minutes1 => "1-minute",
        }
    }

    /// Its length in milliseconds.
    #[must_use]
    pub fn ms(self) -> u64 {
        let minutes = match self {
            Self::Weekly => 7 * 24 * 60,
            Self::Daily => 24 * 60,
            Self::Hourly => 60,
            Self::Minutes30 => 30,
            Self::Minutes10 => 10,
            Self::Minutes5 => 5,
            Self::Minutes1 => 1,
        };
        minutes * 60_000
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why something is no schedule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// No such interval.
    #[error(
        "{given:?} is no interval; allowed are {}",
        Interval::ALL.map(Interval::as_str).join(", ")
    )]
    Interval {
        /// What was given, cut to 40 characters.
        given: String,
    },
    /// Nothing says when.
    #[error("a schedule needs a start, a start with an interval, or a cron pattern")]
    Empty,
    /// Both would say how often.
    #[error("an interval excludes a cron pattern: give one or the other")]
    Both,
    /// An interval counts from its start.
    #[error("the interval {0} needs a start to count from")]
    NoStart(Interval),
    /// A start that is none.
    #[error("the start is {0} ms since 1970, allowed are 0 to {TICK_MS_MAX}, the start of 2100")]
    Start(u64),
    /// A pattern that cannot be read.
    #[error(
        "the cron pattern {given:?}: {reason}; it has five fields in UTC: minute, hour, day of the \
         month, month, day of the week"
    )]
    Cron {
        /// What was given, cut to 200 characters.
        given: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// When something is to be done.
#[derive(Debug, Clone)]
pub struct Schedule {
    start_ms: u64,
    rule: Rule,
}

#[derive(Debug, Clone)]
enum Rule {
    Once,
    Every(Interval),
    Cron(Box<Cron>),
}

impl Schedule {
    /// A start alone is one tick; with an interval there is one at the start and each interval
    /// after it; with a cron pattern the start, if there is one, is the earliest tick that counts.
    ///
    /// Refuses what says nothing, what contradicts itself, and what never fires before 2100.
    pub fn new(
        start_ms: Option<u64>,
        every: Option<Interval>,
        cron: Option<&str>,
    ) -> Result<Self, ScheduleError> {
        if let Some(start) = start_ms
            && start > TICK_MS_MAX
        {
            return Err(ScheduleError::Start(start));
        }
        let rule = match (start_ms, every, cron) {
            (_, Some(_), Some(_)) => return Err(ScheduleError::Both),
            (None, None, None) => return Err(ScheduleError::Empty),
            (None, Some(every), None) => return Err(ScheduleError::NoStart(every)),
            (Some(_), None, None) => Rule::Once,
            (Some(_), Some(every), None) => Rule::Every(every),
            (_, None, Some(pattern)) => Rule::Cron(Box::new(parse_cron(pattern)?)),
        };
        let start_ms = start_ms.unwrap_or(0);
        let schedule = Self { start_ms, rule };
        match schedule.at_or_after(start_ms) {
            Some(_) => Ok(schedule),
            None => Err(bad_cron(cron.unwrap_or_default(), "it never fires")),
        }
    }

    /// The first tick strictly after `ms`, in milliseconds since 1970.
    #[must_use]
    pub fn next_after(&self, ms: u64) -> Option<u64> {
        self.at_or_after(ms.checked_add(1)?)
    }

    /// The tick that a schedule set up at `now_ms` begins with. What recurs begins with its first
    /// tick from now on; what happens once is done late rather than never, so its start may be in
    /// the past.
    #[must_use]
    pub fn first(&self, now_ms: u64) -> Option<u64> {
        match &self.rule {
            Rule::Once => Some(self.start_ms),
            Rule::Every(_) | Rule::Cron(_) => self.at_or_after(now_ms),
        }
    }

    fn at_or_after(&self, ms: u64) -> Option<u64> {
        let from = ms.max(self.start_ms);
        let tick = match &self.rule {
            Rule::Once => (from == self.start_ms).then_some(from),
            Rule::Every(interval) => {
                let past = (from - self.start_ms).div_ceil(interval.ms());
                self.start_ms.checked_add(past.checked_mul(interval.ms())?)
            }
            Rule::Cron(cron) => cron_at_or_after(cron, from),
        };
        tick.filter(|tick| *tick <= TICK_MS_MAX)
    }
}

fn parse_cron(pattern: &str) -> Result<Cron, ScheduleError> {
    if pattern.len() > CRON_BYTES_MAX {
        let reason = format!(
            "it has {} bytes, allowed are {CRON_BYTES_MAX}",
            pattern.len()
        );
        return Err(bad_cron(pattern, &reason));
    }
    // The library has nicknames such as @daily besides, and would take a wrong number its own way.
    let fields = pattern.split_whitespace().count();
    if fields != 5 {
        return Err(bad_cron(pattern, &format!("it has {fields} fields")));
    }
    CronParser::builder()
        .seconds(Seconds::Disallowed)
        .year(Year::Disallowed)
        .build()
        .parse(pattern)
        .map_err(|error| bad_cron(pattern, &error.to_string()))
}

fn bad_cron(given: &str, reason: &str) -> ScheduleError {
    ScheduleError::Cron {
        given: given.chars().take(CRON_BYTES_MAX).collect(),
        reason: reason.to_owned(),
    }
}

fn cron_at_or_after(cron: &Cron, ms: u64) -> Option<u64> {
    if ms > TICK_MS_MAX {
        return None;
    }
    // Whole seconds: a part of one would be carried into the tick.
    let seconds = i64::try_from(ms.div_ceil(1_000)).ok()?;
    let from = DateTime::<Utc>::from_timestamp(seconds, 0)?;
    let tick = cron.find_next_occurrence(&from, true).ok()?;
    u64::try_from(tick.timestamp_millis()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: u64 = 60_000;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    /// 2026-11-21T00:00:00Z, a Saturday.
    const SATURDAY: u64 = 1_795_219_200_000;

    fn cron(pattern: &str) -> Schedule {
        Schedule::new(None, None, Some(pattern)).unwrap()
    }

    #[track_caller]
    fn check_refused(
        start: Option<u64>,
        every: Option<Interval>,
        cron: Option<&str>,
        expected: &str,
    ) {
        let error = Schedule::new(start, every, cron).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }

    #[track_caller]
    fn check_ticks(schedule: &Schedule, from: u64, expected: &[u64]) {
        let mut at = from;
        for tick in expected {
            let found = schedule.next_after(at);
            assert_eq!(found, Some(*tick), "after {at}");
            at = *tick;
        }
    }

    #[test]
    fn a_start_alone_fires_once_and_late_rather_than_never() {
        let once = Schedule::new(Some(1_000), None, None).unwrap();
        assert_eq!(once.next_after(999), Some(1_000));
        assert_eq!(once.next_after(1_000), None);
        assert_eq!(
            (once.first(0), once.first(5_000)),
            (Some(1_000), Some(1_000))
        );
    }

    #[test]
    fn ticks_of_an_interval_are_those_that_counting_finds() {
        let mut random = fastrand::Rng::with_seed(4);
        for _ in 0..3_000 {
            let every = random.choice(Interval::ALL).unwrap();
            let start = random.u64(0..TICK_MS_MAX - 100 * DAY * 7);
            let schedule = Schedule::new(Some(start), Some(every), None).unwrap();
            let near = start + random.u64(0..20) * every.ms();
            let at = match random.u8(0..4) {
                0 => random.u64(0..=start),
                1 => near,
                2 => near.saturating_sub(1),
                _ => near + random.u64(0..every.ms()),
            };
            let ticks = || (0..).map(|k| start + k * every.ms());
            assert_eq!(schedule.next_after(at), ticks().find(|tick| *tick > at));
            assert_eq!(schedule.first(at), ticks().find(|tick| *tick >= at));
        }
    }

    #[test]
    fn nothing_fires_after_the_end_of_time() {
        let daily = Schedule::new(Some(TICK_MS_MAX), Some(Interval::Daily), None).unwrap();
        assert_eq!(daily.first(0), Some(TICK_MS_MAX));
        for schedule in [daily, cron("* * * * *")] {
            assert_eq!(schedule.next_after(TICK_MS_MAX - 1), Some(TICK_MS_MAX));
            assert_eq!(schedule.next_after(TICK_MS_MAX), None);
            assert_eq!(schedule.next_after(u64::MAX), None);
            assert_eq!(schedule.first(u64::MAX), None);
        }
    }

    #[test]
    fn a_cron_pattern_fires_where_other_crons_fire() {
        let quarters = [15, 30, 45, 60].map(|minute| SATURDAY + minute * MINUTE);
        check_ticks(&cron("*/15 * * * *"), SATURDAY, &quarters);
        let half_past_six = [2, 3, 4, 5, 6, 9].map(|day| SATURDAY + day * DAY + 390 * MINUTE);
        check_ticks(&cron("30 6 * * 1-5"), SATURDAY, &half_past_six);
        check_ticks(
            &cron("0 0 * * SUN"),
            SATURDAY,
            &[SATURDAY + DAY, SATURDAY + 8 * DAY],
        );
        // With both days given, either counts: the first of the month, and each Sunday.
        let either = [1, 8, 10].map(|day| SATURDAY + day * DAY);
        check_ticks(&cron("0 0 1 * 0"), SATURDAY, &either);
        // 2028-02-29T00:00:00Z and 2032-02-29T00:00:00Z.
        let leap = [1_835_395_200_000, 1_961_625_600_000];
        check_ticks(&cron("0 0 29 2 *"), SATURDAY, &leap);
    }

    #[test]
    fn a_tick_of_now_is_the_first_and_parts_of_a_second_do_not_shift_it() {
        let hourly = cron("0 * * * *");
        assert_eq!(hourly.first(SATURDAY), Some(SATURDAY));
        assert_eq!(hourly.first(SATURDAY + 1), Some(SATURDAY + HOUR));
        assert_eq!(hourly.next_after(SATURDAY - 1), Some(SATURDAY));
        let started = Schedule::new(Some(SATURDAY + 1), None, Some("0 * * * *")).unwrap();
        assert_eq!(started.first(0), Some(SATURDAY + HOUR));
    }

    #[test]
    fn what_is_no_schedule_is_refused_with_what_is_allowed() {
        check_refused(None, None, None, "needs a start");
        check_refused(None, Some(Interval::Daily), None, "daily needs a start");
        let both = (Some(Interval::Daily), Some("* * * * *"));
        check_refused(Some(0), both.0, both.1, "excludes a cron pattern");
        check_refused(
            Some(TICK_MS_MAX + 1),
            None,
            None,
            "allowed are 0 to 4102444800000",
        );
        for (pattern, expected) in [
            ("", "it has 0 fields"),
            ("@daily", "it has 1 fields"),
            ("* * * * * *", "it has 6 fields"),
            ("60 * * * *", "five fields in UTC"),
            ("x * * * *", "five fields in UTC"),
            ("0 0 31 2 *", "it never fires"),
            (&"1,".repeat(101), "it has 202 bytes, allowed are 200"),
        ] {
            check_refused(None, None, Some(pattern), expected);
        }
        // 2096 is the last leap year before 2100.
        let late = TICK_MS_MAX - 365 * DAY;
        check_refused(Some(late), None, Some("0 0 29 2 *"), "it never fires");
    }

    #[test]
    fn intervals_have_kinveys_names() {
        for interval in Interval::ALL {
            assert_eq!(Interval::parse(interval.as_str()), Ok(interval));
        }
        let error = Interval::parse("monthly").unwrap_err().to_string();
        assert!(error.contains("30-minutes, 10-minutes"), "{error}");
    }
}
