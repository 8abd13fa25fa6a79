//! `http.send`: the only way out, under the operator's grant, with the credential that the plugin
//! names and never sees.

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{Method, StatusCode, Uri};
use tokio::time::Instant;

use super::Lender;
use super::credentials::failure;
use crate::bindings::scheduling::video_provider::http as wit;
use crate::bindings::scheduling::video_provider::types::Parameter;
use crate::egress::{Purpose, admit_headers};
use crate::sandbox::CallState;
use crate::transport::SendError;
use crate::vault::{AccessToken, Caller, CredentialFailure, NOT_RENEWABLE};

impl wit::Host for CallState {
    async fn send(&mut self, request: wit::Request) -> Result<wit::Response, wit::Error> {
        self.usage.asks();
        let answer = self.exchange(request).await;
        self.usage.was_answered();
        answer
    }
}

impl CallState {
    async fn exchange(&mut self, request: wit::Request) -> Result<wit::Response, wit::Error> {
        let Some(integration) = self.integration.clone() else {
            return Err(wit::Error::Denied("a plugin that describes itself sends nothing".to_owned()));
        };
        if self.requests_left == 0 {
            return Err(wit::Error::Denied("the call has used up its requests".to_owned()));
        }
        self.requests_left -= 1;

        let lender = self.lender.clone();
        let credential = request.credential.clone();
        let mut request = prepare(request).map_err(wit::Error::Denied)?;
        request.extensions_mut().insert(lender.room.clone());
        let purpose = if credential.is_some() { Purpose::Authorized } else { Purpose::Plain };
        lender
            .grant
            .permits(request.uri(), purpose)
            .map_err(|denied| wit::Error::Denied(denied.to_string()))?;

        let caller = lender.caller(&integration);
        let deadline = self.deadline;
        let left_alone = self.tenant.as_ref().and_then(|it| it.left_alone_for(lender.clock.elapsed()));
        if let (Some(time), Purpose::Authorized) = (left_alone, purpose) {
            let seconds = time.as_secs().max(1);
            return Err(wit::Error::NotSent(format!(
                "the provider did not answer or asked for a pause, and is left alone for another {seconds} s"
            )));
        }
        let Some(name) = credential else {
            let answer = lender.transport.send(request, deadline).await;
            return lender.finished(&caller, answer);
        };
        let credential = |error| wit::Error::Credential(failure(error));
        let token = lender.token(&caller, &name, deadline).await.map_err(credential)?;
        let first = lender.transport.send(authorized(&request, &token), deadline).await;
        let unauthorized = first.as_ref().is_ok_and(|response| response.status() == StatusCode::UNAUTHORIZED);
        if !unauthorized {
            return lender.finished(&caller, first);
        }
        lender.recent.written(&integration);
        // A 401 was answered before anything was done, so the same request may go once more.
        let newer = match lender.vault.after_unauthorized(&caller, &name, &token, deadline).await {
            Ok(newer) => newer,
            // Nothing can be renewed, so the 401 is all there is to say: it may carry the reason.
            Err(CredentialFailure::Refused(refusal))
                if refusal.suberror.as_deref() == Some(NOT_RENEWABLE) =>
            {
                return lender.finished(&caller, first);
            }
            Err(error) => return Err(credential(error)),
        };
        let second = lender.transport.send(authorized(&request, &newer), deadline).await;
        lender.finished(&caller, second)
    }
}

impl Lender {
    /// An access token that is good now.
    async fn token(
        &self,
        caller: &Caller,
        name: &str,
        deadline: Instant,
    ) -> Result<AccessToken, CredentialFailure> {
        let now = self.clock.now_ms();
        if let Some(recent) = self.recent.token(&caller.integration, name, now) {
            return Ok(recent);
        }
        let begun = self.recent.begin(&caller.integration, now);
        let token = self.vault.access_token(caller, name, deadline).await?;
        self.recent.keep_token(&caller.integration, name, begun, &token);
        Ok(token)
    }

    /// What the guest gets to see: known secrets taken out, whoever put them there.
    fn finished(
        &self,
        caller: &Caller,
        answer: Result<http::Response<Bytes>, SendError>,
    ) -> Result<wit::Response, wit::Error> {
        let redactor = self.vault.redactor(caller);
        let response = answer.map_err(|error| match error {
            SendError::Denied(reason) => wit::Error::Denied(reason),
            SendError::NotSent(reason) => wit::Error::NotSent(redactor.text(&reason).into_owned()),
            SendError::NoAnswer(reason) => wit::Error::NoAnswer(redactor.text(&reason).into_owned()),
            SendError::TooLarge(limit) => wit::Error::TooLarge(limit),
            SendError::Deadline => wit::Error::Deadline,
        })?;
        let headers = response
            .headers()
            .iter()
            // A header that is no text means nothing to a contract of texts.
            .filter_map(|(name, value)| {
                let value = redactor.text(value.to_str().ok()?).into_owned();
                Some(Parameter { name: name.as_str().to_owned(), value })
            })
            .collect();
        let body = redactor.bytes(response.body()).into_owned();
        Ok(wit::Response { status: response.status().as_u16(), headers, body })
    }
}

/// The request as the plugin made it, checked for what belongs to the host.
fn prepare(request: wit::Request) -> Result<http::Request<Bytes>, String> {
    let uri: Uri = request.url.parse().map_err(|_| "the URL is not one".to_owned())?;
    let headers: Vec<_> = request.headers.into_iter().map(|header| (header.name, header.value)).collect();
    let mut prepared = http::Request::new(request.body.map(Bytes::from).unwrap_or_default());
    *prepared.headers_mut() = admit_headers(&headers)?;
    *prepared.uri_mut() = uri;
    *prepared.method_mut() = match request.method {
        wit::Method::Get => Method::GET,
        wit::Method::Head => Method::HEAD,
        wit::Method::Post => Method::POST,
        wit::Method::Put => Method::PUT,
        wit::Method::Patch => Method::PATCH,
        wit::Method::Delete => Method::DELETE,
    };
    Ok(prepared)
}

fn authorized(request: &http::Request<Bytes>, token: &AccessToken) -> http::Request<Bytes> {
    let mut request = request.clone();
    request.headers_mut().insert(AUTHORIZATION, token.authorization());
    request
}
