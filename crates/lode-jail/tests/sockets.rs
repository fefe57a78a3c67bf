//! The two sockets of the jail, over real descriptors.

use std::io::{Read, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;

use lode_jail::JobSocket;
use lode_jail::control::{FromZygote, ToZygote, pair};
use lode_jail::job_socket::Received;
use lode_proto::frame::{Decoder, Kind, encode};

#[test]
fn a_descriptor_sent_over_the_control_socket_is_the_same_file() {
    let (master, zygote) = pair().unwrap();
    let (mut ours, theirs) = UnixStream::pair().unwrap();
    zygote
        .send(&FromZygote::Spawned { child: 7 }, &[theirs.as_raw_fd()])
        .unwrap();
    drop(theirs);
    let (message, fds) = master.receive::<FromZygote>().unwrap().unwrap();
    assert!(matches!(message, FromZygote::Spawned { child: 7 }));
    let [fd] = <[OwnedFd; 1]>::try_from(fds).unwrap();
    UnixStream::from(fd).write_all(b"hello").unwrap();
    let mut text = String::new();
    ours.read_to_string(&mut text).unwrap();
    assert_eq!(text, "hello");
}

#[test]
fn a_closed_control_socket_reads_as_the_end() {
    let (master, zygote) = pair().unwrap();
    master.send(&ToZygote::Spawn { child: 1 }, &[]).unwrap();
    drop(master);
    let (message, fds) = zygote.receive::<ToZygote>().unwrap().unwrap();
    assert!(matches!(message, ToZygote::Spawn { child: 1 }) && fds.is_empty());
    assert!(zygote.receive::<ToZygote>().unwrap().is_none());
}

#[test]
fn a_message_that_is_no_control_message_is_an_error() {
    let (master, zygote) = pair().unwrap();
    master.send(&"nonsense", &[]).unwrap();
    zygote.receive::<ToZygote>().unwrap_err();
}

#[test]
fn a_job_socket_waits_reads_whole_frames_and_sees_the_end() {
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    let mut socket = JobSocket::new(OwnedFd::from(ours));
    assert!(matches!(
        socket.receive(Some(1)).unwrap(),
        Received::TimedOut
    ));
    let mut bytes = Vec::new();
    encode(Kind::Run, &"job", &mut bytes).unwrap();
    encode(Kind::Reply, &"reply", &mut bytes).unwrap();
    theirs.write_all(&bytes).unwrap();
    for (kind, text) in [(Kind::Run, "job"), (Kind::Reply, "reply")] {
        let Received::Frame(frame) = socket.receive(None).unwrap() else {
            panic!("no frame")
        };
        assert_eq!(
            (frame.kind, frame.parse::<String>().unwrap()),
            (kind, text.to_owned())
        );
    }
    socket.send(Kind::Done, &"done").unwrap();
    drop(socket);
    let mut back = Vec::new();
    theirs.read_to_end(&mut back).unwrap();
    let mut decoder = Decoder::default();
    decoder.feed(&back);
    assert_eq!(
        decoder
            .next_frame()
            .unwrap()
            .unwrap()
            .parse::<String>()
            .unwrap(),
        "done"
    );
}

#[test]
fn a_frame_beyond_the_limit_is_refused_and_nothing_is_written() {
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    let mut socket = JobSocket::new(OwnedFd::from(ours));
    let huge = "x".repeat(lode_proto::limits::FRAME_BYTES_MAX);
    let error = socket.send(Kind::Done, &huge).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
    drop(socket);
    let mut back = Vec::new();
    theirs.read_to_end(&mut back).unwrap();
    assert!(back.is_empty());
}
