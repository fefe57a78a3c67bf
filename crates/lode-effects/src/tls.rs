//! Whom to trust: the web's authorities, and those in a file of the operator's.

use std::sync::Arc;

use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::OptionsError;

/// TLS that trusts the web's authorities and those in the file, if one is named.
pub(crate) fn connector(key: &'static str, ca_file: &str) -> Result<TlsConnector, OptionsError> {
    let mut roots: RootCertStore = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
    if let Some(pem) = authorities(key, ca_file)? {
        for certificate in CertificateDer::pem_slice_iter(&pem) {
            let added = certificate
                .map_err(|error| error.to_string())
                .and_then(|one| roots.add(one).map_err(|error| error.to_string()));
            added.map_err(|why| unusable(key, ca_file, &why))?;
        }
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable(key, ca_file, &error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// The file's text, if one is named.
pub(crate) fn authorities(key: &'static str, path: &str) -> Result<Option<Vec<u8>>, OptionsError> {
    if path.is_empty() {
        return Ok(None);
    }
    let read = std::fs::read(path);
    let text = read.map_err(|error| unusable(key, path, &error.to_string()))?;
    if !text.windows(11).any(|part| part == b"-----BEGIN ") {
        return Err(unusable(key, path, "it holds no PEM certificate"));
    }
    Ok(Some(text))
}

pub(crate) fn unusable(key: &'static str, path: &str, why: &str) -> OptionsError {
    OptionsError {
        key,
        why: format!("{path}: {why}"),
    }
}
