//! One operation on an app's documents, and its reply.

use serde_json::Value;

/// What to do with the documents of one collection.
#[derive(Debug, Clone, PartialEq)]
pub enum DocOp {
    /// All matching documents; replies with an array.
    Find {
        /// Where.
        collection: String,
        /// A filter, as an object or as its JSON text.
        query: Value,
        /// `sort`, `limit`, `skip`, `fields`.
        options: Value,
    },
    /// The first matching document; replies with it, or with null.
    FindOne {
        /// Where.
        collection: String,
        /// A filter, as an object or as its JSON text.
        query: Value,
        /// `sort`, `skip`, `fields`.
        options: Value,
    },
    /// New documents, all or none; replies with an array of them, each with its `_id`.
    Insert {
        /// Where.
        collection: String,
        /// An object, or an array of objects.
        entity: Value,
    },
    /// Replaces the document of the same `_id`, or inserts; replies with the document.
    Save {
        /// Where.
        collection: String,
        /// An object.
        entity: Value,
    },
    /// Changes the first matching document; replies with `numberAffected`, `updatedExisting`.
    Update {
        /// Where.
        collection: String,
        /// A filter, as an object or as its JSON text.
        query: Value,
        /// `$set` and its kin, or a whole new document.
        entity: Value,
        /// `upsert`, `multi` (also called `updateMultiple`).
        options: Value,
    },
    /// Changes or removes the first match in an order; replies with `entity`, the document before
    /// the change (`{}` when nothing matched), and `updatedExisting`.
    FindAndModify {
        /// Where.
        collection: String,
        /// A filter, as an object or as its JSON text.
        query: Value,
        /// As the option of a find.
        sort: Value,
        /// As in an update; not looked at when `remove` is set.
        entity: Value,
        /// `new` (also called `returnModifiedEntity`), `upsert`, `remove`, `fields`.
        options: Value,
    },
    /// Removes the first match in an order; replies with it, or with `{}`.
    FindAndRemove {
        /// Where.
        collection: String,
        /// A filter, as an object or as its JSON text.
        query: Value,
        /// As the option of a find.
        sort: Value,
    },
    /// Replies with the array of the different values at a path; arrays stand for their elements.
    Distinct {
        /// Where.
        collection: String,
        /// A path, as a text.
        key: Value,
        /// A filter, as an object or as its JSON text.
        query: Value,
    },
    /// The documents nearest to a point by the place in their field `_geoloc`, 100 at most unless
    /// told otherwise; replies with an array.
    GeoNear {
        /// Where.
        collection: String,
        /// A number; on a sphere the longitude in degrees.
        x: Value,
        /// A number; on a sphere the latitude in degrees.
        y: Value,
        /// `query`, `limit` (also called `num`), `maxDistance`, `minDistance`, `spherical` (then
        /// distances are in radians), `distanceField`, `distanceMultiplier`.
        options: Value,
    },
    /// Deletes all matching documents; replies with `count`.
    Remove {
        /// Where.
        collection: String,
        /// A filter, as an object or as its JSON text.
        query: Value,
    },
    /// Replies with the `count` of matching documents.
    Count {
        /// Where.
        collection: String,
        /// A filter, as an object or as its JSON text.
        query: Value,
    },
    /// Replies with true while the collection holds a document.
    CollectionExists {
        /// Where.
        collection: String,
    },
}

impl DocOp {
    /// Whether it may change something.
    pub(crate) fn writes(&self) -> bool {
        match self {
            Self::Insert { .. }
            | Self::Save { .. }
            | Self::Update { .. }
            | Self::Remove { .. }
            | Self::FindAndModify { .. }
            | Self::FindAndRemove { .. } => true,
            Self::Find { .. }
            | Self::FindOne { .. }
            | Self::Distinct { .. }
            | Self::GeoNear { .. }
            | Self::Count { .. }
            | Self::CollectionExists { .. } => false,
        }
    }

    /// The collection that the operation is about.
    pub fn collection(&self) -> &str {
        match self {
            Self::Find { collection, .. }
            | Self::FindOne { collection, .. }
            | Self::Insert { collection, .. }
            | Self::Save { collection, .. }
            | Self::Update { collection, .. }
            | Self::Remove { collection, .. }
            | Self::FindAndModify { collection, .. }
            | Self::FindAndRemove { collection, .. }
            | Self::Distinct { collection, .. }
            | Self::GeoNear { collection, .. }
            | Self::Count { collection, .. }
            | Self::CollectionExists { collection } => collection,
        }
    }
}

/// The reply, as the JSON text that goes to the hook.
///
/// Text, because a found document is stored as text: it need not be built again to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocReply {
    json: String,
}

impl DocReply {
    pub(crate) fn new(json: String) -> Self {
        Self { json }
    }

    /// The JSON text.
    pub fn as_json(&self) -> &str {
        &self.json
    }

    /// The JSON text, owned.
    pub fn into_json(self) -> String {
        self.json
    }
}
