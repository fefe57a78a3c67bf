//! The floor: fork, run and exit of the same isolate, driven by hand. Nothing is forked ahead, so
//! that the price of the fork is in it.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use lode_proto::JobLimits;
use lode_proto::message::{Mode, Realm, Run, SourcePart};
use lode_proto::{ChildExit, ExitCause};

use crate::arm::Hook;
use crate::cpu::Cpu;
use crate::figures::{Figure, Load, Sample};
use crate::forks::{ForkedChild, Forks};

/// One round with `concurrency` children at a time.
#[expect(clippy::disallowed_methods, reason = "it measures")]
pub(crate) fn measure(hook: Hook, concurrency: usize, length: Duration) -> Result<Figure> {
    let mut floor = Floor {
        forks: Forks::launch()?,
        run: run(hook),
        running: VecDeque::new(),
    };
    let mut load = Load::default();
    floor.spin(concurrency, length / 4, &mut load)?;
    load.samples.clear();
    let launcher = floor.forks.zygote.pid();
    let cpu = Cpu::of_launcher(launcher)?;
    let start = Instant::now();
    floor.spin(concurrency, length, &mut load)?;
    load.elapsed = start.elapsed();
    Ok(Figure::of(load, Cpu::of_launcher(launcher)? - cpu))
}

struct Floor {
    forks: Forks,
    run: Run,
    running: VecDeque<(Instant, ForkedChild)>,
}

impl Floor {
    /// Runs jobs for `length`, and leaves none behind.
    #[expect(clippy::disallowed_methods, reason = "it measures")]
    fn spin(&mut self, concurrency: usize, length: Duration, load: &mut Load) -> Result<()> {
        let start = Instant::now();
        loop {
            let more = start.elapsed() < length;
            if more && self.running.len() < concurrency {
                let asked = Instant::now();
                self.forks.ask()?;
                let mut child = self.forks.ready_child()?;
                child.start(&self.run)?;
                self.running.push_back((asked, child));
            } else if let Some((asked, child)) = self.running.pop_front() {
                let (done, cause) = self.forks.finish(child)?;
                let good = cause == ExitCause::Exited(ChildExit::Reported)
                    && done.is_some_and(|done| done.status == 200);
                ensure!(good, "a child of the floor ended with {cause}");
                load.samples.push(Sample {
                    latency_us: u64::try_from(asked.elapsed().as_micros())?,
                    ..Sample::default()
                });
            } else {
                return Ok(());
            }
        }
    }
}

fn run(hook: Hook) -> Run {
    Run {
        mode: Mode::Run,
        parts: vec![SourcePart {
            name: hook.name().to_owned(),
            source: hook.source().to_owned(),
        }],
        function: Some("onPreSave".to_owned()),
        collection: Some(hook.collection().to_owned()),
        endpoint: None,
        request: None,
        response: None,
        app_key: "soak".to_owned(),
        realm: Realm::default(),
        limits: JobLimits::default(),
    }
}
