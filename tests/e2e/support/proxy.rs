//! `Proxy`: a TCP relay between a worker and Redis that can be cut, stalled, slowed and reset, and
//! whose connections can be forgotten.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nix::libc::linger;
use nix::sys::socket::{setsockopt, sockopt};

/// Bytes that one turn of a relay takes.
const CHUNK_BYTES: usize = 16 << 10;

/// What the network does at present.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Network {
    /// Everything passes.
    Open,
    /// Connections end, and new ones end at once.
    Cut,
    /// Connections stay and are accepted, bytes are taken, and nothing is delivered.
    Stalled,
    /// Each chunk waits so long, in both directions.
    Slow(Duration),
}

/// See the file's head. Ends with the test: its threads end when their connections do.
#[derive(Debug)]
pub(crate) struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    to: SocketAddr,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    network: Network,
    ended: bool,
    /// Connections that were accepted.
    accepted: usize,
    /// Of these, so many have been forgotten.
    forgotten: usize,
    /// Both ends of each connection that was accepted and not yet cut.
    open: Vec<[TcpStream; 2]>,
}

impl Proxy {
    /// A relay to `port` of this machine, on a port of its own.
    pub(crate) fn start(port: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            to: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
            state: Mutex::new(State {
                network: Network::Open,
                ended: false,
                accepted: 0,
                forgotten: 0,
                open: Vec::new(),
            }),
            changed: Condvar::new(),
        });
        let relay = shared.clone();
        std::thread::spawn(move || {
            for from in listener.incoming() {
                if relay.state().ended {
                    break;
                }
                // A connection that could not be made is one more fault for the client.
                let _ = from.and_then(|from| relay.accept(from));
            }
        });
        Self { address, shared }
    }

    /// Where clients connect to.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Changes what the network does.
    pub(crate) fn set(&self, network: Network) {
        let mut state = self.shared.state();
        state.network = network;
        if network == Network::Cut {
            close(&mut state.open);
        }
        self.shared.changed.notify_all();
    }

    /// From now on nothing is delivered on the connections of this moment, as when a firewall has
    /// forgotten them; new ones are good.
    pub(crate) fn forget(&self) {
        let mut state = self.shared.state();
        state.forgotten = state.accepted;
    }

    /// Ends all connections of this moment with a reset instead of an orderly end.
    pub(crate) fn reset(&self) {
        let mut state = self.shared.state();
        let at_once = linger {
            l_onoff: 1,
            l_linger: 0,
        };
        for end in state.open.iter().flatten() {
            // One that has ended already cannot be reset.
            let _ = setsockopt(end, sockopt::Linger, &at_once);
        }
        for end in state.open.drain(..).flatten() {
            // Wakes the relays without a word to the peer; the last close says the rest.
            let _ = end.shutdown(Shutdown::Read);
        }
        self.shared.changed.notify_all();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let mut state = self.shared.state();
        state.ended = true;
        close(&mut state.open);
        self.shared.changed.notify_all();
        drop(state);
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.address);
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn accept(self: &Arc<Self>, from: TcpStream) -> io::Result<()> {
        if self.state().network == Network::Cut {
            return Ok(());
        }
        let to = TcpStream::connect(self.to)?;
        for end in [&from, &to] {
            end.set_nodelay(true)?;
        }
        let mut state = self.state();
        // Those that have ended by themselves are no longer needed here.
        state.open.retain(|ends| ends[0].peer_addr().is_ok());
        state.open.push([from.try_clone()?, to.try_clone()?]);
        let number = state.accepted;
        state.accepted += 1;
        drop(state);
        for (from, to) in [(from.try_clone()?, to.try_clone()?), (to, from)] {
            let shared = self.clone();
            std::thread::spawn(move || {
                // However it ended: both ends learn of it.
                let _ = shared.relay(number, &from, &to);
                let _ = from.shutdown(Shutdown::Read);
                let _ = to.shutdown(Shutdown::Both);
            });
        }
        Ok(())
    }

    /// Carries bytes of a connection from one end to the other until one of them ends.
    fn relay(&self, number: usize, mut from: &TcpStream, mut to: &TcpStream) -> io::Result<()> {
        let mut chunk = vec![0; CHUNK_BYTES];
        loop {
            let count = from.read(&mut chunk)?;
            if count == 0 || !self.passes(number) {
                return Ok(());
            }
            to.write_all(&chunk[..count])?;
        }
    }

    /// Waits for as long as the network holds back a chunk of this connection; false when it never
    /// comes through.
    fn passes(&self, number: usize) -> bool {
        let mut state = self.state();
        loop {
            match state.network {
                _ if state.ended => return false,
                Network::Cut => return false,
                _ if number < state.forgotten => {
                    let woken = self.changed.wait(state);
                    state = woken.unwrap_or_else(PoisonError::into_inner);
                }
                Network::Open => return true,
                Network::Slow(delay) => {
                    drop(state);
                    std::thread::park_timeout(delay);
                    return true;
                }
                Network::Stalled => {
                    let woken = self.changed.wait(state);
                    state = woken.unwrap_or_else(PoisonError::into_inner);
                }
            }
        }
    }
}

fn close(open: &mut Vec<[TcpStream; 2]>) {
    for end in open.drain(..).flatten() {
        // One that has ended already is as good.
        let _ = end.shutdown(Shutdown::Both);
    }
}
