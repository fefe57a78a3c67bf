//! `Figure`: what one round of one arm gave; `Figures`: all rounds, and their medians.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::arm::Arm;
use crate::cpu::Cpu;

/// What a load generator has seen.
#[derive(Debug, Default)]
pub(crate) struct Load {
    pub(crate) elapsed: Duration,
    pub(crate) samples: Vec<Sample>,
}

/// One job, in microseconds; the parts are the outcome's own timings.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sample {
    pub(crate) latency_us: u64,
    pub(crate) queued_us: u64,
    pub(crate) dispatch_us: u64,
    pub(crate) run_us: u64,
}

/// One round of one arm.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Figure {
    pub(crate) values: [f64; MEASURES.len()],
}

/// What a figure holds, by name.
pub(crate) const MEASURES: [&str; 12] = [
    "jobs_per_s",
    "p50_us",
    "p95_us",
    "p99_us",
    "max_us",
    "cpu_ms_per_1000",
    "master_cpu_ms_per_1000",
    "zygote_cpu_ms_per_1000",
    "children_cpu_ms_per_1000",
    "queued_p50_us",
    "dispatch_p50_us",
    "run_p50_us",
];

impl Figure {
    pub(crate) fn of(load: Load, cpu: Cpu) -> Self {
        let jobs = load.samples.len() as f64;
        let sorted = |get: fn(&Sample) -> u64| {
            let mut list: Vec<u64> = load.samples.iter().map(get).collect();
            list.sort_unstable();
            list
        };
        let latency = sorted(|sample| sample.latency_us);
        let per_1000 = |ms: u64| ms as f64 * 1000.0 / jobs.max(1.0);
        Self {
            values: [
                jobs / load.elapsed.as_secs_f64(),
                percentile(&latency, 50),
                percentile(&latency, 95),
                percentile(&latency, 99),
                percentile(&latency, 100),
                per_1000(cpu.total_ms()),
                per_1000(cpu.master_ms),
                per_1000(cpu.zygote_ms),
                per_1000(cpu.children_ms),
                percentile(&sorted(|sample| sample.queued_us), 50),
                percentile(&sorted(|sample| sample.dispatch_us), 50),
                percentile(&sorted(|sample| sample.run_us), 50),
            ],
        }
    }
}

/// Nearest rank; 0 of an empty list.
fn percentile(sorted: &[u64], percent: usize) -> f64 {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).map_or(0.0, |value| *value as f64)
}

/// The counted rounds of all arms.
#[derive(Debug, Default)]
pub(crate) struct Figures(BTreeMap<Arm, Vec<Figure>>);

/// One measure over the rounds.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
}

impl Figures {
    pub(crate) fn add(&mut self, arm: Arm, figure: Figure) {
        self.0.entry(arm).or_default().push(figure);
    }

    pub(crate) fn arms(&self) -> impl Iterator<Item = Arm> {
        self.0.keys().copied()
    }

    /// One measure of one arm; `None` when either is unknown.
    pub(crate) fn spread(&self, arm: Arm, measure: &str) -> Option<Spread> {
        let index = MEASURES.iter().position(|name| *name == measure)?;
        let rounds = self.0.get(&arm)?.iter();
        let mut values: Vec<f64> = rounds.map(|figure| figure.values[index]).collect();
        values.sort_by(f64::total_cmp);
        Some(Spread {
            median: *values.get(values.len() / 2)?,
            min: *values.first()?,
            max: *values.last()?,
        })
    }
}
