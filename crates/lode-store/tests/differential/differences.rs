//! Where mingo and MongoDB differ: each class with the words of MongoDB's manual that decide it.

use std::fmt;

use serde_json::Value;

use crate::generate::Update;

pub(crate) enum Case<'a> {
    Filter {
        filter: &'a Value,
        document: &'a Value,
    },
    Sort {
        sort: &'a Value,
        documents: &'a [Value],
    },
    Projection {
        fields: &'a Value,
        document: &'a Value,
    },
    Update {
        update: &'a Update,
        document: &'a Value,
    },
}

pub(crate) struct Difference {
    pub(crate) name: &'static str,
    applies: fn(&Case<'_>, &Value, &Value) -> bool,
}

pub(crate) const ALL: [Difference; 21] = [
    // "Query an Array": a condition is met by an element of the array; "Query an Array of Embedded
    // Documents": by the field of any embedded document. An element that is an array is compared as
    // a whole. mingo merges the arrays that it meets on a path into one, and looks into them.
    Difference {
        name: "an array in an array, or at the end of a path through an array",
        applies: |case, _, _| {
            case.any_leaf(|leaf, document| {
                let of_arrays = ["$size", "$elemMatch"].contains(&leaf.operator);
                let is_whole = of_arrays || leaf.has_operand(Value::is_array);
                let arrays = leaf.arrays(document);
                arrays >= 2 || arrays == 1 && is_whole && leaf.path.contains('.')
            })
        },
    },
    // "Query for Null or Missing Fields": `{item: null}` matches documents that do not contain the
    // field; so each embedded document without it counts. mingo leaves those out.
    Difference {
        name: "null or existence through an array",
        applies: |case, _, _| {
            case.any_leaf(|leaf, document| {
                let about_null = leaf.operator == "$exists" || leaf.has_operand(Value::is_null);
                about_null && leaf.path.contains('.') && leaf.arrays(document) > 0
            })
        },
    },
    // "Comparison/Sort Order": "The comparison treats a non-existent field as if it were null"; so
    // `$gte` and `$lte` match what `$eq` does. mingo has `$gte` for a null that is there only.
    Difference {
        name: "a missing field at least or at most null",
        applies: |case, _, _| {
            case.any_leaf(|leaf, _| {
                ["$gte", "$lte"].contains(&leaf.operator) && leaf.operand.is_null()
            })
        },
    },
    // "Query on Embedded/Nested Documents": equality requires an exact match, including the order
    // of fields. mingo compares without order.
    Difference {
        name: "objects whose fields are in another order",
        applies: |case, _, _| {
            case.any_leaf(|leaf, _| {
                let several = |value: &Value| value.as_object().is_some_and(|o| o.len() > 1);
                contains(leaf.operand, &several)
            })
        },
    },
    // "Comparison/Sort Order": objects compare field by field, by type, name and value, in their
    // order; arrays element by element. mingo compares all names first, and sorts both sides.
    Difference {
        name: "less or greater than an object or an array",
        applies: |case, _, _| {
            case.any_leaf(|leaf, _| leaf.is_ordering() && !is_scalar(leaf.operand))
        },
    },
    // "$in": "If the field holds an array, then the $in operator selects the documents whose field
    // holds an array that contains at least one element that matches a value in the specified
    // array", beside the field itself being equal to one. mingo leaves the latter out for arrays.
    Difference {
        name: "$in or $nin with an array among the values",
        applies: |case, _, _| {
            case.any_leaf(|leaf, _| {
                ["$in", "$nin"].contains(&leaf.operator) && leaf.has_operand(Value::is_array)
            })
        },
    },
    // "$all": "equivalent to an $and operation" of the values, so that `{a: {$all: [1]}}` matches
    // what `{a: 1}` does, a field that is no array, too.
    Difference {
        name: "$all of what is no array, of null or of an array as a whole",
        applies: |case, _, _| {
            case.any_leaf(|leaf, document| {
                let whole = |value: &Value| value.is_array() || value.is_null();
                leaf.operator == "$all" && (leaf.arrays(document) == 0 || leaf.has_operand(whole))
            })
        },
    },
    // "$type": "For documents where field is an array, $type returns documents in which at least
    // one array element matches a type passed to $type."
    Difference {
        name: "$type of an array's elements",
        applies: |case, _, _| {
            case.any_leaf(|leaf, document| leaf.operator == "$type" && leaf.arrays(document) > 0)
        },
    },
    // "$mod": it "rounds decimal input towards zero"; the server does so with the field's value,
    // too, and takes numbers only. mingo has what JavaScript's `%` makes of `null`, `""`, `true`,
    // `[2]` and 2.5.
    Difference {
        name: "$mod of what is no whole number",
        applies: |case, _, _| case.any_leaf(|leaf, _| leaf.operator == "$mod"),
    },
    // "Comparison/Sort Order": an ascending sort compares the smallest elements of arrays, a
    // descending one the largest, and an empty array is less than null; objects see above; "The
    // comparison treats a non-existent field as if it were null". mingo compares whole arrays, and
    // puts a missing field before null.
    Difference {
        name: "a sort by arrays, by objects or by null",
        applies: |case, _, _| {
            case.any_key(|value| value.is_some_and(|value| !is_scalar(value) || value.is_null()))
        },
    },
    // "Project Fields to Return from Query": "you cannot project specific array elements using the
    // array index"; a number in a path is the name of a field.
    Difference {
        name: "fields with an index",
        applies: |case, _, _| match case {
            Case::Projection { fields, .. } => fields
                .as_object()
                .into_iter()
                .flatten()
                .any(|(path, _)| path.split('.').any(|step| step.parse::<u8>().is_ok())),
            _ => false,
        },
    },
    // "$slice (projection)": "The $slice projection by itself is considered an exclusion", so that
    // all other fields stay. mingo takes it for an inclusion; what it has kept has to be the same.
    Difference {
        name: "the other fields beside a $slice",
        applies: |case, ours, theirs| {
            let Case::Projection { fields, .. } = case else {
                return false;
            };
            let mut all = fields.as_object().into_iter().flatten();
            let (ours, kept) = (crate::normal(ours), crate::normal(theirs));
            let is_part = |(name, value): (&String, &Value)| ours.get(name) == Some(value);
            let same = kept
                .as_object()
                .is_some_and(|kept| kept.iter().all(is_part));
            let slice = all.find(|(_, value)| value.get("$slice").is_some());
            slice.is_some_and(|(name, _)| {
                theirs.get("error").is_some() || same && ours.get(name) == kept.get(name)
            })
        },
    },
    // "$push": "If the field is not an array, the operation will fail"; "$mul": "The field to
    // update must contain a numeric value". The server does so for all operators, whether their
    // page says it or not, and refuses two changes that meet ("Updating the path 'a' would create a
    // conflict at 'a'"), and a field in what is no object. mingo leaves such a place as it is, and
    // carries the other changes out.
    Difference {
        name: "an update that MongoDB refuses",
        applies: |case, ours, _| {
            let code = ours
                .get("error")
                .and_then(Value::as_str)
                .unwrap_or_default();
            matches!(case, Case::Update { .. }) && code.starts_with("BadUpdate: ")
        },
    },
    // "Comparison/Sort Order", which "$min" and "$max" refer to: numbers, strings, objects, arrays,
    // booleans. mingo compares an array's elements with what is no array.
    Difference {
        name: "$min or $max with an array or an object",
        applies: |case, _, _| {
            let is_compound = |value: &Value, old: Option<&Value>| {
                !is_scalar(value) || old.is_some_and(|old| !is_scalar(old))
            };
            case.any_change("$min", is_compound) || case.any_change("$max", is_compound)
        },
    },
    // "$push": "If the field is absent in the document to update, $push adds the array field", with
    // the modifiers as always; "$addToSet" adds a value "unless the value is already present".
    // mingo takes the list after $each as it is.
    Difference {
        name: "$each into a field that is not there",
        applies: |case, _, _| {
            let is_new =
                |value: &Value, old: Option<&Value>| value.get("$each").is_some() && old.is_none();
            case.any_change("$push", is_new) || case.any_change("$addToSet", is_new)
        },
    },
    // "$elemMatch (query)", "Array of Embedded Documents": a query of fields is about elements that
    // have fields; to the server, an array has its indexes. mingo asks it of every element, so that
    // a negation holds for scalars.
    Difference {
        name: "$elemMatch of fields on elements that have none",
        applies: |case, _, _| {
            case.any_leaf(|leaf, _| {
                let first = leaf.operand.as_object().and_then(|o| o.keys().next());
                let of_values = |key: &String| {
                    key.starts_with('$') && !["$and", "$or", "$nor"].contains(&key.as_str())
                };
                leaf.operator == "$elemMatch" && !first.is_some_and(of_values)
            })
        },
    },
    // "$pull": a value is compared with the element as a whole; a condition applies "as if each
    // array element were a document in a collection", so that one on fields takes documents only.
    // mingo looks for a value in arrays in the array, too, and finds `{}` in everything.
    Difference {
        name: "$pull from an array of arrays, or by a document",
        applies: |case, _, _| {
            case.any_change("$pull", |value, old| {
                let elements = old.and_then(Value::as_array);
                value.is_object() || elements.is_some_and(|array| array.iter().any(Value::is_array))
            })
        },
    },
    // "$pullAll": "If a <value> to remove is a document or an array, $pullAll removes only the
    // elements in the array that match the specified <value> exactly, including order". mingo
    // removes none of those, and an array for one of its elements.
    Difference {
        name: "$pullAll of or from arrays in the array",
        applies: |case, _, _| {
            case.any_change("$pullAll", |value, old| {
                !all_scalar(value) || old.is_some_and(|old| !all_scalar(old))
            })
        },
    },
    // "$ (update)": "a placeholder for the first element that matches the query document". mingo
    // asks an element that is an array about its own elements.
    Difference {
        name: "$ in an array of arrays",
        applies: |case, _, _| match case {
            Case::Update { update, document } => {
                let arrays = |name: &String| arrays(&document[name], &[]) >= 2;
                update
                    .query
                    .as_object()
                    .into_iter()
                    .flatten()
                    .any(|(name, _)| arrays(name))
            }
            _ => false,
        },
    },
    // "$addToSet": it "only ensures that there are no duplicate items added to the set and does not
    // affect existing duplicate elements". mingo removes those.
    Difference {
        name: "$addToSet where there are equal elements already",
        applies: |case, _, _| {
            case.any_change("$addToSet", |_, old| {
                let array = old
                    .and_then(Value::as_array)
                    .map(Vec::as_slice)
                    .unwrap_or_default();
                let array: Vec<Value> = array.iter().map(crate::normal).collect();
                (1..array.len()).any(|index| array[..index].contains(&array[index]))
            })
        },
    },
    // "$sort" for "$push" can "sort by the whole documents"; the server compares whole values in
    // any case, by "Comparison/Sort Order". mingo compares an array's elements with what is no
    // array.
    Difference {
        name: "$push with a $sort of arrays or objects",
        applies: |case, _, _| {
            case.any_change("$push", |value, old| {
                value.get("$sort").is_some() && old.is_some_and(|old| !all_scalar(old))
            })
        },
    },
];

/// One test in a filter: what stands at which path.
struct Leaf<'a> {
    path: String,
    operator: &'a str,
    operand: &'a Value,
}

