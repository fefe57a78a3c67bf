//! From a hop's URL to a stream: names resolved once, addresses guarded, TLS where asked for.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{self, ClientConfig, RootCertStore};
use url::{Host, Url};

use crate::guard::{Checked, Guard};
use crate::hop::Hop;
use crate::{EgressError, EgressOptions};

/// Addresses of one answer that are tried.
const ADDRESSES_MAX: usize = 8;
/// For an address that does not answer while there are others: IPv6 that leads nowhere must not
/// use up the request's time.
const ATTEMPT_LIMIT: Duration = Duration::from_secs(3);
/// Names that are looked up at one time. The system's resolver blocks a thread until it has an
/// answer, whatever became of the request, and the threads are the master's.
const LOOKUPS_MAX: usize = 64;

/// What HTTP is spoken on.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Opens connections.
#[derive(Debug)]
pub(crate) struct Connector {
    tls: Arc<ClientConfig>,
    lookups: Arc<Semaphore>,
}

impl Connector {
    /// A connector that trusts the authorities that the web's browsers trust.
    pub(crate) fn new() -> Result<Self, rustls::Error> {
        let roots = webpki_roots::TLS_SERVER_ROOTS.iter().cloned();
        Self::with_roots(roots.collect())
    }

    fn with_roots(roots: RootCertStore) -> Result<Self, rustls::Error> {
        let provider = Arc::new(ring::default_provider());
        let mut tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        // A resumed session would tie one app's connections to another's.
        tls.resumption = rustls::client::Resumption::disabled();
        Ok(Self {
            tls: Arc::new(tls),
            lookups: Arc::new(Semaphore::new(LOOKUPS_MAX)),
        })
    }

    /// A stream to the hop's host, at one of its permitted addresses.
    pub(crate) async fn open(
        &self,
        hop: &Hop,
        options: &EgressOptions,
    ) -> Result<Box<dyn Stream>, EgressError> {
        let (addresses, was_name) = self.resolve(&hop.url).await?;
        // Asked for each time: a worker's addresses come and go.
        let guard = Guard::now(options).map_err(|_| EgressError::Connect {
            host: hop.host(),
            why: "the worker could not make sure that the address is not its own".to_owned(),
        })?;
        let checked = guard.check(&addresses);
        if checked.is_empty() {
            // Which address a name has may be a secret of the worker's network; one that stands
            // in the URL is the tenant's own.
            let why = if was_name {
                "it resolves to an address that is not allowed; allowed are public addresses"
            } else {
                "the address is not allowed; allowed are public addresses"
            };
            return Err(EgressError::Denied {
                target: hop.host(),
                why: why.to_owned(),
            });
        }
        let stream = connect(&checked)
            .await
            .map_err(|error| EgressError::Connect {
                host: hop.host(),
                why: connect_failure(error.kind()).to_owned(),
            })?;
        if hop.url.scheme() == "https" {
            return self.secure(stream, hop).await;
        }
        Ok(Box::new(stream))
    }

    /// The addresses of the URL's host, and whether it is a name.
    async fn resolve(&self, url: &Url) -> Result<(Vec<SocketAddr>, bool), EgressError> {
        let port = url.port_or_known_default().unwrap_or_default();
        let literal = |address: IpAddr| Ok((vec![SocketAddr::new(address, port)], false));
        let name = match url.host() {
            Some(Host::Ipv4(address)) => return literal(address.into()),
            Some(Host::Ipv6(address)) => return literal(address.into()),
            Some(Host::Domain(name)) => name.to_owned(),
            None => String::new(),
        };
        let unresolved = || EgressError::Resolve { host: name.clone() };
        let permit = Arc::clone(&self.lookups).acquire_owned().await;
        let permit = permit.map_err(|_| unresolved())?;
        let asked = name.clone();
        let lookup = tokio::task::spawn_blocking(move || {
            // Held for as long as the thread is, also when the request has given up.
            let _permit = permit;
            let found = (asked.as_str(), port).to_socket_addrs();
            found.map(|addresses| addresses.collect::<Vec<_>>())
        });
        match lookup.await {
            Ok(Ok(addresses)) if !addresses.is_empty() => Ok((addresses, true)),
            Ok(_) | Err(_) => Err(unresolved()),
        }
    }

