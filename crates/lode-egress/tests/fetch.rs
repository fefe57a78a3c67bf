//! Fetches against real servers on loopback, which the options except from the refused networks.

mod server;

use lode_egress::{
    Egress, EgressError, EgressOptions, FetchReply, FetchRequest, HostRules, RedirectMode,
};
use server::Server;
use tokio::io::AsyncWriteExt;

/// Only this one: 127.0.0.2 stands for an address that is refused.
const LOOPBACK: &str = "allow_networks = ['127.0.0.1']\n";

fn egress(options: &str) -> Egress {
    let options: EgressOptions = toml::from_str(options).expect("options");
    Egress::new(options).expect("options within their bounds")
}

fn request(method: &str, url: String) -> FetchRequest {
    FetchRequest {
        method: method.to_owned(),
        url,
        ..FetchRequest::default()
    }
}

async fn fetch(rules: &[String], request: FetchRequest) -> Result<FetchReply, EgressError> {
    let rules = HostRules::parse(rules).expect("rules");
    let egress = egress(LOOPBACK);
    is_send(egress.fetch(&rules, request)).await
}

/// A master with several threads may carry a fetch from one to another.
fn is_send<T: Send>(future: T) -> T {
    future
}

/// The rule that names a server.
fn rule(server: &Server) -> String {
    format!("127.0.0.1:{}", server.port)
}

fn ok(body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

fn moved(status: u16, location: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status} Moved\r\nlocation: {location}\r\ncontent-length: 4\r\n\r\nmore")
        .into_bytes()
}

#[track_caller]
fn refused(result: Result<FetchReply, EgressError>, code: &str, why: &str) {
    let error = result.map(|reply| reply.status).expect_err(why);
    assert_eq!(error.code(), code, "{error}");
    assert!(error.to_string().contains(why), "{error}");
}

#[tokio::test]
async fn a_post_arrives_with_its_headers_and_body_and_is_answered() {
    let mut server = Server::start(|_| {
        b"HTTP/1.1 201 Made it\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\nX: \xe9\r\n\r\n\xff\x00"
            .to_vec()
    })
    .await;
    let mut post = request("post", server.url("/books?q=a%20b"));
    post.headers = vec![
        ("Content-Type".to_owned(), "text/plain".to_owned()),
        ("x-key".to_owned(), "k".to_owned()),
        ("accept-encoding".to_owned(), "gzip".to_owned()),
    ];
    post.body = Some(b"hello".to_vec());
    let reply = fetch(&[rule(&server)], post).await.expect("a reply");
    let got = server.request().await;
    assert!(
        got.starts_with("POST /books?q=a%20b HTTP/1.1\r\nhost: 127.0.0.1:"),
        "{got}"
    );
    assert!(
        got.contains("\r\ncontent-type: text/plain\r\nx-key: k\r\naccept-encoding: identity\r\n"),
        "{got}"
    );
    assert!(got.contains("\r\ncontent-length: 5\r\n"), "{got}");
    assert!(got.contains("\r\nconnection: close\r\n"), "{got}");
    assert!(got.ends_with("\r\n\r\nhello"), "{got}");

    assert_eq!((reply.status, reply.status_text.as_str()), (201, "Made it"));
    assert_eq!(reply.url, server.url("/books?q=a%20b"));
    assert!(!reply.redirected);
    assert_eq!(reply.body, b"\xff\x00");
    let headers = [("set-cookie", "a=1"), ("set-cookie", "b=2"), ("x", "é")];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(reply.headers, headers);
}

#[tokio::test]
async fn a_post_without_a_body_says_that_its_length_is_0() {
    let mut server = Server::start(|_| ok("")).await;
    let reply = fetch(&[rule(&server)], request("POST", server.url("/"))).await;
    assert_eq!(reply.map(|reply| reply.status), Ok(200));
    let got = server.request().await;
    assert!(got.contains("\r\ncontent-length: 0\r\n"), "{got}");
}

#[tokio::test]
async fn a_head_request_has_no_body_whatever_its_length_says() {
    let server =
        Server::start(|_| b"HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n".to_vec()).await;
    let reply = fetch(&[rule(&server)], request("HEAD", server.url("/")))
        .await
        .expect("a reply");
    assert_eq!(reply.body, b"");
}

#[tokio::test]
async fn the_hosts_own_name_and_password_are_basic_authentication() {
    let mut server = Server::start(|_| ok("")).await;
    let url = format!("http://Aladdin:open%20sesame@127.0.0.1:{}/", server.port);
    let reply = fetch(&[rule(&server)], request("GET", url))
        .await
        .expect("a reply");
    let got = server.request().await;
    assert!(
        got.contains("\r\nauthorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n"),
        "{got}"
    );
    assert_eq!(reply.url, server.url("/"));
}

