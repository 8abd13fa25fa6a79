//! More staff than anybody waits for.

use std::fmt::Write as _;

use anyhow::{Context as _, Result};
use axum::http::StatusCode;
use video_platform::{Action, AuditOutcome, IntegrationId};

use crate::browser::Tab;
use crate::stage::{ADMINISTRATOR, Stage};

const EVERYBODY_OFF: [(&str, &str); 2] = [("everybody", "yes"), ("to", "no")];

/// A connected platform with so many further staff.
async fn stage(more: usize) -> Result<(Stage, IntegrationId, String)> {
    let (stage, id) = Stage::connected().await?;
    let mut file = String::from("id,name,email,user_name\n");
    for number in 0..more {
        writeln!(file, "M-{number:04},Many {number:04},many{number}@example.org,many{number}")?;
    }
    stage.platform.import_staff(file.as_bytes()).await?;
    let home = format!("/settings/video-calls/{id}");
    Ok((stage, id, home))
}

#[tokio::test]
async fn changing_a_thousand_answers_at_once_and_the_log_tells_when_it_is_done() -> Result<()> {
    let (stage, _, home) = stage(1_000).await?;
    let all = stage.platform.staff_count().await?;
    let administrator = stage.signed_in(ADMINISTRATOR).await?;
    let question = administrator.post(&format!("{home}/selected"), &EVERYBODY_OFF).await?;
    assert!(question.text.contains("Turn Video Calls off for 1,066 staff?"), "{}", question.text);
    let answer = administrator.post(&format!("{home}/video-calls"), &EVERYBODY_OFF).await?;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    let page = administrator.get(answer.location()?).await?.text;
    assert!(page.contains("0 of 1,066 done") && page.contains("hx-get"), "{page}");
    assert!(page.contains("http-equiv=\"refresh\""), "it moves without scripts too");
    assert!(administrator.get(&home).await?.text.contains("Video Calls are being turned off for all staff"));
    let entry = stage.log().await?.into_iter().find(|entry| entry.action == Action::EnableVideoForMany);
    assert_eq!(entry.context("it is logged")?.outcome, AuditOutcome::Begun);

    stage.platform.run_due_jobs().await?;
    let page = administrator.get(answer.location()?).await?.text;
    assert!(
        page.contains("Video Calls are off for all who were chosen; for 1,066 of them that is new"),
        "{page}"
    );
    assert!(!page.contains("http-equiv=\"refresh\""));
    assert!(!administrator.get(&home).await?.text.contains("being turned"));
    let entry = stage.log().await?.into_iter().find(|entry| entry.action == Action::EnableVideoForMany);
    let entry = entry.context("it is logged")?;
    assert_eq!(entry.outcome, AuditOutcome::Done);
    assert_eq!(entry.to, Some(format!("off for all staff: {all} changed")));
    assert!(!stage.is_enabled("M-0999").await?);
    Ok(())
}

#[tokio::test]
async fn a_change_is_shown_on_its_own_integration_only() -> Result<()> {
    let (stage, _, home) = stage(600).await?;
    let administrator = stage.signed_in(ADMINISTRATOR).await?;
    let other = administrator.connect(mock_graph::contoso::ADMINISTRATOR).await?;
    let answer = administrator.post(&format!("{home}/video-calls"), &EVERYBODY_OFF).await?;
    let change = answer.location()?.rsplit('/').next().unwrap_or_default().to_owned();
    for path in [format!("{other}/video-calls/{change}"), format!("{other}/video-calls/no-number")] {
        let answer = administrator.get(&format!("/settings/video-calls/{path}")).await?;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_of_a_thousand_is_watched_to_its_end_and_pages_are_leafed_through() -> Result<()> {
    let (mut stage, id, home) = stage(1_200).await?;
    let Some(tab) = Tab::open(&mut stage).await? else { return Ok(()) };
    tab.sign_in(&stage, ADMINISTRATOR).await?;
    tab.goto(&format!("{home}?search=many&rows=10")).await?;
    tab.see("More than 1,000 staff found").await?;
    let first = tab.texts("tbody th").await?;
    tab.follow("Next").await?;
    let second = tab.texts("tbody th").await?;
    assert_eq!((first[0].as_str(), second[0].as_str()), ("Many 0000", "Many 0010"));
    tab.follow("Next").await?;
    tab.follow("Previous").await?;
    assert_eq!(tab.texts("tbody th").await?, second);

    tab.click("Select all that are found, on all pages").await?;
    tab.follow("Turn Video Calls off").await?;
    // Here it is counted to the last one.
    tab.see("Turn Video Calls off for 1,200 staff?").await?;
    tab.see("all staff found by “many”").await?;
    tab.follow("Turn off for 1,200 staff").await?;
    tab.see("for 1,200 of them that is new").await?;
    let filter = video_platform::StaffFilter { enabled: Some(false), ..Default::default() };
    assert_eq!(stage.platform.count_staff(&id, &filter).await?, 1_200);

    tab.goto(&format!("{home}?rows=10")).await?;
    tab.follow("Last").await?;
    tab.see("Page 127 of 127").await?;
    tab.follow("Previous").await?;
    tab.see("Page 126 of 127").await?;
    tab.close().await
}
