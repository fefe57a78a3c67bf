//! `Lines`: lines of bounded length out of a stream of bytes.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::time::{Instant, timeout_at};

/// One line, or that there was one too long to keep.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Read {
    /// Without its end.
    Line(Vec<u8>),
    /// Skipped up to its end, however long it was.
    TooLong,
}

/// See the file's head.
#[derive(Debug)]
pub(super) struct Lines<R> {
    reader: BufReader<R>,
    bytes_max: usize,
    /// From the first byte of a line to its end.
    time_max: Duration,
    line: Vec<u8>,
    too_long: bool,
    /// When the line that has begun must have ended.
    due: Option<Instant>,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    /// Lines of at most `bytes_max` bytes, each of which comes within `time_max` once it has begun:
    /// half a line of every client must not fill the memory.
    pub(super) fn new(stream: R, bytes_max: usize, time_max: Duration) -> Self {
        Self {
            reader: BufReader::with_capacity(64 << 10, stream),
            bytes_max,
            time_max,
            line: Vec::new(),
            too_long: false,
            due: None,
        }
    }

    /// The next line; `None` at the end of the stream. A last line without an end counts. Nothing
    /// is lost when the future is dropped.
    ///
    /// # Errors
    /// The stream's, and `TimedOut` for a line that takes too long: the rest is not read.
    pub(super) async fn next(&mut self) -> io::Result<Option<Read>> {
        loop {
            let part = match self.due {
                None => self.reader.fill_buf().await?,
                Some(due) => timeout_at(due, self.reader.fill_buf()).await??,
            };
            if part.is_empty() {
                let is_end = self.line.is_empty() && !self.too_long;
                return Ok((!is_end).then(|| self.take()));
            }
            let end = part.iter().position(|byte| *byte == b'\n');
            let kept = &part[..end.unwrap_or(part.len())];
            let length = kept.len();
            if self.too_long || self.line.len() + length > self.bytes_max {
                self.too_long = true;
                self.line = Vec::new();
            } else {
                self.line.extend_from_slice(kept);
            }
            self.reader.consume(length + usize::from(end.is_some()));
            if end.is_some() {
                return Ok(Some(self.take()));
            }
            self.due
                .get_or_insert_with(|| Instant::now() + self.time_max);
        }
    }

    fn take(&mut self) -> Read {
        self.due = None;
        match std::mem::take(&mut self.too_long) {
            true => Read::TooLong,
            false => Read::Line(std::mem::take(&mut self.line)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::AsyncWriteExt as _;

    use super::{Lines, Read};

    async fn all(text: &[u8], bytes_max: usize) -> Vec<Read> {
        let mut lines = Lines::new(text, bytes_max, Duration::from_secs(60));
        let mut all = Vec::new();
        while let Some(line) = lines.next().await.unwrap() {
            all.push(line);
        }
        all
    }

    fn line(text: &str) -> Read {
        Read::Line(text.as_bytes().to_vec())
    }

    #[tokio::test]
    async fn lines_end_where_they_end() {
        assert_eq!(
            all(b"a\n\nbcd\r\nlast", 5).await,
            [line("a"), line(""), line("bcd\r"), line("last")]
        );
        assert_eq!(all(b"", 5).await, []);
        assert_eq!(all(b"a\n", 5).await, [line("a")]);
    }

    #[tokio::test]
    async fn a_line_too_long_is_skipped_and_the_next_is_read() {
        let mut text = vec![b'x'; 300_000];
        text.extend_from_slice(b"\n12345\n123456\n1");
        assert_eq!(
            all(&text, 5).await,
            [Read::TooLong, line("12345"), Read::TooLong, line("1")]
        );
        assert_eq!(all(b"123456", 5).await, [Read::TooLong]);
    }
    #[tokio::test]
    async fn half_a_line_is_not_waited_for_for_ever_and_silence_is() {
        let (mut client, server) = tokio::io::duplex(64);
        let mut lines = Lines::new(server, 64, Duration::from_millis(20));
        client.write_all(b"a whole one\n").await.unwrap();
        assert_eq!(lines.next().await.unwrap(), Some(line("a whole one")));
        let silence = tokio::time::timeout(Duration::from_millis(100), lines.next());
        assert!(silence.await.is_err(), "a client may say nothing");
        client.write_all(b"half").await.unwrap();
        let error = lines.next().await.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
    }
}
