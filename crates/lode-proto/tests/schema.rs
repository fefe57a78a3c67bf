//! The schemas in `proto/` say what the types say.

use std::path::Path;

#[test]
fn the_schemas_in_proto_match_the_types() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../proto");
    for (name, expected) in lode_proto::schema::all() {
        let path = folder.join(name);
        // `UPDATE_EXPECT=1 cargo test -p lode-proto` writes them anew, as for every expected value.
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            std::fs::write(&path, &expected).unwrap();
        }
        let found = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(
            found, expected,
            "proto/{name} is stale: run with UPDATE_EXPECT=1"
        );
    }
}
