//! TLS to the server: certificates are always checked, the name in them as well.

use std::path::Path;
use std::sync::Arc;

use tokio_postgres_rustls::MakeRustlsConnect;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::StoreError;
use crate::postgres::address::TlsFiles;

/// Reads the files that the address names. Without an authority, those of the public web count.
pub(super) fn connector(files: &TlsFiles) -> Result<MakeRustlsConnect, StoreError> {
    let mut roots = RootCertStore::empty();
    match &files.root {
        None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Some(path) => {
            for certificate in certificates("sslrootcert", path)? {
                roots
                    .add(certificate)
                    .map_err(|error| wrong("sslrootcert", path, &error.to_string()))?;
            }
        }
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| StoreError::BadUrl(format!("TLS cannot be set up: {error}")))?
        .with_root_certificates(roots);
    let config = match &files.client {
        None => builder.with_no_client_auth(),
        Some((cert, key)) => {
            let chain = certificates("sslcert", cert)?;
            let secret = PrivateKeyDer::from_pem_file(key)
                .map_err(|error| wrong("sslkey", key, &error.to_string()))?;
            builder
                .with_client_auth_cert(chain, secret)
                .map_err(|error| wrong("sslkey", key, &error.to_string()))?
        }
    };
    Ok(MakeRustlsConnect::new(config))
}

/// An empty list would be an error only at the first handshake.
fn certificates(parameter: &str, path: &Path) -> Result<Vec<CertificateDer<'static>>, StoreError> {
    let read = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| wrong(parameter, path, &error.to_string()))?;
    if read.is_empty() {
        return Err(wrong(parameter, path, "there is no certificate in it"));
    }
    Ok(read)
}

fn wrong(parameter: &str, path: &Path, what: &str) -> StoreError {
    StoreError::BadUrl(format!(
        "{parameter}={}: {what}; it must be a readable PEM file",
        path.display()
    ))
}
