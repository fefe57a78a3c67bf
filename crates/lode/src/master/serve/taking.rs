//! The worker's intake: leased records on their way to the pool, or to their outcome.

use anyhow::{Result, bail};
use lode_queue::{LeaseRef, Leased};
use tokio::task::JoinError;

use super::{Back, Running, Server, UNRUNNABLE_MAX};
use crate::master::clock::now;
use crate::master::intake::Intake;
use crate::shown::chain;

impl Server {
    pub(super) fn take(&mut self, leased: Leased) {
        if leased.unrunnable.is_none() {
            self.taking += 1;
        } else if self.unrunnable.len() >= UNRUNNABLE_MAX {
            return; // its lease ends, and it is handed out anew: that is what bounds the memory here
        } else {
            self.unrunnable.insert(leased.lease.token.clone());
        }
        self.held
            .insert(leased.lease.token.clone(), leased.lease.clone());
        let (desk, record) = (self.desk.clone(), leased.clone());
        let task = self.tasks.spawn(async move {
            let intake = desk.take(&leased).await;
            Back::Taken {
                lease: leased.lease,
                attempts: leased.attempts,
                intake,
            }
        });
        self.reading.insert(task.id(), record);
    }

    /// The record of this lease is no longer being taken in.
    pub(super) fn was_read(&mut self, lease: &LeaseRef) {
        if !self.unrunnable.contains(&lease.token) {
            self.taking -= 1;
        }
    }

    /// A task panicked. One that was reading a record has met a bug of ours, which costs that
    /// record its run and nobody else anything.
    pub(super) fn task_failed(&mut self, error: &JoinError) -> Result<()> {
        let Some(leased) = self.reading.remove(&error.id()) else {
            bail!("a task of the worker failed: {error}");
        };
        tracing::error!(job = leased.lease.job_id, %error, "a record made its intake panic");
        self.was_read(&leased.lease);
        let intake = self.desk.give_up(&leased);
        self.taken(leased.lease, leased.attempts, intake);
        Ok(())
    }

    pub(super) fn taken(&mut self, lease: LeaseRef, attempts: u32, intake: Intake) {
        if self.lost_early.remove(&lease.token) {
            tracing::warn!(
                job = lease.job_id,
                "the lease was lost before the job could start"
            );
            self.held.remove(&lease.token);
            self.unrunnable.remove(&lease.token);
            return;
        }
        match intake {
            Intake::Runnable {
                work,
                subject,
                recipient,
            } => {
                if let Some(ban) = self.bans.of(&subject.app, now()) {
                    let outcome = subject.suspended(&ban);
                    return self.settle(lease, &outcome, recipient, None);
                }
                let job = self.shell.submit(*work);
                self.running.insert(
                    job,
                    Running {
                        lease,
                        subject,
                        recipient,
                        attempts,
                    },
                );
            }
            Intake::Refused {
                outcome,
                recipient,
                dead,
            } => self.settle(lease, &outcome, recipient, dead),
            Intake::Unavailable(error) => {
                tracing::error!(
                    job = lease.job_id,
                    error = chain(&error),
                    "the store cannot be asked; job handed back"
                );
                self.parked.insert(lease.token.clone());
                self.file(|clerk| async move { clerk.release_later(lease).await });
            }
        }
    }
}
