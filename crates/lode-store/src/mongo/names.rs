//! Names on the server: where an app's documents are.
//!
//! All apps are in the one database of the address, each collection of an app in one of MongoDB's:
//! `APP:COLLECTION`. An app's id has no colon, so the first one ends it: whatever a hook calls its
//! collection, the name stays among its own app's. Not a database per app: the name of one has 63
//! bytes at most and is the same in capitals and small letters, which ids of apps are not; and a
//! login would need rights on databases that do not exist yet.

use crate::StoreError;
use crate::model::check_name;
use crate::query::check_collection;

/// Bytes of `DATABASE.COLLECTION` on MongoDB 4.4 and later.
const NAMESPACE_BYTES_MAX: usize = 255;

/// Apps. Names of the catalogue have no colon, so no app's collection is among them.
pub(super) const APPS: &str = "lode.apps";
/// Hooks, each with the number of its active version.
pub(super) const HOOKS: &str = "lode.hooks";
/// Versions of hooks.
pub(super) const HOOK_VERSIONS: &str = "lode.hook_versions";
/// Schedules.
pub(super) const SCHEDULES: &str = "lode.schedules";
/// Which indexes apps have asked for.
pub(super) const INDEXES: &str = "lode.indexes";
/// The outbox.
pub(super) const OUTBOX: &str = "lode.outbox";
/// Log lines.
pub(super) const LOGS: &str = "lode.logs";
/// What there is one of: the version of all this, the newest log line.
pub(super) const STATE: &str = "lode.state";

/// The id, or the empty one, which no app has, for what no app can be called: an id stands in
/// front of others' names here, and must end where it seems to.
pub(super) fn app_or_none(id: &str) -> &str {
    match check_name("app id", id) {
        Ok(()) => id,
        Err(_) => "",
    }
}

/// The name of an app's collection on the server.
pub(super) fn collection(
    database: &str,
    app: &str,
    collection: &str,
) -> Result<String, StoreError> {
    // Anything else is no app's id, and would not stay apart from others.
    check_name("app id", app).map_err(|_| StoreError::UnknownApp {
        app: app.to_owned(),
    })?;
    check_collection(collection)?;
    let name = format!("{app}:{collection}");
    let bytes = database.len() + 1 + name.len();
    if bytes > NAMESPACE_BYTES_MAX {
        return Err(StoreError::BadName(format!(
            "the collection name {collection:?} is too long for MongoDB: with the database's and \
             the app's it has {bytes} bytes, allowed are {NAMESPACE_BYTES_MAX}"
        )));
    }
    Ok(name)
}

/// Refuses a database that MongoDB cannot have.
pub(super) fn check_database(name: &str) -> Result<(), String> {
    const BYTES_MAX: usize = 63;
    let is_good = (1..=BYTES_MAX).contains(&name.len())
        && !name.contains(|c: char| "/\\. \"$*<>:|?".contains(c) || c.is_control());
    let is_the_servers = ["admin", "local", "config"].contains(&name);
    match (is_good, is_the_servers) {
        (true, false) => Ok(()),
        (true, true) => Err(format!("the database {name:?} is the server's own")),
        (false, _) => Err(format!(
            "the database {name:?} must have 1 to {BYTES_MAX} bytes, none of them a space or one \
             of / \\ . \" $ * < > : | ?"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_different_apps_never_meet() {
        let name = |app, of| collection("d", app, of).unwrap();
        assert_eq!(name("shop", "books"), "shop:books");
        // Whatever the collection is called, the app ends at the first colon.
        for of in [
            "b:c",
            ":",
            "lode.apps",
            "../x",
            "shop2:books",
            "größe",
            "\u{202e}x",
        ] {
            let made = name("shop", of);
            assert_eq!(made.split_once(':'), Some(("shop", of)));
        }
        // An app that is called as the catalogue is.
        assert_ne!(name("lode.apps", "x"), APPS);
        for own in [
            APPS,
            HOOKS,
            HOOK_VERSIONS,
            SCHEDULES,
            INDEXES,
            OUTBOX,
            LOGS,
            STATE,
        ] {
            assert!(!own.contains(':'));
        }
    }

    #[test]
    fn hostile_names_are_refused() {
        for app in ["", "a:b", "a/b", "a b", "$cmd", "a\0", "é", "_a"] {
            let error = collection("d", app, "c").unwrap_err();
            assert_eq!(error.code(), "UnknownApp", "{app:?}");
            assert_eq!(app_or_none(app), "");
        }
        for name in ["", "a$b", "a\0", "system.users", &"x".repeat(121)] {
            let error = collection("d", "a", name).unwrap_err();
            assert_eq!(error.code(), "BadName", "{name:?}");
        }
    }

    #[test]
    fn a_name_that_mongodb_cannot_have_is_an_error_with_the_limit() {
        let app = "a".repeat(120);
        collection("d", &app, &"x".repeat(120)).unwrap();
        // 120 characters, and 360 bytes.
        let error = collection("d", &app, &"界".repeat(120)).unwrap_err();
        assert_eq!(error.code(), "BadName");
        assert!(
            error.to_string().contains("483 bytes, allowed are 255"),
            "{error}"
        );
        for (database, part) in [
            ("", "1 to 63"),
            ("a.b", "none of them"),
            ("a b", "none of them"),
            (&"d".repeat(64), "1 to 63"),
            ("admin", "the server's own"),
        ] {
            let error = check_database(database).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
        check_database("lode-2_test").unwrap();
    }
}
