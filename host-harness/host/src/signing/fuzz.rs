//! Whatever a guest wants signed: what is signed is a JSON object with the host's claims, and those are the host's.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::{Algorithm, SigningKey, SigningKeys, TokenNames};

#[test]
fn fuzz_claims() {
    let names = TokenNames {
        issuer: "the-issuer".to_owned(),
        audience: "the-audience".to_owned(),
        subject: "the-subject".to_owned(),
        key_id: None,
    };
    let links = "https://meet.example.com".parse().expect("links");
    let key = SigningKey::new("key", links, Algorithm::Hs256, &[7; 32], names, Duration::from_mins(5));
    let keys = SigningKeys::new(vec![key.expect("a key")]).expect("one key");
    let link = "https://meet.example.com/room".parse().expect("a link");
    let mut signed = 0;
    for input in fuzzing::inputs("claims") {
        let text = String::from_utf8_lossy(&input);
        let Ok(token) = keys.sign("key", &link, &text, 1_000_000) else { continue };
        signed += 1;
        let part = token.token().split('.').nth(1).expect("three parts");
        let bytes = URL_SAFE_NO_PAD.decode(part).expect("base64");
        let written = std::str::from_utf8(&bytes).expect("UTF-8");
        let claims: Value = serde_json::from_str(written).expect("JSON");
        assert_eq!(claims["iss"], "the-issuer");
        assert_eq!(claims["aud"], "the-audience");
        assert_eq!(claims["sub"], "the-subject");
        assert_eq!((&claims["iat"], &claims["exp"]), (&Value::from(1_000), &Value::from(1_300)));
        // Every claim once, so that all readers find the same one.
        let asked: Value = serde_json::from_str(&text).expect("it was signed");
        let (asked, told) = (asked.as_object().expect("an object"), claims.as_object().expect("an object"));
        assert_eq!(told.len(), asked.len() + 7, "{written}");
        assert!(asked.iter().all(|(name, value)| told.get(name) == Some(value)), "{written}");
    }
    assert!(signed > 0, "the good ones of the corpus were refused");
}
