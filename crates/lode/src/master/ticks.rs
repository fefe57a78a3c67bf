//! Schedules on their way between store, queue and job: what the queue keeps of one, and what a due
//! tick becomes.

use lode_core::schedule::{self, Interval, ScheduleError};
use lode_proto::job::JobRecord;
use lode_proto::limits::ID_BYTES_MAX;
use lode_queue::{DueTick, ScheduleEntry};
use lode_store::Schedule;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// How a due tick is answered.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    /// The tick after it, if there is one.
    pub(crate) next_ms: Option<u64>,
    /// The job that it starts.
    pub(crate) job: String,
}

/// A schedule as its text in the queue says it.
#[derive(Debug, Serialize, Deserialize)]
struct Spec {
    app: String,
    hook: String,
    start_ms: Option<u64>,
    every: Option<String>,
    cron: Option<String>,
    request: Option<String>,
    /// Makes one that was deleted and stored again a new one.
    created_ms: u64,
}

/// When ticks are: from a start on, once or so often, or by a cron pattern.
pub(crate) fn times(
    start_ms: Option<u64>,
    every: Option<&str>,
    cron: Option<&str>,
) -> Result<schedule::Schedule, ScheduleError> {
    let every = every.map(Interval::parse).transpose()?;
    schedule::Schedule::new(start_ms, every, cron)
}

/// The tick that a schedule begins with when it is first seen at `now_ms`; a single one may be past.
fn first(schedule: &Schedule, now_ms: u64) -> Option<u64> {
    let (every, cron) = (schedule.every.as_deref(), schedule.cron.as_deref());
    times(schedule.start_ms, every, cron).ok()?.first(now_ms)
}

/// The tick of a schedule that is still to come at `now_ms`.
pub(crate) fn next(schedule: &Schedule, now_ms: u64) -> Option<u64> {
    let (every, cron) = (schedule.every.as_deref(), schedule.cron.as_deref());
    times(schedule.start_ms, every, cron)
        .ok()?
        .next_after(now_ms)
}

/// The queue's name of a schedule.
pub(crate) fn id(schedule: &Schedule) -> String {
    format!("{}/{}", schedule.app, schedule.name)
}

/// What the queue keeps of these schedules. One that cannot be read has no ticks.
pub(crate) fn entries(schedules: Vec<Schedule>, now_ms: u64) -> Vec<ScheduleEntry> {
    schedules
        .into_iter()
        .map(|schedule| entry(schedule, now_ms))
        .collect()
}

fn entry(schedule: Schedule, now_ms: u64) -> ScheduleEntry {
    let (id, first_ms) = (id(&schedule), first(&schedule, now_ms));
    let spec = Spec {
        app: schedule.app,
        hook: schedule.hook,
        start_ms: schedule.start_ms,
        every: schedule.every,
        cron: schedule.cron,
        request: schedule.request,
        created_ms: schedule.created_ms,
    };
    let spec = serde_json::to_string(&spec).expect("a schedule is plain JSON");
    ScheduleEntry { id, spec, first_ms }
}

/// The answer to a due tick at the queue's time `now_ms`: one job, however many ticks were missed,
/// and then the next tick that is still to come.
pub(crate) fn answer(tick: &DueTick, now_ms: u64) -> Result<Answer, String> {
    let spec: Spec =
        serde_json::from_str(&tick.spec).map_err(|error| format!("its text: {error}"))?;
    let times = times(spec.start_ms, spec.every.as_deref(), spec.cron.as_deref());
    let times = times.map_err(|error| error.to_string())?;
    let record = JobRecord {
        // Unique for each tick: a second job of the same tick is a duplicate.
        id: Some(job_id(&tick.id, tick.tick_ms)),
        app: spec.app,
        hook: Some(spec.hook),
        request: Some(request(spec.request.as_deref())?),
        ..JobRecord::default()
    };
    let job = serde_json::to_string(&record).map_err(|error| error.to_string())?;
    Ok(Answer {
        next_ms: times.next_after(tick.tick_ms.max(now_ms)),
        job,
    })
}

/// The id of the job that a tick starts. A schedule's name may be too long for it as it is: then it
/// is cut, and a hash of all of it keeps it apart from others.
fn job_id(schedule: &str, tick_ms: u64) -> String {
    let id = format!("schedule:{schedule}:{tick_ms}");
    if id.len() <= ID_BYTES_MAX {
        return id;
    }
    // FNV-1a: the same in every worker, whatever it was built with.
    let hash = schedule
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    let head: String = schedule.chars().take(24).collect();
    format!("schedule:{head}~{hash:016x}:{tick_ms}")
}

fn request(given: Option<&str>) -> Result<Box<RawValue>, String> {
    let mut request = Map::new();
    request.insert("method".to_owned(), Value::from("POST"));
    if let Some(given) = given {
        let given: Map<String, Value> =
            serde_json::from_str(given).map_err(|error| format!("its request: {error}"))?;
        request.extend(given);
    }
    serde_json::value::to_raw_value(&request).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: u64 = 3_600_000;

    fn schedule() -> Schedule {
        Schedule {
            app: "shop".to_owned(),
            name: "tidy".to_owned(),
            hook: "endpoint:tidy".to_owned(),
            start_ms: Some(HOUR),
            every: Some("hourly".to_owned()),
            cron: None,
            request: Some(r#"{"body":{"deep":1}}"#.to_owned()),
            created_ms: 5,
        }
    }

    fn tick(tick_ms: u64) -> DueTick {
        let [entry] = entries(vec![schedule()], 0).try_into().unwrap();
        assert_eq!(
            (entry.id.as_str(), entry.first_ms),
            ("shop/tidy", Some(HOUR))
        );
        DueTick {
            id: entry.id,
            spec: entry.spec,
            tick_ms,
        }
    }

    #[test]
    fn a_due_tick_becomes_a_job_and_the_next_tick() {
        let Answer { next_ms, job } = answer(&tick(HOUR), HOUR + 7).unwrap();
        assert_eq!(next_ms, Some(2 * HOUR));
        let expected = concat!(
            r#"{"id":"schedule:shop/tidy:3600000","app":"shop","hook":"endpoint:tidy","#,
            r#""request":{"method":"POST","body":{"deep":1}}}"#
        );
        assert_eq!(job, expected);
        lode_proto::job::parse(&job, "entry").unwrap();
    }

    #[test]
    fn missed_ticks_are_answered_once() {
        let late = answer(&tick(HOUR), 5 * HOUR + 1).unwrap();
        assert_eq!(late.next_ms, Some(6 * HOUR));
    }

    #[test]
    fn the_job_of_a_long_name_has_an_id_of_its_own() {
        let long = format!("{0}/{0}", "a".repeat(120));
        let other = format!("{long}b");
        let id = job_id(&long, 4_102_444_800_000);
        assert!(id.len() <= ID_BYTES_MAX, "{id}");
        assert_ne!(id, job_id(&other, 4_102_444_800_000));
        assert_ne!(id, job_id(&long, 4_102_444_800_001));
    }

    #[test]
    fn a_text_that_is_no_schedule_is_an_error() {
        let mut tick = tick(HOUR);
        tick.spec = "{}".to_owned();
        answer(&tick, HOUR).unwrap_err();
    }
}
