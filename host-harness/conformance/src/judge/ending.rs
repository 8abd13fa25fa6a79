//! Reauthorizing, disconnecting, and two integrations beside each other.

use video_host::Provider;
use video_host::provider::{Error, Meeting, MeetingRequest};
use video_host::store::Purpose;

use super::{Outcome, Stop, holds, refused, succeeded};
use crate::backend::Who;
use crate::bench::Bench;

pub(super) async fn reauthorizing(bench: &Bench<'_>) -> Outcome {
    let provider = bench.integration()?;
    let before = bench.connect(&provider).await?;
    let (request, made) = bench.made(&provider).await?;
    let did = "reauthorized with the same account";
    let after = succeeded(bench.authorize(&provider, Purpose::Reauthorize, Who::Account).await?, did)?;
    holds(
        before.account.id == after.account.id && before.account.tenant_id == after.account.tenant_id,
        did,
        format!("the account was {:?}, and is {:?}", before.account, after.account),
    )?;
    let did = "reauthorized, and made the meeting of an appointment that has one";
    let again = succeeded(provider.create_meeting(&request).await, did)?;
    holds(again.join_url == made.join_url, did, format!("{}, and then {}", made.join_url, again.join_url))
}

pub(super) async fn another_account(bench: &Bench<'_>) -> Outcome {
    bench.needs_service()?;
    let provider = bench.integration()?;
    let before = bench.connect(&provider).await?;
    let did = "reauthorized, and somebody else signed in";
    let ended = bench.authorize(&provider, Purpose::Reauthorize, Who::AnotherAccount).await?;
    refused(&ended, |error| matches!(error, Error::AccountMismatch(_)), did)?;
    let did = "called check after somebody else had signed in";
    let after = succeeded(provider.check().await, did)?;
    holds(before.account == after.account, did, format!("{:?}, and then {:?}", before.account, after.account))
}

async fn says_not_connected(provider: &Provider, did: &str) -> Outcome {
    refused(
        &provider.check().await,
        |error| *error == Error::NotConnected,
        &format!("{did}, and called check"),
    )
}

pub(super) async fn twice(bench: &Bench<'_>) -> Outcome {
    let provider = bench.connected().await?;
    bench.made(&provider).await?;
    succeeded(provider.disconnect().await, "disconnected")?;
    says_not_connected(&provider, "disconnected").await?;
    succeeded(provider.disconnect().await, "disconnected twice")?;
    let never = bench.integration()?;
    succeeded(never.disconnect().await, "disconnected what was never connected")
}

pub(super) async fn nothing_behind(bench: &Bench<'_>) -> Outcome {
    let provider = bench.connected().await?;
    bench.made(&provider).await?;
    let meetings = bench.backend.meetings();
    let requests = bench.backend.requests();
    succeeded(provider.disconnect().await, "disconnected")?;
    let left = bench.keys(&provider).await?;
    // Some tell what they are; there can be thousands.
    let some: Vec<_> = left.iter().take(10).collect();
    holds(left.is_empty(), "disconnected", format!("the storage still has {some:?}"))?;
    let left = bench.credentials(&provider).await?;
    holds(left.is_empty(), "disconnected", format!("the host still has the credentials {left:?}"))?;
    let now = bench.backend.meetings();
    holds(now == meetings, "disconnected", format!("the service had {meetings} meetings, and has {now}"))?;
    let sent = bench.backend.requests() - requests;
    holds(sent == 0, "disconnected", format!("{sent} requests were sent"))
}

pub(super) async fn dead_grant(bench: &Bench<'_>) -> Outcome {
    bench.needs_service()?;
    let provider = bench.connected().await?;
    bench.backend.kill_grants(&bench.clock).map_err(Stop::suite)?;
    let did = "disconnected after the service had ended the grant";
    succeeded(provider.disconnect().await, did)?;
    says_not_connected(&provider, did).await
}

pub(super) async fn share_nothing(bench: &Bench<'_>) -> Outcome {
    let (first, second) = (bench.integration()?, bench.integration()?);
    let one = bench.connect(&first).await?.account;
    says_not_connected(&second, "connected another integration").await?;
    // The same account of a service has the same meetings, through whichever integration: where somebody
    // signs in, it is somebody else.
    let other = bench.connect_as(&second, Who::AnotherAccount).await?.account;
    let request = bench.request(&first).await?;
    let ours = made(&first, &request).await?;
    let request = MeetingRequest { appointment_id: request.appointment_id, ..bench.request(&second).await? };
    let theirs = made(&second, &request).await?;
    let distinct = (&one.id, &one.tenant_id) != (&other.id, &other.tenant_id);
    // What belongs to an organisation, its accounts find alike; what belongs to an account is that one's alone.
    let asks_nobody = bench.needs_service().is_err();
    let own = asks_nobody || one.tenant_id != other.tenant_id || ours.organizer_id == one.id;
    holds(
        !(distinct && own) || ours.join_url != theirs.join_url,
        "made the meetings of one appointment id on two integrations of different accounts",
        format!("{} for both", ours.join_url),
    )?;
    holds(
        distinct || !asks_nobody,
        "connected two integrations of a provider without a service",
        format!("both have the account {}, so that the host takes them for one tenant", one.id),
    )?;
    succeeded(first.disconnect().await, "disconnected one of two integrations")?;
    let did = "disconnected one integration, and called check of the other";
    let left = succeeded(second.check().await, did)?;
    holds(left.account == other, did, format!("{:?}, and it was {other:?}", left.account))
}

async fn made(provider: &Provider, request: &MeetingRequest) -> Result<Meeting, Stop> {
    let ended = provider.create_meeting(request).await;
    ended.map_err(|error| Stop::NotJudged(format!("no meeting could be made: {error}")))
}
