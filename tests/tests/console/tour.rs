//! Every page in turn, for who looks at all of them.

use anyhow::Result;
use video_platform::IntegrationId;

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
        ("staff", "/staff".to_owned()),
        ("profile", format!("/staff/{ADVISER}")),
        ("services", "/services".to_owned()),
        ("new-service", "/services/new".to_owned()),
        ("service", format!("/services/{SERVICE}?search=adviser")),
        ("schedule", "/schedule?from=2030-01-07".to_owned()),
        ("schedule-new", format!("/schedule/new?service={SERVICE}")),
        ("client-view", "/client-view".to_owned()),
        ("client-view-book", format!("/client-view?service={SERVICE}")),
        ("contact-center", "/contact-center?email=client@example.com".to_owned()),
        ("appointment", "/appointments/one".to_owned()),
        ("cancel", "/appointments/one/cancel".to_owned()),
        ("audit-log", "/audit-log".to_owned()),
        ("not-found", "/nowhere".to_owned()),
        ("sign-in", "/sign-in?token=none".to_owned()),
    ]
}
