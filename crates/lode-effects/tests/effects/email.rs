//! Email and the mail server that takes it.

use std::sync::Arc;

use base64::Engine as _;
use lode_effects::{Email, EmailOptions, Failure, Mailer};
use serde_json::{Value, json};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::origin;
use super::smtp_server::{Mail, Secure, SmtpServer, Stream, Tls};

pub(super) fn options(smtp_url: String) -> EmailOptions {
    EmailOptions {
        smtp_url,
        timeout_ms: 20_000,
        ..EmailOptions::default()
    }
}

pub(super) fn plain(server: &SmtpServer) -> EmailOptions {
    options(format!("smtp://127.0.0.1:{}", server.port))
}

pub(super) async fn send(options: &EmailOptions, args: &Value) -> Result<(), Failure> {
    let email = Email::from_json(&args.to_string(), options).expect("an email");
    let mailer = Mailer::new(options).expect("good options");
    let mailer = mailer.expect("it has a server");
    mailer.send(&email, &origin()).await
}

pub(super) fn to(address: &str) -> Value {
    json!({"from": "info@shop.example", "to": address, "subject": "Hi", "body": "Text"})
}

pub(super) fn header(mail: &Mail, name: &str) -> String {
    mail.header(name).expect(&mail.text)
}

#[tokio::test]
async fn an_email_arrives_with_all_its_parts() {
    let server = SmtpServer::start(Tls::None);
    let args = json!({
        "from": "The Shop <info@shop.example>", "to": "a@x.example, Bea <b@x.example>",
        "cc": ["c@x.example"], "bcc": "secret@x.example", "replyTo": "help@shop.example",
        "subject": "Ihre Bestellung: Ä", "body": "Grüße\n.\nEnde", "html": "<p>Grüße</p>",
    });
    send(&plain(&server), &args).await.expect("it is taken");
    let mails = server.mails();
    let [mail] = mails.as_slice() else {
        panic!("{mails:?}");
    };
    assert_eq!(mail.from, "info@shop.example");
    let everybody = [
        "a@x.example",
        "b@x.example",
        "c@x.example",
        "secret@x.example",
    ];
    assert_eq!(mail.to, everybody);
    let header = |name| header(mail, name);
    assert_eq!(header("From"), "\"The Shop\" <info@shop.example>");
    assert_eq!(header("To"), "a@x.example, Bea <b@x.example>");
    assert_eq!(header("Cc"), "c@x.example");
    assert_eq!(header("Reply-To"), "help@shop.example");
    assert_eq!(header("Date"), "Tue, 14 Nov 2023 22:13:20 +0000");
    assert_eq!(
        header("Message-ID"),
        "<65f000000000000000000001@shop.example>"
    );
    assert!(
        header("Subject").starts_with("Ihre Bestellung"),
        "{}",
        mail.text
    );
    assert!(header("Content-Type").starts_with("multipart/alternative"));
    assert!(
        mail.text
            .contains("Content-Type: text/plain; charset=utf-8")
    );
    assert!(mail.text.contains("Content-Type: text/html; charset=utf-8"));
    assert!(mail.text.contains("Gr=C3=BC=C3=9Fe"), "{}", mail.text);
    assert!(!mail.text.contains("secret@x.example"), "{}", mail.text);
}

#[tokio::test]
async fn what_the_server_refuses_for_good_is_not_tried_again() {
    let server = SmtpServer::start(Tls::None);
    for (address, is_final) in [("550nobody@x.example", true), ("451later@x.example", false)] {
        let sent = send(&plain(&server), &to(address)).await;
        let failure = sent.expect_err("it is refused");
        assert_eq!(failure.is_final, is_final, "{failure}");
        assert!(failure.text.contains(&address[..3]), "{failure}");
        assert!(failure.text.contains("not for"), "{failure}");
    }
    assert_eq!(server.mails(), []);
    let wrong = options(format!("smtp://user:wrong@127.0.0.1:{}", server.port));
    let failure = send(&wrong, &to("a@x.example")).await.expect_err("535");
    assert!(
        !failure.is_final,
        "the account is not the email's fault: {failure}"
    );
}

