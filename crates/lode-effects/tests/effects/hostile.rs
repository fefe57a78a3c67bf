//! Mail servers that mean harm, or are broken so that it comes to the same.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use lode_effects::{EmailOptions, Failure};

use super::email::{certificates, options, send, to};
use super::smtp_server::Stream;

/// A server that serves one connection.
fn serve(talk: impl FnOnce(TcpStream) -> std::io::Result<()> + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || talk(listener.accept()?.0));
    port
}

/// Reads a line of the client's, and says something.
fn answer<S: Stream>(stream: &mut BufReader<S>, said: &str) -> std::io::Result<()> {
    stream.read_line(&mut String::new())?;
    stream.get_mut().write_all(said.as_bytes())
}

fn plain(port: u16) -> EmailOptions {
    options(format!("smtp://127.0.0.1:{port}"))
}

/// Sends an email while another task of the same runtime counts its `turns`. The deadline is for a
/// runtime that is held up, which no timeout of its own would end.
fn send_beside_a_task(options: EmailOptions, turns: &Arc<AtomicUsize>) -> Result<(), Failure> {
    let (tell, told) = mpsc::channel();
    let turns = Arc::clone(turns);
    std::thread::spawn(move || {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().build().expect("a runtime");
        let sent = runtime.block_on(async move {
            tokio::spawn(async move {
                loop {
                    turns.fetch_add(1, Ordering::Relaxed);
                    tokio::task::yield_now().await;
                }
            });
            send(&options, &to("a@x.example")).await
        });
        tell.send(sent)
    });
    let ended = told.recv_timeout(Duration::from_secs(60));
    ended.expect("the send ends")
}

#[track_caller]
fn says_too_much(sent: Result<(), Failure>) {
    let failure = sent.expect_err("it is no answer");
    assert!(!failure.is_final, "{failure}");
    assert!(failure.text.contains("says too much"), "{failure}");
}

#[test]
fn a_server_whose_response_never_ends_is_left_and_holds_nobody_up() {
    for part in ["250-x\r\n", "x"] {
        let turns = Arc::new(AtomicUsize::new(0));
        let before = Arc::new(AtomicUsize::new(0));
        let (seen, noted) = (Arc::clone(&turns), Arc::clone(&before));
        let flood = part.repeat(10_000);
        let port = serve(move |stream| {
            let mut stream = BufReader::new(stream);
            stream.get_mut().write_all(b"220 tester\r\n")?;
            answer(&mut stream, "250-tester\r\n")?;
            noted.store(seen.load(Ordering::Relaxed), Ordering::Relaxed);
            loop {
                stream.get_mut().write_all(flood.as_bytes())?;
            }
        });
        says_too_much(send_beside_a_task(plain(port), &turns));
        if part.ends_with('\n') {
            // Were it read on the same thread, the other task would have a turn with each read only.
            let turns = turns.load(Ordering::Relaxed) - before.load(Ordering::Relaxed);
            assert!(turns > 100, "the other task stood still: {turns}");
        }
    }
}

#[test]
fn a_flood_through_tls_ends_as_one_in_the_clear() {
    let (pem, secure) = certificates();
    let folder = tempfile::tempdir().expect("a folder");
    let ca_file = folder.path().join("ca.pem");
    std::fs::write(&ca_file, pem).expect("a file");
    for (scheme, query) in [("smtps", ""), ("smtp", "?tls=required")] {
        let secure = Arc::clone(&secure);
        let port = serve(move |stream| {
            let mut stream = BufReader::new(Box::new(stream) as Box<dyn Stream>);
            if !query.is_empty() {
                stream.get_mut().write_all(b"220 tester\r\n")?;
                answer(&mut stream, "250-tester\r\n250 STARTTLS\r\n")?;
                answer(&mut stream, "220 go ahead\r\n")?;
            }
            let mut stream = secure(stream.into_inner());
            // The greeting, or the answer to the second EHLO.
            loop {
                stream.write_all(&[b'x'; 10_000])?;
            }
        });
        let mut options = options(format!("{scheme}://localhost:{port}{query}"));
        options.ca_file = ca_file.display().to_string();
        says_too_much(send_beside_a_task(options, &Arc::default()));
    }
}

#[test]
fn a_server_that_says_too_little_is_left_after_the_timeout() {
    let port = serve(|stream| {
        let mut stream = BufReader::new(stream);
        stream.get_mut().write_all(b"220 tester\r\n250-")?;
        // Until the client goes.
        while stream.read_line(&mut String::new())? > 0 {}
        Ok(())
    });
    let mut options = plain(port);
    options.timeout_ms = 100;
    let sent = send_beside_a_task(options, &Arc::default());
    let failure = sent.expect_err("it is no answer");
    assert_eq!(failure.text, "the mail server was not done within 100 ms");
    assert!(!failure.is_final);
}

#[test]
fn an_email_that_is_taken_is_sent_also_when_the_farewell_is_not_answered() {
    let port = serve(|stream| {
        let mut stream = BufReader::new(stream);
        stream.get_mut().write_all(b"220 tester\r\n")?;
        for said in [
            "250 tester\r\n",
            "250 ok\r\n",
            "250 ok\r\n",
            "354 go on\r\n",
        ] {
            answer(&mut stream, said)?;
        }
        let mut line = String::new();
        while line != ".\r\n" {
            line.clear();
            stream.read_line(&mut line)?;
        }
        stream.get_mut().write_all(b"250 taken\r\n")?;
        // Until the client goes.
        while stream.read_line(&mut String::new())? > 0 {}
        Ok(())
    });
    let sent = send_beside_a_task(plain(port), &Arc::default());
    sent.expect("it is taken");
}
