//! What the server or the way to it said, as errors of ours. None of them has the password.

use std::fmt;

use mongodb::bson::Document;
use mongodb::error::{Error, ErrorKind, WriteFailure};

use crate::StoreError;
use crate::limits::{DOCUMENT_BYTES_MAX, OPERATION_MS_MAX};

/// Codes of the server, by what they come to.
const TIME_IS_UP: [i32; 2] = [50, 262];
const DUPLICATE_KEY: [i32; 3] = [11_000, 11_001, 12_582];
/// The index that keeps the usernames of an app unique; the server names it when it refuses one.
pub(super) const USERNAMES: &str = "lode_usernames";
const TOO_LARGE: [i32; 4] = [10_334, 17_280, 17_419, 17_420];
const TOO_MUCH_MEMORY: [i32; 3] = [146, 292, 16_819];
/// A value, an operator or a path that it cannot use, as MongoDB's documentation names them:
/// `BadValue`, `FailedToParse`, `TypeMismatch`, `Overflow`, `PathNotViable`,
/// `ConflictingUpdateOperators`, `DollarPrefixedFieldName`, `InvalidIdField`,
/// `NotSingleValueField`, `InvalidDBRef`, `EmptyFieldName`, `DottedFieldName`, `ImmutableField`,
/// `InvalidBSON`, `InvalidPipelineOperator`, and a pattern that does not compile.
const BAD_REQUEST: [i32; 16] = [
    2, 9, 14, 15, 22, 28, 40, 52, 53, 54, 55, 56, 57, 66, 168, 51_091,
];

/// The words about one failure.
#[derive(Debug, Clone)]
pub(super) struct Fault {
    /// 0 for one that is not the server's.
    code: i32,
    words: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            0 => f.write_str(&self.words),
            code => write!(f, "{} (code {code})", self.words),
        }
    }
}

impl std::error::Error for Fault {}

/// Turns an error of the driver into ours, with the step that failed.
pub(super) fn failed(step: &'static str) -> impl FnOnce(Error) -> StoreError {
    move |error| Fault::of(&error).during(step)
}

impl Fault {
    pub(super) fn of(error: &Error) -> Self {
        let said = |code: i32, words: &str| Self {
            code,
            words: words.to_owned(),
        };
        if let ErrorKind::Command(answer) = &*error.kind {
            return said(answer.code, &answer.message);
        }
        if let ErrorKind::Write(WriteFailure::WriteError(answer)) = &*error.kind {
            return said(answer.code, &answer.message);
        }
        if let ErrorKind::InsertMany(failure) = &*error.kind
            && let Some(first) = failure.write_errors.as_ref().and_then(|all| all.first())
        {
            return said(first.code, &first.message);
        }
        // It never came to the server, or the answer not to us, or it is not safe yet.
        said(0, &error.kind.to_string())
    }

    /// The first of a reply's `writeErrors`, or the reason why it is not safe.
    pub(super) fn in_reply(reply: &Document) -> Option<Self> {
        let first = reply
            .get_array("writeErrors")
            .ok()
            .and_then(|all| all.first());
        let said = match first.and_then(|error| error.as_document()) {
            Some(error) => error,
            None => reply.get_document("writeConcernError").ok()?,
        };
        Some(Self {
            code: said.get_i32("code").unwrap_or_default(),
            words: said.get_str("errmsg").unwrap_or_default().to_owned(),
        })
    }

    pub(super) fn is_duplicate_key(&self) -> bool {
        DUPLICATE_KEY.contains(&self.code)
    }

    /// It is not the `_id` that is taken, but the username.
    pub(super) fn is_duplicate_username(&self) -> bool {
        self.is_duplicate_key() && self.words.contains(USERNAMES)
    }

    /// There is no such index, or no such collection.
    pub(super) fn is_nothing_there(&self) -> bool {
        [26, 27].contains(&self.code)
    }

