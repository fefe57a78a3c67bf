//! Writes of rows, many by one statement, each with its keys in the collection's indexes.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Map, Value};

use crate::StoreError;
use crate::operation::{RowWrite, shown_id};
use crate::postgres::body::other_body;
use crate::postgres::keys::{self, EVERY};
use crate::postgres::lookup::{Known, of_collection};
use crate::postgres::sql::Param;
use crate::postgres::transaction::Transaction;
use crate::postgres::write::Place;
use crate::query::{Document, Path};

/// A number for the lock of a collection's indexes: shared by those who write documents, alone for
/// whoever creates or drops one.
pub(super) const LOCK: &str = "hashtextextended(current_schema() || '/' || $1 || '/' || $2, 0)";

/// The indexes of a collection, which stay the same from here to the transaction's end. One of them
/// may become `is_multi` all the same, by what others write.
pub(super) async fn held(
    transaction: &Transaction<'_>,
    collection: &str,
) -> Result<Vec<Known>, StoreError> {
    let sql = format!("SELECT 1 FROM (SELECT pg_advisory_xact_lock_shared({LOCK})) AS locked");
    let params = [transaction.app().into(), collection.into()];
    // Sent together, in this order: the second statement sees what is there under the lock.
    let (_, known) = tokio::try_join!(
        biased;
        transaction.query(&sql, &params, "lock the indexes"),
        of_collection(transaction, collection)
    )?;
    Ok(known)
}

/// Writes to one collection.
#[derive(Debug)]
pub(super) struct Rows<'a> {
    place: Place<'a>,
    indexes: Vec<(Known, Path)>,
}

impl<'a> Rows<'a> {
    /// From here to the transaction's end the collection's indexes stay the same.
    pub(super) async fn begin(place: Place<'a>) -> Result<Self, StoreError> {
        let known = match place.transaction.indexes() {
            Some(known) => known.to_vec(),
            None => held(place.transaction, place.collection).await?,
        };
        let indexes = known.into_iter().filter_map(|known| {
            let path = Path::of_field(&known.path, "an index").ok()?;
            Some((known, path))
        });
        Ok(Self {
            place,
            indexes: indexes.collect(),
        })
    }

    /// All of them, or an error; then the transaction is to be undone.
    pub(super) async fn carry_out(&self, writes: &[RowWrite]) -> Result<(), StoreError> {
        let (mut inserts, mut saves, mut replaced, mut deletes) = (vec![], vec![], vec![], vec![]);
        for write in writes {
            match write {
                RowWrite::Insert(document) => inserts.push(document),
                RowWrite::Save(document) => saves.push(document),
                RowWrite::Replace(seq, document) => replaced.push((*seq, document)),
                RowWrite::Delete(seq) => deletes.push(*seq),
            }
        }
        if !inserts.is_empty() {
            self.insert(&inserts).await?;
        }
        for document in saves {
            self.save(document).await?;
        }
        if !replaced.is_empty() {
            self.replace(&replaced).await?;
        }
        if !deletes.is_empty() {
            self.delete(deletes).await?;
        }
        Ok(())
    }

    /// `$1` and `$2` of every statement here.
    fn own(&self) -> Vec<Param> {
        vec![
            self.place.transaction.app().into(),
            self.place.collection.into(),
        ]
    }

    async fn insert(&self, documents: &[&Document]) -> Result<(), StoreError> {
        // In their order, so that they are numbered in it.
        let sql = "INSERT INTO documents (app, collection, id, doc, body)
                   SELECT $1, $2, v.id, v.doc, COALESCE(v.body, v.doc)::jsonb
                   FROM unnest($3::bytea[], $4::text[], $5::text[])
                     WITH ORDINALITY AS v (id, doc, body, place)
                   ORDER BY v.place
                   ON CONFLICT (app, collection, id) DO NOTHING
                   RETURNING seq, id";
        let ids = documents
            .iter()
            .map(|document| document.id.clone().into_bytes());
        let mut params = self.own();
        params.push(ids.collect::<Vec<Vec<u8>>>().into());
        params.extend(texts(documents.iter().copied()));
        let step = "insert a document";
        let rows = self.place.transaction.query(sql, &params, step).await?;
        let made: HashMap<&[u8], i64> = rows.iter().map(|row| (row.get(1), row.get(0))).collect();
        let mut seen = BTreeSet::new();
        let mut numbered = Vec::with_capacity(documents.len());
        for document in documents {
            match made.get(document.id.as_bytes()) {
                Some(seq) if seen.insert(*seq) => numbered.push((*seq, *document)),
                Some(_) | None => {
                    return Err(StoreError::DuplicateKey {
                        collection: self.place.collection.to_owned(),
                        id: shown_id(&document.id),
                    });
                }
            }
        }
        self.index(&numbered, Keys::None).await
    }

    async fn save(&self, document: &Document) -> Result<(), StoreError> {
        let sql = "INSERT INTO documents (app, collection, id, doc, body)
                   VALUES ($1, $2, $3, $4, COALESCE($5, $4)::jsonb)
                   ON CONFLICT (app, collection, id)
                   DO UPDATE SET doc = excluded.doc, body = excluded.body
                   RETURNING seq";
        let mut params = self.own();
        params.push(document.id.clone().into_bytes().into());
        params.push((&document.text).into());
        params.push(other_body(&document.text).into());
        let step = "save a document";
        let rows = self.place.transaction.query(sql, &params, step).await?;
        let numbered: Vec<_> = rows.iter().map(|row| (row.get(0), document)).collect();
        self.index(&numbered, Keys::Older).await
    }

