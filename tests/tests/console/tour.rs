//! Every page in turn, for who looks at all of them.

use anyhow::Result;
use mock_graph::{Operation, contoso};
use video_platform::IntegrationId;

use crate::browser::Tab;
use crate::stage::{ADVISER, SCHEDULER, SERVICE, Stage};

/// Something to look at on every page: appointments, and something in the log.
pub(crate) async fn prepare(stage: &Stage) -> Result<()> {
    let scheduler = stage.signed_in(SCHEDULER).await?;
    for (id, channel, method, client, start) in [
        ("one", "/schedule/new", "video_call", "Lisa Moser", "2030-01-07T10:00"),
        ("two", "/contact-center/new", "video_call", "Jean-Luc Favre", "2030-01-07T11:00"),
        ("three", "/client-view", "video_call", "Nora Keller", "2030-01-08T09:30"),
        ("four", "/schedule/new", "phone", "Ben Ofori", "2030-01-09T14:00"),
    ] {
        let form = [
            ("appointment", id),
            ("service", SERVICE),
            ("method", method),
            ("staff", ADVISER),
            ("start", start),
            ("minutes", "30"),
            ("client_name", client),
            ("client_email", "client@example.com"),
            ("subject", "First mortgage"),
        ];
        scheduler.post(channel, &form).await?;
    }
    // A refusal, for the log.
    scheduler.get("/audit-log").await?;
    Ok(())
}

/// The pages of an administrator, by a name for each.
pub(crate) fn pages(id: &IntegrationId) -> Vec<(&'static str, String)> {
    let home = format!("/settings/video-calls/{id}");
    vec![
        ("video-calls", "/settings/video-calls".to_owned()),
        ("new-integration", "/settings/video-calls/new".to_owned()),
        ("connect", "/settings/video-calls/new/microsoft-teams".to_owned()),
        ("dashboard", format!("{home}?rows=10")),
        ("dashboard-not-matched", format!("{home}?matched=no")),
        ("rematch", format!("{home}/rematch")),
        ("reauthorize", format!("{home}/reauthorize")),
        ("disconnect", format!("{home}/disconnect")),
        ("meeting-options", format!("{home}/options")),
        ("name-and-match-field", format!("{home}/edit")),
        ("events", format!("{home}/events")),
        ("staff", "/staff".to_owned()),
        ("staff-nobody-found", "/staff?search=zzz".to_owned()),
        ("staff-new", "/staff/new".to_owned()),
        ("staff-edit", format!("/staff/{ADVISER}/edit")),
        ("profile", format!("/staff/{ADVISER}")),
        ("services", "/services".to_owned()),
        ("new-service", "/services/new".to_owned()),
        ("service", format!("/services/{SERVICE}?search=adviser")),
        ("schedule", "/schedule?from=2030-01-07".to_owned()),
        ("schedule-new", format!("/schedule/new?service={SERVICE}")),
        ("client-view", "/client-view".to_owned()),
        ("client-view-book", format!("/client-view?service={SERVICE}")),
        ("contact-center", "/contact-center?email=client@example.com".to_owned()),
        ("contact-center-new", format!("/contact-center/new?service={SERVICE}")),
        ("appointment", "/appointments/one".to_owned()),
        ("hand-over", "/appointments/one/hand-over".to_owned()),
        ("cancel", "/appointments/one/cancel".to_owned()),
        ("audit-log", "/audit-log".to_owned()),
        ("not-found", "/nowhere".to_owned()),
        ("sign-in", "/sign-in?token=none".to_owned()),
    ]
}

/// What comes up only when something is done: questions, errors beside their fields, what is under way, and
/// how it ended. `look` is called on each, by its name.
pub(crate) async fn scenes(
    stage: &Stage,
    tab: &Tab,
    id: &IntegrationId,
    mut look: impl AsyncFnMut(&str) -> Result<()>,
) -> Result<()> {
    let home = format!("/settings/video-calls/{id}");
    tab.goto("/settings/video-calls/new/microsoft-teams").await?;
    tab.fill("#tenant-id", "contoso, please").await?;
    tab.follow("Continue").await?;
    look("connect-error").await?;

    tab.goto(&home).await?;
    tab.click("Actions").await?;
    look("dashboard-actions").await?;
    tab.goto(&format!("{home}?search=adviser&rows=10")).await?;
    tab.click_at("#everybody").await?;
    tab.follow("Turn Video Calls on").await?;
    tab.see("Turn Video Calls on for").await?;
    look("mass-change").await?;
    tab.follow("Turn on for").await?;
    tab.see("Video Calls are on for").await?;
    look("mass-change-done").await?;
    let everybody = video_platform::StaffFilter::default();
    let change = stage.platform.start_video_change(id, &everybody, true).await?;
    tab.goto(&format!("{home}/video-calls/{}", change.id)).await?;
    tab.see("Video Calls are on for all who were chosen").await?;
    look("mass-change-finished").await?;

    let held = stage.world.microsoft.faults().hold(Operation::Batch, true);
    tab.goto(&format!("{home}/rematch")).await?;
    tab.follow("Rematch all users").await?;
    held.reached().await;
    tab.until("document.querySelector('progress') !== null").await?;
    look("rematch-running").await?;
    held.release();
    tab.see("All users are rematched").await?;
    look("rematch-finished").await?;

    tab.goto("/staff/new").await?;
    tab.fill("#id", ADVISER).await?;
    tab.fill("#name", "Somebody Else").await?;
    tab.follow("Save").await?;
    tab.see("Another staff member has this id").await?;
    look("staff-new-error").await?;
    tab.goto(&format!("/staff/{ADVISER}/edit")).await?;
    tab.fill("#name", &"x".repeat(300)).await?;
    tab.follow("Save").await?;
    tab.see("Shorten it").await?;
    look("staff-edit-error").await?;
    tab.goto(&format!("/services/{SERVICE}")).await?;
    tab.value(
        "document.querySelectorAll('input[name=methods]').forEach((it) => { it.checked = false; }); true",
    )
    .await?;
    tab.follow("Save").await?;
    look("service-error").await?;

    tab.goto(&format!("/schedule/new?service={SERVICE}")).await?;
    tab.set("#staff", "C-4").await?;
    tab.fill("#client_name", "Lisa Moser").await?;
    tab.follow("Book").await?;
    look("schedule-new-error").await?;
    tab.goto("/appointments/two/hand-over").await?;
    tab.set("#staff", "C-4").await?;
    tab.follow("Hand over").await?;
    tab.until("document.querySelector('#staff-error') !== null").await?;
    look("hand-over-error").await?;
    tab.goto(&format!("/client-view?service={SERVICE}")).await?;
    tab.set("#staff", ADVISER).await?;
    tab.fill("#client_name", "Lisa Moser").await?;
    tab.follow("Book").await?;
    tab.see("Your appointment is booked").await?;
    look("client-view-booked").await?;

    tab.goto(&format!("{home}/reauthorize")).await?;
    tab.fill("#tenant-id", contoso::TENANT_ID).await?;
    tab.follow("Start Reauthorization").await?;
    tab.sign_in_at_microsoft(contoso::ADMINISTRATOR).await?;
    look("reauthorize-refused").await
}
