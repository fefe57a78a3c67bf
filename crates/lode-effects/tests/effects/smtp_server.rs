//! `SmtpServer`: a mail server on loopback that takes what it is sent and keeps it.
//!
//! It speaks as much SMTP as a client needs: EHLO, STARTTLS, AUTH PLAIN, MAIL, RCPT, DATA, QUIT. A
//! recipient whose address begins with a number is refused with that number.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;

/// What SMTP is spoken on.
pub(crate) trait Stream: Read + Write + Send {}
impl<T: Read + Write + Send> Stream for T {}

/// Makes TLS of a connection.
pub(crate) type Secure = Arc<dyn Fn(Box<dyn Stream>) -> Box<dyn Stream> + Send + Sync>;

/// An email as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mail {
    /// Of the envelope.
    pub(crate) from: String,
    /// Of the envelope.
    pub(crate) to: Vec<String>,
    /// Head and body.
    pub(crate) text: String,
    /// Who logged in, as AUTH PLAIN has it.
    pub(crate) login: Option<String>,
    /// Came over TLS.
    pub(crate) secured: bool,
}

impl Mail {
    /// The value of a header, on one line.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let (head, _) = self.text.split_once("\r\n\r\n")?;
        let head = head.replace("\r\n ", " ");
        let mut lines = head.lines();
        lines.find_map(|line| Some(line.strip_prefix(name)?.strip_prefix(": ")?.to_owned()))
    }
}

/// When TLS begins.
#[derive(Clone)]
pub(crate) enum Tls {
    None,
    /// With the first byte.
    AtOnce(Secure),
    /// After STARTTLS.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "only some suites have certificates")
    )]
    WhenAsked(Secure),
}

/// A running server, gone when dropped.
pub(crate) struct SmtpServer {
    pub(crate) port: u16,
    desk: Arc<Desk>,
    thread: Option<JoinHandle<()>>,
}

struct Desk {
    tls: Tls,
    mails: Mutex<Vec<Mail>>,
    connections: AtomicUsize,
    /// Greets nobody while it is true.
    holds: Mutex<bool>,
    changed: Condvar,
    /// Takes an email and breaks off without saying so.
    forgets_to_answer: AtomicBool,
    stop: AtomicBool,
}

impl SmtpServer {
    pub(crate) fn start(tls: Tls) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let desk = Arc::new(Desk {
            tls,
            mails: Mutex::default(),
            connections: AtomicUsize::new(0),
            holds: Mutex::new(false),
            changed: Condvar::new(),
            forgets_to_answer: AtomicBool::new(false),
            stop: AtomicBool::new(false),
        });
        let theirs = Arc::clone(&desk);
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if theirs.stop.load(Ordering::Relaxed) {
                    return;
                }
                let (stream, desk) = (stream.expect("a connection"), Arc::clone(&theirs));
                // Whoever breaks off is answered by nobody.
                std::thread::spawn(move || desk.serve(stream).ok());
            }
        });
        Self {
            port,
            desk,
            thread: Some(thread),
        }
    }

    /// What has come so far.
    pub(crate) fn mails(&self) -> Vec<Mail> {
        let mails = self.desk.mails.lock();
        mails.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How often it was connected to.
    pub(crate) fn connections(&self) -> usize {
        self.desk.connections.load(Ordering::Relaxed)
    }

    /// Lets those who connect wait for the greeting, or greets them.
    pub(crate) fn hold(&self, holds: bool) {
        let held = self.desk.holds.lock();
        *held.unwrap_or_else(PoisonError::into_inner) = holds;
        self.desk.changed.notify_all();
    }

    /// Takes what comes without saying so, or says so.
    pub(crate) fn forget_to_answer(&self, forgets: bool) {
        self.desk
            .forgets_to_answer
            .store(forgets, Ordering::Relaxed);
    }
}

