//! Whether a staff member could be given a meeting, without making one.

use video_host::provider::{Capabilities, Error, Refusal, RefusalProblem};
use video_platform::{Obstacle, StaffCheck};

use crate::script::{Stage, dead, outage, scripted};

async fn obstacle(stage: &Stage, staff: &str) -> anyhow::Result<(Obstacle, String)> {
    match stage.platform.check_staff(staff).await? {
        StaffCheck::NotReady { obstacle, message } => Ok((obstacle, message)),
        other => anyhow::bail!("{other:?}"),
    }
}

#[tokio::test]
async fn a_matched_staff_member_is_asked_for_by_the_matched_user_and_no_meeting_is_made() -> anyhow::Result<()>
{
    let (stage, integration) = Stage::with_staff(&["ann"]).await?;
    scripted(&stage.script.user_checks, [Ok(vec!["Not sure of the licence.".to_owned()])]);
    let warnings = vec!["Not sure of the licence.".to_owned()];
    assert_eq!(
        stage.platform.check_staff("ann").await?,
        StaffCheck::Ready { integration: Some(integration.clone()), warnings }
    );
    assert_eq!(stage.script.take_calls(), ["check user oid of ann@contoso.com"]);
    // A provider that knows no users is not asked about one.
    stage.script.description.lock().unwrap().capabilities = Capabilities::RESCHEDULE;
    assert_eq!(
        stage.platform.check_staff("ann").await?,
        StaffCheck::Ready { integration: Some(integration), warnings: vec![] }
    );
    assert!(stage.script.take_calls().is_empty());
    Ok(())
}

#[tokio::test]
async fn what_is_in_the_way_is_named_before_anybody_is_asked() -> anyhow::Result<()> {
    let (stage, id) = Stage::with_staff(&["ann"]).await?;
    assert_eq!(obstacle(&stage, "nobody").await?.0, Obstacle::UnknownStaff);
    stage.import(&["bob"]).await?;
    assert_eq!(obstacle(&stage, "bob").await?.0, Obstacle::NotMatched);
    stage.platform.enable_video("ann", false).await?;
    assert_eq!(obstacle(&stage, "ann").await?.0, Obstacle::VideoOff);
    stage.platform.enable_video("ann", true).await?;
    scripted(&stage.script.connections, [Err(dead())]);
    stage.platform.check(&id).await.unwrap_err();
    stage.script.take_calls();
    let (what, message) = obstacle(&stage, "ann").await?;
    assert_eq!(what, Obstacle::Integration);
    assert_eq!(
        message,
        "Microsoft Teams cannot be used for meetings of ann now: reauthorize it: The password of \
         video@contoso.com was changed."
    );
    stage.platform.disconnect(&id).await?;
    assert_eq!(obstacle(&stage, "ann").await?.0, Obstacle::NoIntegration);
    assert!(!stage.script.take_calls().iter().any(|call| call.starts_with("check user")));
    Ok(())
}

#[tokio::test]
async fn what_the_provider_says_for_certain_is_told_from_what_it_does_not_say() -> anyhow::Result<()> {
    let (stage, _) = Stage::with_staff(&["ann"]).await?;
    let refusal = Refusal { problem: RefusalProblem::Licence, message: "No licence.".to_owned() };
    scripted(&stage.script.user_checks, [Err(Error::Refused(refusal)), Err(outage()), Err(dead())]);
    let refused = Obstacle::Refused(RefusalProblem::Licence);
    assert_eq!(obstacle(&stage, "ann").await?, (refused, "No licence.".to_owned()));
    let unknown = StaffCheck::Unknown { message: "No answer.".to_owned() };
    assert_eq!(stage.platform.check_staff("ann").await?, unknown);
    assert_eq!(obstacle(&stage, "ann").await?.0, Obstacle::Integration);
    Ok(())
}
