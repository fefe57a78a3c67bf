//! [`Fifo`]: a queue whose entries can also leave from the middle.
//!
//! An idle child may die and a held job may lose its lease while others wait in front of it; with
//! thousands of children a search through the queue would be the dearest step of the pool. Each
//! entry has a ticket instead, and leaves by it in logarithmic time.

use std::collections::BTreeMap;

/// An entry's place in its queue; never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ticket(u64);

/// First in, first out, with removal by ticket.
#[derive(Debug)]
pub(crate) struct Fifo<T> {
    entries: BTreeMap<Ticket, T>,
    next: u64,
}

impl<T> Fifo<T> {
    pub(crate) fn new() -> Self {
        Self {
            entries: BTreeMap::new(),
            next: 0,
        }
    }

    pub(crate) fn push(&mut self, entry: T) -> Ticket {
        let ticket = Ticket(self.next);
        self.next += 1;
        self.entries.insert(ticket, entry);
        ticket
    }

    pub(crate) fn first(&self) -> Option<&T> {
        self.entries.first_key_value().map(|(_, entry)| entry)
    }

    pub(crate) fn remove(&mut self, ticket: Ticket) -> Option<T> {
        self.entries.remove(&ticket)
    }

    pub(crate) fn get(&self, ticket: Ticket) -> Option<&T> {
        self.entries.get(&ticket)
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_leave_from_the_front_and_from_the_middle() {
        let mut fifo = Fifo::new();
        let a = fifo.push('a');
        let b = fifo.push('b');
        let c = fifo.push('c');
        assert_eq!(fifo.remove(b), Some('b'));
        assert_eq!(fifo.remove(b), None);
        assert_eq!((fifo.first(), fifo.len()), (Some(&'a'), 2));
        assert_eq!((fifo.remove(a), fifo.first()), (Some('a'), Some(&'c')));
        assert_eq!((fifo.remove(c), fifo.first()), (Some('c'), None));
        assert_eq!(fifo.len(), 0);
    }
}
