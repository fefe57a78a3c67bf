//! `Sentinels`: ask which server is the primary, and check that it says so itself.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use redis::{Value, cmd};

use super::dial::{Dialer, Reached, info};
use super::fault::{Fault, is_login_fault, together};
use super::place::{Login, Node};
use crate::limits::RESPONSE_TIMEOUT;

/// The sentinels of one service.
#[derive(Debug)]
pub(super) struct Sentinels {
    pub(super) nodes: Vec<Node>,
    pub(super) service: String,
    pub(super) db: i64,
    pub(super) login: Login,
    pub(super) sentinel_login: Login,
    pub(super) secure: bool,
    /// The one that answered last is asked first: a dead one may cost a whole connect timeout.
    pub(super) first: AtomicUsize,
}

impl Sentinels {
    /// Connects to the primary that a sentinel names.
    pub(super) async fn primary(
        &self,
        dialer: &Dialer,
        response_timeout: Option<Duration>,
    ) -> Result<Reached, Fault> {
        let (mut faults, mut tried) = (Vec::new(), Vec::new());
        let first = self.first.load(Ordering::Relaxed);
        for step in 0..self.nodes.len() {
            let at = (first + step) % self.nodes.len();
            let named = match self.ask(dialer, &self.nodes[at]).await {
                Ok(named) => named,
                Err(fault) => {
                    faults.push(fault);
                    continue;
                }
            };
            if tried.contains(&named) {
                continue;
            }
            match self.dial_primary(dialer, &named, response_timeout).await {
                Ok(reached) => {
                    self.first.store(at, Ordering::Relaxed);
                    return Ok(reached);
                }
                Err(fault) => faults.push(fault),
            }
            tried.push(named);
        }
        Err(together(
            &format!(
                "no primary of the sentinel service {:?} to talk to",
                self.service
            ),
            faults,
        ))
    }

    async fn ask(&self, dialer: &Dialer, sentinel: &Node) -> Result<Node, Fault> {
        let wrong = |error| Fault::of_answer(&format!("the sentinel at {sentinel}"), &error);
        let info = info(sentinel, self.secure, &self.sentinel_login, 0).map_err(wrong)?;
        let mut reached = dialer
            .dial("the sentinel", info, Some(RESPONSE_TIMEOUT))
            .await?;
        let named: Option<(String, u16)> = cmd("SENTINEL")
            .arg("GET-MASTER-ADDR-BY-NAME")
            .arg(&self.service)
            .query_async(&mut reached.connection)
            .await
            .map_err(wrong)?;
        match named {
            Some((host, port)) => Ok(Node { host, port }),
            None => Err(Fault::passing(format!(
                "the sentinel at {sentinel} knows no service of this name"
            ))),
        }
    }

    /// A server that just came back may be named while it is about to become a replica.
    async fn dial_primary(
        &self,
        dialer: &Dialer,
        node: &Node,
        response_timeout: Option<Duration>,
    ) -> Result<Reached, Fault> {
        let what = format!("the primary that the sentinels name, {node},");
        let info = info(node, self.secure, &self.login, self.db)
            .map_err(|error| Fault::of_answer(&what, &error))?;
        let mut reached = dialer
            .dial(
                "the primary that the sentinels name",
                info,
                response_timeout,
            )
            .await?;
        let role = cmd("ROLE");
        let asked = role.query_async::<Vec<Value>>(&mut reached.connection);
        let role = match tokio::time::timeout(RESPONSE_TIMEOUT, asked).await {
            Ok(role) => role,
            Err(_) => return Err(Fault::passing(format!("{what} does not answer"))),
        };
        match role {
            Ok(role) if role.first() == Some(&Value::BulkString(b"master".to_vec())) => Ok(reached),
            Ok(_) => Err(Fault::passing(format!("{what} is a replica now"))),
            // Without the right to ask, a replica still shows itself at the first write.
            Err(error) if is_login_fault(&error) && error.code() == Some("NOPERM") => Ok(reached),
            Err(error) => Err(Fault::of_answer(&what, &error)),
        }
    }
}
