//! The control socket between master and zygote: whole messages (SEQPACKET), descriptors beside them.
//!
//! Both ends are our own code from one binary; no tenant byte ever crosses it.

use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

use nix::sys::socket::{
    self, AddressFamily, ControlMessage, ControlMessageOwned, MsgFlags, SockFlag, SockType,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::confine::JailSettings;
use crate::layer::LayerState;

/// Bytes of one control message; the largest is the list of layers.
const MESSAGE_BYTES_MAX: usize = 16 << 10;

/// Master to zygote.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ToZygote {
    /// The first message, to the launcher: the master has put it where it belongs (a control
    /// group), it may go on.
    Begin {
        /// What the operator has set.
        settings: JailSettings,
    },
    /// Fork one child.
    Spawn {
        /// The master's number for it.
        child: u64,
    },
}

/// Zygote to master.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FromZygote {
    /// Confined and ready to fork. Beside it comes the listener of its filter, if it has one.
    Ready {
        /// Each layer, on or off.
        layers: Vec<LayerState>,
        /// What the guest says of itself (V8's version).
        guest: String,
    },
    /// A child exists; beside this message come its job socket and its pidfd.
    Spawned {
        /// The master's number for it.
        child: u64,
    },
    /// The fork failed.
    SpawnFailed {
        /// The master's number for it.
        child: u64,
        /// What the kernel said.
        reason: String,
    },
    /// A child has been reaped.
    Exited {
        /// The master's number for it.
        child: u64,
        /// Raw wait status.
        status: i32,
        /// CPU time, in microseconds.
        cpu_us: u64,
        /// Peak resident memory, in KiB.
        rss_peak_kib: u64,
    },
    /// The zygote cannot go on.
    Failed {
        /// Why.
        reason: String,
    },
}

/// One end of the control socket.
#[derive(Debug)]
pub struct ControlSocket(OwnedFd);

impl AsFd for ControlSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl AsRawFd for ControlSocket {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

impl From<OwnedFd> for ControlSocket {
    fn from(fd: OwnedFd) -> Self {
        Self(fd)
    }
}

impl From<ControlSocket> for OwnedFd {
    fn from(socket: ControlSocket) -> Self {
        socket.0
    }
}

/// A connected pair of control sockets.
pub fn pair() -> io::Result<(ControlSocket, ControlSocket)> {
    let (a, b) = socket::socketpair(
        AddressFamily::Unix,
        SockType::SeqPacket,
        None,
        SockFlag::SOCK_CLOEXEC,
    )?;
    Ok((ControlSocket(a), ControlSocket(b)))
}

impl ControlSocket {
    /// Sends one message with descriptors beside it.
    pub fn send<T: Serialize>(&self, message: &T, fds: &[RawFd]) -> io::Result<()> {
        let bytes = serde_json::to_vec(message).map_err(io::Error::other)?;
        let rights = [ControlMessage::ScmRights(fds)];
        let rights = if fds.is_empty() {
            &rights[..0]
        } else {
            &rights[..]
        };
        loop {
            let sent = socket::sendmsg::<()>(
                self.0.as_raw_fd(),
                &[IoSlice::new(&bytes)],
                rights,
                MsgFlags::MSG_NOSIGNAL,
                None,
            );
            match sent {
                Ok(_) => return Ok(()),
                Err(nix::errno::Errno::EINTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Receives one message; `None` when the peer is gone. `WouldBlock` on a non-blocking socket
    /// with nothing to read.
    pub fn receive<T: DeserializeOwned>(&self) -> io::Result<Option<(T, Vec<OwnedFd>)>> {
        let mut buffer = vec![0; MESSAGE_BYTES_MAX];
        let mut space = nix::cmsg_space!([RawFd; 2]);
        let mut slices = [IoSliceMut::new(&mut buffer)];
        let received = socket::recvmsg::<()>(
            self.0.as_raw_fd(),
            &mut slices,
            Some(&mut space),
            MsgFlags::MSG_CMSG_CLOEXEC,
        )?;
        let length = received.bytes;
        let mut fds = Vec::new();
        for message in received.cmsgs()? {
            if let ControlMessageOwned::ScmRights(raw) = message {
                fds.extend(raw.into_iter().map(crate::sys::adopt_received));
            }
        }
        if length == 0 {
            return Ok(None);
        }
        let message = serde_json::from_slice(&buffer[..length]).map_err(io::Error::other)?;
        Ok(Some((message, fds)))
    }
}
