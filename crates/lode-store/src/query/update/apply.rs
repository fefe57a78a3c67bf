//! Carries an update out on one document.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::place::{Room, existing, put, unset};
use super::{Action, Change, End, Occasion, Update, array, number, parse};
use crate::StoreError;
use crate::budget::Budget;
use crate::query::date::iso_date;
use crate::query::order::{compare, type_name};
use crate::query::path::Segment;
use crate::query::{Filter, Path};

impl Update {
    /// The document after the update, however long that takes. The filter is what it matched; the
    /// time is in milliseconds since 1970.
    pub fn applied(
        &self,
        document: &Map<String, Value>,
        filter: &Filter,
        now_ms: u64,
    ) -> Result<Map<String, Value>, StoreError> {
        let budget = &Budget::unlimited();
        let occasion = Occasion {
            filter,
            now_ms,
            budget,
        };
        self.apply(document, occasion)
    }

    /// The document after the update; the given one is left as it is, so that a failure halfway
    /// changes nothing. Fails once the budget is spent.
    pub(crate) fn apply(
        &self,
        document: &Map<String, Value>,
        occasion: Occasion<'_>,
    ) -> Result<Map<String, Value>, StoreError> {
        self.carry_out(document, occasion, false)
    }

    /// [`Update::apply`] on what is being inserted.
    pub(super) fn carry_out(
        &self,
        document: &Map<String, Value>,
        occasion: Occasion<'_>,
        inserts: bool,
    ) -> Result<Map<String, Value>, StoreError> {
        let id = document.get("_id");
        let mut updated = match self {
            Self::Replace(replacement) => replacement.clone(),
            Self::Modify(changes) => modified(changes, document, occasion, inserts)?,
        };
        match (id, updated.get("_id"), self) {
            (None, _, _) => {}
            (Some(id), Some(new), _) if compare(id, new).is_eq() => {}
            (Some(id), None, Self::Replace(_)) => {
                updated.insert("_id".to_owned(), id.clone());
            }
            (Some(id), _, _) => {
                return Err(StoreError::bad_update(format!(
                    "the update would change the _id {id}, which cannot change; leave _id out"
                )));
            }
        }
        Ok(updated)
    }
}

fn modified(
    changes: &[Change],
    document: &Map<String, Value>,
    occasion: Occasion<'_>,
    inserts: bool,
) -> Result<Map<String, Value>, StoreError> {
    let mut root = Value::Object(document.clone());
    let mut run = Run {
        room: Room::new(),
        occasion,
        inserts,
    };
    for change in resolved(changes, document, occasion)?.iter() {
        let path = &change.path;
        if occasion.budget.step_by_name(path.as_str()) {
            occasion.budget.check()?;
        }
        run.change(&mut root, path.segments(), path, &change.action)?;
    }
    match root {
        Value::Object(updated) => Ok(updated),
        // A path has at least one step, so the root itself is never replaced.
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Ok(Map::new())
        }
    }
}

/// The changes with the index of the matched element in place of `$`.
fn resolved<'a>(
    changes: &'a [Change],
    document: &Map<String, Value>,
    occasion: Occasion<'_>,
) -> Result<Cow<'a, [Change]>, StoreError> {
    let place = |change: &Change| {
        let mut steps = change.path.segments().iter();
        steps.position(|step| step.name == Segment::MATCHED)
    };
    if changes.iter().all(|change| place(change).is_none()) {
        return Ok(Cow::Borrowed(changes));
    }
    let mut resolved = changes.to_vec();
    for change in &mut resolved {
        let Some(place) = place(change) else {
            continue;
        };
        let array = change.path.up_to(place);
        let index = occasion
            .filter
            .matched_index(document, &array, occasion.budget);
        occasion.budget.check()?;
        let index = index.ok_or_else(|| {
            StoreError::bad_update(format!(
                "the `$` in {} stands for the array's element that the query matched, and the \
                 query names none",
                change.path
            ))
        })?;
        change.path = change.path.with_index(place, index);
    }
    parse::in_order(&mut resolved)?;
    Ok(Cow::Owned(resolved))
}

/// One update of one document.
struct Run<'a> {
    room: Room,
    occasion: Occasion<'a>,
    inserts: bool,
}

