//! Who may read and write an entity: Kinvey's default permissions, as conditions of a query.
//!
//! As conditions, because then the database checks them in the very step in which it reads or
//! writes, and a query's `limit` counts only what its user may see. Of `_acl`:
//!
//! * `creator`, `w` and `gw: true` may read and write;
//! * `r` may read, and so may everybody unless `gr` is false;
//! * `groups` and `roles` give nothing: the pipeline knows no groups.
//!
//! An entity without `_acl`, such as one that a hook has inserted, can be read by every user and
//! written by none. Only the master secret is not restricted. Whoever has the app's secret, which
//! every copy of the app's client holds, is nobody in particular: in no list, and no creator.

use serde_json::{Map, Value, json};

use crate::Identity;

/// What an identity may do to entities.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Access<'a> {
    /// Everything.
    All,
    /// What the lists let this user do.
    User(&'a str),
    /// What the lists let everybody do.
    Nobody,
}

/// What it wants to do to one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Right {
    Read,
    Write,
}

impl Right {
    /// What an entity must be like for this user, or for nobody in particular.
    fn condition(self, user: Option<&str>) -> Value {
        let mut any = vec![json!({"_acl.gw": true})];
        if self == Self::Read {
            any.push(json!({"_acl.gr": {"$ne": false}}));
        }
        if let Some(user) = user {
            any.push(json!({"_acl.creator": user}));
            any.push(json!({"_acl.w": user}));
            if self == Self::Read {
                any.push(json!({"_acl.r": user}));
            }
        }
        json!({ "$or": any })
    }
}

impl<'a> Access<'a> {
    pub(crate) fn of(identity: &'a Identity) -> Self {
        match identity {
            Identity::Master => Self::All,
            Identity::User { id, .. } => Self::User(id),
            Identity::App => Self::Nobody,
        }
    }

    /// None where everything is allowed.
    fn condition(self, right: Right) -> Option<Value> {
        match self {
            Self::All => None,
            Self::User(id) => Some(right.condition(Some(id))),
            Self::Nobody => Some(right.condition(None)),
        }
    }

    /// `query`, but only entities with this right.
    pub(crate) fn with(self, right: Right, query: Map<String, Value>) -> Value {
        match self.condition(right) {
            Some(condition) => narrowed(query, condition),
            None => Value::Object(query),
        }
    }

    /// `query`, but only entities without this right; none where there can be no such entity.
    pub(crate) fn without(self, right: Right, query: Map<String, Value>) -> Option<Value> {
        let condition = json!({"$nor": [self.condition(right)?]});
        Some(narrowed(query, condition))
    }
}

/// The query keeps its own top level, where `$near` has to stand.
fn narrowed(mut query: Map<String, Value>, condition: Value) -> Value {
    match query.get_mut("$and") {
        Some(Value::Array(all)) => all.push(condition),
        // What it is instead is the store's to judge, and must not crowd out the condition.
        Some(_) => return json!({"$and": [query, condition]}),
        None => {
            query.insert("$and".to_owned(), Value::Array(vec![condition]));
        }
    }
    Value::Object(query)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        let Value::Object(object) = value else {
            unreachable!("the tests give objects")
        };
        object
    }

    #[test]
    fn a_users_conditions_join_those_of_the_query() {
        let user = Identity::User {
            id: "u".to_owned(),
            username: "ada".to_owned(),
        };
        let access = Access::of(&user);
        let narrowed = access.with(Right::Write, object(json!({"n": 1, "$and": [{"m": 2}]})));
        assert_eq!(narrowed["n"], 1);
        assert_eq!(narrowed["$and"].as_array().map(Vec::len), Some(2));
        let narrowed = access.with(Right::Read, object(json!({"n": 1})));
        assert_eq!(narrowed["$and"].as_array().map(Vec::len), Some(1));
        let odd = access.with(Right::Read, object(json!({"$and": 5})));
        assert_eq!(odd["$and"][0], json!({"$and": 5}));
        let free = Access::of(&Identity::Master).with(Right::Read, object(json!({"n": 1})));
        assert_eq!(free, json!({"n": 1}));
    }
}
