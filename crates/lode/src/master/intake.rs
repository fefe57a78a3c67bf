//! From a leased record to work for the pool, or to the outcome of a job that cannot be run.

use std::sync::Arc;
use std::time::{Duration, Instant};

use lode_egress::{Egress, HostRules};
use lode_proto::envelope::TaskOrigin;
use lode_proto::job::{self, Job, JobTarget};
use lode_proto::limits::SOURCES_BYTES_MAX;
use lode_proto::message::{Mode, Run, SourcePart};
use lode_proto::{JobLimits, Outcome, Tag};
use lode_queue::{LeaseRef, Leased, Queue};
use lode_store::{AppLimits, Store, StoreError};

use crate::config::Config;
use crate::master::app_keys::AppKeys;
use crate::master::broker::{JobScope, LogSink};
use crate::master::clock::now;
use crate::master::http_calls::HttpScope;
use crate::master::outlets::Outlets;
use crate::master::progress::JobProgress;
use crate::master::refusal;
use crate::master::work::Work;
use crate::outcome::Subject;

/// Where a job's outcome goes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Recipient {
    pub(crate) reply_to: Option<String>,
    /// The task that the job came as.
    pub(crate) task: Option<Box<TaskOrigin>>,
}

/// What a leased record turned out to be.
#[derive(Debug)]
pub(crate) enum Intake {
    /// A job to run.
    Runnable {
        work: Box<Work>,
        subject: Box<Subject>,
        recipient: Recipient,
    },
    /// A job that gets its outcome without running; with `dead`, it is kept with that reason.
    Refused {
        outcome: Box<Outcome>,
        recipient: Recipient,
        dead: Option<String>,
    },
    /// The store cannot be asked right now: the job goes back.
    Unavailable(StoreError),
}

/// What a job runs, out of the store or the job itself.
struct Sources {
    parts: Vec<SourcePart>,
    function: String,
    collection: Option<String>,
    endpoint: Option<String>,
}

/// Reads, checks and equips leased records.
#[derive(Debug, Clone)]
pub(crate) struct IntakeDesk {
    pub(crate) store: Arc<dyn Store>,
    /// Where running jobs say how far they are.
    pub(crate) queue: Arc<dyn Queue>,
    pub(crate) config: Arc<Config>,
    /// `None` where hooks may send no HTTP requests.
    pub(crate) egress: Option<Arc<Egress>>,
    pub(crate) outlets: Outlets,
}

impl IntakeDesk {
    /// What becomes of a record whose intake panicked: it must not take the worker down with it,
    /// and not the next worker either.
    pub(crate) fn give_up(&self, leased: &Leased) -> Intake {
        let reason = "the record made the worker fail while it was read; this is a bug of Lode";
        let probe = job::probe(&leased.job);
        let mut subject = self.subject(leased);
        subject.app = probe.app.unwrap_or_default();
        subject.hook = probe.hook.unwrap_or_default();
        let recipient = Recipient {
            reply_to: probe.reply_to,
            task: probe.task,
        };
        refuse(&subject, reason.to_owned(), recipient)
    }

    fn subject(&self, leased: &Leased) -> Subject {
        Subject {
            id: leased.lease.job_id.clone(),
            app: String::new(),
            hook: String::new(),
            request: None,
            limits: self.config.limits,
            queued: Duration::from_micros(leased.queued_us),
            worker: self.config.worker.name.clone(),
        }
    }

    /// Takes in one leased record.
    pub(crate) async fn take(&self, leased: &Leased) -> Intake {
        let leased_at = now();
        let mut subject = self.subject(leased);
        let job = match job::parse(&leased.job, &leased.lease.job_id) {
            Ok(job) => job,
            Err(error) => {
                subject.app = error.app.unwrap_or_default();
                subject.hook = error.hook.unwrap_or_default();
                let recipient = Recipient {
                    reply_to: error.reply_to,
                    task: error.task,
                };
                return refuse(&subject, error.reason, recipient);
            }
        };
        let recipient = Recipient {
            reply_to: job.reply_to.clone(),
            task: job.task.clone(),
        };
        // The queue puts something behind an id that another app has taken, and one that will not
        // run may be there under any.
        let known = leased.lease.job_id.strip_prefix(&job.id);
        let is_known = known.is_some_and(|rest| rest.is_empty() || rest.starts_with('~'));
        if !is_known && leased.unrunnable.is_none() {
            let reason = "the queue could not read the job's fields, although it is valid JSON";
            return refuse(&subject, reason.to_owned(), recipient);
        }
        subject.id.clone_from(&job.id);
        subject.app.clone_from(&job.app);
        subject.hook = job.hook_label();
        subject.request.clone_from(&job.request);
        if let Some(why) = &leased.unrunnable {
            let refusal = refusal::of(why, &subject.app, leased.attempts);
            return Intake::Refused {
                outcome: Box::new(subject.not_run(refusal.tag, refusal.debug)),
                recipient,
                dead: refusal.dead,
            };
        }
        match self
            .equip(job, recipient, subject, &leased.lease, leased_at)
            .await
        {
            Ok(intake) => intake,
            Err(error) => Intake::Unavailable(error),
        }
    }

