//! `signing`: a token for who joins by this call, with the operator's key.

use crate::bindings::scheduling::video_provider::signing as wit;
use crate::sandbox::CallState;
use crate::signing::SigningError;

impl wit::Host for CallState {
    async fn sign(&mut self, key: String, claims: String) -> Result<String, wit::Error> {
        let Some(joining) = &mut self.joining else {
            return Err(wit::Error::Denied(
                "nobody joins by this call, so there is nothing to sign".to_owned(),
            ));
        };
        if !joining.may_sign() {
            return Err(wit::Error::Denied("the call has had enough signed".to_owned()));
        }
        let Some(link) = &joining.link else {
            return Err(wit::Error::UnknownKey("the meeting's own link is no URL".to_owned()));
        };
        let signed = self.lender.signing.sign(&key, link, &claims, self.lender.clock.now_ms());
        let signed = signed.map_err(|error| refused(&error))?;
        let token = signed.token().to_owned();
        joining.signed.push(signed);
        Ok(token)
    }
}

fn refused(error: &SigningError) -> wit::Error {
    let told = error.to_string();
    match error {
        SigningError::UnknownKey(_) => wit::Error::UnknownKey(told),
        SigningError::Reserved(_) => wit::Error::ReservedClaim(told),
        SigningError::Malformed => wit::Error::Malformed(told),
        SigningError::Broken(_) => wit::Error::Misconfigured(told),
    }
}
