//! The story: what happens in the demo, in order, and how each job has to end.

/// One job.
#[derive(Debug)]
pub(crate) struct Scene {
    /// What is about to happen.
    pub(crate) says: &'static str,
    /// What the hook hangs on.
    pub(crate) hook: &'static str,
    /// The hook's file in `tests/hooks/demo`.
    pub(crate) file: &'static str,
    /// The request's body.
    pub(crate) body: &'static str,
    /// How the job has to end.
    pub(crate) tag: &'static str,
}

/// Jobs run one after the other: the last two see what the first one stored.
pub(crate) const STORY: &[Scene] = &[
    Scene {
        says: "A book is saved. Its hook looks for others of its author, and logs the change.",
        hook: "books.onPreSave",
        file: "shelve.js",
        body: r#"{"title": "The Trial", "author": "Kafka"}"#,
        tag: "completed",
    },
    Scene {
        says: "A custom endpoint, written for Kinvey's API.",
        hook: "endpoint:greet",
        file: "greet.js",
        body: r#"{"name": "Ada"}"#,
        tag: "completed",
    },
    Scene {
        says: "A hook with a bug.",
        hook: "reviews.onPreSave",
        file: "throw.js",
        body: r#"{"stars": 5}"#,
        tag: "hook_threw",
    },
    Scene {
        says: "A hook that never ends. The app's limit is one second.",
        hook: "endpoint:spin",
        file: "spin.js",
        body: "{}",
        tag: "hook_timeout",
    },
    Scene {
        says: "A hook that takes all the memory it can get.",
        hook: "endpoint:hoard",
        file: "hoard.js",
        body: "{}",
        tag: "hook_out_of_memory",
    },
    Scene {
        says: "A hook that forgets to say that it is done. That is known at once.",
        hook: "endpoint:forget",
        file: "forget.js",
        body: "{}",
        tag: "hook_never_completed",
    },
    Scene {
        says: "A second book. Nothing of the above has hurt the data of the first.",
        hook: "books.onPreSave",
        file: "shelve.js",
        body: r#"{"title": "The Castle", "author": "Kafka"}"#,
        tag: "completed",
    },
    Scene {
        says: "What is on the shelf now.",
        hook: "endpoint:shelf",
        file: "shelf.js",
        body: "{}",
        tag: "completed",
    },
];

/// One request of a client, carried out as an application server does.
#[derive(Debug)]
pub(crate) struct Request {
    /// What is about to happen.
    pub(crate) says: &'static str,
    /// Method, collection and the rest of `lode data`, with spaces between.
    pub(crate) asks: &'static str,
    /// The body, if any.
    pub(crate) body: Option<&'static str>,
    /// The reply's status.
    pub(crate) status: u64,
}

/// What the requests' hooks hang on, and their files in `tests/hooks/demo`.
pub(crate) const REQUEST_HOOKS: &[(&str, &str)] = &[
    ("loans.onPreSave", "lend.js"),
    ("loans.onPostSave", "lend.js"),
];

/// Requests come after the jobs: only what those have shelved can be lent.
pub(crate) const REQUESTS: &[Request] = &[
    Request {
        says: "A client borrows a book. One call: hook, database, hook, reply.",
        asks: "PUT loans 1 --as user:ada",
        body: Some(r#"{"title": "The Castle"}"#),
        status: 200,
    },
    Request {
        says: "Another asks for a book that is not there. The first hook ends that.",
        asks: "POST loans --as user:bob",
        body: Some(r#"{"title": "The Process"}"#),
        status: 409,
    },
    Request {
        says: "He takes the loan of somebody else away. Its access list ends that.",
        asks: "DELETE loans 1 --as user:bob",
        body: None,
        status: 401,
    },
    Request {
        says: "What has been lent.",
        asks: "GET loans --as user:bob",
        body: None,
        status: 200,
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place;

    #[test]
    fn every_scene_has_its_hook_and_a_body_of_json() {
        let scripts = STORY.iter().map(|scene| scene.file);
        for file in scripts.chain(REQUEST_HOOKS.iter().map(|(_, file)| *file)) {
            let file = place::root().join("tests/hooks/demo").join(file);
            assert!(file.is_file(), "{} is missing", file.display());
        }
        for scene in STORY {
            let body = serde_json::from_str::<serde_json::Value>(scene.body);
            assert!(body.is_ok(), "the body of {} is {}", scene.hook, scene.body);
        }
    }
}
