//! Every page, for everybody who may not have it.

use anyhow::{Context as _, Result};
use axum::http::{Method, StatusCode};
use video_console::{Access, Listed, listed};
use video_platform::{ActorKind, AuditOutcome, IntegrationId};

use crate::stage::{ADMINISTRATOR, ADVISER, SCHEDULER, SERVICE, Stage};

/// A path with something that exists in each of its places.
fn filled(page: &Listed, integration: &IntegrationId) -> String {
    page.path
        .replace("{integration}", integration.as_str())
        .replace("{staff}", ADVISER)
        .replace("{service}", SERVICE)
        .replace("{provider}", "microsoft-teams")
        .replace("{appointment}", "none")
        .replace("{change}", "1")
        .replace("{code}", "none")
        .replace("{name}", "console.css")
}

#[tokio::test]
async fn every_page_is_refused_to_those_who_may_not_have_it_and_the_log_tells() -> Result<()> {
    let (stage, integration) = Stage::connected().await?;
    let people = [
        (ActorKind::Nobody, stage.nobody(), StatusCode::UNAUTHORIZED),
        (ActorKind::Staff, stage.signed_in(ADVISER).await?, StatusCode::FORBIDDEN),
        (ActorKind::Scheduler, stage.signed_in(SCHEDULER).await?, StatusCode::FORBIDDEN),
    ];
    let mut refused = 0;
    for page in listed() {
        for (kind, visitor, status) in &people {
            if page.access.needs() <= *kind {
                continue;
            }
            let path = filled(&page, &integration);
            let answer = match (&page.method, kind) {
                (&Method::GET, _) => visitor.get(&path).await?,
                (_, ActorKind::Nobody) => visitor.send(Method::POST, &path, &[], &[]).await?,
                // With the right token, so that it is the role that is missing.
                _ => visitor.post(&path, &[]).await?,
            };
            let what = format!("{} {path} for {}", page.method, kind.label());
            assert_eq!(answer.status, *status, "{what}");
            if let Access::May(action) = page.access {
                let log = stage.log().await?;
                let newest = log.first().with_context(|| format!("nothing is logged of {what}"))?;
                assert_eq!((newest.action, newest.outcome), (action, AuditOutcome::Refused), "{what}");
                assert_eq!(newest.actor.kind(), *kind, "{what}");
                assert_eq!(newest.subject, Some(format!("{} {path}", page.method)));
                refused += 1;
            }
        }
    }
    assert!(refused > 80, "the table lost pages: {refused}");
    let integration = stage.platform.integration(&integration).await?.context("it is there")?;
    assert!(integration.state.is_live(), "nothing was done");
    Ok(())
}

#[tokio::test]
async fn an_administrator_has_every_page() -> Result<()> {
    let (stage, integration) = Stage::connected().await?;
    let administrator = stage.signed_in(ADMINISTRATOR).await?;
    for page in listed().iter().filter(|page| page.method == Method::GET) {
        let path = filled(page, &integration);
        let answer = administrator.get(&path).await?;
        let refused = [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN, StatusCode::INTERNAL_SERVER_ERROR];
        assert!(!refused.contains(&answer.status), "{path}: {}", answer.status);
    }
    Ok(())
}

#[tokio::test]
async fn who_loses_the_role_has_lost_the_pages_at_once() -> Result<()> {
    let stage = Stage::start().await?;
    let administrator = stage.signed_in(ADMINISTRATOR).await?;
    assert_eq!(administrator.get("/settings/video-calls").await?.status, StatusCode::OK);
    let list = "id,name,email,user_name,role\nA-1,Alex Hartmann,admin@contoso.com,ahartmann,staff\n";
    stage.platform.import_staff(list.as_bytes()).await?;
    assert_eq!(administrator.get("/settings/video-calls").await?.status, StatusCode::FORBIDDEN);
    Ok(())
}

#[tokio::test]
async fn staff_see_their_own_profile_and_nobody_elses() -> Result<()> {
    let stage = Stage::start().await?;
    let adviser = stage.signed_in(ADVISER).await?;
    assert_eq!(adviser.get("/staff/C-1").await?.status, StatusCode::OK);
    assert_eq!(adviser.get("/staff/C-2").await?.status, StatusCode::FORBIDDEN);
    let answer = adviser.get("/schedule?staff=C-2").await?;
    assert_eq!(answer.status, StatusCode::OK, "it shows their own, whatever is asked for");
    Ok(())
}
