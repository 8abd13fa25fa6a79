//! The client shows its certificate (RFC 7523) instead of a secret.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PSS_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use video_host::clock::Clock as _;
use video_host::vault::{CertificateError, ClientAuthentication, ClientCertificate, ClientKeys};

use super::stage::{Stage, TOKEN_URL, tokens};

fn pem(label: &str, der: &[u8]) -> Vec<u8> {
    let body = STANDARD.encode(der);
    let lines: Vec<_> = body.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n")).into_bytes()
}

/// A key, and what stands for a certificate: all that is looked at is its digest and that it holds
/// the public key.
fn key_and_certificate() -> (KeyPair, Vec<u8>, Vec<u8>) {
    let key = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let certificate = [b"certificate of ".as_slice(), key.public_key().as_ref()].concat();
    let pkcs8 = pem("PRIVATE KEY", key.as_der().unwrap().as_ref());
    (key, pkcs8, certificate)
}

fn part(jwt: &str, index: usize) -> serde_json::Value {
    let bytes = URL_SAFE_NO_PAD.decode(jwt.split('.').nth(index).unwrap()).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

#[tokio::test]
async fn an_assertion_is_signed_for_the_endpoint_and_fresh_each_time() {
    let (key, pkcs8, certificate) = key_and_certificate();
    let client = ClientCertificate::from_pem(&pkcs8, &pem("CERTIFICATE", &certificate)).unwrap();
    let mut stage = Stage::new().await;
    stage.caller.client = Arc::new(ClientKeys { secret: None, certificate: Some(client) });
    stage.endpoint.then(tokens("access-1", "refresh-1"));
    let pairs = [("grant_type", "authorization_code"), ("client_id", "client-1"), ("code", "the-code")];
    stage.exchange_with("main", &pairs, ClientAuthentication::Assertion).await.unwrap();
    stage.after(4_000);
    stage.endpoint.then(tokens("access-2", ""));
    stage.text().await;

    let asked = stage.endpoint.asked();
    for (form, ago) in asked.iter().zip([4_000, 0]) {
        assert_eq!(form["client_assertion_type"], "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
        assert!(!form.contains_key("client_secret"));
        let jwt = &form["client_assertion"];
        let (signed, signature) = jwt.rsplit_once('.').unwrap();
        UnparsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, key.public_key().as_ref())
            .verify(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap())
            .unwrap();
        let header = part(jwt, 0);
        assert_eq!((&header["alg"], &header["typ"]), (&"PS256".into(), &"JWT".into()));
        assert_eq!(header["x5t#S256"], URL_SAFE_NO_PAD.encode(digest(&SHA256, &certificate)));
        let claims = part(jwt, 1);
        assert_eq!(claims["aud"], TOKEN_URL);
        assert_eq!((&claims["iss"], &claims["sub"]), (&"client-1".into(), &"client-1".into()));
        let (nbf, exp) = (claims["nbf"].as_i64().unwrap(), claims["exp"].as_i64().unwrap());
        // Valid by a clock that is five minutes off, either way, and for no longer than Microsoft takes.
        let sent = stage.clock.now_ms() / 1_000 - ago;
        assert!(nbf <= sent - 295 && exp >= sent + 295 && exp - nbf <= 600, "{nbf} {exp} at {sent}");
    }
    assert_ne!(part(&asked[0]["client_assertion"], 1)["jti"], part(&asked[1]["client_assertion"], 1)["jti"]);
}

#[test]
fn a_slip_with_key_or_certificate_is_found_when_they_are_read() {
    let (_, key, certificate) = key_and_certificate();
    let (_, other, _) = key_and_certificate();
    let certificate = pem("CERTIFICATE", &certificate);
    let read = |key: &[u8], certificate: &[u8]| ClientCertificate::from_pem(key, certificate).map(drop);
    assert_eq!(read(&other, &certificate), Err(CertificateError::Mismatch));
    assert_eq!(read(&certificate, &certificate), Err(CertificateError::Key));
    assert_eq!(read(&key, &key), Err(CertificateError::Certificate));
    assert_eq!(read(&pem("PRIVATE KEY", b"no key"), &certificate), Err(CertificateError::Key));
    assert_eq!(read(&key, &certificate), Ok(()));
}
