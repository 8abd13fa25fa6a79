//! What is signed: client assertions, id tokens; and continuous access evaluation.

mod client;

use anyhow::{Context as _, Result};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PSS_SHA256, RsaKeyPair, RsaPublicKeyComponents};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use client::*;
use http::StatusCode;
use mock_graph::{Certificate, MockGraph, contoso};
use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256};
use serde_json::{Value, json};

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

struct Signer {
    key: RsaKeyPair,
    certificate: Vec<u8>,
}

impl Signer {
    fn new() -> Result<Self> {
        let key = KeyPair::generate_for(&PKCS_RSA_SHA256)?;
        let certificate = CertificateParams::new(Vec::new())?.self_signed(&key)?;
        Ok(Self {
            key: RsaKeyPair::from_pkcs8(&key.serialize_der()).map_err(|error| anyhow::anyhow!("{error}"))?,
            certificate: certificate.der().to_vec(),
        })
    }

    fn assertion(&self, mock: &MockGraph, audience: &str, age: i64) -> Result<String> {
        self.changed(mock, audience, age, |_, _| {})
    }

    /// An assertion whose header or claims are not as they should be, signed all the same.
    fn changed(
        &self,
        mock: &MockGraph,
        audience: &str,
        age: i64,
        change: impl FnOnce(&mut Value, &mut Value),
    ) -> Result<String> {
        let thumbprint = BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, &self.certificate));
        let now = mock.clock().now().as_second() - age;
        let mut header = json!({ "alg": "PS256", "typ": "JWT", "x5t#S256": thumbprint });
        let mut claims = json!({
            "aud": audience, "iss": contoso::CLIENT_ID, "sub": contoso::CLIENT_ID,
            "jti": "1", "nbf": now, "exp": now + 600,
        });
        change(&mut header, &mut claims);
        let encoded = |part: &Value| BASE64_URL_SAFE_NO_PAD.encode(part.to_string());
        let signed = format!("{}.{}", encoded(&header), encoded(&claims));
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key.sign(&RSA_PSS_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)?;
        Ok(format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature)))
    }
}

async fn with_assertion(mock: &MockGraph, assertion: &str) -> Result<Answer> {
    let parameters = [
        ("grant_type", "client_credentials"),
        ("scope", "https://graph.microsoft.com/.default"),
        ("client_assertion_type", ASSERTION_TYPE),
        ("client_assertion", assertion),
        ("client_secret", ""),
    ];
    token(mock, contoso::TENANT_ID, &parameters).await
}

#[tokio::test]
async fn a_client_assertion_is_accepted_only_from_a_registered_certificate() -> Result<()> {
    let mock = start().await?;
    let (registered, stranger) = (Signer::new()?, Signer::new()?);
    mock.directory().update_application(contoso::CLIENT_ID, |application| {
        application.certificates = vec![Certificate { der: registered.certificate.clone() }];
    })?;
    let audience = format!("https://{LOGIN}/{}/oauth2/v2.0/token", contoso::TENANT_ID);
    let good = registered.assertion(&mock, &audience, 0)?;
    assert_eq!(with_assertion(&mock, &good).await?.status, StatusCode::OK);
    let strange = stranger.assertion(&mock, &audience, 0)?;
    assert_eq!(with_assertion(&mock, &strange).await?.code(), "700027");
    let (signed, _) = good.rsplit_once('.').context("a signature")?;
    let (_, signature) = strange.rsplit_once('.').context("a signature")?;
    let forged = format!("{signed}.{signature}");
    assert_eq!(with_assertion(&mock, &forged).await?.code(), "700027");
    let elsewhere = registered.assertion(&mock, "https://example.com", 0)?;
    assert_eq!(with_assertion(&mock, &elsewhere).await?.code(), "700023");
    let old = registered.assertion(&mock, &audience, 3_600)?;
    assert_eq!(with_assertion(&mock, &old).await?.code(), "700024");
    assert!(mock.issued_secrets().contains(&good));
    Ok(())
}

/// Does something to a header and to claims before they are signed.
type Change = fn(&mut Value, &mut Value);