impl Run<'_> {
    /// Carries one action out at the end of the steps, for each element where they say `$[]`.
    fn change(
        &mut self,
        root: &mut Value,
        steps: &[Segment],
        path: &Path,
        action: &Action,
    ) -> Result<(), StoreError> {
        let Some(place) = steps.iter().position(|step| step.name == Segment::ALL) else {
            return self.act(root, steps, path, action);
        };
        let (head, tail) = (&steps[..place], &steps[place + 1..]);
        let fault = |what: &str| {
            let place = path.up_to(path.segments().len() - tail.len() - 1);
            Err(StoreError::bad_update(format!(
                "the `$[]` in {path} needs an array at {place}, which is {what}"
            )))
        };
        match existing(root, head) {
            Some(Value::Array(array)) => {
                for element in array {
                    if self.occasion.budget.step() {
                        self.occasion.budget.check()?;
                    }
                    self.change(element, tail, path, action)?;
                }
                Ok(())
            }
            Some(other) => fault(type_name(other)),
            None => fault("missing"),
        }
    }

    fn act(
        &mut self,
        root: &mut Value,
        steps: &[Segment],
        path: &Path,
        action: &Action,
    ) -> Result<(), StoreError> {
        let budget = self.occasion.budget;
        let value = match action {
            Action::SetOnInsert(_) if !self.inserts => return Ok(()),
            Action::Set(value) | Action::SetOnInsert(value) => self.room.copy(value)?,
            Action::CurrentDate => Value::String(iso_date(self.occasion.now_ms)),
            Action::Unset => {
                unset(root, steps, budget);
                return Ok(());
            }
            Action::RenameFrom(source) => match renamed(root, source, path)? {
                Some(value) => {
                    unset(root, source.segments(), budget);
                    value
                }
                None => return Ok(()),
            },
            Action::Min(value) => match existing(root, steps) {
                Some(old) if compare(value, old).is_ge() => return Ok(()),
                Some(_) | None => self.room.copy(value)?,
            },
            Action::Max(value) => match existing(root, steps) {
                Some(old) if compare(value, old).is_le() => return Ok(()),
                Some(_) | None => self.room.copy(value)?,
            },
            Action::Bit(operations) => {
                number::bits(existing(root, steps).as_deref(), operations, path)?
            }
            Action::Inc(by) => match number_at("$inc", root, steps, path)? {
                Some(number) => Value::Number(number::sum(number, by, path)?),
                None => Value::Number(by.clone()),
            },
            Action::Mul(by) => match number_at("$mul", root, steps, path)? {
                Some(number) => Value::Number(number::product(number, by, path)?),
                None => Value::Number(number::zero_like(by)),
            },
            Action::Push(_)
            | Action::AddToSet(_)
            | Action::Pop(_)
            | Action::Pull(_)
            | Action::PullAll(_) => match array_at(action.name(), root, steps, path)? {
                Some(array) => return self.act_on_array(array, action),
                None => match self.new_array(action)? {
                    Some(array) => array,
                    None => return Ok(()),
                },
            },
        };
        put(root, steps, value, path, &mut self.room)
    }

    fn act_on_array(&mut self, array: &mut Vec<Value>, action: &Action) -> Result<(), StoreError> {
        let budget = self.occasion.budget;
        match action {
            Action::Push(push) => push.apply(array, &mut self.room, budget),
            Action::AddToSet(values) => array::add_to_set(array, values, &mut self.room, budget),
            Action::Pop(End::Last) => {
                array.pop();
                Ok(())
            }
            Action::Pop(End::First) => {
                let _ = budget.steps(1 + array.len());
                array.drain(..array.len().min(1));
                Ok(())
            }
            Action::Pull(pull) => {
                array.retain(|element| !pull.takes(element, budget));
                budget.check()
            }
            Action::PullAll(values) => array::pull_all(array, values, budget),
            Action::Set(_)
            | Action::SetOnInsert(_)
            | Action::Unset
            | Action::Inc(_)
            | Action::Mul(_)
            | Action::Min(_)
            | Action::Max(_)
            | Action::RenameFrom(_)
            | Action::Bit(_)
            | Action::CurrentDate => Ok(()),
        }
    }

    /// What an action on an array makes where there is none.
    fn new_array(&mut self, action: &Action) -> Result<Option<Value>, StoreError> {
        let makes = matches!(action, Action::Push(_) | Action::AddToSet(_));
        let mut array = Vec::new();
        if makes {
            self.act_on_array(&mut array, action)?;
        }
        Ok(makes.then_some(Value::Array(array)))
    }
}

impl Action {
    fn name(&self) -> &'static str {
        match self {
            Self::Push(_) => "$push",
            Self::AddToSet(_) => "$addToSet",
            Self::Pop(_) => "$pop",
            Self::Pull(_) => "$pull",
            Self::PullAll(_) => "$pullAll",
            Self::Set(_) => "$set",
            Self::SetOnInsert(_) => "$setOnInsert",
            Self::Unset => "$unset",
            Self::Inc(_) => "$inc",
            Self::Mul(_) => "$mul",
            Self::Min(_) => "$min",
            Self::Max(_) => "$max",
            Self::RenameFrom(_) => "$rename",
            Self::Bit(_) => "$bit",
            Self::CurrentDate => "$currentDate",
        }
    }
}

fn number_at<'a>(
    operator: &str,
    root: &'a mut Value,
    steps: &[Segment],
    path: &Path,
) -> Result<Option<&'a serde_json::Number>, StoreError> {
    match existing(root, steps) {
        None => Ok(None),
        Some(Value::Number(number)) => Ok(Some(number)),
        Some(other) => Err(wrong_type(operator, "a number", path, other)),
    }
}

fn array_at<'a>(
    operator: &str,
    root: &'a mut Value,
    steps: &[Segment],
    path: &Path,
) -> Result<Option<&'a mut Vec<Value>>, StoreError> {
    match existing(root, steps) {
        None => Ok(None),
        Some(Value::Array(array)) => Ok(Some(array)),
        Some(other) => Err(wrong_type(operator, "an array", path, other)),
    }
}

fn wrong_type(operator: &str, needed: &str, path: &Path, found: &Value) -> StoreError {
    StoreError::bad_update(format!(
        "{operator} needs {needed} at {path}, which is {}",
        type_name(found)
    ))
}

/// What `$rename` moves; neither end of the move may lie in an array.
fn renamed(root: &Value, source: &Path, target: &Path) -> Result<Option<Value>, StoreError> {
    let in_objects = |path: &Path| {
        let mut value = Some(root);
        for step in path.segments() {
            match value {
                Some(Value::Array(_)) => {
                    return Err(StoreError::bad_update(format!(
                        "$rename of {source} to {target} would go through an array, which it cannot"
                    )));
                }
                Some(Value::Object(object)) => value = object.get(&step.name),
                Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) | None => {
                    return Ok(None);
                }
            }
        }
        Ok(value)
    };
    let found = in_objects(source)?;
    if found.is_some() {
        in_objects(target)?;
    }
    Ok(found.cloned())
}