impl Leaf<'_> {
    /// How many arrays lie on the path and at its end, one in another.
    fn arrays(&self, document: &Value) -> usize {
        let steps: Vec<&str> = self.path.split('.').collect();
        arrays(document, &steps)
    }

    /// Whether the operand, or one of the values that it lists, is such a value.
    fn has_operand(&self, is: fn(&Value) -> bool) -> bool {
        match self.operator {
            "$in" | "$nin" | "$all" => self.operand.as_array().is_some_and(|v| v.iter().any(is)),
            _ => is(self.operand),
        }
    }

    fn is_ordering(&self) -> bool {
        ["$gt", "$gte", "$lt", "$lte"].contains(&self.operator)
    }
}

fn arrays(value: &Value, steps: &[&str]) -> usize {
    match (value, steps) {
        (Value::Array(elements), _) => {
            1 + elements
                .iter()
                .map(|element| arrays(element, steps))
                .max()
                .unwrap_or(0)
        }
        (Value::Object(fields), [step, rest @ ..]) => {
            fields.get(*step).map_or(0, |value| arrays(value, rest))
        }
        _ => 0,
    }
}

fn is_scalar(value: &Value) -> bool {
    !value.is_array() && !value.is_object()
}

fn all_scalar(array: &Value) -> bool {
    array
        .as_array()
        .is_none_or(|array| array.iter().all(is_scalar))
}

