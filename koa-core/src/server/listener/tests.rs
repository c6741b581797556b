//! What is asked for is what the system says of the sockets.

use std::net::TcpStream as StdTcpStream;

use super::*;

/// A listener with these options, and a connection that it has accepted, with its client.
async fn accepted(address: Address) -> (Listener, TcpStream, StdTcpStream) {
    let bound = Bound::bind(address).await.unwrap();
    let to = bound.local_addr().unwrap();
    let listener = bound.listen().unwrap();
    let client = StdTcpStream::connect(to).unwrap();
    let (Stream::Tcp(stream), _) = listener.accept().await.unwrap() else {
        panic!("it is one of TCP");
    };
    (listener, stream, client)
}

#[tokio::test]
async fn by_default_small_writes_go_at_once_and_the_system_asks_nobody() {
    let (_listener, stream, _client) = accepted(Address::from("127.0.0.1:0")).await;
    assert!(stream.nodelay().unwrap());
    assert!(!SockRef::from(&stream).keepalive().unwrap());
}

#[tokio::test]
async fn the_options_of_connections_are_set() {
    let address = Address::from("127.0.0.1:0")
        .nodelay(false)
        .tcp_keep_alive(Duration::from_secs(31));
    let (_listener, stream, _client) = accepted(address).await;
    assert!(!stream.nodelay().unwrap());
    let socket = SockRef::from(&stream);
    assert!(socket.keepalive().unwrap());
    assert_eq!(
        socket.tcp_keepalive_time().unwrap(),
        Duration::from_secs(31)
    );
}

#[tokio::test]
async fn they_are_set_on_those_too_that_waited_when_the_listener_closed() {
    let address = Address::from("127.0.0.1:0").tcp_keep_alive(Duration::from_secs(31));
    let bound = Bound::bind(address).await.unwrap();
    let to = bound.local_addr().unwrap();
    let listener = bound.listen().unwrap();
    let client = StdTcpStream::connect(to).unwrap();
    let mut waiting = listener.close().unwrap();
    let Some((Stream::Tcp(stream), ends)) = waiting.pop() else {
        panic!("it waits");
    };
    assert_eq!(ends.remote_addr(), client.local_addr().ok());
    assert!(stream.nodelay().unwrap());
    assert!(SockRef::from(&stream).keepalive().unwrap());
}

#[cfg(unix)]
#[tokio::test]
async fn a_port_is_shared_where_that_is_asked_for() {
    for shared in [false, true] {
        let address = Address::from("127.0.0.1:0").reuse_port(shared);
        let bound = Bound::bind(address).await.unwrap();
        let Listening::Tcp(socket) = &bound.socket else {
            panic!("it is one of TCP");
        };
        assert_eq!(SockRef::from(socket).reuse_port().unwrap(), shared);
    }
}

/// As many connections wait as the backlog says (Linux takes one more), and a further one is not taken.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_backlog_is_as_long_as_it_was_set() {
    let bound = Bound::bind(Address::from("127.0.0.1:0").backlog(5)).await;
    let to = bound.as_ref().unwrap().local_addr().unwrap();
    let patience = Duration::from_millis(500);
    let waiting: Vec<_> = (0..20)
        .map_while(|_| StdTcpStream::connect_timeout(&to, patience).ok())
        .collect();
    assert_eq!(waiting.len(), 6);
}
