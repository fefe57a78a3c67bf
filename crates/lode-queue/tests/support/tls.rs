//! `Authority`: a private CA with a certificate for the server and one for clients.

use std::path::PathBuf;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair,
};
use tempfile::TempDir;

/// PEM files of one authority, gone with this value.
#[derive(Debug)]
pub(crate) struct Authority {
    dir: TempDir,
}

impl Authority {
    /// Makes the authority, and `server` and `client` certificates for 127.0.0.1.
    pub(crate) fn new() -> Self {
        let made = Self {
            dir: TempDir::new().unwrap(),
        };
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        // A name of its own: with that of its certificates they would look self-signed.
        let mut name = DistinguishedName::new();
        name.push(DnType::CommonName, made.text("authority"));
        params.distinguished_name = name;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let root = params.self_signed(&key).unwrap();
        std::fs::write(made.path("ca.pem"), root.pem()).unwrap();
        let issuer = Issuer::new(params, key);
        for name in ["server", "client"] {
            let key = KeyPair::generate().unwrap();
            let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
            let signed = params.signed_by(&key, &issuer).unwrap();
            std::fs::write(made.path(&format!("{name}.pem")), signed.pem()).unwrap();
            std::fs::write(made.path(&format!("{name}.key")), key.serialize_pem()).unwrap();
        }
        made
    }

    /// `ca.pem`, `server.pem`, `server.key`, `client.pem`, `client.key`.
    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.dir.path().join(file)
    }

    /// A file as part of an address or an argument.
    pub(crate) fn text(&self, file: &str) -> String {
        self.path(file).to_str().unwrap().to_owned()
    }
}
