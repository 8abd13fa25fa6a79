//! All users of a provider.

use std::collections::BTreeSet;

use video_host::Provider;
use video_host::provider::{Capabilities, Error, Look, MatchOutcome};

use super::{Outcome, Stop, holds, refused, succeeded};
use crate::bench::Bench;

/// Nobody's directory has so many pages here: a provider that gives one more goes in a circle.
const PAGES: usize = 1_000;

/// The ids of all users, from page to page; broken if one comes twice.
async fn all(provider: &Provider, did: &str) -> Result<BTreeSet<String>, Stop> {
    let mut ids = BTreeSet::new();
    let mut cursor = None;
    for _ in 0..PAGES {
        let page = succeeded(provider.list_users(cursor.as_deref()).await, did)?;
        for entry in page.entries {
            let id = entry.user.id;
            holds(ids.insert(id.clone()), did, format!("the user {id} came twice"))?;
        }
        let Some(next) = page.next else { return Ok(ids) };
        cursor = Some(next);
    }
    Err(Stop::broken(did, format!("there was still another page after {PAGES}")))
}

pub(super) async fn lists(bench: &Bench<'_>) -> Outcome {
    let provider = bench.connected().await?;
    if !bench.has(Capabilities::DIRECTORY) {
        let did = "listed the users of a provider that does not have the capability `directory`";
        let listed = provider.list_users(None).await;
        return refused(&listed, |error| matches!(error, Error::Refused(_)), did);
    }
    let did = "listed all users, from page to page";
    let listed = all(&provider, did).await?;
    let Some(keys) = bench.backend.keys() else { return Ok(()) };
    let found = provider.match_users(&[keys.known], Look::Everywhere).await;
    let Ok([MatchOutcome::Matched(user)]) = found.as_deref() else {
        return Err(Stop::NotJudged("nobody could be matched".to_owned()));
    };
    let came = format!("{} users, and not {}, whom matching finds", listed.len(), user.id);
    holds(listed.contains(&user.id), did, came)
}

pub(super) async fn counts(bench: &Bench<'_>) -> Outcome {
    bench.needs(Capabilities::DIRECTORY, "directory")?;
    let provider = bench.connected().await?;
    let did = "asked how many users there are, and listed them all";
    let Some(told) = succeeded(provider.directory_size().await, did)? else { return Ok(()) };
    let listed = all(&provider, did).await?.len() as u64;
    // It is for a plan: half as many or twice as many would be another one.
    let about = listed.div_ceil(2)..=listed.saturating_mul(2);
    holds(about.contains(&told), did, format!("{told} were told, and {listed} listed"))
}
