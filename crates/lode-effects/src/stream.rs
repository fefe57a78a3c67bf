//! [`Heard`]: a connection on which only so much is heard.
//!
//! lettre collects a response in memory until it ends, and reads all of it anew with each line. A
//! server that never ends one would fill the memory, or keep a thread busy for minutes.

use std::io::{Error, Result};
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes that are read after something was said and before the next is: one response, or the
/// server's part of a TLS handshake.
const RESPONSE_BYTES_MAX: usize = 16 << 10;
/// Bytes that are read in all: twice what 1,000 recipients may be answered (RFC 5321 has 512 for a
/// line).
const BYTES_MAX: usize = 1 << 20;

/// Fails once too much has come, and from then on.
#[derive(Debug)]
pub(crate) struct Heard<S> {
    stream: S,
    peer: SocketAddr,
    response: usize,
    all: usize,
}

impl<S> Heard<S> {
    pub(crate) fn new(stream: S, peer: SocketAddr) -> Self {
        Self {
            stream,
            peer,
            response: 0,
            all: 0,
        }
    }

    fn check(&self) -> Result<()> {
        if self.response <= RESPONSE_BYTES_MAX && self.all <= BYTES_MAX {
            return Ok(());
        }
        Err(Error::other(format!(
            "it says too much: allowed are {RESPONSE_BYTES_MAX} bytes for one response and \
             {BYTES_MAX} for an email"
        )))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Heard<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        self.check()?;
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        let heard = buffer.filled().len() - before;
        self.response += heard;
        self.all += heard;
        Poll::Ready(self.check())
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Heard<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<Result<usize>> {
        // Not even a QUIT to a server that says too much.
        self.check()?;
        let said = ready!(Pin::new(&mut self.stream).poll_write(context, bytes))?;
        self.response = 0;
        Poll::Ready(Ok(said))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl<S: AsyncRead + AsyncWrite + Send + Sync + Unpin + std::fmt::Debug> AsyncTokioStream
    for Heard<S>
{
    fn peer_addr(&self) -> Result<SocketAddr> {
        Ok(self.peer)
    }
}