#[tokio::test]
async fn an_assertion_with_anything_wrong_in_it_is_refused() -> Result<()> {
    let mock = start().await?;
    let signer = Signer::new()?;
    mock.directory().update_application(contoso::CLIENT_ID, |application| {
        application.certificates = vec![Certificate { der: signer.certificate.clone() }];
    })?;
    let audience = format!("https://{LOGIN}/{}/oauth2/v2.0/token", contoso::TENANT_ID);
    let rows: [(&str, Change, &str); 9] = [
        ("nothing wrong", |_, _| {}, "null"),
        ("no signature asked for", |header, _| header["alg"] = json!("none"), "700027"),
        ("signed in another way than it says", |header, _| header["alg"] = json!("RS256"), "700027"),
        ("another certificate's digest", |header, _| header["x5t#S256"] = json!("AAAA"), "700027"),
        ("another client's name", |_, claims| claims["iss"] = json!("someone"), "700027"),
        ("another client's subject", |_, claims| claims["sub"] = json!("someone"), "700027"),
        ("no identifier", |_, claims| claims["jti"] = Value::Null, "700027"),
        ("no end", |_, claims| claims["exp"] = Value::Null, "700024"),
        (
            "a day to live",
            |_, claims| claims["exp"] = json!(claims["nbf"].as_i64().unwrap_or_default() + 86_400),
            "700024",
        ),
    ];
    for (what, change, code) in rows {
        let assertion = signer.changed(&mock, &audience, 0, change)?;
        assert_eq!(with_assertion(&mock, &assertion).await?.code(), code, "{what}");
    }
    Ok(())
}

#[tokio::test]
async fn an_assertion_is_good_more_than_once_unless_it_is_asked_that_it_is_not() -> Result<()> {
    for (single_use_assertions, again) in [(false, StatusCode::OK), (true, StatusCode::UNAUTHORIZED)] {
        let mock = start_with(|config| config.single_use_assertions = single_use_assertions).await?;
        let signer = Signer::new()?;
        mock.directory().update_application(contoso::CLIENT_ID, |application| {
            application.certificates = vec![Certificate { der: signer.certificate.clone() }];
        })?;
        let audience = format!("https://{LOGIN}/{}/oauth2/v2.0/token", contoso::TENANT_ID);
        let assertion = signer.assertion(&mock, &audience, 0)?;
        assert_eq!(with_assertion(&mock, &assertion).await?.status, StatusCode::OK);
        assert_eq!(with_assertion(&mock, &assertion).await?.status, again);
    }
    Ok(())
}

#[tokio::test]
async fn an_id_token_verifies_against_the_published_keys() -> Result<()> {
    let mock = start().await?;
    let answer = signed_in(&mock).await?;
    let id_token = answer["id_token"].as_str().context("an id token")?;
    let url = format!("https://{LOGIN}/{}/discovery/v2.0/keys", contoso::TENANT_ID);
    let keys = send(&mock, "GET", &url, &[], "").await?.json();
    let part = |name: &str| -> Result<Vec<u8>> {
        let text = keys["keys"][0][name].as_str().context("a key")?;
        Ok(BASE64_URL_SAFE_NO_PAD.decode(text)?)
    };
    let key = RsaPublicKeyComponents { n: part("n")?, e: part("e")? };
    let (signed, signature) = id_token.rsplit_once('.').context("a signature")?;
    let signature = BASE64_URL_SAFE_NO_PAD.decode(signature)?;
    key.verify(&RSA_PKCS1_2048_8192_SHA256, signed.as_bytes(), &signature)?;
    let claims = signed.split_once('.').context("claims")?.1;
    let claims: Value = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(claims)?)?;
    assert_eq!(claims["aud"], contoso::CLIENT_ID);
    assert_eq!(claims["iss"], format!("https://{LOGIN}/{}/v2.0", contoso::TENANT_ID));
    assert_eq!(claims["tid"], contoso::TENANT_ID);
    assert_eq!(claims["oid"], contoso::SERVICE_ACCOUNT_ID);
    assert_eq!(claims["nonce"], "the-nonce");
    Ok(())
}

#[tokio::test]
async fn a_client_that_handles_claims_challenges_learns_of_a_revocation_at_once() -> Result<()> {
    let mock = start().await?;
    let ordinary = user_token(&mock).await?;
    let code = code(&mock, contoso::TENANT_ID).await?;
    let mut parameters = redemption(&code).to_vec();
    parameters.push(("claims", r#"{"access_token":{"xms_cc":{"values":["cp1"]}}}"#));
    let answer = token(&mock, contoso::TENANT_ID, &parameters).await?.json();
    let continuous = answer["access_token"].as_str().context("a token")?;
    mock.directory().revoke_sessions(contoso::SERVICE_ACCOUNT)?;
    let ordinary = graph(&mock, &ordinary, "GET", "/v1.0/me", "").await?;
    assert_eq!(ordinary.status, StatusCode::OK);
    let challenged = graph(&mock, continuous, "GET", "/v1.0/me", "").await?;
    assert_eq!(challenged.status, StatusCode::UNAUTHORIZED);
    assert!(challenged.header("www-authenticate").contains("insufficient_claims"));
    Ok(())
}
