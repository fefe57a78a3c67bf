//! Memory budgets: set from the Run frame, after the isolate exists.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use deno_core::v8;
use lode_proto::limits::HEAP_SLACK_BYTES;

/// ArrayBuffer memory of one job.
#[derive(Debug, Default)]
pub(crate) struct ArrayBudget {
    limit: AtomicUsize,
    used: AtomicUsize,
    denied: AtomicBool,
}

impl ArrayBudget {
    pub(crate) fn set_limit(&self, bytes: usize) {
        self.limit.store(bytes, Ordering::Relaxed);
    }

    /// True once an allocation has been refused.
    pub(crate) fn was_denied(&self) -> bool {
        self.denied.load(Ordering::Relaxed)
    }

    pub(crate) fn take(&self, bytes: usize) -> bool {
        let limit = self.limit.load(Ordering::Relaxed);
        let fits = |used: usize| used.checked_add(bytes).filter(|sum| *sum <= limit);
        let taken = self
            .used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits)
            .is_ok();
        if !taken {
            self.denied.store(true, Ordering::Relaxed);
        }
        taken
    }

    pub(crate) fn give_back(&self, bytes: usize) {
        self.used.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// V8's heap of one job. The isolate starts with a small limit; near it V8 asks for more.
#[derive(Debug)]
pub(crate) struct HeapBudget {
    limit: AtomicUsize,
    tripped: AtomicBool,
    isolate: v8::IsolateHandle,
}

impl HeapBudget {
    pub(crate) fn new(isolate: v8::IsolateHandle) -> Self {
        Self {
            limit: AtomicUsize::new(usize::MAX),
            tripped: AtomicBool::new(false),
            isolate,
        }
    }

    pub(crate) fn set_limit(&self, bytes: usize) {
        self.limit.store(bytes, Ordering::Relaxed);
    }

    /// True once the job has reached its limit.
    pub(crate) fn tripped(&self) -> bool {
        self.tripped.load(Ordering::Relaxed)
    }

    /// V8's question near its limit: how much may it be? Up to the job's limit the answer is yes;
    /// then a slack, once, in which the job is stopped and reported. V8 ends the process beyond.
    pub(crate) fn near_limit(&self, current: usize) -> usize {
        let limit = self.limit.load(Ordering::Relaxed);
        if current < limit {
            return limit;
        }
        if self.tripped.swap(true, Ordering::Relaxed) {
            return current;
        }
        crate::sys::interrupt(&self.isolate);
        current + usize::try_from(HEAP_SLACK_BYTES).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_array_budget_refuses_what_does_not_fit_and_remembers() {
        let budget = ArrayBudget::default();
        budget.set_limit(100);
        assert!(budget.take(60));
        assert!(!budget.take(41) && budget.was_denied());
        budget.give_back(60);
        assert!(budget.take(100));
        assert!(!budget.take(usize::MAX));
    }
}
