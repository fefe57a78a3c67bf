//! One client: lines in, replies out, in whatever order they come.

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use lode_proto::limits::JOB_BYTES_MAX;
use nix::sys::socket::{setsockopt, sockopt};
use tokio::io::{AsyncWriteExt, BufWriter};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{Semaphore, mpsc, watch};

use super::desk::{Caller, Desk, Reply};
use super::line::Line;
use super::lines::{Lines, Read};

/// Tasks of one connection that are open at one time. Beyond them the connection is not read from,
/// and the client's own writes begin to wait.
const OPEN_MAX: u32 = 128;
/// Bytes of a line: a job's, less what the job has around its task.
const LINE_BYTES_MAX: usize = JOB_BYTES_MAX - 2_048;
/// A client that takes so long to send a line to its end is refused.
const READ_MAX: Duration = Duration::from_secs(30);
/// A client that takes so long to take a reply is given up.
const WRITE_MAX: Duration = Duration::from_secs(30);
/// A silent client is asked by the kernel for a sign of life after so many seconds, then so many
/// times, so many seconds apart. One whose machine has gone would keep its place for ever.
const KEEP_ALIVE: (u32, u32, u32) = (60, 3, 20);

/// Serves one client until it has gone, or until `stop` says so and its open tasks are answered.
pub(super) async fn serve(stream: TcpStream, desk: Arc<Desk>, stop: watch::Receiver<bool>) {
    // A reply is one write: there is nothing to wait for.
    let _ = stream.set_nodelay(true);
    if let Err(error) = keep_alive(&stream) {
        tracing::warn!(%error, "tcp runner: a client that vanishes will not be noticed");
    }
    let (input, output) = stream.into_split();
    let (sender, receiver) = mpsc::unbounded_channel();
    tokio::select! {
        () = take_lines(input, &desk, sender, stop) => {}
        () = write_replies(output, receiver) => {}
    }
    desk.forget_ended();
}

fn keep_alive(stream: &TcpStream) -> nix::Result<()> {
    let (idle, count, interval) = KEEP_ALIVE;
    setsockopt(stream, sockopt::TcpKeepIdle, &idle)?;
    setsockopt(stream, sockopt::TcpKeepCount, &count)?;
    setsockopt(stream, sockopt::TcpKeepInterval, &interval)?;
    setsockopt(stream, sockopt::KeepAlive, &true)
}

/// Reads until the client's end of lines, and returns when all its replies are written.
async fn take_lines(
    input: OwnedReadHalf,
    desk: &Arc<Desk>,
    replies: mpsc::UnboundedSender<Reply>,
    mut stop: watch::Receiver<bool>,
) {
    let open = Arc::new(Semaphore::new(OPEN_MAX as usize));
    let mut lines = Lines::new(input, LINE_BYTES_MAX, READ_MAX);
    loop {
        let Ok(place) = Arc::clone(&open).acquire_owned().await else {
            return;
        };
        let read = tokio::select! {
            _ = stop.wait_for(|stop| *stop) => break,
            read = lines.next() => read,
        };
        let caller = Caller {
            replies: replies.clone(),
            place,
        };
        match read {
            Ok(Some(Read::Line(bytes))) => take(bytes, desk, caller),
            Ok(Some(Read::TooLong)) => {
                let reason = format!("the line is too long, allowed are {LINE_BYTES_MAX} bytes");
                caller.tell(desk.refusal(reason));
            }
            Ok(None) => break,
            Err(error) if error.kind() == ErrorKind::TimedOut => {
                let seconds = READ_MAX.as_secs();
                let reason = format!("the line did not end within {seconds} s; no more is read");
                caller.tell(desk.refusal(reason));
                break;
            }
            // Reset: nobody is there to be answered.
            Err(_) => return,
        }
    }
    // Each open task has a place until its reply is written.
    let _all = open.acquire_many(OPEN_MAX).await;
}

fn take(bytes: Vec<u8>, desk: &Arc<Desk>, caller: Caller) {
    let Ok(text) = String::from_utf8(bytes) else {
        return caller.tell(desk.refusal("the line is not UTF-8".to_owned()));
    };
    match Line::read(&text) {
        Line::Nothing => {}
        Line::HealthCheck => caller.tell(r#"{"status":"ready"}"#.to_owned()),
        Line::Bad { reason } => caller.tell(desk.refusal(reason)),
        Line::Task { task_id, app } => {
            let desk = Arc::clone(desk);
            tokio::spawn(async move { desk.submit(text.trim(), task_id, app, caller).await });
        }
    }
}

/// Writes replies; returns when the client takes no more.
async fn write_replies(output: OwnedWriteHalf, mut replies: mpsc::UnboundedReceiver<Reply>) {
    let mut output = BufWriter::new(output);
    while let Some(reply) = replies.recv().await {
        let write = async {
            output.write_all(reply.text.as_bytes()).await?;
            output.write_all(b"\n").await?;
            output.flush().await
        };
        match tokio::time::timeout(WRITE_MAX, write).await {
            Ok(Ok(())) => drop(reply.place),
            Ok(Err(error)) => return tracing::debug!(%error, "tcp runner: the client has gone"),
            Err(_) => return tracing::warn!("tcp runner: the client does not take its replies"),
        }
    }
}
