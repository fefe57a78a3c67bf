//! What the pipeline writes into each entity: whose it is, and when it was made and changed.
//!
//! Kinvey's `_acl.creator` is the user who created the entity, or the app's key. A client cannot
//! name another one; hooks can, since they are the tenant's own code, and so can the master secret.
//! `_kmd.ect` and `_kmd.lmt` are nobody's to give.
//!
//! A replacement without `_acl` leaves it as it was.

use serde_json::{Map, Value};

use crate::fault::{Failure, Fault};
use crate::{Identity, Request, date};

/// One request's marks.
#[derive(Debug)]
pub(crate) struct Stamp<'a> {
    /// Who has created what has no creator yet.
    own: &'a str,
    /// A creator that is not to be believed: what a client without the master secret has sent.
    claimed: Option<Option<Value>>,
    now: String,
}

impl<'a> Stamp<'a> {
    pub(crate) fn new(request: &'a Request, now_ms: u64) -> Self {
        let is_client = request.identity != Identity::Master;
        let body = request.body.as_ref().and_then(Value::as_object);
        Self {
            own: request.identity.user_id().unwrap_or(&request.app),
            claimed: is_client.then(|| body.and_then(creator).cloned()),
            now: date::iso(now_ms),
        }
    }

    /// The entity to be stored: in place of `old`, or a new one.
    pub(crate) fn put_on(
        &self,
        mut entity: Map<String, Value>,
        old: Option<&Map<String, Value>>,
    ) -> Result<Map<String, Value>, Failure> {
        let named = self.believed(creator(&entity)).cloned();
        let mut acl = take_section(&mut entity, "_acl", old)?;
        let creator = named
            .or_else(|| old.and_then(creator).cloned())
            .unwrap_or_else(|| Value::from(self.own));
        acl.insert("creator".to_owned(), creator);
        let mut kmd = take_section(&mut entity, "_kmd", old)?;
        let now = || Value::from(self.now.as_str());
        let created = old.and_then(|old| old.get("_kmd")?.get("ect"));
        kmd.insert("lmt".to_owned(), now());
        kmd.insert("ect".to_owned(), created.cloned().unwrap_or_else(now));
        entity.insert("_acl".to_owned(), Value::Object(acl));
        entity.insert("_kmd".to_owned(), Value::Object(kmd));
        Ok(entity)
    }

    /// A creator that counts: a name, and not just what a client has sent.
    fn believed<'v>(&self, named: Option<&'v Value>) -> Option<&'v Value> {
        let is_claimed = self
            .claimed
            .as_ref()
            .is_some_and(|sent| sent.as_ref() == named);
        let is_name = |value: &&Value| value.as_str().is_some_and(|name| !name.is_empty());
        named.filter(is_name).filter(|_| !is_claimed)
    }
}

fn creator(entity: &Map<String, Value>) -> Option<&Value> {
    entity.get("_acl")?.get("creator")
}

/// Takes `_acl` or `_kmd` out of the entity; one that is not given is the old entity's.
fn take_section(
    entity: &mut Map<String, Value>,
    name: &str,
    old: Option<&Map<String, Value>>,
) -> Result<Map<String, Value>, Failure> {
    match entity.shift_remove(name) {
        None | Some(Value::Null) => {
            let old = old.and_then(|old| old.get(name)?.as_object());
            Ok(old.cloned().unwrap_or_default())
        }
        Some(Value::Object(section)) => Ok(section),
        Some(_) => Err(Fault::BadRequest.because(format!("{name} must be an object"))),
    }
}