impl Drop for SmtpServer {
    fn drop(&mut self) {
        self.desk.stop.store(true, Ordering::Relaxed);
        self.hold(false);
        // Wakes the thread that waits for a connection.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// One connection's state.
#[derive(Default)]
struct Talk {
    from: String,
    to: Vec<String>,
    login: Option<String>,
    secured: bool,
}

enum Next {
    Goes,
    Secures,
    Ends,
}

impl Desk {
    fn serve(&self, stream: TcpStream) -> std::io::Result<()> {
        self.connections.fetch_add(1, Ordering::Relaxed);
        let mut holds = self.holds.lock().unwrap_or_else(PoisonError::into_inner);
        while *holds {
            let woken = self.changed.wait(holds);
            holds = woken.unwrap_or_else(PoisonError::into_inner);
        }
        drop(holds);
        let mut talk = Talk::default();
        let mut stream: Box<dyn Stream> = Box::new(stream);
        if let Tls::AtOnce(secure) = &self.tls {
            stream = secure(stream);
            talk.secured = true;
        }
        let mut reader = BufReader::new(stream);
        reader.get_mut().write_all(b"220 tester ESMTP\r\n")?;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            match self.answer(line.trim_end(), &mut talk, &mut reader)? {
                Next::Goes => {}
                Next::Ends => return Ok(()),
                Next::Secures => {
                    if let Tls::WhenAsked(secure) = &self.tls {
                        reader = BufReader::new(secure(reader.into_inner()));
                        talk.secured = true;
                    }
                }
            }
        }
    }

    fn answer(
        &self,
        line: &str,
        talk: &mut Talk,
        reader: &mut BufReader<Box<dyn Stream>>,
    ) -> std::io::Result<Next> {
        let upper = line.to_uppercase();
        let said = if upper.starts_with("EHLO") {
            let can_secure = matches!(self.tls, Tls::WhenAsked(_)) && !talk.secured;
            let offer = if can_secure { "250-STARTTLS\r\n" } else { "" };
            format!("250-tester\r\n{offer}250-8BITMIME\r\n250 AUTH PLAIN")
        } else if upper == "STARTTLS" {
            reader.get_mut().write_all(b"220 go ahead\r\n")?;
            return Ok(Next::Secures);
        } else if let Some(login) = line.strip_prefix("AUTH PLAIN ") {
            talk.login = Some(login.to_owned());
            // The base64 of "\0user\0wrong".
            let is_wrong = login == "AHVzZXIAd3Jvbmc=";
            if is_wrong {
                "535 no such login"
            } else {
                "235 welcome"
            }
            .to_owned()
        } else if let Some(from) = address(line, "MAIL FROM:") {
            talk.from = from;
            "250 ok".to_owned()
        } else if let Some(to) = address(line, "RCPT TO:") {
            match to.get(..3).filter(|code| code.parse::<u16>().is_ok()) {
                Some(code) => format!("{code} not for {to}"),
                None => {
                    talk.to.push(to);
                    "250 ok".to_owned()
                }
            }
        } else if upper == "DATA" {
            reader.get_mut().write_all(b"354 go ahead\r\n")?;
            self.take(talk, reader)?;
            if self.forgets_to_answer.load(Ordering::Relaxed) {
                return Ok(Next::Ends);
            }
            "250 taken".to_owned()
        } else if upper == "QUIT" {
            reader.get_mut().write_all(b"221 bye\r\n")?;
            return Ok(Next::Ends);
        } else {
            "502 what?".to_owned()
        };
        reader
            .get_mut()
            .write_all(format!("{said}\r\n").as_bytes())?;
        Ok(Next::Goes)
    }

    fn take(
        &self,
        talk: &mut Talk,
        reader: &mut BufReader<Box<dyn Stream>>,
    ) -> std::io::Result<()> {
        let mut text = String::new();
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            if line == ".\r\n" {
                break;
            }
            text.push_str(line.strip_prefix('.').unwrap_or(&line));
        }
        let mail = Mail {
            from: std::mem::take(&mut talk.from),
            to: std::mem::take(&mut talk.to),
            text,
            login: talk.login.clone(),
            secured: talk.secured,
        };
        let mails = self.mails.lock();
        mails.unwrap_or_else(PoisonError::into_inner).push(mail);
        Ok(())
    }
}

/// What stands in angle brackets behind a command.
fn address(line: &str, command: &str) -> Option<String> {
    let rest = line.strip_prefix(command)?;
    let inside = rest.trim().strip_prefix('<')?;
    Some(inside.split('>').next()?.to_owned())
}
