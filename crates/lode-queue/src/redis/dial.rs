//! `Dialer`: connects to one server, and says in words what stood in the way.

use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo,
    RedisConnectionInfo, RedisError, TlsCertificates,
};

use super::fault::Fault;
use super::place::{Login, Node};
use crate::limits::RESPONSE_TIMEOUT;

/// How this handle connects, wherever to.
#[derive(Debug)]
pub(super) struct Dialer {
    pub(super) certificates: Option<TlsCertificates>,
    pub(super) connect_timeout: Duration,
}

/// A server that answered.
#[derive(Debug)]
pub(super) struct Reached {
    pub(super) client: Client,
    pub(super) connection: MultiplexedConnection,
    /// Its address, for people.
    pub(super) at: String,
}

impl Dialer {
    /// Connects and logs in. `response_timeout` is `None` for blocking commands.
    pub(super) async fn dial(
        &self,
        who: &str,
        info: ConnectionInfo,
        response_timeout: Option<Duration>,
    ) -> Result<Reached, Fault> {
        let at = info.addr().to_string();
        let what = format!("{who} at {at}");
        let client = self
            .client(info)
            .map_err(|error| Fault::of_connecting(&what, &error, self.connect_timeout))?;
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.connect_timeout))
            .set_response_timeout(response_timeout);
        let connection = client
            .get_multiplexed_async_connection_with_config(&config)
            .await
            .map_err(|error| Fault::of_connecting(&what, &error, self.connect_timeout))?;
        Ok(Reached {
            client,
            connection,
            at,
        })
    }

    fn client(&self, info: ConnectionInfo) -> Result<Client, RedisError> {
        // A peer that vanished without a word is noticed by the kernel, not by nobody.
        let tcp = info
            .tcp_settings()
            .clone()
            .set_user_timeout(RESPONSE_TIMEOUT * 2);
        // One command less that a server's access list must name.
        let settings = info.redis_settings().clone().set_skip_set_lib_name();
        let info = info.set_tcp_settings(tcp).set_redis_settings(settings);
        match &self.certificates {
            Some(files) => Client::build_with_tls(info, files.clone()),
            None => Client::open(info),
        }
    }
}

/// What the client library needs to know of one node.
pub(super) fn info(
    node: &Node,
    secure: bool,
    login: &Login,
    db: i64,
) -> Result<ConnectionInfo, RedisError> {
    let (host, port) = (node.host.clone(), node.port);
    let address = if secure {
        ConnectionAddr::TcpTls {
            host,
            port,
            insecure: false,
            tls_params: None,
        }
    } else {
        ConnectionAddr::Tcp(host, port)
    };
    let mut settings = RedisConnectionInfo::default().set_db(db);
    if let Some(user) = &login.user {
        settings = settings.set_username(user);
    }
    if let Some(password) = &login.password {
        settings = settings.set_password(password);
    }
    Ok(address.into_connection_info()?.set_redis_settings(settings))
}
