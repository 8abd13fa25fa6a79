//! Whatever a token endpoint answers.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode};
use secrecy::ExposeSecret as _;

use super::{Redactor, answer};

#[test]
fn fuzz_token_answer() {
    let mut taken = 0;
    for input in fuzzing::inputs("token-answer") {
        for status in [200, 400, 401, 429, 503] {
            let mut response = Response::new(Bytes::from(input.clone()));
            *response.status_mut() = StatusCode::from_u16(status).expect("a status");
            if let Ok(header) = HeaderValue::from_bytes(input.get(..20).unwrap_or(&input)) {
                response.headers_mut().insert(http::header::RETRY_AFTER, header);
            }
            if let Ok(tokens) = answer::read(&response, &Redactor::default()) {
                assert_eq!(status, 200, "tokens with status {status}");
                assert!(HeaderValue::from_str(tokens.access_token.expose_secret()).is_ok());
                assert!(tokens.lifetime_ms >= 0);
                taken += 1;
            }
        }
    }
    assert!(taken > 0, "the good ones of the corpus were refused");
}
