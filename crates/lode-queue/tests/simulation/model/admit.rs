//! From the inbox into the queue: duplicates, bounds, delays.

use super::{Bug, Dedupe, Entry, Job, Model, Ms, NewJob, State, Why, is_usable};

/// What an id or a dedupe key points to.
enum Twin {
    /// This job is in the queue.
    Live(String),
    /// This job was settled; its outcome when that is kept.
    Settled(String, Option<String>),
}

impl Model {
    /// Puts one job into the inbox and returns the number of its entry.
    pub(crate) fn enqueue(&mut self, now: Ms, job: NewJob) -> u64 {
        self.entries += 1;
        let number = self.entries;
        self.inbox.push_back(Entry::Job {
            number,
            at: now,
            job,
        });
        number
    }

    /// Puts a cancellation into the inbox, as plain-command producers do.
    pub(crate) fn enqueue_cancel(&mut self, id: &str, app: Option<&str>) {
        let (id, app) = (id.to_owned(), app.map(str::to_owned));
        self.inbox.push_back(Entry::Cancel { id, app });
    }

    /// Takes some entries in: the oldest, and when those are not all, the newest, too: who comes
    /// behind somebody's backlog is seen at once.
    pub(super) fn admit(&mut self, now: Ms) {
        for _ in 0..self.options.admit_max {
            if self.lane() >= self.options.unrunnable_max {
                return;
            }
            match self.inbox.pop_front() {
                Some(Entry::Job { number, at, job }) => self.admit_one(now, number, at, job),
                Some(Entry::Cancel { id, app }) => {
                    self.cancel_admitted(&id, app.as_deref());
                }
                None => return,
            }
        }
        if self.has(Bug::NewestNotTaken) {
            return;
        }
        for _ in 0..self.options.admit_newest {
            let full = self.lane() >= self.options.unrunnable_max;
            if full || !matches!(self.inbox.back(), Some(Entry::Job { .. })) {
                return;
            }
            if let Some(Entry::Job { number, at, job }) = self.inbox.pop_back() {
                self.admit_one(now, number, at, job);
            }
        }
    }

    /// Jobs that wait for nothing but their outcome.
    fn lane(&self) -> usize {
        self.jobs
            .values()
            .filter(|job| !job.state.is_live())
            .count()
    }

    fn admit_one(&mut self, now: Ms, number: u64, at: Ms, job: NewJob) {
        self.apps.entry(job.app.clone()).or_default();
        let entry_id = format!("e{number}");
        match self.twin_of(now, &job) {
            Some(Twin::Live(id)) => self.join(now, &id, entry_id, at, job),
            Some(Twin::Settled(_, Some(outcome))) => {
                self.counters.duplicates += 1;
                if let Some(list) = self
                    .list_of(&job)
                    .filter(|_| !self.has(Bug::KeptOutcomeNotPushed))
                {
                    self.pushed.push((list, outcome));
                }
            }
            Some(Twin::Settled(id, None)) => self.refuse_twin(id, entry_id, at, job),
            None => self.take_in(now, entry_id, at, job),
        }
    }

    /// The job that this one repeats, by its id or its dedupe key.
    fn twin_of(&self, now: Ms, job: &NewJob) -> Option<Twin> {
        if let Some(id) = &job.id {
            let live = self.live_of(&job.app, id);
            if let Some(live) = live.filter(|_| !self.has(Bug::LiveIdRunsTwice)) {
                return Some(Twin::Live(live));
            }
            if let Some(outcome) = self.kept(now, &job.app, id) {
                return Some(Twin::Settled(id.clone(), Some(outcome)));
            }
        }
        let key = (job.app.clone(), job.dedupe_key.clone()?);
        let entry = self.dedupe.get(&key)?;
        if entry.until.is_some_and(|until| until <= now) {
            return None;
        }
        let any = self.has(Bug::KeyFindsAnyJobOfThatName);
        let lives = self
            .jobs
            .get(&entry.job)
            .is_some_and(|job| any || job.seq == entry.seq);
        if lives {
            return Some(Twin::Live(entry.job.clone()));
        }
        let outcome = entry
            .named
            .as_ref()
            .and_then(|id| self.kept(now, &job.app, id));
        Some(Twin::Settled(entry.job.clone(), outcome))
    }

    /// Where an app's live job of this id lives: under it, or when others have taken that, under any
    /// name. A job of another id that lives under this one by chance is not meant.
    pub(super) fn live_of(&self, app: &str, id: &str) -> Option<String> {
        let names = [id.to_owned(), format!("{id}~{app}")];
        let mine = |name: &&String| self.jobs.get(*name).is_some_and(|job| job.new.app == app);
        let by_name = names.iter().find(mine);
        if self.has(Bug::NameTakenForTheId) && by_name.is_some() {
            return by_name.cloned();
        }
        let named_so = |(name, job): &(&String, &Job)| {
            let seen = !self.has(Bug::SquattedIdRunsTwice) || names.contains(name);
            seen && job.new.app == app && own_id(job).is_some_and(|own| own == id)
        };
        let named = self.jobs.iter().find(named_so).map(|(name, _)| name);
        // The id of one that named none is its entry's.
        let by_entry = || names.iter().take(1).find(mine);
        let by_entry = || by_entry().filter(|name| own_id(&self.jobs[*name]).is_none());
        named.or_else(by_entry).cloned()
    }

