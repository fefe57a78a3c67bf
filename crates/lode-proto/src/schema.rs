//! JSON Schemas of the wire format, generated from the types; `proto/*.schema.json` are compared.

use crate::job::JobRecord;
use crate::outcome::Outcome;

/// File name under `proto/` and the schema's text, for each record on the wire.
#[must_use]
pub fn all() -> Vec<(&'static str, String)> {
    let pretty = |schema: &schemars::Schema| {
        let mut text = serde_json::to_string_pretty(schema).expect("a schema is plain JSON");
        text.push('\n');
        text
    };
    vec![
        ("job.schema.json", pretty(&schemars::schema_for!(JobRecord))),
        (
            "outcome.schema.json",
            pretty(&schemars::schema_for!(Outcome)),
        ),
    ]
}