    async fn replace(&self, documents: &[(i64, &Document)]) -> Result<(), StoreError> {
        let sql = "UPDATE documents d SET doc = v.doc, body = COALESCE(v.body, v.doc)::jsonb
                   FROM unnest($3::bigint[], $4::text[], $5::text[]) AS v (seq, doc, body)
                   WHERE d.app = $1 AND d.collection = $2 AND d.seq = v.seq";
        let mut params = self.own();
        params.push(
            documents
                .iter()
                .map(|(seq, _)| *seq)
                .collect::<Vec<i64>>()
                .into(),
        );
        params.extend(texts(documents.iter().map(|(_, document)| *document)));
        let step = "update a document";
        // Sent together, in this order: one round trip.
        tokio::try_join!(
            biased;
            self.place.transaction.execute(sql, &params, step),
            self.index(documents, Keys::Older)
        )?;
        Ok(())
    }

    async fn delete(&self, seqs: Vec<i64>) -> Result<(), StoreError> {
        if !self.indexes.is_empty() {
            let sql = "DELETE FROM document_keys
                       WHERE app = $1 AND index = ANY($2) AND seq = ANY($3)";
            let app = self.place.transaction.app().into();
            let params = [app, self.numbers().into(), seqs.clone().into()];
            let step = "remove the keys of a document";
            self.place.transaction.execute(sql, &params, step).await?;
        }
        let sql = "DELETE FROM documents WHERE app = $1 AND collection = $2 AND seq = ANY($3)";
        let mut params = self.own();
        params.push(seqs.into());
        let step = "remove a document";
        let removed = self.place.transaction.execute(sql, &params, step);
        removed.await.map(drop)
    }

    /// Empties the collection; how many there were.
    pub(super) async fn remove_all(&self) -> Result<u64, StoreError> {
        let step = "empty the collection";
        if !self.indexes.is_empty() {
            let sql = "DELETE FROM document_keys WHERE app = $1 AND index = ANY($2)";
            let params = [self.place.transaction.app().into(), self.numbers().into()];
            self.place.transaction.execute(sql, &params, step).await?;
        }
        let sql = "DELETE FROM documents WHERE app = $1 AND collection = $2";
        self.place.transaction.execute(sql, &self.own(), step).await
    }

    fn numbers(&self) -> Vec<i64> {
        self.indexes.iter().map(|(known, _)| known.number).collect()
    }

    async fn index(&self, documents: &[(i64, &Document)], had: Keys) -> Result<(), StoreError> {
        if self.indexes.is_empty() {
            return Ok(());
        }
        let mut read = Vec::with_capacity(documents.len());
        for (seq, document) in documents {
            self.place.budget.check()?;
            let fields: Map<String, Value> =
                serde_json::from_str(&document.text).map_err(|error| {
                    StoreError::unavailable("read a document that it had written", error)
                })?;
            read.push((*seq, fields));
        }
        index(self.place.transaction, &self.indexes, &read, had).await
    }
}

/// What keys documents have before they get new ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keys {
    /// They are new, or the index is.
    None,
    Older,
}

/// Writes the keys of these documents, and takes away those that they had before.
pub(super) async fn index(
    transaction: &Transaction<'_>,
    indexes: &[(Known, Path)],
    documents: &[(i64, Map<String, Value>)],
    had: Keys,
) -> Result<(), StoreError> {
    let (mut numbers, mut found, mut seqs) = (Vec::new(), Vec::new(), Vec::new());
    let mut multi = BTreeSet::new();
    for (known, path) in indexes {
        for (seq, fields) in documents {
            let keys = keys::of_document(fields, path);
            if keys.len() != 1 || keys.contains(EVERY) {
                multi.insert(known.number);
            }
            for key in keys {
                numbers.push(known.number);
                found.push(key);
                seqs.push(*seq);
            }
        }
    }
    let step = "write the keys of a document";
    let app = || Param::from(transaction.app());
    let keys = [numbers.into(), found.into(), seqs.into()];
    let of: Vec<i64> = indexes.iter().map(|(known, _)| known.number).collect();
    let about: Vec<i64> = documents.iter().map(|(seq, _)| *seq).collect();
    let gone = "DELETE FROM document_keys k
                WHERE k.app = $1 AND k.index = ANY($5) AND k.seq = ANY($6) AND NOT EXISTS (
                  SELECT FROM unnest($2::bigint[], $3::bytea[], $4::bigint[]) AS v (index, key, seq)
                  WHERE v.index = k.index AND v.key = k.key AND v.seq = k.seq)";
    let new = "INSERT INTO document_keys (app, index, key, seq)
               SELECT $1, v.index, v.key, v.seq
               FROM unnest($2::bigint[], $3::bytea[], $4::bigint[]) AS v (index, key, seq)
               ON CONFLICT DO NOTHING";
    let mut params = vec![app()];
    params.extend(keys);
    if had == Keys::Older {
        let mut older = params.clone();
        older.extend([of.into(), about.into()]);
        // Sent together, in this order.
        tokio::try_join!(
            biased;
            transaction.execute(new, &params, step),
            transaction.execute(gone, &older, step)
        )?;
    } else {
        transaction.execute(new, &params, step).await?;
    }
    if !multi.is_empty() {
        let sql = "UPDATE indexes SET is_multi = true
                   WHERE app = $1 AND number = ANY($2) AND NOT is_multi";
        let params = [app(), multi.into_iter().collect::<Vec<i64>>().into()];
        transaction.execute(sql, &params, step).await?;
    }
    Ok(())
}

/// The texts of documents, and of those bodies that are others.
fn texts<'d>(documents: impl Iterator<Item = &'d Document>) -> [Param; 2] {
    let (docs, bodies): (Vec<String>, Vec<Option<String>>) = documents
        .map(|document| (document.text.clone(), other_body(&document.text)))
        .unzip();
    [docs.into(), bodies.into()]
}
