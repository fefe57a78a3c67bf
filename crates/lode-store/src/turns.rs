//! Who is next in a lane: apps take turns, and none takes all threads.

use std::collections::{HashMap, VecDeque};

use crate::StoreError;
use crate::limits::{APP_WAITING_OPERATIONS_MAX, WAITING_OPERATIONS_MAX};

/// What waits, by app. Within an app first come is first served.
#[derive(Debug)]
pub(crate) struct Turns<T> {
    /// The apps that have something waiting, each once; the front is next.
    order: VecDeque<String>,
    /// The apps that have something waiting or running.
    apps: HashMap<String, Share<T>>,
    waiting: usize,
    /// How many of one app may run at the same time.
    running_max: usize,
}

#[derive(Debug)]
struct Share<T> {
    waiting: VecDeque<T>,
    running: usize,
}

impl<T> Turns<T> {
    /// For so many threads: one app may have half of them, and at least one.
    pub(crate) fn new(threads: usize) -> Self {
        Self {
            order: VecDeque::new(),
            apps: HashMap::new(),
            waiting: 0,
            running_max: (threads / 2).max(1),
        }
    }

    /// Lets something of this app wait for its turn; refused when too much waits.
    pub(crate) fn push(
        &mut self,
        app: &str,
        item: T,
        is_abandoned: impl Fn(&T) -> bool,
    ) -> Result<(), StoreError> {
        let of_app = |turns: &Self| turns.apps.get(app).map_or(0, |share| share.waiting.len());
        let is_full = |turns: &Self| {
            turns.waiting >= WAITING_OPERATIONS_MAX || of_app(turns) >= APP_WAITING_OPERATIONS_MAX
        };
        if is_full(self) {
            self.forget(is_abandoned);
        }
        if of_app(self) >= APP_WAITING_OPERATIONS_MAX {
            return Err(StoreError::TooManyOperations {
                app: app.to_owned(),
                limit: APP_WAITING_OPERATIONS_MAX,
            });
        }
        if self.waiting >= WAITING_OPERATIONS_MAX {
            return Err(StoreError::Overloaded {
                limit: WAITING_OPERATIONS_MAX,
            });
        }
        let share = self.apps.entry(app.to_owned()).or_insert_with(|| Share {
            waiting: VecDeque::new(),
            running: 0,
        });
        if share.waiting.is_empty() {
            self.order.push_back(app.to_owned());
        }
        share.waiting.push_back(item);
        self.waiting += 1;
        Ok(())
    }

    /// Takes what is next, with its app; [`Turns::finish`] must follow when it is done.
    pub(crate) fn take(&mut self) -> Option<(String, T)> {
        let may_run = |app: &String| self.apps[app].running < self.running_max;
        let next = self.order.iter().position(may_run)?;
        let app = self.order.remove(next)?;
        let share = self.apps.get_mut(&app)?;
        let item = share.waiting.pop_front()?;
        share.running += 1;
        self.waiting -= 1;
        if !share.waiting.is_empty() {
            self.order.push_back(app.clone());
        }
        Some((app, item))
    }

    /// Says that something taken is done.
    pub(crate) fn finish(&mut self, app: &str) {
        if let Some(share) = self.apps.get_mut(app) {
            share.running -= 1;
            if share.running == 0 && share.waiting.is_empty() {
                self.apps.remove(app);
            }
        }
    }

    /// Drops what nobody waits for any more.
    fn forget(&mut self, is_abandoned: impl Fn(&T) -> bool) {
        for share in self.apps.values_mut() {
            share.waiting.retain(|item| !is_abandoned(item));
        }
        let apps = &mut self.apps;
        self.order.retain(|app| !apps[app].waiting.is_empty());
        apps.retain(|_, share| share.running > 0 || !share.waiting.is_empty());
        self.waiting = apps.values().map(|share| share.waiting.len()).sum();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turns(threads: usize, items: &[(&str, usize)]) -> Turns<usize> {
        let mut turns = Turns::new(threads);
        for (app, item) in items {
            turns.push(app, *item, |_| false).unwrap();
        }
        turns
    }

    #[test]
    fn apps_take_turns_and_keep_the_order_within_one() {
        let mut turns = turns(
            2,
            &[("a", 1), ("a", 2), ("a", 3), ("b", 4), ("b", 5), ("c", 6)],
        );
        let mut order = Vec::new();
        while let Some((app, item)) = turns.take() {
            order.push(item);
            turns.finish(&app);
        }
        assert_eq!(order, [1, 4, 6, 2, 5, 3]);
        assert!(
            turns.apps.is_empty(),
            "nothing is kept of apps that are done"
        );
    }

    #[test]
    fn one_app_takes_at_most_half_of_the_threads() {
        let mut turns = turns(4, &[("a", 1), ("a", 2), ("a", 3), ("b", 4)]);
        let mut taken = Vec::new();
        while let Some((_, item)) = turns.take() {
            taken.push(item);
        }
        assert_eq!(taken, [1, 4, 2]);
        turns.finish("a");
        assert_eq!(turns.take(), Some(("a".to_owned(), 3)));
    }

    #[test]
    fn an_apps_backlog_is_refused_and_others_go_on() {
        let mut turns = turns(1, &[]);
        for item in 0..APP_WAITING_OPERATIONS_MAX {
            turns.push("a", item, |_| false).unwrap();
        }
        let refused = turns.push("a", 0, |_| false).unwrap_err();
        assert_eq!(refused.code(), "TooManyOperations", "{refused}");
        turns.push("b", 0, |_| false).unwrap();
        // What nobody waits for makes room.
        turns.push("a", 0, |item| *item < 10).unwrap();
        assert_eq!(turns.take(), Some(("a".to_owned(), 10)));
    }

    #[test]
    fn a_full_lane_refuses_rather_than_grows() {
        let mut turns = turns(1, &[]);
        for item in 0..WAITING_OPERATIONS_MAX {
            let app = (item / APP_WAITING_OPERATIONS_MAX).to_string();
            turns.push(&app, item, |_| false).unwrap();
        }
        let refused = turns.push("another", 0, |_| false).unwrap_err();
        assert!(matches!(refused, StoreError::Overloaded { .. }));
    }
}
