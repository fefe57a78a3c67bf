//! The document that an upsert inserts when nothing matched.

use serde_json::{Map, Value};

use super::Update;
use super::parse::plant;
use crate::StoreError;
use crate::budget::Budget;
use crate::query::{Filter, Path};

impl Update {
    /// What the query demands by equality, then the update on top. A replacement takes only the
    /// `_id` from the query.
    pub fn upserted(&self, filter: &Filter) -> Result<Map<String, Value>, StoreError> {
        self.upserted_within(filter, &Budget::unlimited())
    }

    /// [`Update::upserted`] that fails once the budget is spent.
    pub(crate) fn upserted_within(
        &self,
        filter: &Filter,
        budget: &Budget,
    ) -> Result<Map<String, Value>, StoreError> {
        let is_replacement = matches!(self, Self::Replace(_));
        let mut seed = Map::new();
        for (path, value) in filter.equalities() {
            if is_replacement && path.as_str() != "_id" {
                continue;
            }
            let path = Path::of_field(path.as_str(), "the query of an upsert")?;
            plant(&mut seed, &path, value.clone())?;
        }
        self.apply_within(&seed, budget)
    }
}
