//! [`Mailer`]: hands email to the operator's mail server.

use std::sync::Arc;
use std::time::Duration;

use lettre::Message;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{
    AsyncSmtpConnection, AsyncTokioStream, Certificate, TlsParameters,
};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::{Error, response};
use tokio::net::TcpStream;
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;

use crate::error::chain;
use crate::options::{Security, SmtpServer};
use crate::stream::Heard;
use crate::tls::{authorities, connector, unusable};
use crate::{Email, EmailOptions, Failure, OptionsError, Origin};

/// Answers that speak of our account and not of the email: 530, 534, 535 and 538 of RFC 4954.
const ABOUT_THE_ACCOUNT: [u16; 4] = [530, 534, 535, 538];
/// For the farewell, when the email has been taken and all is told.
const FAREWELL: Duration = Duration::from_secs(1);

/// The way to the mail server. Each email has a connection of its own: nothing to keep alive, and
/// a server that was away is simply asked again.
///
/// It has a thread of its own, too: what a server says is read by lettre in one go, and a message is
/// put together in one go, and neither is to hold up the caller's runtime.
#[derive(Clone)]
pub struct Mailer {
    route: Arc<Route>,
    limit: Duration,
}

struct Route {
    server: SmtpServer,
    security: Secured,
    name: ClientId,
}

/// [`Security`], with what it takes.
enum Secured {
    Plain,
    StartTls(TlsParameters),
    Tls(TlsConnector),
}

impl std::fmt::Debug for Mailer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Mailer").field(&self.route.server).finish()
    }
}

impl Mailer {
    /// Reads the options and the file of authorities; `None` without a server.
    pub fn new(options: &EmailOptions) -> Result<Option<Self>, OptionsError> {
        options.check()?;
        let Some(server) = options.server()? else {
            return Ok(None);
        };
        let security = match server.security {
            Security::Plain => Secured::Plain,
            Security::StartTls => {
                Secured::StartTls(tls_parameters(&server.host, &options.ca_file)?)
            }
            Security::Tls => Secured::Tls(connector(KEY, &options.ca_file)?),
        };
        let name = server.name.clone().map(ClientId::Domain);
        Ok(Some(Self {
            route: Arc::new(Route {
                server,
                security,
                name: name.unwrap_or_default(),
            }),
            limit: Duration::from_millis(options.timeout_ms),
        }))
    }

    /// Hands one email over. Done means that the server has taken it for all recipients. It goes on
    /// to its end or to its timeout also when the future is dropped.
    ///
    /// A failure may follow a server that took it and died before it said so: another try then
    /// sends it twice, with the same Message-ID.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime with time.
    pub async fn send(&self, email: &Email, origin: &Origin) -> Result<(), Failure> {
        let deadline = Instant::now() + self.limit;
        let (route, email, origin) = (Arc::clone(&self.route), email.clone(), origin.clone());
        let (tell, told) = oneshot::channel();
        tokio::task::spawn_blocking(move || route.send(&email, &origin, deadline, tell));
        match timeout_at(deadline, told).await {
            Ok(Ok(Some(sent))) => sent,
            Ok(Ok(None)) | Err(_) => Err(Failure::passing(format!(
                "the mail server was not done within {} ms",
                self.limit.as_millis()
            ))),
            Ok(Err(_)) => Err(Failure::passing("the thread that sent the email was lost")),
        }
    }
}

impl Route {
    /// Tells how it went, `None` for a server that was not done by the deadline.
    fn send(
        &self,
        email: &Email,
        origin: &Origin,
        deadline: Instant,
        tell: oneshot::Sender<Option<Result<(), Failure>>>,
    ) {
        let runtime = match Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => {
                let text = format!("no runtime for the email: {error}");
                let _ = tell.send(Some(Err(Failure::passing(text))));
                return;
            }
        };
        runtime.block_on(async {
            let talk = async { self.hand_over(&email.message(origin)?).await };
            let (sent, connection) = match timeout_at(deadline, talk).await {
                Ok(Ok(connection)) => (Some(Ok(())), Some(connection)),
                Ok(Err(failure)) => (Some(Err(failure)), None),
                Err(_) => (None, None),
            };
            // Nobody is told by then only if the caller has given up.
            let _ = tell.send(sent);
            if let Some(mut connection) = connection {
                let _ = timeout(FAREWELL, connection.abort()).await;
            }
        });
        // A name that is still being looked up is waited for by nobody.
        runtime.shutdown_background();
    }

    /// The connection on which the server has taken the message.
    async fn hand_over(&self, message: &Message) -> Result<AsyncSmtpConnection, Failure> {
        let stream = self.connect().await?;
        let failed = |error: Error| failure(&error);
        let greeted = AsyncSmtpConnection::connect_with_transport(stream, &self.name).await;
        let mut connection = greeted.map_err(failed)?;
        if let Secured::StartTls(parameters) = &self.security {
            let secured = connection.starttls(parameters.clone(), &self.name).await;
            secured.map_err(failed)?;
        }
        if let Some((user, password)) = self.server.login.clone() {
            let credentials = Credentials::new(user, password);
            let known = connection.auth(DEFAULT_MECHANISMS, &credentials).await;
            known.map_err(failed)?;
        }
        let bytes = message.formatted();
        let sent = connection.send(message.envelope(), &bytes);
        sent.await.map_err(failed)?;
        Ok(connection)
    }

    async fn connect(&self) -> Result<Box<dyn AsyncTokioStream>, Failure> {
        let (host, port) = (self.server.host.as_str(), self.server.port);
        let failed = |what: &str, why: &dyn std::fmt::Display| {
            Failure::passing(format!("mail server: {host}:{port} {what}: {why}"))
        };
        let connected = async {
            let stream = TcpStream::connect((host, port)).await?;
            let peer = stream.peer_addr()?;
            Ok::<_, std::io::Error>((stream, peer))
        };
        let connected = connected.await;
        let (stream, peer) = connected.map_err(|error| failed("cannot be reached", &error))?;
        let Secured::Tls(tls) = &self.security else {
            return Ok(Box::new(Heard::new(stream, peer)));
        };
        let name = ServerName::try_from(host.to_owned());
        let name = name.map_err(|error| failed("cannot stand in a certificate", &error))?;
        let secured = tls.connect(name, stream).await;
        let stream = secured.map_err(|error| failed("TLS", &error))?;
        Ok(Box::new(Heard::new(stream, peer)))
    }
}

/// What the file of authorities is called.
const KEY: &str = "email.ca_file";

fn tls_parameters(host: &str, ca_file: &str) -> Result<TlsParameters, OptionsError> {
    let mut builder = TlsParameters::builder(host.to_owned());
    if let Some(pem) = authorities(KEY, ca_file)? {
        let read = Certificate::from_pem(&pem);
        let trusted = read.map_err(|error| unusable(KEY, ca_file, &chain(&error)))?;
        builder = builder.add_root_certificate(trusted);
    }
    builder
        .build_rustls()
        .map_err(|error| unusable(KEY, ca_file, &chain(&error)))
}

/// What the server has refused for good, it will refuse again; all else may pass.
fn failure(error: &Error) -> Failure {
    let code = error.status().map(number);
    let is_ours = code.is_some_and(|code| ABOUT_THE_ACCOUNT.contains(&code));
    let is_final = (error.is_permanent() && !is_ours) || error.is_client();
    Failure::new(is_final, &format!("mail server: {}", chain(error)))
}

fn number(code: response::Code) -> u16 {
    code.into()
}