#[tokio::test]
async fn names_that_lead_to_the_worker_are_refused_before_a_connection() {
    let mut server = Server::start(|_| ok("secret")).await;
    let port = server.port;
    let hosts = [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "0.0.0.0",
        "[::]",
    ];
    let rules = hosts.map(|host| format!("{host}:{port}"));
    let rules = HostRules::parse(rules).expect("rules");
    let egress = egress("");
    let spellings = [
        "2130706433",
        "0177.0.0.1",
        "0x7f.1",
        "127.1",
        "localhost.",
        "0",
    ];
    for host in hosts.iter().chain(&spellings) {
        let request = request("GET", format!("http://{host}:{port}/"));
        let result = egress.fetch(&rules, request).await;
        let error = result.expect_err(host);
        assert_eq!(error.code(), "EgressDenied", "{host}: {error}");
        let is_name = host.starts_with("localhost");
        assert_eq!(
            error.to_string().contains("resolves to"),
            is_name,
            "{error}"
        );
        assert!(
            !is_name || !error.to_string().contains("127.0.0.1"),
            "{error}"
        );
    }
    assert!(server.is_unasked());
}

#[tokio::test]
async fn a_host_without_a_rule_is_not_even_looked_up() {
    let name = "no-such-name.invalid";
    let result = fetch(
        &["a.com".to_owned()],
        request("GET", format!("http://{name}/")),
    )
    .await;
    refused(result, "EgressDenied", "this app may call a.com");
    let result = fetch(
        &[name.to_owned()],
        request("GET", format!("http://{name}/")),
    )
    .await;
    refused(
        result,
        "EgressResolve",
        "no-such-name.invalid could not be resolved",
    );
}

#[tokio::test]
async fn redirects_are_followed_and_checked_each_time() {
    let mut last = Server::start(|_| ok("here")).await;
    let target = last.url("/last#x");
    let mut first = Server::start(move |request| match request.split(' ').nth(1) {
        Some("/a") => moved(302, "b"),
        _ => moved(307, &target),
    })
    .await;
    let mut post = request("POST", first.url("/a"));
    post.headers = vec![
        ("authorization".to_owned(), "Bearer t".to_owned()),
        ("content-type".to_owned(), "text/plain".to_owned()),
    ];
    post.body = Some(b"hello".to_vec());
    let both = [rule(&first), rule(&last)];
    let reply = fetch(&both, post.clone()).await.expect("a reply");
    assert_eq!(
        (reply.body.as_slice(), reply.redirected),
        (&b"here"[..], true)
    );
    assert_eq!(reply.url, last.url("/last"));

    let got = first.request().await;
    assert!(
        got.starts_with("POST /a ") && got.contains("Bearer t"),
        "{got}"
    );
    let got = first.request().await;
    assert!(
        got.starts_with("GET /b ") && got.contains("Bearer t"),
        "{got}"
    );
    assert!(
        !got.contains("content-type") && got.ends_with("\r\n\r\n"),
        "{got}"
    );
    let got = last.request().await;
    assert!(
        got.starts_with("GET /last ") && !got.contains("Bearer t"),
        "{got}"
    );
    assert!(
        got.contains(&format!("host: 127.0.0.1:{}\r\n", last.port)),
        "{got}"
    );

    // Without a rule for the second host.
    let result = fetch(&[rule(&first)], post.clone()).await;
    refused(result, "EgressDenied", "this app may call 127.0.0.1");
    assert!(last.is_unasked());

    post.redirect = RedirectMode::Manual;
    let reply = fetch(&both, post.clone())
        .await
        .expect("the redirect itself");
    assert_eq!((reply.status, reply.body.as_slice()), (302, &b"more"[..]));
    assert!(
        reply
            .headers
            .contains(&("location".to_owned(), "b".to_owned()))
    );
    post.redirect = RedirectMode::Error;
    refused(
        fetch(&both, post).await,
        "EgressRedirect",
        "which the request forbids",
    );
}

#[tokio::test]
async fn a_redirect_to_an_address_that_is_refused_is_refused() {
    for host in [
        "127.0.0.2",
        "169.254.169.254",
        "[::ffff:127.0.0.2]",
        "localtest.invalid",
    ] {
        let location = format!("http://{host}/latest/meta-data");
        let server = Server::start(move |_| moved(301, &location)).await;
        let rules = [rule(&server), host.to_owned()];
        let error = fetch(&rules, request("GET", server.url("/")))
            .await
            .expect_err(host);
        let expected = if host.ends_with("invalid") {
            "EgressResolve"
        } else {
            "EgressDenied"
        };
        assert_eq!(error.code(), expected, "{error}");
    }
}

#[tokio::test]
async fn a_circle_of_redirects_ends() {
    let mut server = Server::start(|_| moved(302, "/again")).await;
    let result = fetch(&[rule(&server)], request("GET", server.url("/"))).await;
    refused(result, "EgressRedirect", "more than 5 times");
    for _ in 0..6 {
        server.request().await;
    }
    assert!(server.is_unasked());
}

