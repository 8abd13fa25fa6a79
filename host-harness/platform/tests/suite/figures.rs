//! What operators are told by numbers, where there is more of it than fits a page.

use video_host::provider::Capabilities;
use video_platform::{Entitlement, IntegrationId};

use crate::script::{Stage, dead, request, scripted};

/// More than are told of for people to look at.
const MANY: usize = 120;

async fn connected(stage: &Stage) -> anyhow::Result<Vec<IntegrationId>> {
    stage.platform.set_entitlement(Entitlement::MultipleIntegrations, true).await?;
    let mut ids = Vec::new();
    for _ in 0..MANY {
        ids.push(stage.connect().await?);
    }
    Ok(ids)
}

#[tokio::test]
async fn every_dead_grant_is_named_however_many_there_are() -> anyhow::Result<()> {
    let stage = Stage::new().await?;
    let mut ids = connected(&stage).await?;
    for id in &ids {
        scripted(&stage.script.connections, [Err(dead())]);
        stage.platform.check(id).await.unwrap_err();
    }
    let figures = stage.platform.figures().await?;
    let mut named: Vec<_> = figures.troubled.into_iter().map(|it| it.integration).collect();
    named.sort();
    ids.sort();
    assert_eq!(named, ids);
    Ok(())
}

#[tokio::test]
async fn every_quota_near_its_end_is_named_and_of_the_others_the_busiest_hundred() -> anyhow::Result<()> {
    let stage = Stage::new().await?;
    stage.script.description.lock().unwrap().capabilities = Capabilities::RESCHEDULE;
    let ids = connected(&stage).await?;
    stage.import(&["ann"]).await?;
    for (nth, id) in ids.iter().enumerate() {
        stage.platform.choose_integration("ann", Some(id)).await?;
        stage.platform.book(&request(&format!("{nth}"), "ann")).await?;
    }
    let of_limit = async |limit| {
        stage.script.description.lock().unwrap().meetings_per_month = limit;
        anyhow::Ok(stage.platform.figures().await?.quotas)
    };
    let far = of_limit(Some(2)).await?;
    assert_eq!((far.len(), far[0].meetings, far[0].limit), (100, 1, 2));
    let mut near: Vec<_> = of_limit(Some(1)).await?.into_iter().map(|it| it.integration).collect();
    near.sort();
    let mut all = ids;
    all.sort();
    assert_eq!(near, all);
    assert_eq!(of_limit(None).await?, [], "who documents no limit has no end");
    Ok(())
}
