//! The child's end of its job socket: whole frames, blocking, nothing else.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use lode_proto::frame::{self, Decoder, Frame, Kind};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use serde::Serialize;

/// What came of waiting for a frame.
#[derive(Debug)]
pub enum Received {
    /// A whole frame.
    Frame(Frame),
    /// The time passed first.
    TimedOut,
    /// The master closed the socket.
    Closed,
}

/// The one descriptor that a child has.
#[derive(Debug)]
pub struct JobSocket {
    fd: OwnedFd,
    decoder: Decoder,
}

impl JobSocket {
    /// Takes over the child's end of the socket pair.
    #[must_use]
    pub fn new(fd: OwnedFd) -> Self {
        Self {
            fd,
            decoder: Decoder::default(),
        }
    }

    /// Writes one frame. `InvalidInput` when it is larger than a frame may be; nothing is then
    /// written. Any other error means that the master is gone.
    pub fn send<T: Serialize>(&mut self, kind: Kind, payload: &T) -> io::Result<()> {
        let mut bytes = Vec::new();
        frame::encode(kind, payload, &mut bytes)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error.to_string()))?;
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            match nix::unistd::write(&self.fd, rest) {
                Ok(written) => rest = &rest[written..],
                Err(Errno::EINTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Waits for a frame for at most `wait_ms` milliseconds, or for ever.
    pub fn receive(&mut self, wait_ms: Option<u64>) -> io::Result<Received> {
        loop {
            if let Some(frame) = self.decoder.next_frame().map_err(io::Error::other)? {
                return Ok(Received::Frame(frame));
            }
            // Without a time limit the read itself waits: one call less on the critical path.
            if let Some(ms) = wait_ms
                && !self.readable_within(ms)?
            {
                return Ok(Received::TimedOut);
            }
            let mut buffer = [0; 16 << 10];
            match nix::unistd::read(&self.fd, &mut buffer) {
                Ok(0) => return Ok(Received::Closed),
                Ok(length) => self.decoder.feed(&buffer[..length]),
                Err(Errno::EINTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn readable_within(&self, ms: u64) -> io::Result<bool> {
        let mut fds = [PollFd::new(self.fd.as_fd(), PollFlags::POLLIN)];
        // Longer waits come back early, which every caller must expect anyway.
        let ms = i32::try_from(ms).unwrap_or(i32::MAX);
        match poll(
            &mut fds,
            PollTimeout::try_from(ms).unwrap_or(PollTimeout::MAX),
        ) {
            Ok(0) | Err(Errno::EINTR) => Ok(false),
            Ok(_) => Ok(true),
            Err(error) => Err(error.into()),
        }
    }
}