#[tokio::test]
async fn a_server_that_is_silent_or_away_is_asked_again() {
    let server = SmtpServer::start(Tls::None);
    server.hold(true);
    let mut options = plain(&server);
    options.timeout_ms = 100;
    let failure = send(&options, &to("a@x.example")).await.expect_err("held");
    assert!(!failure.is_final, "{failure}");
    assert_eq!(server.connections(), 1);
    drop(server);
    let failure = send(&options, &to("a@x.example")).await.expect_err("gone");
    assert!(!failure.is_final, "{failure}");
}

#[tokio::test]
async fn a_server_that_takes_an_email_and_dies_gets_it_again_with_the_same_id() {
    let server = SmtpServer::start(Tls::None);
    server.forget_to_answer(true);
    let failure = send(&plain(&server), &to("a@x.example")).await;
    assert!(!failure.expect_err("no answer").is_final);
    server.forget_to_answer(false);
    send(&plain(&server), &to("a@x.example"))
        .await
        .expect("taken");
    let ids: Vec<_> = server
        .mails()
        .iter()
        .map(|m| m.header("Message-ID"))
        .collect();
    assert_eq!(ids.len(), 2);
    assert_eq!(ids[0], ids[1]);
}

/// An authority of its own and a server's certificate for "localhost"; the authority as PEM.
pub(super) fn certificates() -> (String, Secure) {
    let key = rcgen::KeyPair::generate().expect("a key");
    let mut authority = rcgen::CertificateParams::new(Vec::new()).expect("no names");
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let root = authority.self_signed(&key).expect("a root");
    let issuer = rcgen::Issuer::new(authority, key);
    let own = rcgen::KeyPair::generate().expect("a key");
    let params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
    let leaf = params.signed_by(&own, &issuer).expect("a leaf");
    let key = PrivateKeyDer::try_from(own.serialize_der()).expect("a key");
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], key)
        .expect("a certificate and its key");
    let config = Arc::new(config);
    let secure = move |stream: Box<dyn Stream>| -> Box<dyn Stream> {
        let connection = ServerConnection::new(Arc::clone(&config)).expect("a session");
        Box::new(StreamOwned::new(connection, stream))
    };
    (root.pem(), Arc::new(secure))
}

#[tokio::test]
async fn tls_is_spoken_from_the_start_or_after_starttls_and_the_login_only_then() {
    let (pem, secure) = certificates();
    let folder = tempfile::tempdir().expect("a folder");
    let ca_file = folder.path().join("ca.pem");
    std::fs::write(&ca_file, pem).expect("a file");
    let login = base64::engine::general_purpose::STANDARD.encode("\0us@er\0pass");
    for (scheme, query, tls) in [
        ("smtps", "", Tls::AtOnce(Arc::clone(&secure))),
        ("smtp", "?tls=required", Tls::WhenAsked(Arc::clone(&secure))),
    ] {
        let server = SmtpServer::start(tls);
        let url = format!("{scheme}://us%40er:pass@localhost:{}{query}", server.port);
        let mut options = options(url);
        let distrusted = send(&options, &to("a@x.example")).await;
        let failure = distrusted.expect_err("an unknown authority");
        assert!(failure.text.contains("UnknownIssuer"), "{failure}");
        options.ca_file = ca_file.display().to_string();
        send(&options, &to("a@x.example"))
            .await
            .expect("it is taken");
        let mails = server.mails();
        assert_eq!(mails.len(), 1, "{scheme}");
        assert!(mails[0].secured);
        assert_eq!(mails[0].login.as_deref(), Some(login.as_str()));
    }
    // A server that offers no STARTTLS gets neither password nor email.
    let server = SmtpServer::start(Tls::None);
    let url = format!("smtp://us:pass@localhost:{}?tls=required", server.port);
    let failure = send(&options(url), &to("a@x.example")).await;
    failure.expect_err("no TLS");
    assert_eq!(server.mails(), []);
}

#[test]
fn a_file_of_authorities_that_is_none_is_named() {
    let mut options = options("smtps://mail.example".to_owned());
    options.ca_file = "/nonexistent/ca.pem".to_owned();
    let error = Mailer::new(&options).expect_err("no file").to_string();
    assert!(
        error.starts_with("email.ca_file: /nonexistent/ca.pem: "),
        "{error}"
    );
    let none = Mailer::new(&EmailOptions::default()).expect("the defaults are fine");
    assert!(none.is_none());
}
