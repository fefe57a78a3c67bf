//! [`Request`]: one request of a client, with its identity checked and its parts taken apart.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// One request.
#[derive(Debug, Clone)]
pub struct Request {
    /// The app.
    pub app: String,
    /// Who asks.
    pub identity: Identity,
    /// What for.
    pub action: Action,
    /// The collection, or for [`Action::Endpoint`] the endpoint's name.
    pub collection: String,
    /// The URL's parameters: `query`, `sort`, `limit`, `skip`, `fields` and any others. Their values
    /// are texts as in the URL; `query` is JSON in a text.
    pub params: Map<String, Value>,
    /// The client's headers; names in any case.
    pub headers: BTreeMap<String, String>,
    /// The body, if there was one.
    pub body: Option<Value>,
}

/// Who asks, as the caller of the pipeline has checked it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    /// A user of the app. Entities' access lists hold for it.
    User {
        /// The `_id` of its entity.
        id: String,
        /// Its name.
        username: String,
    },
    /// Whoever has the app's secret, which the app's clients are shipped with: nobody in particular,
    /// who may do to entities what their access lists let everybody do.
    App,
    /// Whoever has the app's master secret, and may do everything.
    Master,
}

impl Identity {
    /// Whether `X-Kinvey-Skip-Business-Logic: true` counts: only with the master secret. A user, or
    /// whoever has the app's secret, could leave out the hooks that check what clients send.
    #[must_use]
    pub fn may_skip_hooks(&self) -> bool {
        *self == Self::Master
    }

    /// The user's id; none for the app's own credentials.
    #[must_use]
    pub fn user_id(&self) -> Option<&str> {
        match self {
            Self::User { id, .. } => Some(id),
            Self::App | Self::Master => None,
        }
    }
}

/// What a request is for. It fixes which hooks run: the general one before the special one.
///
/// | action | before the database | after it |
/// |---|---|---|
/// | create | onPreSave, onPreInsert | onPostSave, onPostInsert |
/// | update | onPreSave, onPreUpdate | onPostSave, onPostUpdate |
/// | read one, query | onPreFetch | onPostFetch |
/// | count | onPreFetch | – |
/// | delete | onPreDelete | onPostDelete |
/// | endpoint | onRequest | – |
///
/// A count runs onPreFetch, which may narrow the query for this user, but no onPostFetch: such a
/// hook is written for an entity or an array of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// `POST` on a collection.
    Create,
    /// `GET` of an entity, by its id.
    ReadOne(String),
    /// `GET` of a collection.
    Query,
    /// `GET` of a collection's `_count`.
    Count,
    /// `PUT` of an entity, by its id: replaces it, or creates it.
    Update(String),
    /// `DELETE` of an entity, by its id.
    DeleteOne(String),
    /// `DELETE` on a collection, which needs a query.
    Delete,
    /// `POST` to a custom endpoint.
    Endpoint,
}

impl Action {
    /// The action of an HTTP method on a collection, or on the entity `id` in it. The error says
    /// what is allowed.
    pub fn of_method(method: &str, id: Option<&str>) -> Result<Self, String> {
        match (method.to_ascii_uppercase().as_str(), id) {
            ("POST", None) => Ok(Self::Create),
            ("GET", None) => Ok(Self::Query),
            ("GET", Some("_count")) => Ok(Self::Count),
            ("GET", Some(id)) => Ok(Self::ReadOne(id.to_owned())),
            ("PUT", Some(id)) => Ok(Self::Update(id.to_owned())),
            ("DELETE", None) => Ok(Self::Delete),
            ("DELETE", Some(id)) => Ok(Self::DeleteOne(id.to_owned())),
            _ => Err(format!(
                "{method} {} an entity's id is not possible; allowed are POST and DELETE without \
                 one, PUT with one, GET and DELETE with and without",
                if id.is_some() { "with" } else { "without" }
            )),
        }
    }

    pub(crate) fn method(&self) -> &'static str {
        match self {
            Self::Create | Self::Endpoint => "POST",
            Self::ReadOne(_) | Self::Query | Self::Count => "GET",
            Self::Update(_) => "PUT",
            Self::DeleteOne(_) | Self::Delete => "DELETE",
        }
    }

    pub(crate) fn entity_id(&self) -> Option<&str> {
        match self {
            Self::ReadOne(id) | Self::Update(id) | Self::DeleteOne(id) => Some(id),
            Self::Create | Self::Query | Self::Count | Self::Delete | Self::Endpoint => None,
        }
    }

    pub(crate) fn pre_hooks(&self) -> &'static [&'static str] {
        match self {
            Self::Create => &["onPreSave", "onPreInsert"],
            Self::Update(_) => &["onPreSave", "onPreUpdate"],
            Self::ReadOne(_) | Self::Query | Self::Count => &["onPreFetch"],
            Self::DeleteOne(_) | Self::Delete => &["onPreDelete"],
            Self::Endpoint => &[],
        }
    }

    pub(crate) fn post_hooks(&self) -> &'static [&'static str] {
        match self {
            Self::Create => &["onPostSave", "onPostInsert"],
            Self::Update(_) => &["onPostSave", "onPostUpdate"],
            Self::ReadOne(_) | Self::Query => &["onPostFetch"],
            Self::DeleteOne(_) | Self::Delete => &["onPostDelete"],
            Self::Count | Self::Endpoint => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_and_an_id_make_an_action_or_say_what_is_allowed() {
        let of = |method, id| Action::of_method(method, id);
        assert_eq!(of("get", None), Ok(Action::Query));
        assert_eq!(of("GET", Some("_count")), Ok(Action::Count));
        assert_eq!(of("PUT", Some("1")), Ok(Action::Update("1".to_owned())));
        for (method, id) in [("PUT", None), ("POST", Some("1")), ("PATCH", Some("1"))] {
            let error = of(method, id).unwrap_err();
            assert!(error.contains("allowed are POST and DELETE"), "{error}");
        }
    }
}
