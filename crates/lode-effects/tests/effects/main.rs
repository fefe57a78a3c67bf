//! Email and push against servers that speak the real protocols.

mod email;
mod email_bounds;
mod hook_server;
mod hostile;
mod push;
mod smtp_server;

use lode_effects::Origin;

fn origin() -> Origin {
    Origin {
        id: "65f000000000000000000001".to_owned(),
        app: "shop".to_owned(),
        hook: "orders.onPostSave".to_owned(),
        job: "j1".to_owned(),
        at_ms: 1_700_000_000_000,
    }
}
