//! `Report`: the figures as Markdown for people and as JSON for programs.

use std::fmt::Write;

use serde_json::{Map, Value, json};

use crate::arm::{Arm, Way};
use crate::figures::{Figures, MEASURES, Spread};
use crate::setting::Setting;

/// Drift of the yardstick above which the figures deserve no trust.
const DRIFT_MAX: f64 = 0.10;

/// See the file's head.
#[derive(Debug)]
pub(crate) struct Report<'a> {
    pub(crate) setting: &'a Setting,
    pub(crate) figures: &'a Figures,
    /// Round trips per second, before and after.
    pub(crate) yardstick: (f64, f64),
}

impl Report<'_> {
    pub(crate) fn markdown(&self) -> String {
        let mut out = self.head();
        out.push_str(
            "| hook | way | at a time | jobs/s (min–max) | of floor | p50 µs | p95 µs | p99 µs \
             | max µs | CPU ms per 1,000 jobs (min–max) | of floor |\n\
             |---|---|---|---|---|---|---|---|---|---|---|\n",
        );
        for arm in self.figures.arms() {
            self.row(&mut out, arm);
        }
        out.push_str(
            "\nWhere it goes: CPU ms per 1,000 jobs by process, and medians of the outcomes' own \
             timings.\n\n\
             | hook | way | at a time | master | zygote | children | queued µs | dispatch µs \
             | run µs |\n|---|---|---|---|---|---|---|---|---|\n",
        );
        for arm in self.figures.arms() {
            self.parts_row(&mut out, arm);
        }
        out
    }

    fn head(&self) -> String {
        let versions = &self.setting.versions;
        let versions: Vec<String> = versions.iter().map(|(k, v)| format!("{k} {v}")).collect();
        let (before, after) = self.yardstick;
        let drift = self.drift();
        let verdict = if drift > DRIFT_MAX {
            "; **the machine was busy with other things: trust the CPU times, not the rates**"
        } else {
            ""
        };
        format!(
            "{}; --max-children {} --warm {}; closed loop, {} ms an arm and round.\n\n\
             Redis round trips per second before {before:.0}, after {after:.0} ({:.0} % drift){verdict}.\n\n",
            versions.join(", "),
            self.setting.max_children,
            self.setting.warm,
            self.setting.arm.as_millis(),
            drift * 100.0,
        )
    }

    fn drift(&self) -> f64 {
        let (before, after) = self.yardstick;
        (after - before).abs() / before.max(1.0)
    }

    fn spread(&self, arm: Arm, measure: &str) -> Spread {
        self.figures.spread(arm, measure).unwrap_or_default()
    }

    /// `arm`'s measure as a multiple of the floor's: the same hook, as many at a time as the
    /// floor was measured with.
    fn of_floor(&self, arm: Arm, measure: &str) -> Option<f64> {
        let floor = Arm {
            way: Way::Floor,
            concurrency: arm.concurrency.min(2),
            ..arm
        };
        let floor = self.figures.spread(floor, measure)?;
        Some(self.spread(arm, measure).median / floor.median)
    }

    fn row(&self, out: &mut String, arm: Arm) {
        let Spread { median, min, max } = self.spread(arm, "jobs_per_s");
        let cpu = self.spread(arm, "cpu_ms_per_1000");
        let us = |measure| self.spread(arm, measure).median;
        let ratio = |measure| match self.of_floor(arm, measure) {
            Some(ratio) => format!("{ratio:.2}"),
            None => "–".to_owned(),
        };
        // Writing into a String cannot fail.
        let _ = writeln!(
            out,
            "| {} | {} | {} | {median:.0} ({min:.0}–{max:.0}) | {} | {:.0} | {:.0} | {:.0} \
             | {:.0} | {:.0} ({:.0}–{:.0}) | {} |",
            arm.hook.name(),
            arm.way.name(),
            arm.concurrency,
            ratio("jobs_per_s"),
            us("p50_us"),
            us("p95_us"),
            us("p99_us"),
            self.spread(arm, "max_us").max,
            cpu.median,
            cpu.min,
            cpu.max,
            ratio("cpu_ms_per_1000"),
        );
    }

    fn parts_row(&self, out: &mut String, arm: Arm) {
        let median = |measure| self.spread(arm, measure).median;
        let _ = writeln!(
            out,
            "| {} | {} | {} | {:.0} | {:.0} | {:.0} | {:.0} | {:.0} | {:.0} |",
            arm.hook.name(),
            arm.way.name(),
            arm.concurrency,
            median("master_cpu_ms_per_1000"),
            median("zygote_cpu_ms_per_1000"),
            median("children_cpu_ms_per_1000"),
            median("queued_p50_us"),
            median("dispatch_p50_us"),
            median("run_p50_us"),
        );
    }

    pub(crate) fn json(&self) -> Value {
        let mut arms = Vec::new();
        for arm in self.figures.arms() {
            let mut entry = Map::new();
            entry.insert("hook".to_owned(), json!(arm.hook.name()));
            entry.insert("way".to_owned(), json!(arm.way.name()));
            entry.insert("concurrency".to_owned(), json!(arm.concurrency));
            for measure in MEASURES {
                let Spread { median, min, max } = self.spread(arm, measure);
                let spread = json!({ "median": median, "min": min, "max": max });
                entry.insert(measure.to_owned(), spread);
            }
            arms.push(Value::Object(entry));
        }
        let versions = self.setting.versions.iter();
        let versions: Map<String, Value> =
            versions.map(|(k, v)| ((*k).to_owned(), json!(v))).collect();
        json!({
            "versions": versions,
            "max_children": self.setting.max_children,
            "warm": self.setting.warm,
            "yardstick_before": self.yardstick.0,
            "yardstick_after": self.yardstick.1,
            "drift_above_limit": self.drift() > DRIFT_MAX,
            "arms": arms,
        })
    }
}