    async fn secure(&self, stream: TcpStream, hop: &Hop) -> Result<Box<dyn Stream>, EgressError> {
        let failed = |why: String| EgressError::Tls {
            host: hop.host(),
            why,
        };
        let name = match hop.url.host() {
            Some(Host::Ipv4(address)) => Ok(ServerName::from(IpAddr::V4(address))),
            Some(Host::Ipv6(address)) => Ok(ServerName::from(IpAddr::V6(address))),
            Some(Host::Domain(name)) => ServerName::try_from(name.to_owned()),
            None => ServerName::try_from(String::new()),
        };
        let name = name.map_err(|_| failed("its name cannot stand in a certificate".to_owned()))?;
        let connector = TlsConnector::from(Arc::clone(&self.tls));
        match connector.connect(name, stream).await {
            Ok(stream) => Ok(Box::new(stream)),
            Err(error) => Err(failed(tls_failure(&error))),
        }
    }
}

/// Connects to the first address that accepts.
async fn connect(addresses: &[Checked]) -> io::Result<TcpStream> {
    let mut failure = io::Error::from(io::ErrorKind::NotFound);
    let tried = addresses.len().min(ADDRESSES_MAX);
    for (index, address) in addresses[..tried].iter().enumerate() {
        let attempt = address.connect();
        let result = if index + 1 == tried {
            attempt.await
        } else {
            let in_time = timeout(ATTEMPT_LIMIT, attempt).await;
            in_time.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
        };
        match result {
            Ok(stream) => {
                // A request is written at once; waiting to fill a segment gains nothing.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the kinds are the standard library's, and more may come"
)]
fn connect_failure(kind: io::ErrorKind) -> &'static str {
    match kind {
        io::ErrorKind::ConnectionRefused => "it refused the connection",
        io::ErrorKind::TimedOut => "it does not answer",
        _ => "it cannot be reached",
    }
}

/// What TLS says, which is about certificates and versions and not about addresses.
fn tls_failure(error: &io::Error) -> String {
    let inner = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>());
    let text = inner.map_or_else(
        || "the connection was closed during the handshake".to_owned(),
        ToString::to_string,
    );
    text.chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio_rustls::TlsAcceptor;
    use tokio_rustls::rustls::ServerConfig;
    use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

    use super::*;
    use crate::FetchRequest;
    use crate::exchange::exchange;

    // An authority of these tests, and a certificate of it for "localhost". Both last for a
    // hundred years; the authority's own key is gone.
    const AUTHORITY: &[u8] = include_bytes!("../tests/tls/ca.der");
    const CERTIFICATE: &[u8] = include_bytes!("../tests/tls/leaf.der");
    const KEY: &[u8] = include_bytes!("../tests/tls/leaf.key.der");

    /// Serves one reply over TLS to each connection; gives the port.
    async fn serve() -> u16 {
        let provider = Arc::new(ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(
                vec![CertificateDer::from(CERTIFICATE)],
                PrivateKeyDer::try_from(KEY).expect("a key"),
            )
            .expect("a certificate and its key");
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                if let Ok(mut stream) = acceptor.accept(stream).await {
                    let mut request = [0; 1024];
                    let _ = stream.read(&mut request).await;
                    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\nsecret").await;
                    let _ = stream.shutdown().await;
                }
            }
        });
        port
    }

    async fn fetch(connector: &Connector, url: String) -> Result<Vec<u8>, EgressError> {
        let options: EgressOptions =
            toml::from_str("allow_networks = ['127.0.0.0/8', '::1']").expect("options");
        let request = FetchRequest {
            method: "GET".to_owned(),
            url,
            ..FetchRequest::default()
        };
        let hop = request.into_hop(&options)?;
        let stream = connector.open(&hop, &options).await?;
        let reply = exchange(stream, &hop, &options, |_, _| true).await?;
        Ok(reply.body)
    }

    #[tokio::test]
    async fn https_is_spoken_with_the_host_that_the_url_names_only() {
        let port = serve().await;
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from(AUTHORITY)).expect("a root");
        let trusting = Connector::with_roots(roots).expect("a connector");
        let body = fetch(&trusting, format!("https://localhost:{port}/")).await;
        assert_eq!(body, Ok(b"secret".to_vec()));

        // The same server under a name that is not in its certificate.
        let error = fetch(&trusting, format!("https://127.0.0.1:{port}/")).await;
        assert_eq!(error.expect_err("another name").code(), "EgressTls");

        let public = Connector::new().expect("a connector");
        let error = fetch(&public, format!("https://localhost:{port}/")).await;
        let error = error.expect_err("an unknown authority").to_string();
        assert!(error.contains("UnknownIssuer"), "{error}");
    }
}
