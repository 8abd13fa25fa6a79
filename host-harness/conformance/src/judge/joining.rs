//! Links for who joins, and the tokens in them.

use std::sync::Arc;

use aws_lc_rs::hmac::{self, HMAC_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};
use url::Url;
use video_host::provider::{Error, JoinableMeeting, Meeting, MeetingRequest, Participant, ParticipantRole};
use video_host::signing::SigningKeys;
use video_host::{CallError, Failure, JoinLink, Manifest, Provider};

use super::{Outcome, Stop, holds, refused};
use crate::bench::{Bench, came};

/// A meeting that people join.
struct Ready {
    provider: Provider,
    meeting: JoinableMeeting,
    /// With which the host signs; none if the provider wants no key.
    secret: Option<[u8; 32]>,
}

fn host() -> Participant {
    Participant { role: ParticipantRole::Host, display_name: "Adele \"Ada\" Vance".to_owned() }
}

fn guest() -> Participant {
    Participant { role: ParticipantRole::Guest, display_name: "東 Moser\\".to_owned() }
}

fn joinable(request: &MeetingRequest, made: &Meeting) -> JoinableMeeting {
    JoinableMeeting {
        appointment_id: request.appointment_id.clone(),
        meeting_id: made.id.clone(),
        join_url: made.join_url.clone(),
        organizer_id: Some(made.organizer_id.clone()),
        start: made.start,
        end: made.end,
    }
}

/// A meeting on a provider that has every key that it wants, for links as it makes them.
async fn ready(bench: &Bench<'_>) -> Result<Ready, Stop> {
    if !bench.plugin.joins() {
        return Err(Stop::NotApplicable("the component does not export `joining`".to_owned()));
    }
    let provider = bench.connected().await?;
    let (request, made) = bench.made(&provider).await?;
    let meeting = joinable(&request, &made);
    let wanted = bench.plugin.wants();
    let wanted: Vec<_> = wanted.iter().flat_map(|wants| wants.keys(false).chain(wants.keys(true))).collect();
    if wanted.is_empty() {
        return Ok(Ready { provider, meeting, secret: None });
    }
    let origin = Url::parse(&made.join_url).map_err(Stop::suite)?.origin().ascii_serialization();
    let links = origin.parse().map_err(Stop::suite)?;
    let (keys, secret) = SigningKeys::drawn(wanted, &links).map_err(Stop::suite)?;
    let manifest = Manifest { signing: Arc::new(keys), ..bench.manifest.clone() };
    let plugin = bench.host.load(bench.component, &manifest).await.map_err(Stop::suite)?;
    Ok(Ready { provider: plugin.on(provider.integration()), meeting, secret: Some(secret) })
}

impl Ready {
    async fn link(&self, participant: &Participant, did: &str) -> Result<String, Stop> {
        given(self.provider.join_link(&self.meeting, participant).await, did)
    }

    /// What the token in a link tells, that is signed with the suite's key; none if there is none.
    fn told(&self, link: &str) -> Option<Map<String, Value>> {
        let key = hmac::Key::new(HMAC_SHA256, self.secret.as_ref()?);
        let part = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
        link.split(part).find_map(|candidate| {
            let (signed, signature) = candidate.rsplit_once('.')?;
            let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
            hmac::verify(&key, signed.as_bytes(), &signature).ok()?;
            let claims = URL_SAFE_NO_PAD.decode(signed.split('.').nth(1)?).ok()?;
            serde_json::from_slice(&claims).ok()
        })
    }
}

/// The link that has to be there.
fn given(ended: Result<Option<JoinLink>, CallError>, did: &str) -> Result<String, Stop> {
    match ended {
        Ok(Some(link)) => Ok(link.expose().to_owned()),
        ended => Err(Stop::broken(did, came(&ended))),
    }
}

fn needs_key(ready: &Ready) -> Result<(), Stop> {
    if ready.secret.is_some() {
        return Ok(());
    }
    Err(Stop::NotApplicable("the component wants no key to have tokens signed with".to_owned()))
}

