//! A small HTTP server on loopback: hands out each request's text, answers with given bytes.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// A server that closes each connection after one answer. It ends with the test's runtime.
pub(crate) struct Server {
    pub(crate) port: u16,
    requests: UnboundedReceiver<String>,
}

impl Server {
    /// Serves `answer(request)` on a port of 127.0.0.1.
    pub(crate) async fn start(answer: impl Fn(&str) -> Vec<u8> + Send + 'static) -> Self {
        let listener = listen().await;
        let port = listener.local_addr().expect("an address").port();
        let (sender, requests) = unbounded_channel();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let request = read_request(&mut stream).await;
                let bytes = answer(&request);
                let _ = sender.send(request);
                let _ = stream.write_all(&bytes).await;
            }
        });
        Self { port, requests }
    }

    /// The next request that came, head and body.
    pub(crate) async fn request(&mut self) -> String {
        self.requests.recv().await.expect("the server runs")
    }

    /// Whether no request has come that was not asked for.
    pub(crate) fn is_unasked(&mut self) -> bool {
        self.requests.try_recv().is_err()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }
}

/// A listener on a free port of loopback.
pub(crate) async fn listen() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.expect("a port")
}

/// One request, as far as its Content-Length says.
pub(crate) async fn read_request(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some(end) = text.find("\r\n\r\n") {
            let length = text
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "));
            let length: usize = length.map_or(0, |digits| digits.parse().expect("digits"));
            if bytes.len() >= end + 4 + length {
                return text;
            }
        }
        if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return text;
        }
    }
}
