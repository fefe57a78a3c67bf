//! A connection beside the store's.

use tokio_postgres::{Client, NoTls};

use crate::place::Place;

/// It finds the tables of the place, and is the test's login in full.
pub(crate) async fn client(place: &Place) -> Client {
    let connected = tokio_postgres::connect(&place.server, NoTls).await;
    let (client, connection) = connected.unwrap();
    tokio::spawn(connection);
    let schema = &place.schema;
    // Its own name, for its statements are not the store's; it goes with the schema all the same.
    let find = format!("SET search_path = {schema}; SET application_name = '{schema}_beside'");
    client.batch_execute(&find).await.unwrap();
    client
}