    /// What it means for whoever asked.
    pub(super) fn during(self, step: &str) -> StoreError {
        if TIME_IS_UP.contains(&self.code) {
            return StoreError::OperationTooLong {
                limit_ms: OPERATION_MS_MAX,
                advice: "",
            };
        }
        if self.is_duplicate_username() {
            return StoreError::DuplicateUsername;
        }
        if TOO_LARGE.contains(&self.code) {
            return too_large(None);
        }
        if TOO_MUCH_MEMORY.contains(&self.code) {
            return StoreError::LimitExceeded {
                what: "the server's memory for one sort".to_owned(),
                limit: "the server's own".to_owned(),
                advice: "give a limit, narrow the query, or have an index on the path of the sort",
            };
        }
        if BAD_REQUEST.contains(&self.code) {
            let words = format!("MongoDB refuses to {step}: {}", self.words);
            return match step.starts_with("update") {
                true => StoreError::bad_update(words),
                false => StoreError::bad_query(words),
            };
        }
        StoreError::unavailable(step, self)
    }

    /// What whoever wrote the address can do about it, when that can be told.
    pub(super) fn advice(&self) -> &'static str {
        let says = |word: &str| self.words.to_lowercase().contains(word);
        if self.code == 18 || says("auth") {
            "check the user and the password in the address; authSource=NAME says in which \
             database the user is, when it is not that of the address"
        } else if self.code == 13 {
            "let the user read and write in the database (the role readWrite)"
        } else if says("tls") || says("certificate") || says("handshake") {
            "tls=false leaves out the encryption on a network that nobody else hears; \
             tlsCAFile=FILE names the authority of the server's certificate"
        } else {
            "check that the server runs and accepts connections there"
        }
    }
}

/// A document that BSON makes larger than the limit, which JSON did not.
pub(super) fn too_large(bytes: Option<usize>) -> StoreError {
    let of = bytes.map_or_else(String::new, |bytes| format!(" of {bytes} bytes as BSON"));
    StoreError::LimitExceeded {
        what: format!("a document{of}"),
        limit: format!("{DOCUMENT_BYTES_MAX} bytes"),
        advice: "split it, or store large content as a file",
    }
}

#[cfg(test)]
mod tests {
    use mongodb::bson::doc;

    use super::*;

    #[track_caller]
    fn check(reply: Document, step: &str, code: &str, part: &str) {
        let error = Fault::in_reply(&reply).unwrap().during(step);
        assert_eq!(error.code(), code, "{error}");
        let cause = std::error::Error::source(&error).map(ToString::to_string);
        assert!(format!("{error} {cause:?}").contains(part), "{error}");
    }

    #[test]
    fn a_reply_says_what_went_wrong_and_whose_fault_it_is() {
        let said = |code: i32, words: &str| {
            doc! {"ok": 1, "n": 0, "writeErrors": [{"index": 0, "code": code, "errmsg": words}]}
        };
        let step = "update documents";
        check(
            said(14, "Cannot increment with non-numeric"),
            step,
            "BadUpdate",
            "Cannot increment",
        );
        check(
            said(66, "the field '_id' is immutable"),
            step,
            "BadUpdate",
            "'_id'",
        );
        check(
            said(2, "bad"),
            "read documents",
            "BadQuery",
            "refuses to read documents",
        );
        let taken = "E11000 duplicate key error collection: d.a:user index: lode_usernames";
        check(said(11_000, taken), step, "DuplicateKey", "that username");
        check(said(50, "time"), step, "OperationTooLong", "4000 ms");
        check(said(17_419, "big"), step, "LimitExceeded", "16777216 bytes");
        check(
            said(13, "not authorized"),
            step,
            "InternalError",
            "not authorized (code 13)",
        );
        let unsafe_reply = doc! {"ok": 1, "writeConcernError": {"code": 64, "errmsg": "waiting"}};
        check(unsafe_reply, step, "InternalError", "waiting");
        assert!(Fault::in_reply(&doc! {"ok": 1, "n": 1}).is_none());
        assert!(
            Fault::in_reply(&said(11_000, "dup"))
                .unwrap()
                .is_duplicate_key()
        );
    }
}