    /// The list on which the job's caller can be told.
    fn list_of(&self, job: &NewJob) -> Option<String> {
        let any = self.has(Bug::UnusableListJoins);
        job.reply_to.clone().filter(|list| any || is_usable(list))
    }

    /// The outcome that is kept of a settled job.
    pub(crate) fn kept(&self, now: Ms, app: &str, id: &str) -> Option<String> {
        let (outcome, until) = self.results.get(&(app.to_owned(), id.to_owned()))?;
        (*until > now).then(|| outcome.clone())
    }

    /// The entry waits for the outcome of the job that is there. A list joins once.
    fn join(&mut self, _now: Ms, id: &str, entry_id: String, at: Ms, new: NewJob) {
        let (twice, joined_max) = (self.has(Bug::ListJoinsTwice), self.options.joined_max);
        let dropped = self.has(Bug::DuplicateDropped);
        let reply_to = self.list_of(&new);
        let job = self.jobs.get_mut(id).expect("it is live");
        // Another job of its key, which its caller expects an outcome of: one for both on one list
        // would leave it waiting.
        let waits =
            |list: &String| job.new.reply_to.as_ref() == Some(list) || job.joined.contains(list);
        let another = new.id.is_some() && new.id != job.new.id;
        if another && reply_to.as_ref().is_some_and(waits) && !dropped {
            return self.refuse_twin(id.to_owned(), entry_id, at, new);
        }
        let list = reply_to.filter(|list| {
            twice || (job.new.reply_to.as_ref() != Some(list) && !job.joined.contains(list))
        });
        match list {
            Some(list) if job.joined.len() < joined_max => job.joined.push(list),
            Some(_) if !dropped => return self.refuse_twin(id.to_owned(), entry_id, at, new),
            Some(_) | None => {}
        }
        self.counters.duplicates += 1;
    }

    /// The outcome that the entry could have had is not to be had: it is told so, if it can be.
    fn refuse_twin(&mut self, of: String, entry_id: String, at: Ms, new: NewJob) {
        if self.list_of(&new).is_none() || self.has(Bug::DuplicateDropped) {
            self.counters.duplicates += 1;
            return;
        }
        let id = self.free_id(entry_id);
        self.insert(&id, at, new);
        self.doom(&id, Why::Duplicate { of });
    }

    /// A job of its own: within the bounds it waits, beyond them it is refused.
    fn take_in(&mut self, now: Ms, entry_id: String, at: Ms, new: NewJob) {
        let wanted = match &new.id {
            Some(id) if self.jobs.contains_key(id) => format!("{id}~{}", new.app),
            Some(id) => id.clone(),
            None => entry_id,
        };
        let id = self.free_id(wanted);
        let refused = self.beyond_bounds(&new.app);
        self.insert(&id, at, new);
        if let Some(why) = refused {
            self.counters.refused += 1;
            return self.doom(&id, why);
        }
        let (new, seq) = (self.jobs[&id].new.clone(), self.jobs[&id].seq);
        if let Some(key) = new
            .dedupe_key
            .filter(|_| !self.has(Bug::DedupeEntryForgotten))
        {
            let until = new.dedupe_ttl.map(|ttl| at + ttl);
            let entry = Dedupe {
                job: id.clone(),
                seq,
                named: new.id,
                until,
            };
            self.dedupe.insert((new.app, key), entry);
        }
        let due = new.run_at.unwrap_or(at + new.delay);
        if due > now && !self.has(Bug::DelayIgnored) {
            self.jobs.get_mut(&id).expect("just put in").state = State::Delayed { due };
        } else {
            self.queue_up(&id);
        }
    }

    pub(super) fn beyond_bounds(&self, app: &str) -> Option<Why> {
        let live = |is: &dyn Fn(&Job) -> bool| {
            let live = self
                .jobs
                .values()
                .filter(|job| job.state.is_live() && is(job));
            live.map(|_| 1).sum::<i64>()
        };
        let late = i64::from(self.has(Bug::BoundOneTooMany));
        let own = self.apps.get(app).and_then(|app| app.quota.queue_max);
        let app_max = own.unwrap_or(self.options.app_queue_max);
        if !app.is_empty() && app_max >= 0 && live(&|job| job.new.app == app) >= app_max + late {
            return Some(Why::AppQueueFull {
                max: app_max.unsigned_abs(),
            });
        }
        let max = self.options.queue_max;
        (max >= 0 && live(&|_| true) >= max + late).then(|| Why::QueueFull {
            max: max.unsigned_abs(),
        })
    }

    /// This id, or one like it that nobody has.
    fn free_id(&mut self, wanted: String) -> String {
        let mut id = wanted.clone();
        while self.jobs.contains_key(&id) {
            id = format!("{wanted}~{}", self.next_seq());
        }
        id
    }

    fn insert(&mut self, id: &str, at: Ms, new: NewJob) {
        let job = Job {
            new,
            at,
            seq: self.next_seq(),
            attempts: 0,
            losses: 0,
            cancelled: false,
            joined: Vec::new(),
            state: State::Queued,
        };
        self.jobs.insert(id.to_owned(), job);
    }
}

/// The id that a job named; one that was refused as a second one of another has none.
fn own_id(job: &Job) -> Option<&String> {
    let State::Unrunnable {
        why: Why::Duplicate { .. },
        ..
    } = job.state
    else {
        return job.new.id.as_ref();
    };
    None
}
