//! The shortest way to the documents that may match: by their ids, or by the keys of an index.
//!
//! The way is written into the statement, as a join that can go one way only (`LATERAL … OFFSET 0`).
//! Left to itself, the planner takes a collection that it knows no sizes of for a small one, and
//! reads the whole of it: in its order, which saves it a sort.

use std::collections::BTreeSet;

use crate::StoreError;
use crate::postgres::keys::{EVERY, Range, one_of, range};
use crate::postgres::sql::Params;
use crate::postgres::transaction::Transaction;
use crate::query::{Condition, Filter, Leaf, canonical_id};

/// An index as the table has it.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) number: i64,
    pub(super) path: String,
    /// Some document has not exactly one key in it.
    pub(super) is_multi: bool,
    /// Every document has its keys in it.
    pub(super) is_ready: bool,
}

/// The indexes of a collection, also those that are not ready.
pub(super) async fn of_collection(
    transaction: &Transaction<'_>,
    collection: &str,
) -> Result<Vec<Known>, StoreError> {
    let sql =
        "SELECT number, path, is_multi, is_ready FROM indexes WHERE app = $1 AND collection = $2
               ORDER BY path";
    let params = [transaction.app().into(), collection.into()];
    let rows = transaction.query(sql, &params, "look for an index").await?;
    let known = |row: &tokio_postgres::Row| Known {
        number: row.get(0),
        path: row.get(1),
        is_multi: row.get(2),
        is_ready: row.get(3),
    };
    Ok(rows.iter().map(known).collect())
}

/// Whether an index could serve the filter at all, so that it is worth looking for one.
pub(super) fn may_serve(filter: &Filter) -> bool {
    match filter {
        Filter::And(parts) => parts.iter().any(may_serve),
        Filter::Or(_) | Filter::Nor(_) => false,
        Filter::Field(path, condition) => path.as_str() != "_id" && !ranges(condition).is_empty(),
    }
}

/// The ids that a match must have one of, each once; None when any id would do.
pub(super) fn ids(filter: &Filter) -> Option<BTreeSet<Vec<u8>>> {
    match filter {
        Filter::And(parts) => parts.iter().find_map(ids),
        Filter::Or(_) | Filter::Nor(_) => None,
        Filter::Field(path, condition) if path.as_str() == "_id" => listed(condition),
        Filter::Field(..) => None,
    }
}

fn listed(condition: &Condition) -> Option<BTreeSet<Vec<u8>>> {
    let values = match condition {
        Condition::All(parts) => return parts.iter().find_map(listed),
        Condition::Not(_) => return None,
        Condition::Leaf(Leaf::In(values)) => values.as_slice(),
        Condition::Leaf(leaf) => std::slice::from_ref(leaf.equality()?),
    };
    let ids = values.iter().filter_map(canonical_id);
    Some(ids.map(String::into_bytes).collect())
}

/// What to select from, with the columns of documents as `d`, and the order of insertion there.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) from: String,
    pub(super) order: &'static str,
}

/// The documents of these ids; `$1` is the app, `$2` the collection.
pub(super) fn by_ids(ids: BTreeSet<Vec<u8>>, params: &mut Params) -> Source {
    let ids: Vec<Vec<u8>> = ids.into_iter().collect();
    let wanted = params.bind(ids);
    Source {
        from: format!(
            "unnest({wanted}::bytea[]) AS w (wanted) CROSS JOIN LATERAL (
               SELECT seq, id, doc, body FROM documents
               WHERE app = $1 AND collection = $2 AND id = w.wanted OFFSET 0) AS d"
        ),
        order: "d.seq",
    }
}

/// Those with these keys, in their order: the first of them can be had without the others.
pub(super) fn by_keys(keys: &str) -> Source {
    Source {
        from: format!(
            "(SELECT DISTINCT seq AS found FROM ({keys}) AS keyed ORDER BY found) AS k
             CROSS JOIN LATERAL (
               SELECT seq, id, doc, body FROM documents
               WHERE app = $1 AND collection = $2 AND seq = k.found OFFSET 0) AS d"
        ),
        order: "k.found",
    }
}

/// Which documents have the keys, in the index that leaves the fewest; `$1` is the app.
pub(super) fn keys(filter: &Filter, indexes: &[Known], params: &mut Params) -> Option<String> {
    let served = indexes.iter().filter(|index| index.is_ready);
    let served = served.filter_map(|index| {
        let mut ranges = Vec::new();
        collect(filter, &index.path, &mut ranges);
        (!ranges.is_empty()).then_some((index, ranges))
    });
    let (index, ranges) = served.max_by_key(|(_, ranges)| ranges.iter().any(is_list))?;
    let conditions = if index.is_multi {
        // Two conditions may be met by two keys of one document: one of them has to do.
        let best = ranges.iter().find(|range| is_list(range));
        condition(best.or_else(|| ranges.first())?, params)
    } else {
        let all: Vec<_> = ranges
            .iter()
            .map(|range| condition(range, params))
            .collect();
        all.join(" AND ")
    };
    let number = params.bind(index.number);
    let of_index = format!("FROM document_keys k WHERE k.app = $1 AND k.index = {number}");
    let mut sql = format!("SELECT k.seq {of_index} AND {conditions}");
    if index.is_multi {
        let every = params.bind(EVERY.to_vec());
        sql.push_str(&format!(
            " UNION ALL SELECT k.seq {of_index} AND k.key = {every}"
        ));
    }
    Some(sql)
}

fn condition(range: &Range, params: &mut Params) -> String {
    match range {
        Range::OneOf(keys) => match keys.as_slice() {
            // Whoever reads an index in its order looks for one key in it, but not for several.
            [key] => format!("k.key = {}", params.bind(key.clone())),
            keys => format!("k.key = ANY({})", params.bind(keys.to_vec())),
        },
        Range::Between(low, high) => format!(
            "k.key >= {} AND k.key <= {}",
            params.bind(low.clone()),
            params.bind(high.clone())
        ),
    }
}

fn is_list(range: &Range) -> bool {
    matches!(range, Range::OneOf(_))
}

/// What every match must have at the path.
fn collect(filter: &Filter, path: &str, found: &mut Vec<Range>) {
    match filter {
        Filter::And(parts) => {
            for part in parts {
                collect(part, path, found);
            }
        }
        Filter::Or(_) | Filter::Nor(_) => {}
        Filter::Field(of, condition) if of.as_str() == path => found.extend(ranges(condition)),
        Filter::Field(..) => {}
    }
}

fn ranges(condition: &Condition) -> Vec<Range> {
    match condition {
        Condition::All(parts) => parts.iter().flat_map(ranges).collect(),
        Condition::Not(_) => Vec::new(),
        Condition::Leaf(leaf) => match leaf {
            Leaf::Compare(comparison, operand) => vec![range(*comparison, operand)],
            Leaf::In(values) => vec![one_of(values)],
            Leaf::Exists
            | Leaf::Type(_)
            | Leaf::Regex(_)
            | Leaf::Mod { .. }
            | Leaf::Size(_)
            | Leaf::ElemMatch(_)
            | Leaf::ElemValue(_)
            | Leaf::Within(_)
            | Leaf::Near(_) => Vec::new(),
        },
    }
}
