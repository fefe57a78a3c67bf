//! The closed loop: each of N producers sends a job, waits for its outcome, sends the next.
//!
//! On Redis a producer is what any Redis client is: `XADD`, then `BLPOP`. On the embedded queue
//! it is the queue's own `enqueue` and `await_reply`, in another process than the worker's.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use lode_proto::Outcome;
use lode_queue::{Queue, QueueOptions};
use redis::cmd;

use crate::arm::{Arm, Way};
use crate::figures::{Load, Sample};
use crate::setting::{APP, Setting};

/// Longer than any job takes; an outcome that does not come becomes an error.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a producer has taken off its reply list, and how long after it sent the job.
type Taken = (Duration, String);

/// Runs the arm's loop for `length`.
#[expect(clippy::disallowed_methods, reason = "it measures")]
pub(crate) fn run(setting: &Setting, arm: Arm, length: Duration) -> Result<Load> {
    let start = Instant::now();
    let end = start + length;
    let taken = match arm.way {
        Way::Redis | Way::Floor => over_redis(setting, arm, end)?,
        Way::Sqlite => over_queue(setting, arm, end)?,
    };
    let elapsed = start.elapsed();
    let samples = taken.iter().map(sample).collect::<Result<_>>()?;
    Ok(Load { elapsed, samples })
}

fn job(arm: Arm, reply_to: &str) -> String {
    let hook = format!("{}.onPreSave", arm.hook.collection());
    let request = serde_json::json!({ "body": { "title": "A book", "price": 12.5 } });
    let job = serde_json::json!({
        "app": APP, "hook": hook, "request": request, "reply_to": reply_to,
    });
    job.to_string()
}

fn over_redis(setting: &Setting, arm: Arm, end: Instant) -> Result<Vec<Taken>> {
    let mut producers = Vec::new();
    for number in 0..arm.concurrency {
        let connection = setting.redis.connect()?;
        let queue = setting.queue.clone();
        producers.push(std::thread::spawn(move || {
            produce(connection, &queue, arm, number, end)
        }));
    }
    let mut all = Vec::new();
    for producer in producers {
        let taken = producer.join();
        all.extend(taken.map_err(|_| anyhow::anyhow!("a producer panicked"))??);
    }
    Ok(all)
}

#[expect(clippy::disallowed_methods, reason = "it measures")]
fn produce(
    mut redis: redis::Connection,
    queue: &str,
    arm: Arm,
    number: usize,
    end: Instant,
) -> Result<Vec<Taken>> {
    let inbox = format!("lode:{{{queue}}}:in");
    let list = format!("lode:{{{queue}}}:reply:{number}");
    let job = job(arm, &list);
    let mut taken = Vec::new();
    while Instant::now() < end {
        let sent = Instant::now();
        cmd("XADD")
            .arg(&inbox)
            .arg(("*", "job", &job))
            .query::<String>(&mut redis)?;
        let reply = cmd("BLPOP")
            .arg(&list)
            .arg(PATIENCE.as_secs())
            .query::<Option<(String, String)>>(&mut redis)?;
        let (_, outcome) = reply.context("an outcome did not come")?;
        taken.push((sent.elapsed(), outcome));
    }
    Ok(taken)
}

fn over_queue(setting: &Setting, arm: Arm, end: Instant) -> Result<Vec<Taken>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let queue = lode_queue::open(&setting.queue_url(arm.way), QueueOptions::default()).await?;
        let mut producers = tokio::task::JoinSet::new();
        for number in 0..arm.concurrency {
            producers.spawn(produce_async(Arc::clone(&queue), arm, number, end));
        }
        let mut all = Vec::new();
        while let Some(taken) = producers.join_next().await {
            all.extend(taken??);
        }
        Ok(all)
    })
}

#[expect(clippy::disallowed_methods, reason = "it measures")]
async fn produce_async(
    queue: Arc<dyn Queue>,
    arm: Arm,
    number: usize,
    end: Instant,
) -> Result<Vec<Taken>> {
    let list = queue.reply_list(&number.to_string());
    let job = job(arm, &list);
    let mut taken = Vec::new();
    while Instant::now() < end {
        let sent = Instant::now();
        queue.enqueue(&job).await?;
        let outcome = queue.await_reply(&list, PATIENCE).await?;
        let outcome = outcome.context("an outcome did not come")?;
        taken.push((sent.elapsed(), outcome));
    }
    Ok(taken)
}

fn sample((latency, outcome): &Taken) -> Result<Sample> {
    let parsed: Outcome = serde_json::from_str(outcome)?;
    ensure!(parsed.tag.is_success(), "a job failed: {outcome}");
    Ok(Sample {
        latency_us: u64::try_from(latency.as_micros())?,
        queued_us: parsed.timings.queued_us,
        dispatch_us: parsed.timings.dispatch_us,
        run_us: parsed.timings.run_us,
    })
}