pub(super) async fn links(bench: &Bench<'_>) -> Outcome {
    let ready = ready(bench).await?;
    let before = bench.keys(&ready.provider).await?;
    for participant in [host(), guest()] {
        ready.link(&participant, "asked for a link to join with").await?;
    }
    let optional = bench.plugin.wants().is_none_or(|wants| wants.keys(false).next().is_none());
    if optional {
        let without = bench.plugin.on(ready.provider.integration());
        let did = "asked for a link to join with, without any key";
        given(without.join_link(&ready.meeting, &guest()).await, did)?;
    }
    let after = bench.keys(&ready.provider).await?;
    holds(
        before == after,
        "asked for links to join with",
        format!("the storage had {before:?}, and has {after:?}"),
    )?;
    let ended = ready.provider.disconnect().await;
    ended.map_err(|error| Stop::NotJudged(format!("disconnecting does not work: {error}")))?;
    let ended = ready.provider.join_link(&ready.meeting, &guest()).await;
    if matches!(ended, Ok(Some(_))) {
        return Ok(());
    }
    let did = "disconnected, and asked for a link to join with";
    refused(&ended, |error| *error == Error::NotConnected, did)
}

pub(super) async fn signs(bench: &Bench<'_>) -> Outcome {
    let ready = ready(bench).await?;
    needs_key(&ready)?;
    let did = "asked for a link to join with, with a key for the token";
    for participant in [host(), guest()] {
        let link = ready.link(&participant, did).await?;
        holds(ready.told(&link).is_some(), did, "no token in the link has the host's signature")?;
    }
    Ok(())
}

pub(super) async fn their_own(bench: &Bench<'_>) -> Outcome {
    let ready = ready(bench).await?;
    needs_key(&ready)?;
    let did = "asked for the links of a host and of a guest";
    let (one, other) = (ready.link(&host(), did).await?, ready.link(&guest(), did).await?);
    holds(one != other, did, "both have the same link")?;
    let own = |link: &str| {
        let mut told =
            ready.told(link).ok_or_else(|| Stop::NotJudged("there is no token in it".to_owned()))?;
        told.retain(|name, _| !["iss", "sub", "aud", "exp", "nbf", "iat", "jti"].contains(&name.as_str()));
        Ok::<_, Stop>(told)
    };
    let (one, other) = (own(&one)?, own(&other)?);
    holds(one != other, did, format!("both tokens tell {}", Value::Object(one.clone())))
}

pub(super) async fn leads(bench: &Bench<'_>) -> Outcome {
    let ready = ready(bench).await?;
    needs_key(&ready)?;
    let ended = ready.provider.join_link(&ready.meeting, &guest()).await;
    match &ended {
        Ok(_) => Ok(()),
        Err(CallError::Failed { failure: Failure::BrokeContract(rule), .. }) => {
            let came = format!("the host does not hand it on: {rule}");
            holds(false, "asked for a link to join with, with a key for the token", came)
        }
        Err(_) => Err(Stop::NotJudged(format!("there is no link to join with: {}", came(&ended)))),
    }
}

pub(super) async fn stored(bench: &Bench<'_>) -> Outcome {
    let ready = ready(bench).await?;
    needs_key(&ready)?;
    let mut secrets = Vec::new();
    for participant in [host(), guest()] {
        let ended = ready.provider.join_link(&ready.meeting, &participant).await;
        let Ok(Some(link)) = &ended else {
            return Err(Stop::NotJudged(format!("there is no link to join with: {}", came(&ended))));
        };
        // The signature is what makes it a credential.
        let last = link.expose().rsplit('.').next().unwrap_or_default();
        let border = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
        secrets.push(last.split(border).next().unwrap_or_default().to_owned());
    }
    let (store, integration) = (bench.host.store(), ready.provider.integration());
    for key in bench.keys(&ready.provider).await? {
        let entry = store.get(integration, &key).await.map_err(Stop::suite)?;
        let value = entry.map(|entry| String::from_utf8_lossy(&entry.value).into_owned()).unwrap_or_default();
        let found = secrets.iter().any(|secret| !secret.is_empty() && value.contains(secret));
        holds(
            !found,
            "asked for links to join with, and read the storage",
            format!("a token is in `{key}`"),
        )?;
    }
    Ok(())
}
