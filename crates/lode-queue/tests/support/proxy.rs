//! `Proxy`: a network between a client and a server that can be slow, mute or cut.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// What the network does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Network {
    /// Passes everything on.
    Open,
    /// Passes questions on and keeps the answers back until it opens again.
    Mute,
    /// Does so with the connections that there are; new ones are served.
    Forgetful,
    /// Ends all connections and takes no new ones.
    Cut,
}

/// Listens on a port of its own; ends with this value.
#[derive(Debug)]
pub(crate) struct Proxy {
    pub(crate) port: u16,
    network: watch::Sender<Network>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// Stands in front of the server on this port.
    pub(crate) async fn start(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (network, state) = watch::channel(Network::Open);
        let to = SocketAddr::from(([127, 0, 0, 1], server));
        let accepting = tokio::spawn(async move {
            let mut lines = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                if *state.borrow() != Network::Cut {
                    lines.spawn(line(client, to, state.clone()));
                }
            }
        });
        Self {
            port,
            network,
            accepting,
        }
    }

    /// Changes the network for all connections.
    pub(crate) fn set(&self, network: Network) {
        self.network.send_replace(network);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// One connection, until an end closes or the network is cut.
async fn line(mut client: TcpStream, to: SocketAddr, mut state: watch::Receiver<Network>) {
    let Ok(mut server) = TcpStream::connect(to).await else {
        return;
    };
    let (mut asked, mut answered) = ([0; 4_096], [0; 4_096]);
    let is_new = *state.borrow() == Network::Forgetful;
    loop {
        let mute = match *state.borrow_and_update() {
            Network::Mute => true,
            Network::Forgetful => !is_new,
            Network::Open | Network::Cut => false,
        };
        let passed = tokio::select! {
            changed = state.changed() => match changed {
                Ok(()) if *state.borrow() != Network::Cut => continue,
                Ok(()) | Err(_) => return,
            },
            read = client.read(&mut asked) => match read {
                Ok(count) if count > 0 => server.write_all(&asked[..count]).await,
                Ok(_) | Err(_) => return,
            },
            read = server.read(&mut answered), if !mute => match read {
                Ok(count) if count > 0 => client.write_all(&answered[..count]).await,
                Ok(_) | Err(_) => return,
            },
        };
        if passed.is_err() {
            return;
        }
    }
}