fn contains(value: &Value, is: &dyn Fn(&Value) -> bool) -> bool {
    is(value)
        || match value {
            Value::Array(array) => array.iter().any(|value| contains(value, is)),
            Value::Object(fields) => fields.values().any(|value| contains(value, is)),
            _ => false,
        }
}

fn leaves<'a>(filter: &'a Value, before: &str, found: &mut Vec<Leaf<'a>>) {
    for (key, value) in filter.as_object().into_iter().flatten() {
        if key.starts_with('$') {
            for branch in value.as_array().into_iter().flatten() {
                leaves(branch, before, found);
            }
        } else {
            condition(value, &format!("{before}{key}"), found);
        }
    }
}

fn condition<'a>(value: &'a Value, path: &str, found: &mut Vec<Leaf<'a>>) {
    let is_operators = value.as_object().and_then(|o| o.keys().next());
    if !is_operators.is_some_and(|key| key.starts_with('$')) {
        found.push(Leaf {
            path: path.to_owned(),
            operator: "$eq",
            operand: value,
        });
        return;
    }
    for (operator, operand) in value.as_object().into_iter().flatten() {
        found.push(Leaf {
            path: path.to_owned(),
            operator,
            operand,
        });
        match operator.as_str() {
            "$not" => condition(operand, path, found),
            "$elemMatch" => {
                let first = operand.as_object().and_then(|o| o.keys().next());
                match first.map(String::as_str) {
                    Some("$and" | "$or" | "$nor") | None => {
                        leaves(operand, &format!("{path}."), found);
                    }
                    Some(key) if key.starts_with('$') => condition(operand, path, found),
                    Some(_) => leaves(operand, &format!("{path}."), found),
                }
            }
            _ => {}
        }
    }
}

