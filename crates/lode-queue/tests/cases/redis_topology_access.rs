//! TLS with a private authority: who may connect, and what the others are told.

use lode_queue::QueueError;
use tempfile::TempDir;

use crate::support::process::{Server, free_port, program, until};
use crate::tls::Authority;
use crate::{open, refusal, whole_life};

#[tokio::test]
async fn tls_needs_the_right_authority_and_a_client_certificate() {
    let (ours, foreign) = (Authority::new(), Authority::new());
    let dir = TempDir::new().unwrap();
    let port = free_port();
    let (tls, cert, key, ca) = (
        port.to_string(),
        ours.text("server.pem"),
        ours.text("server.key"),
        ours.text("ca.pem"),
    );
    let args = [
        "--tls-port",
        &tls,
        "--tls-cert-file",
        &cert,
        "--tls-key-file",
        &key,
        "--tls-ca-cert-file",
        &ca,
        "--tls-auth-clients",
        "yes",
    ];
    let _server = Server::start(program(), dir.path(), free_port(), &args).await;
    let at = format!("rediss://127.0.0.1:{port}?queue=q");
    let client = |of: &Authority| {
        let (cert, key) = (of.text("client.pem"), of.text("client.key"));
        format!("tls_cert={cert}&tls_key={key}")
    };
    let queue = open(&format!("{at}&tls_ca={ca}&{}", client(&ours))).await;
    whole_life(&*queue, "j").await;
    for (wrong, words) in [
        (
            format!("tls_ca={}&{}", foreign.text("ca.pem"), client(&ours)),
            "UnknownIssuer",
        ),
        (client(&ours), "UnknownIssuer"),
        (format!("tls_ca={ca}"), "CertificateRequired"),
        (format!("tls_ca={ca}&{}", client(&foreign)), "UnknownCA"),
    ] {
        // A server that refuses the client's certificate also closes the connection, and the reason
        // may get lost with it.
        until("the reason is told", async || {
            let error = refusal(&format!("{at}&{wrong}")).await;
            let text = error.to_string();
            let told = text.contains(words)
                && text.contains(&format!("127.0.0.1:{port}: no TLS connection"));
            assert!(told || error.is_transient(), "{wrong}: {text}");
            told && !error.is_transient()
        })
        .await;
    }
    let error = refusal(&format!("{at}&tls_ca={}", ours.text("none.pem"))).await;
    assert!(matches!(error, QueueError::Address(_)), "{error:?}");
}
