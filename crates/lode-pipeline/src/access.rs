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
//! written by none. The app's own credentials are not restricted.

use serde_json::{Map, Value, json};

use crate::Identity;

/// What an identity may do to entities.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Access<'a> {
    user: Option<&'a str>,
}

/// What it wants to do to one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Right {
    Read,
    Write,
}

impl Right {
    /// What an entity must be like for this user.
    fn condition(self, user: &str) -> Value {
        let listed = [
            json!({"_acl.creator": user}),
            json!({"_acl.w": user}),
            json!({"_acl.gw": true}),
        ];
        let readers = [json!({"_acl.r": user}), json!({"_acl.gr": {"$ne": false}})];
        let readers = readers.into_iter().filter(|_| self == Self::Read);
        json!({"$or": listed.into_iter().chain(readers).collect::<Vec<_>>()})
    }
}

impl<'a> Access<'a> {
    pub(crate) fn of(identity: &'a Identity) -> Self {
        Self {
            user: identity.user_id(),
        }
    }

    /// `query`, but only entities with this right.
    pub(crate) fn with(self, right: Right, query: Map<String, Value>) -> Value {
        match self.user {
            Some(user) => narrowed(query, right.condition(user)),
            None => Value::Object(query),
        }
    }

    /// `query`, but only entities without this right; none where there can be no such entity.
    pub(crate) fn without(self, right: Right, query: Map<String, Value>) -> Option<Value> {
        let condition = json!({"$nor": [right.condition(self.user?)]});
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
        let free = Access::of(&Identity::App).with(Right::Read, object(json!({"n": 1})));
        assert_eq!(free, json!({"n": 1}));
    }
}
