//! Promises that were rejected with nobody to look after them, in the order of their rejection.

use std::collections::BTreeMap;

use deno_core::v8;

/// A promise that was rejected with nobody to look after it.
pub(crate) struct Rejection {
    pub(crate) promise: v8::Global<v8::Promise>,
    pub(crate) reason: v8::Global<v8::Value>,
}

/// Rejected promises in the order of their rejection, found again by their identity hashes: a flood
/// of them costs a logarithm each.
#[derive(Default)]
pub(crate) struct Rejections {
    by_order: BTreeMap<u64, Rejection>,
    by_hash: BTreeMap<i32, Vec<u64>>,
    last: u64,
}

impl Rejections {
    pub(crate) fn add(&mut self, hash: i32, rejection: Rejection) {
        self.last += 1;
        self.by_order.insert(self.last, rejection);
        self.by_hash.entry(hash).or_default().push(self.last);
    }

    pub(crate) fn forget(&mut self, hash: i32, promise: &v8::Global<v8::Promise>) {
        let Some(places) = self.by_hash.get_mut(&hash) else {
            return;
        };
        let by_order = &mut self.by_order;
        places.retain(|place| {
            let same = by_order
                .get(place)
                .is_some_and(|found| found.promise == *promise);
            if same {
                by_order.remove(place);
            }
            !same
        });
        if places.is_empty() {
            self.by_hash.remove(&hash);
        }
    }

    /// Takes the first one.
    pub(crate) fn take_first(&mut self) -> Option<Rejection> {
        self.by_order.pop_first().map(|(_, rejection)| rejection)
    }
}
