use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use testkit::proxy::Proxy;

/// Starts a server that sends every byte back, and a proxy before it.
fn echo() -> Proxy {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            thread::spawn(move || {
                let mut byte = [0];
                while let Ok(1) = stream.read(&mut byte) {
                    stream.write_all(&byte).unwrap();
                }
            });
        }
    });
    Proxy::start(address).unwrap()
}

fn connect(proxy: &Proxy) -> TcpStream {
    let stream = TcpStream::connect(proxy.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(180))).unwrap();
    stream
}

fn echoed(stream: &mut TcpStream, byte: u8) -> u8 {
    stream.write_all(&[byte]).unwrap();
    let mut answer = [0];
    stream.read_exact(&mut answer).unwrap();
    answer[0]
}

#[test]
fn a_cut_ends_what_is_connected_and_welcomes_what_comes() {
    let proxy = echo();
    let mut stream = connect(&proxy);
    assert_eq!(echoed(&mut stream, 1), 1);

    proxy.cut();

    let ended = stream.read(&mut [0]);
    assert!(matches!(&ended, Ok(0)) || ended.is_err_and(|error| error.kind() == ErrorKind::ConnectionReset));
    assert_eq!(echoed(&mut connect(&proxy), 2), 2);
    assert_eq!(proxy.accepted(), 2);
}

#[test]
fn refused_connections_are_refused_until_it_resumes() {
    let proxy = echo();
    let mut stream = connect(&proxy);
    assert_eq!(echoed(&mut stream, 1), 1);

    proxy.refuse();

    // The listener goes at the proxy's next look.
    while TcpStream::connect(proxy.address()).is_ok() {
        thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(echoed(&mut stream, 2), 2);
    proxy.resume();
    while TcpStream::connect(proxy.address()).is_err() {
        thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(echoed(&mut connect(&proxy), 3), 3);
}

#[test]
fn a_black_hole_holds_bytes_until_it_resumes() {
    let proxy = echo();
    let mut stream = connect(&proxy);
    assert_eq!(echoed(&mut stream, 1), 1);

    proxy.black_hole();

    stream.write_all(&[2]).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    assert_eq!(stream.read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
    proxy.resume();
    stream.set_read_timeout(Some(Duration::from_secs(180))).unwrap();
    let mut answer = [0];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(answer, [2]);
}

#[test]
fn what_one_process_sends_is_held_and_what_others_send_is_not() {
    let proxy = echo();
    let mut stream = connect(&proxy);
    assert_eq!(echoed(&mut stream, 1), 1);

    // Not the one that is connected.
    proxy.black_hole_of(std::os::unix::process::parent_id());
    assert_eq!(echoed(&mut stream, 2), 2);
    assert_eq!(echoed(&mut connect(&proxy), 3), 3);

    proxy.black_hole_of(std::process::id());
    for mut held in [stream, connect(&proxy)] {
        held.write_all(&[4]).unwrap();
        held.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
        assert_eq!(held.read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
    }
    proxy.resume();
    assert_eq!(echoed(&mut connect(&proxy), 5), 5);
}
