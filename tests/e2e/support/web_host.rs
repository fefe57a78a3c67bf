//! `WebHost`: a small HTTP server on loopback, for what hooks send out.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::json;

/// How long `/slow` takes.
pub(crate) const SLOW: Duration = Duration::from_secs(2);
/// Bytes of `/large`.
pub(crate) const LARGE_BYTES: usize = 100_000;

/// A running server, gone when dropped. It answers each connection once:
///
/// ```text
/// /echo        200, what came as JSON: method, path, headers, body
/// /to?URL      302 to that URL
/// /slow        200 after SLOW
/// /large       200 with LARGE_BYTES
/// anything     404
/// ```
#[derive(Debug)]
pub(crate) struct WebHost {
    pub(crate) port: u16,
    paths: Arc<Mutex<Vec<String>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl WebHost {
    /// Starts a server on a free port.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (paths, stop) = (Arc::<Mutex<Vec<String>>>::default(), Arc::default());
        let (theirs, stopped) = (Arc::clone(&paths), Arc::clone(&stop));
        let thread = std::thread::spawn(move || accept(&listener, &theirs, &stopped));
        Self {
            port,
            paths,
            stop,
            thread: Some(thread),
        }
    }

    /// A URL of this server.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// The paths of all requests that have come.
    pub(crate) fn paths(&self) -> Vec<String> {
        self.paths.lock().unwrap().clone()
    }
}

impl Drop for WebHost {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // Wakes the thread that waits for a connection.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn accept(listener: &TcpListener, paths: &Arc<Mutex<Vec<String>>>, stop: &AtomicBool) {
    for stream in listener.incoming() {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        let (stream, paths) = (stream.unwrap(), Arc::clone(paths));
        // Whoever breaks off is answered by nobody.
        std::thread::spawn(move || answer(stream, &paths).ok());
    }
}

fn answer(stream: TcpStream, paths: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head)? == 0 {
            return Ok(());
        }
    }
    let mut lines = head.lines();
    let mut words = lines.next().unwrap_or_default().split(' ');
    let method = words.next().unwrap_or_default().to_owned();
    let path = words.next().unwrap_or_default().to_owned();
    let headers: serde_json::Map<String, serde_json::Value> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), json!(value)))
        .collect();
    let length = headers.get("content-length").and_then(|v| v.as_str());
    let mut body = vec![0; length.and_then(|v| v.parse().ok()).unwrap_or(0)];
    reader.read_exact(&mut body)?;
    paths.lock().unwrap().push(path.clone());
    let body = String::from_utf8_lossy(&body);
    let came = json!({"method": method, "path": path, "headers": headers, "body": body});
    let (status, header, text) = match path.split_once('?') {
        Some(("/to", target)) => ("302 Found", format!("Location: {target}"), String::new()),
        _ if path.starts_with("/echo") => ("200 OK", json_header(), came.to_string()),
        _ if path == "/large" => ("200 OK", json_header(), "7".repeat(LARGE_BYTES)),
        _ if path == "/slow" => {
            // The client says nothing more: reading ends with the time, or with the client.
            stream.set_read_timeout(Some(SLOW))?;
            let _ = reader.read(&mut [0]);
            ("200 OK", json_header(), "\"late\"".to_owned())
        }
        _ => ("404 Not Found", json_header(), "\"nothing\"".to_owned()),
    };
    write!(
        &stream,
        "HTTP/1.1 {status}\r\n{header}\r\nX-Served-By: tester\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{text}",
        text.len()
    )
}

fn json_header() -> String {
    "Content-Type: application/json".to_owned()
}
