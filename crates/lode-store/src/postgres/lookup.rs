//! Chooses the index that serves a filter, and writes the condition on its keys.

use crate::StoreError;
use crate::postgres::keys::{self, EVERY, Range};
use crate::postgres::sql::Params;
use crate::postgres::transaction::Transaction;
use crate::query::{Condition, Filter, Leaf};

/// An index as the table has it.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) number: i64,
    pub(super) path: String,
    /// Some document has not exactly one key in it.
    pub(super) is_multi: bool,
}

/// The indexes of a collection.
pub(super) async fn of_collection(
    transaction: &Transaction<'_>,
    collection: &str,
) -> Result<Vec<Known>, StoreError> {
    let sql = "SELECT number, path, is_multi FROM indexes WHERE app = $1 AND collection = $2
               ORDER BY path";
    let params = [transaction.app().into(), collection.into()];
    let rows = transaction.query(sql, &params, "look for an index").await?;
    let known = |row: &tokio_postgres::Row| Known {
        number: row.get(0),
        path: row.get(1),
        is_multi: row.get(2),
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

/// The condition on `seq` by the index that leaves the fewest rows; `$1` is the app.
pub(super) fn compile(filter: &Filter, indexes: &[Known], params: &mut Params) -> Option<String> {
    let served = indexes.iter().filter_map(|index| {
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
    let mut sql = format!("seq IN (SELECT k.seq {of_index} AND {conditions}");
    if index.is_multi {
        let every = params.bind(EVERY.to_vec());
        sql.push_str(&format!(
            " UNION ALL SELECT k.seq {of_index} AND k.key = {every}"
        ));
    }
    sql.push(')');
    Some(sql)
}

fn condition(range: &Range, params: &mut Params) -> String {
    match range {
        Range::OneOf(keys) => format!("k.key = ANY({})", params.bind(keys.clone())),
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
            Leaf::Compare(comparison, operand) => vec![keys::range(*comparison, operand)],
            Leaf::In(values) => vec![keys::one_of(values)],
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