#[tokio::test]
async fn a_body_without_end_is_cut_off_while_the_host_still_sends() {
    let listener = server::listen().await;
    let port = listener.local_addr().expect("an address").port();
    let sending = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        server::read_request(&mut stream).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
        // Ends only when the other side has closed the connection.
        while stream.write_all(&[b'x'; 4096]).await.is_ok() {}
    });
    let rules = HostRules::parse([format!("127.0.0.1:{port}")]).expect("rules");
    let egress = egress(&format!("{LOOPBACK}response_bytes_max = 100000"));
    let result = egress
        .fetch(&rules, request("GET", format!("http://127.0.0.1:{port}/")))
        .await;
    refused(
        result,
        "EgressTooLarge",
        "the body of the reply is larger than 100000 bytes",
    );
    sending.await.expect("the host was cut off");
}

#[tokio::test]
async fn a_body_fits_up_to_its_last_byte_announced_or_not() {
    let server = Server::start(|request| {
        let body = match request.split(' ').nth(1) {
            Some("/announced-8") => return ok("12345678"),
            // Its body need not come to be refused.
            Some("/announced-9") => "content-length: 9\r\n\r\n",
            Some("/8") => "\r\n12345678",
            _ => "\r\n123456789",
        };
        format!("HTTP/1.1 200 OK\r\n{body}").into_bytes()
    })
    .await;
    let rules = HostRules::parse([rule(&server)]).expect("rules");
    let egress = egress(&format!("{LOOPBACK}response_bytes_max = 8"));
    for path in ["/announced-8", "/8"] {
        let reply = egress.fetch(&rules, request("GET", server.url(path))).await;
        assert_eq!(reply.expect(path).body, b"12345678");
    }
    for path in ["/announced-9", "/9"] {
        let result = egress.fetch(&rules, request("GET", server.url(path))).await;
        refused(result, "EgressTooLarge", "larger than 8 bytes");
    }
}

#[tokio::test]
async fn a_host_that_does_not_answer_is_given_up() {
    // Connections are accepted by the kernel; nobody reads them.
    let listener = server::listen().await;
    let port = listener.local_addr().expect("an address").port();
    for scheme in ["http", "https"] {
        let mut request = request("GET", format!("{scheme}://127.0.0.1:{port}/"));
        request.timeout_ms = Some(50);
        let result = fetch(&[format!("127.0.0.1:{port}")], request).await;
        refused(result, "EgressTimeout", "within 50 ms");
    }
    let mut request = request("GET", format!("http://127.0.0.1:{port}/"));
    request.timeout_ms = Some(60_000);
    let rules = HostRules::parse([format!("127.0.0.1:{port}")]).expect("rules");
    let result = egress(&format!("{LOOPBACK}timeout_ms = 40"))
        .fetch(&rules, request)
        .await;
    refused(result, "EgressTimeout", "within 40 ms");
}

#[tokio::test]
async fn a_body_that_trickles_does_not_outlive_the_deadline() {
    let listener = server::listen().await;
    let port = listener.local_addr().expect("an address").port();
    let sending = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        server::read_request(&mut stream).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\nx").await;
        // Then nothing, until the other side closes.
        server::read_request(&mut stream).await
    });
    let mut request = request("GET", format!("http://127.0.0.1:{port}/"));
    request.timeout_ms = Some(50);
    refused(
        fetch(&[format!("127.0.0.1:{port}")], request).await,
        "EgressTimeout",
        "within 50 ms",
    );
    sending.await.expect("the connection was closed");
}

#[tokio::test]
async fn replies_that_are_not_whole_or_not_http_are_errors() {
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "x: y\r\n".repeat(101));
    let cases = [
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nshort",
            "before the reply was complete",
        ),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab",
            "before the reply was complete",
        ),
        ("", "before the reply was complete"),
        ("+PONG\r\n", "not HTTP/1"),
        (
            "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
            "switched protocols",
        ),
        (many.as_str(), "more than 100 headers"),
    ];
    for (answer, why) in cases {
        let answer = answer.as_bytes().to_vec();
        let server = Server::start(move |_| answer.clone()).await;
        let result = fetch(&[rule(&server)], request("GET", server.url("/"))).await;
        refused(result, "EgressProtocol", why);
    }
}

#[tokio::test]
async fn failures_to_connect_say_what_kind_and_no_address() {
    let listener = server::listen().await;
    let port = listener.local_addr().expect("an address").port();
    drop(listener);
    let result = fetch(
        &[format!("localhost:{port}")],
        request("GET", format!("http://localhost:{port}/")),
    )
    .await;
    let error = result.expect_err("nobody listens");
    assert_eq!(
        error.to_string(),
        format!("no connection to localhost:{port}: it refused the connection")
    );

    let listener = server::listen().await;
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let _ = stream.write_all(b"220 no TLS here\r\n").await;
        server::read_request(&mut stream).await
    });
    let request = request("GET", format!("https://127.0.0.1:{port}/"));
    let result = fetch(&[format!("127.0.0.1:{port}")], request).await;
    refused(result, "EgressTls", "received corrupt message");
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    for (bytes, code) in [(70_000, "EgressTooLarge"), (1 << 20, "EgressProtocol")] {
        let answer = format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "y".repeat(bytes));
        let server = Server::start(move |_| answer.clone().into_bytes()).await;
        let result = fetch(&[rule(&server)], request("GET", server.url("/"))).await;
        refused(result, code, "65536 bytes");
    }
}
