//! A client's certificate, as an operator would have made it with openssl.

use anyhow::Result;
use mock_graph::Certificate;
use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256};
use video_host::vault::{ClientCertificate, ClientKeys};

/// A self-signed certificate with its RSA key.
pub struct Credential {
    /// The private key, PKCS#8 in PEM.
    pub key_pem: String,
    /// The private key, PKCS#8.
    pub key_der: Vec<u8>,
    /// The certificate, PEM.
    pub certificate_pem: String,
    certificate_der: Vec<u8>,
}

impl Credential {
    /// A new one. Making the key takes a noticeable part of a second.
    pub fn new() -> Result<Self> {
        let key = KeyPair::generate_for(&PKCS_RSA_SHA256)?;
        let certificate = CertificateParams::new(Vec::new())?.self_signed(&key)?;
        Ok(Self {
            key_pem: key.serialize_pem(),
            key_der: key.serialize_der(),
            certificate_pem: certificate.pem(),
            certificate_der: certificate.der().to_vec(),
        })
    }

    /// What is registered with Microsoft: the certificate without its key.
    pub fn registered(&self) -> Certificate {
        Certificate { der: self.certificate_der.clone() }
    }

    /// What the operator gives the host: no secret, only this.
    pub fn client(&self) -> Result<ClientKeys> {
        let certificate =
            ClientCertificate::from_pem(self.key_pem.as_bytes(), self.certificate_pem.as_bytes())?;
        Ok(ClientKeys { secret: None, certificate: Some(certificate) })
    }
}
