//! The accept loop: deadlines, the cap, the stop.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::*;

const HEALTH: &[u8] = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";

async fn connect(server: &Server) -> TcpStream {
    TcpStream::connect(server.address).await.unwrap()
}

/// Reads until the text ends like this.
async fn read_to(stream: &mut TcpStream, end: &str) -> String {
    let mut bytes = Vec::new();
    while !bytes.ends_with(end.as_bytes()) {
        bytes.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(bytes).unwrap()
}

/// Reads until the other side closes.
async fn read_to_close(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes).await;
    String::from_utf8_lossy(&bytes).into_owned()
}

#[tokio::test]
async fn a_connection_without_a_request_is_closed() {
    let server = Server::start(TestDoor::new().with(|limits| limits.header_timeout_ms = 30)).await;
    for begin in ["", "P", "PRI * HTT", "GET / HTTP/1.1\r\nhost"] {
        let mut stream = connect(&server).await;
        stream.write_all(begin.as_bytes()).await.unwrap();
        read_to_close(&mut stream).await;
    }
}

#[tokio::test]
async fn an_idle_connection_is_closed_after_its_last_request() {
    let server = Server::start(TestDoor::new().with(|limits| limits.header_timeout_ms = 30)).await;
    let mut stream = connect(&server).await;
    stream.write_all(HEALTH).await.unwrap();
    assert!(read_to(&mut stream, "ok\n").await.starts_with("HTTP/1.1 200 OK"));
    read_to_close(&mut stream).await;
}

#[tokio::test]
async fn past_the_cap_connections_wait_their_turn() {
    let server = Server::start(TestDoor::new().with(|limits| limits.connections = 1)).await;
    let mut first = connect(&server).await;
    first.write_all(HEALTH).await.unwrap();
    read_to(&mut first, "ok\n").await;
    let mut second = connect(&server).await;
    second.write_all(HEALTH).await.unwrap();
    drop(first);
    assert!(read_to(&mut second, "ok\n").await.starts_with("HTTP/1.1 200 OK"));
}

#[tokio::test]
async fn a_large_body_still_sees_its_413() {
    let server = Server::start(TestDoor::new().with(|limits| limits.body_bytes = 1000)).await;
    let mut stream = connect(&server).await;
    let size = 4 * 1024 * 1024;
    let head = format!(
        "POST /graphql HTTP/1.1\r\nhost: x\r\nauthorization: Bearer good\r\ncontent-type: application/json\r\ncontent-length: {size}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    // a client that does not read before it has sent everything
    stream.write_all(&vec![b'x'; size]).await.unwrap();
    let answer = read_to(&mut stream, "]}").await;
    assert!(answer.starts_with("HTTP/1.1 413") && answer.contains("The body is too large: the limit is 1000 bytes."));
}

#[tokio::test]
async fn a_body_that_does_not_come_is_408() {
    let server = Server::start(TestDoor::new().with(|limits| limits.body_timeout_ms = 20)).await;
    let mut stream = connect(&server).await;
    let head = "POST /graphql HTTP/1.1\r\nhost: x\r\nauthorization: Bearer good\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{";
    stream.write_all(head.as_bytes()).await.unwrap();
    assert!(read_to(&mut stream, "]}").await.starts_with("HTTP/1.1 408"));
}

#[tokio::test]
async fn a_stop_lets_work_in_flight_finish() {
    let server = Server::start(TestDoor::new().with(|limits| limits.query_timeout_ms = 60)).await;
    let mut stream = connect(&server).await;
    let body = r#"{"query":"{ never }"}"#;
    let head = format!(
        "POST /graphql HTTP/1.1\r\nhost: x\r\nauthorization: Bearer good\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(HEALTH).await.unwrap();
    read_to(&mut stream, "ok\n").await;
    stream.write_all(head.as_bytes()).await.unwrap();
    // a second connection shows that the server has gone round since
    let mut other = connect(&server).await;
    other.write_all(HEALTH).await.unwrap();
    read_to(&mut other, "ok\n").await;
    server.lifecycle.stop.cancel();
    assert!(read_to_close(&mut stream).await.starts_with("HTTP/1.1 504"));
    server.done.await.unwrap().unwrap();
}

#[tokio::test]
async fn the_grace_period_has_an_end() {
    let server = Server::start(TestDoor::new().with(|limits| limits.grace_ms = 20)).await;
    let mut stream = connect(&server).await;
    stream.write_all(b"POST /graphql HTTP/1.1\r\nhost: x\r\nauthorization: Bearer good\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n").await.unwrap();
    let mut other = connect(&server).await;
    other.write_all(HEALTH).await.unwrap();
    read_to(&mut other, "ok\n").await;
    server.lifecycle.stop.cancel();
    server.done.await.unwrap().unwrap();
}
