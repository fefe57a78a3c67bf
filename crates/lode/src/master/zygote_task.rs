//! One zygote's control socket: what the zygote says becomes events, spawn requests go out.

use std::collections::VecDeque;
use std::io;
use std::os::fd::OwnedFd;

use lode_core::{ChildId, ZygoteId};
use lode_jail::Listener;
use lode_jail::control::{ControlSocket, FromZygote, ToZygote};
use lode_jail::seccomp::Heard;
use tokio::io::unix::AsyncFd;
use tokio::sync::mpsc;

use crate::master::shell::Event;

/// Reads the control socket until its end. `spawns` brings requests; closing it ends the zygote,
/// which then ends its children.
pub(crate) async fn serve(
    zygote: ZygoteId,
    control: ControlSocket,
    mut spawns: mpsc::UnboundedReceiver<ChildId>,
    events: mpsc::UnboundedSender<Event>,
) {
    #[expect(
        deprecated,
        reason = "ControlSocket owns its descriptor for as long as it lives, which is what the \
                  replacement, an unsafe function, asks for"
    )]
    let registered = AsyncFd::new(control);
    let result = match registered {
        Ok(control) => exchange(zygote, &control, &mut spawns, &events).await,
        Err(error) => Err(error),
    };
    if let Err(error) = result {
        tracing::warn!(zygote = zygote.0, %error, "the zygote's control socket failed");
    }
    // The receiver is gone only when the shell is, and then nobody needs to know.
    let _ = events.send(Event::ZygoteGone { zygote });
}

async fn exchange(
    zygote: ZygoteId,
    control: &AsyncFd<ControlSocket>,
    spawns: &mut mpsc::UnboundedReceiver<ChildId>,
    events: &mpsc::UnboundedSender<Event>,
) -> io::Result<()> {
    // Both directions at once: a zygote that waits until we read must not wait for one that
    // waits until it reads.
    let mut unsent: VecDeque<ToZygote> = VecDeque::new();
    loop {
        tokio::select! {
            ready = control.readable() => {
                let mut ready = ready?;
                match ready.try_io(|control| control.get_ref().receive::<FromZygote>()) {
                    Ok(Ok(Some((message, fds)))) => {
                        let _ = events.send(Event::FromZygote { zygote, message, fds });
                    }
                    Ok(Ok(None)) => return Ok(()),
                    Ok(Err(error)) => return Err(error),
                    Err(_would_block) => {}
                }
            }
            ready = control.writable(), if !unsent.is_empty() => {
                let mut ready = ready?;
                let Some(message) = unsent.front() else { continue };
                match ready.try_io(|control| control.get_ref().send(message, &[])) {
                    Ok(Ok(())) => { unsent.pop_front(); }
                    Ok(Err(error)) => return Err(error),
                    Err(_would_block) => {}
                }
            }
            child = spawns.recv() => {
                let Some(ChildId(child)) = child else { return Ok(()) };
                unsent.push_back(ToZygote::Spawn { child });
            }
        }
    }
}

/// Listens to forbidden calls until no process of the zygote is left.
pub(crate) async fn listen(
    zygote: ZygoteId,
    listener: Listener,
    events: mpsc::UnboundedSender<Event>,
) {
    #[expect(
        deprecated,
        reason = "Listener owns its descriptor for as long as it lives; see above"
    )]
    let registered = AsyncFd::new(listener);
    let result = match registered {
        Ok(listener) => hear(zygote, &listener, &events).await,
        Err(error) => Err(error),
    };
    if let Err(error) = result {
        tracing::error!(zygote = zygote.0, %error, "forbidden calls cannot be heard");
        let _ = events.send(Event::ZygoteUnheard { zygote });
    }
}

async fn hear(
    zygote: ZygoteId,
    listener: &AsyncFd<Listener>,
    events: &mpsc::UnboundedSender<Event>,
) -> io::Result<()> {
    loop {
        let mut ready = listener.readable().await?;
        match ready.get_inner().receive() {
            Ok(Heard::Call(call)) => {
                let _ = events.send(Event::ForbiddenCall { zygote, call });
            }
            Ok(Heard::Nothing) => ready.clear_ready(),
            Ok(Heard::End) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// The two descriptors that come with a Spawned message: job socket and pidfd.
pub(crate) fn child_descriptors(fds: Vec<OwnedFd>) -> Option<(OwnedFd, OwnedFd)> {
    let mut fds = fds.into_iter();
    let pair = (fds.next()?, fds.next()?);
    fds.next().is_none().then_some(pair)
}
