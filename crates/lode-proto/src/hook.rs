//! Hook names: `books.onPreSave`, `endpoint:report`, `common:helpers`.

use std::fmt;

/// The thirteen collection hooks of Kinvey's Business Logic.
pub const COLLECTION_FUNCTIONS: [&str; 13] = [
    "onPreSave",
    "onPreInsert",
    "onPreUpdate",
    "onPreFetch",
    "onPreDelete",
    "onPreLogin",
    "onPostSave",
    "onPostInsert",
    "onPostUpdate",
    "onPostFetch",
    "onPostDelete",
    "onLoginSuccess",
    "onLoginFailure",
];
/// The function that a custom endpoint defines.
pub const ENDPOINT_FUNCTION: &str = "onRequest";
/// Bytes of a collection's, endpoint's or common file's name.
pub const NAME_BYTES_MAX: usize = 120;

/// A hook's name in its parsed form.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum HookName {
    /// `<collection>.<function>`.
    Collection {
        /// The collection.
        collection: String,
        /// One of [`COLLECTION_FUNCTIONS`].
        function: &'static str,
    },
    /// `endpoint:<name>`.
    Endpoint(String),
    /// `common:<name>`: common code of an app, put before each of its hooks.
    Common(String),
}

/// Why a text is not a hook name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "hook name {given:?}: {reason}; allowed are <collection>.<function> with one of {}, \
     endpoint:<name> and common:<name>",
    COLLECTION_FUNCTIONS.join(" ")
)]
pub struct HookNameError {
    given: String,
    reason: String,
}

impl HookName {
    /// Parses a hook name; the error says what is wrong and what is allowed.
    pub fn parse(text: &str) -> Result<Self, HookNameError> {
        let error = |reason: String| HookNameError {
            given: crate::limits::cut(text, 200),
            reason,
        };
        if let Some(name) = text.strip_prefix("endpoint:") {
            return check_name("endpoint", name)
                .map(Self::Endpoint)
                .map_err(error);
        }
        if let Some(name) = text.strip_prefix("common:") {
            return check_name("common code", name)
                .map(Self::Common)
                .map_err(error);
        }
        let Some((collection, function)) = text.rsplit_once('.') else {
            return Err(error(
                "it has neither a '.' nor 'endpoint:' in front".to_owned(),
            ));
        };
        let Some(function) = COLLECTION_FUNCTIONS
            .iter()
            .find(|known| **known == function)
        else {
            return Err(error(format!("there is no hook function {function:?}")));
        };
        let login = matches!(
            *function,
            "onPreLogin" | "onLoginSuccess" | "onLoginFailure"
        );
        if login && collection != "user" {
            return Err(error(format!(
                "{function} exists on the collection user only"
            )));
        }
        let collection = check_name("collection", collection).map_err(error)?;
        Ok(Self::Collection {
            collection,
            function,
        })
    }

    /// The function that the script defines for this hook; `None` for common code.
    #[must_use]
    pub fn function(&self) -> Option<&'static str> {
        match self {
            Self::Collection { function, .. } => Some(function),
            Self::Endpoint(_) => Some(ENDPOINT_FUNCTION),
            Self::Common(_) => None,
        }
    }

    /// The collection that the hook hangs on, if any.
    #[must_use]
    pub fn collection(&self) -> Option<&str> {
        match self {
            Self::Collection { collection, .. } => Some(collection),
            Self::Endpoint(_) | Self::Common(_) => None,
        }
    }

    /// The endpoint's name, if it is one.
    #[must_use]
    pub fn endpoint(&self) -> Option<&str> {
        match self {
            Self::Endpoint(name) => Some(name),
            Self::Collection { .. } | Self::Common(_) => None,
        }
    }

    /// True for `common:<name>`.
    #[must_use]
    pub fn is_common(&self) -> bool {
        matches!(self, Self::Common(_))
    }
}

impl fmt::Display for HookName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Collection {
                collection,
                function,
            } => write!(f, "{collection}.{function}"),
            Self::Endpoint(name) => write!(f, "endpoint:{name}"),
            Self::Common(name) => write!(f, "common:{name}"),
        }
    }
}

fn check_name(what: &str, name: &str) -> Result<String, String> {
    if name.is_empty() || name.len() > NAME_BYTES_MAX {
        return Err(format!(
            "the {what} name has {} bytes, allowed are 1 to {NAME_BYTES_MAX}",
            name.len()
        ));
    }
    if let Some(bad) = name
        .chars()
        .find(|c| c.is_control() || c.is_whitespace() || *c == '$')
    {
        return Err(format!("the {what} name contains {bad:?}"));
    }
    Ok(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back_as_they_were_written() {
        for name in [
            "books.onPreSave",
            "a.b.onPostFetch",
            "endpoint:report",
            "common:helpers",
        ] {
            assert_eq!(HookName::parse(name).unwrap().to_string(), name);
        }
    }

    #[test]
    fn a_wrong_name_is_refused_with_what_is_allowed() {
        for (name, reason) in [
            ("books", "neither a '.'"),
            ("books.onSave", "no hook function \"onSave\""),
            ("books.onPreLogin", "collection user only"),
            ("endpoint:", "has 0 bytes"),
            ("bo\noks.onPreSave", "contains '\\n'"),
        ] {
            let error = HookName::parse(name).unwrap_err().to_string();
            assert!(error.contains(reason), "{name}: {error}");
            assert!(error.contains("endpoint:<name>"), "{error}");
        }
    }
}
