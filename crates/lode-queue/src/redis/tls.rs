//! TLS: the files that an address names, read and checked before the first connection.

use std::path::Path;

use redis::{ClientTlsConfig, TlsCertificates};

use super::place::TlsFiles;
use crate::error::QueueError;

/// Reads the files; `None` when the address names none, and the public web roots are to be used.
pub(super) fn certificates(files: &TlsFiles) -> Result<Option<TlsCertificates>, QueueError> {
    if files.ca.is_none() && files.client.is_none() {
        return Ok(None);
    }
    let root_cert = match &files.ca {
        Some(path) => Some(pem("tls_ca", path, "CERTIFICATE")?),
        None => None,
    };
    let client_tls = match &files.client {
        Some((cert, key)) => Some(ClientTlsConfig {
            client_cert: pem("tls_cert", cert, "CERTIFICATE")?,
            client_key: pem("tls_key", key, "PRIVATE KEY")?,
        }),
        None => None,
    };
    Ok(Some(TlsCertificates {
        client_tls,
        root_cert,
    }))
}

/// Makes ring the cryptography of this process, unless it has chosen one: the client library asks
/// for the process's choice, and two compiled-in ones would be none.
pub(super) fn choose_cryptography() {
    // Already chosen is as good.
    let _ = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
}

/// Files are small and read once, before anything else waits: no thread is needed for them.
fn pem(parameter: &str, path: &Path, kind: &str) -> Result<Vec<u8>, QueueError> {
    let wrong =
        |what: String| QueueError::Address(format!("{parameter}={}: {what}", path.display()));
    let bytes = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
    let text = String::from_utf8_lossy(&bytes);
    // An empty list of authorities would be an error only at the first handshake.
    if text
        .lines()
        .any(|line| line.starts_with("-----BEGIN ") && line.contains(kind))
    {
        Ok(bytes)
    } else {
        Err(wrong(format!(
            "no PEM file with a \"-----BEGIN … {kind}-----\" line"
        )))
    }
}
