//! What is true of a pool between any two calls.
//!
//! Each registry checks its own indexes; here is what holds between them.

use super::Pool;
use super::child::ChildState;
use super::drain::Phase;
use super::jobs::Place;
use super::zygote::ZygoteState;

impl Pool {
    /// Panics if the pool contradicts itself. Reads every child; debug builds call it after each
    /// mutation (with more than 64 children, after every so many).
    pub fn check_invariants(&self) {
        self.children.check();
        self.zygotes.check();
        self.hooks.check();
        self.jobs.check(
            self.children.counts().running,
            self.options.places_for_all(),
            self.options.room_of_app(),
        );
        self.check_sizes();
        self.check_children();
        self.check_zygotes();
        self.check_phase();
    }

    fn check_sizes(&self) {
        let counts = self.children.counts();
        assert!(
            counts.live() <= self.options.max_children,
            "more children than allowed"
        );
        assert!(
            counts.idle == 0 || !self.jobs.has_next(self.is_kept_place_next()),
            "a job that may start waits although a child is idle"
        );
        assert!(
            self.jobs.held() <= self.options.room(),
            "more jobs wait than there is room for"
        );
    }

    fn check_children(&self) {
        for (id, child) in self.children.iter() {
            let zygote = self.zygotes.get(child.zygote);
            assert!(
                zygote.is_some_and(|zygote| zygote.children.contains(&id)),
                "{id:?} is not known to its zygote"
            );
            assert!(
                !child.state.is_waiting()
                    || zygote.is_some_and(|zygote| zygote.state.may_have_waiting_children()),
                "{id:?} of a dead or dying zygote could get a job"
            );
            if let ChildState::Running { run } = child.state {
                let place = self.jobs.place(run.job);
                assert_eq!(
                    place,
                    Some(Place::On(id, run.app)),
                    "{:?} does not know its child",
                    run.job
                );
            }
        }
    }

    fn check_zygotes(&self) {
        let mut known = 0;
        for (id, zygote) in self.zygotes.iter() {
            known += zygote.children.len();
            let has_children = !zygote.children.is_empty();
            match zygote.state {
                ZygoteState::Starting { .. } | ZygoteState::Stopping { .. } => {
                    assert!(!has_children, "{id:?} cannot have children");
                }
                ZygoteState::Retiring | ZygoteState::Gone => {
                    assert!(has_children, "{id:?} has nothing to wait for");
                }
                ZygoteState::Serving { .. }
                | ZygoteState::Expiring { .. }
                | ZygoteState::Doomed => {}
            }
        }
        let live = self.children.counts().live();
        assert_eq!(known, live, "a zygote lists a child that is gone");
    }

    fn check_phase(&self) {
        let counts = self.children.counts();
        match self.phase {
            Phase::Serving => return,
            Phase::Draining { .. } => {}
            Phase::Closing => assert_eq!(counts.running, 0, "a job runs past the drain limit"),
            Phase::Drained => assert_eq!(counts.live(), 0, "a child outlived the drain"),
        }
        assert_eq!(
            counts.waiting(),
            0,
            "a child waits for a job during a drain"
        );
        assert_eq!(self.jobs.held(), 0, "a job is held during a drain");
        let zygotes = (self.zygotes.current(), self.zygotes.starting());
        assert_eq!(zygotes, (None, None), "a zygote serves during a drain");
    }
}