    async fn equip(
        &self,
        job: Job,
        recipient: Recipient,
        mut subject: Subject,
        lease: &LeaseRef,
        leased_at: Instant,
    ) -> Result<Intake, StoreError> {
        let Some(app) = self.store.app(&job.app).await? else {
            let reason = format!("there is no app {:?}", job.app);
            return Ok(refuse(&subject, reason, recipient));
        };
        let sources = match self.sources(&job).await? {
            Ok(sources) => sources,
            Err(reason) => return Ok(refuse(&subject, reason, recipient)),
        };
        subject.limits = self.limits(&app.limits, job.timeout_ms);
        let rules = match HostRules::parse(&app.limits.http_hosts) {
            Ok(rules) => rules,
            Err(error) => {
                let reason = format!("app {:?}, http_hosts: {error}", job.app);
                return Ok(refuse(&subject, reason, recipient));
            }
        };
        let http = HttpScope::new(
            self.egress.clone(),
            rules,
            subject.limits.http_requests_limit,
        );
        let run = Run {
            mode: Mode::Run,
            parts: sources.parts,
            function: Some(sources.function),
            collection: sources.collection,
            endpoint: sources.endpoint,
            request: job.request,
            response: job.response,
            app_key: app.id.clone(),
            realm: self.config.realm(),
            limits: subject.limits,
        };
        let progress = JobProgress::kept(
            Arc::clone(&self.queue),
            lease.clone(),
            &subject.id,
            job.progress_to,
            job.task,
        );
        let scope = JobScope {
            progress: Arc::new(progress),
            app: job.app,
            job: subject.id.clone(),
            hook: subject.hook.clone(),
            store: Arc::clone(&self.store),
            logs: LogSink::Structured,
            keys: Arc::new(AppKeys::of(&app)),
            http: Arc::new(http),
            outlets: self.outlets.clone(),
        };
        let work = Box::new(Work {
            run,
            scope,
            idempotent: job.idempotent,
            leased_at,
        });
        Ok(Intake::Runnable {
            work,
            subject: Box::new(subject),
            recipient,
        })
    }

    /// What the job runs; the inner error says why the job cannot run.
    async fn sources(&self, job: &Job) -> Result<Result<Sources, String>, StoreError> {
        let name = match &job.target {
            JobTarget::Inline { .. } if !self.config.jobs.allow_inline_script => {
                return Ok(Err(
                    "this worker runs stored hooks only; inline scripts are allowed by \
                               jobs.allow_inline_script = true"
                        .to_owned(),
                ));
            }
            JobTarget::Inline { script, function } => {
                let part = SourcePart {
                    name: job.hook_label(),
                    source: script.clone(),
                };
                return Ok(Ok(Sources {
                    parts: vec![part],
                    function: function.clone(),
                    collection: None,
                    endpoint: None,
                }));
            }
            JobTarget::Stored(name) => name,
        };
        let Some(script) = self.store.script(&job.app, &name.to_string()).await? else {
            return Ok(Err(format!("app {:?} has no hook {name}", job.app)));
        };
        let common = script.common.into_iter();
        let mut parts: Vec<SourcePart> = common
            .map(|(name, source)| SourcePart { name, source })
            .collect();
        parts.push(SourcePart {
            name: script.name,
            source: script.source,
        });
        let bytes: usize = parts.iter().map(|part| part.source.len()).sum();
        if bytes > SOURCES_BYTES_MAX {
            return Ok(Err(format!(
                "hook and common code of app {:?} have {bytes} bytes, allowed are \
                 {SOURCES_BYTES_MAX}",
                job.app
            )));
        }
        Ok(Ok(Sources {
            parts,
            function: name.function().unwrap_or_default().to_owned(),
            collection: name.collection().map(str::to_owned),
            endpoint: name.endpoint().map(str::to_owned),
        }))
    }

    /// The job's limits: the worker's defaults, the app's over them, the job's own wall limit over
    /// those, and none above the ceiling.
    fn limits(&self, app: &AppLimits, timeout_ms: Option<u64>) -> JobLimits {
        let mut own = self.config.limits.with(&app.jobs);
        if let Some(ms) = timeout_ms {
            own.wall_limit_ms = ms;
        }
        own.at_most(&self.config.ceiling)
    }
}

fn refuse(subject: &Subject, reason: String, recipient: Recipient) -> Intake {
    let outcome = Box::new(subject.not_run(Tag::BadJob, reason.clone()));
    Intake::Refused {
        outcome,
        recipient,
        dead: Some(reason),
    }
}
