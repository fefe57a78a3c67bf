//! The document that an upsert inserts when nothing matched.

use serde_json::Map;
use serde_json::Value;

use super::parse::plant;
use super::{Occasion, Update};
use crate::StoreError;
use crate::budget::Budget;
use crate::query::{Filter, Path};

impl Update {
    /// What an upsert inserts when nothing matches the filter; the time is in milliseconds since
    /// 1970.
    pub fn inserted(&self, filter: &Filter, now_ms: u64) -> Result<Map<String, Value>, StoreError> {
        let budget = &Budget::unlimited();
        self.upserted(Occasion {
            filter,
            now_ms,
            budget,
        })
    }

    /// What the query demands by equality, then the update on top. A replacement takes only the
    /// `_id` from the query.
    pub(crate) fn upserted(
        &self,
        occasion: Occasion<'_>,
    ) -> Result<Map<String, Value>, StoreError> {
        let is_replacement = matches!(self, Self::Replace(_));
        let mut seed = Map::new();
        for (path, value) in occasion.filter.equalities() {
            if is_replacement && path.as_str() != "_id" {
                continue;
            }
            let path = Path::of_field(path.as_str(), "the query of an upsert")?;
            plant(&mut seed, &path, value.clone())?;
        }
        self.carry_out(&seed, occasion, true)
    }
}
