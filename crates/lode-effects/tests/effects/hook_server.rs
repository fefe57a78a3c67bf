//! `HookServer`: a push service on loopback that checks signatures and answers as it is told.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Posted {
    /// The path with its query.
    pub(crate) path: String,
    /// By lower-case name.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

/// A running server, gone when dropped.
pub(crate) struct HookServer {
    pub(crate) port: u16,
    desk: Arc<Desk>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Desk {
    posted: Mutex<Vec<Posted>>,
    /// Statuses of the next answers; then 204.
    statuses: Mutex<Vec<u16>>,
    stop: AtomicBool,
}

impl HookServer {
    /// A server whose next answers have these statuses; 0 is none at all, the connection ends;
    /// 200 promises a body and does not send it.
    pub(crate) fn start(statuses: &[u16]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let desk = Arc::new(Desk {
            statuses: Mutex::new(statuses.iter().rev().copied().collect()),
            ..Desk::default()
        });
        let theirs = Arc::clone(&desk);
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if theirs.stop.load(Ordering::Relaxed) {
                    return;
                }
                // One after the other, so that the statuses are given out in order.
                let _ = theirs.answer(&stream.expect("a connection"));
            }
        });
        Self {
            port,
            desk,
            thread: Some(thread),
        }
    }

    /// Its URL.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/push?to=devices", self.port)
    }

    /// What has come so far.
    pub(crate) fn posted(&self) -> Vec<Posted> {
        let posted = self.desk.posted.lock();
        posted.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for HookServer {
    fn drop(&mut self) {
        self.desk.stop.store(true, Ordering::Relaxed);
        // Wakes the thread that waits for a connection.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Desk {
    fn answer(&self, stream: &TcpStream) -> std::io::Result<()> {
        let mut reader = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head)? == 0 {
                return Ok(());
            }
        }
        let mut lines = head.lines();
        let first = lines.next().unwrap_or_default();
        let headers: BTreeMap<String, String> = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
            .collect();
        let length = headers.get("content-length").and_then(|v| v.parse().ok());
        let mut body = vec![0; length.unwrap_or(0)];
        reader.read_exact(&mut body)?;
        let posted = Posted {
            path: first.split(' ').nth(1).unwrap_or_default().to_owned(),
            headers,
            body: String::from_utf8_lossy(&body).into_owned(),
        };
        let all = self.posted.lock();
        all.unwrap_or_else(PoisonError::into_inner).push(posted);
        let mut statuses = self.statuses.lock().unwrap_or_else(PoisonError::into_inner);
        let status = statuses.pop().unwrap_or(204);
        if status == 0 {
            return Ok(());
        }
        if status == 200 {
            write!(
                &mut &*stream,
                "HTTP/1.1 200 X\r\nContent-Length: 100\r\n\r\nbegun"
            )?;
            // Until the client goes.
            reader.read_to_end(&mut Vec::new())?;
            return Ok(());
        }
        let text = if status == 204 { "" } else { "as it was told" };
        write!(
            &mut &*stream,
            "HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{text}",
            text.len()
        )
    }
}