/// What a sort meets: the value at a path, or the first array or scalar on the way.
pub(crate) fn at<'a>(document: &'a Value, path: &str) -> Option<&'a Value> {
    let mut value = document;
    for step in path.split('.') {
        match value {
            Value::Array(_) => return Some(value),
            Value::Object(fields) => value = fields.get(step)?,
            _ => return None,
        }
    }
    Some(value)
}

impl Difference {
    pub(crate) fn of(case: &Case<'_>, ours: &Value, theirs: &Value) -> Option<&'static Self> {
        ALL.iter()
            .find(|difference| (difference.applies)(case, ours, theirs))
    }
}

impl Case<'_> {
    fn any_leaf(&self, is: impl Fn(&Leaf<'_>, &Value) -> bool) -> bool {
        let Self::Filter { filter, document } = self else {
            return false;
        };
        let mut found = Vec::new();
        leaves(filter, "", &mut found);
        found.iter().any(|leaf| is(leaf, document))
    }

    /// Whether the operator changes anything in such a way: its value, and what is there before.
    fn any_change(&self, operator: &str, is: impl Fn(&Value, Option<&Value>) -> bool) -> bool {
        let Self::Update { update, document } = self else {
            return false;
        };
        let changes = update.change.get(operator).and_then(Value::as_object);
        changes.into_iter().flatten().any(|(path, value)| {
            let path = path.trim_end_matches(".$").trim_end_matches(".$[]");
            is(value, at(document, path))
        })
    }

    fn any_key(&self, is: impl Fn(Option<&Value>) -> bool) -> bool {
        let Self::Sort { sort, documents } = self else {
            return false;
        };
        let paths: Vec<&String> = sort
            .as_object()
            .into_iter()
            .flat_map(|o| o.keys())
            .collect();
        documents
            .iter()
            .any(|document| paths.iter().any(|path| is(at(document, path))))
    }

    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Filter { .. } => "filters",
            Self::Sort { .. } => "sorts",
            Self::Projection { .. } => "projections",
            Self::Update { .. } => "updates",
        }
    }
}

impl fmt::Display for Case<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Filter { filter, document } => write!(f, "filter {filter} on {document}"),
            Self::Sort { sort, documents } => {
                let documents = Value::Array(documents.to_vec());
                write!(f, "sort {sort} of {documents}")
            }
            Self::Projection { fields, document } => write!(f, "fields {fields} of {document}"),
            Self::Update { update, document } => {
                write!(
                    f,
                    "update {} where {} of {document}",
                    update.change, update.query
                )
            }
        }
    }
}
