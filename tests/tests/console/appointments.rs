//! Services, and appointments through the three doors.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};

use crate::browser::Tab;
use crate::stage::{ADMINISTRATOR, ADVISER, SCHEDULER, SERVICE, Stage};

/// Fills the booking form and sends it.
async fn book(tab: &Tab, start: &str, client: &str) -> Result<()> {
    tab.click("Video Call").await?;
    tab.set("#staff", ADVISER).await?;
    tab.set("#start", start).await?;
    tab.fill("#client_name", client).await?;
    tab.fill("#client_email", "lisa@example.com").await?;
    tab.fill("#subject", "A mortgage").await?;
    tab.follow("Book").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_doors_give_three_links_and_moving_keeps_them() -> Result<()> {
    let (mut stage, _) = Stage::connected().await?;
    let Some(tab) = Tab::open(&mut stage).await? else { return Ok(()) };
    tab.sign_in(&stage, SCHEDULER).await?;
    let mut links = BTreeSet::new();
    for (number, (path, above, new)) in [
        ("/schedule", "/schedule", Some("+ New")),
        ("/client-view", "/client-view", None),
        ("/contact-center", "/contact-center", Some("+ New")),
    ]
    .into_iter()
    .enumerate()
    {
        tab.goto(path).await?;
        if let Some(new) = new {
            tab.follow(new).await?;
        }
        tab.follow("Mortgage advice").await?;
        book(&tab, &format!("2030-01-07T1{number}:00"), &format!("Client {number}")).await?;
        let link = tab.text("a.join").await.with_context(|| format!("booked in {above}"))?;
        assert!(link.starts_with("https://"), "{link}");
        links.insert(link);
    }
    assert_eq!(links.len(), 3, "{links:?}");
    assert_eq!(stage.world.microsoft.meetings().len(), 3);

    // The time was typed in the viewer's zone, an hour ahead of UTC.
    tab.goto("/schedule?from=2030-01-07").await?;
    let starts = stage.platform.appointments_of(ADVISER, 0, i64::MAX).await?;
    let ten = "2030-01-07T09:00:00Z".parse::<jiff::Timestamp>()?.as_millisecond();
    assert_eq!(starts[0].start, ten);
    assert!(tab.text("tbody time").await?.contains("10:00"), "{}", tab.text("tbody time").await?);
    assert_eq!(tab.texts("tbody tr").await?.len(), 3);

    tab.follow_at("tbody tr:first-child a").await?;
    let link = tab.text("a.join").await?;
    tab.set("#start", "2030-01-08T15:30").await?;
    tab.follow("Move").await?;
    tab.see("The appointment is moved").await?;
    assert_eq!(tab.text("a.join").await?, link);
    let when = tab.text("dl time").await?;
    assert!(when.contains("15:30"), "{when}");
    let moved = stage.world.microsoft.meetings().into_iter().find(|meeting| meeting.join_web_url == link);
    let start = moved.context("it is there")?.start;
    assert_eq!(start.to_string(), "2030-01-08T14:30:00Z");

    tab.follow("Cancel the appointment").await?;
    tab.follow("Cancel the appointment").await?;
    tab.see("The appointment is cancelled").await?;
    assert_eq!(stage.world.microsoft.meetings().len(), 2);
    tab.close().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_without_video_call_gives_no_link_and_staff_who_cannot_say_why() -> Result<()> {
    let (mut stage, _) = Stage::connected().await?;
    let Some(tab) = Tab::open(&mut stage).await? else { return Ok(()) };
    tab.sign_in(&stage, ADMINISTRATOR).await?;
    tab.goto("/services").await?;
    tab.follow("+ New").await?;
    // The browser itself asks for the name first.
    tab.click("Save").await?;
    tab.fill("#name", "Opening an account").await?;
    tab.click("In Person").await?;
    tab.follow("Save").await?;
    tab.see("The service is saved").await?;
    tab.fill("#search", "Adele").await?;
    tab.follow("Find").await?;
    tab.follow("Assign Adele Vance").await?;
    tab.see("They give the service now").await?;

    tab.goto("/schedule/new").await?;
    tab.follow("Opening an account").await?;
    assert!(!tab.sees("Video Call").await?);
    tab.click("In Person").await?;
    tab.set("#staff", ADVISER).await?;
    tab.fill("#client_name", "Lisa Moser").await?;
    tab.follow("Book").await?;
    tab.see("The appointment is booked").await?;
    assert_eq!(tab.texts("a.join").await?.len(), 0);
    assert!(stage.world.microsoft.meetings().is_empty());

    // Somebody who is not matched: the reason is beside the field, and nothing that was typed is lost.
    tab.goto(&format!("/schedule/new?service={SERVICE}")).await?;
    tab.click("Video Call").await?;
    tab.set("#staff", "C-4").await?;
    tab.fill("#client_name", "Lisa Moser").await?;
    tab.follow("Book").await?;
    assert!(
        tab.text("#staff-error").await?.contains("no user with this"),
        "{}",
        tab.text("#staff-error").await?
    );
    assert_eq!(tab.value("document.querySelector('#client_name').value").await?, "Lisa Moser");
    assert_eq!(tab.value("document.querySelector('#staff').value").await?, "C-4");
    tab.close().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_appointment_is_handed_over_with_its_link_and_who_cannot_take_it_is_told_why() -> Result<()> {
    let (mut stage, id) = Stage::connected().await?;
    crate::tour::prepare(&stage).await?;
    let link = stage.platform.appointment("one").await?.context("it is booked")?.link.context("a link")?;
    let Some(tab) = Tab::open(&mut stage).await? else { return Ok(()) };
    tab.sign_in(&stage, SCHEDULER).await?;
    tab.goto("/appointments/one").await?;
    tab.follow("Hand over to somebody else").await?;
    tab.set("#staff", "C-4").await?;
    tab.follow("Hand over").await?;
    assert!(tab.text("#staff-error").await?.contains("no user with this"));
    assert_eq!(stage.platform.appointment("one").await?.context("it is booked")?.staff, ADVISER);
    tab.set("#staff", "D-003").await?;
    tab.follow("Hand over").await?;
    tab.see("The appointment is handed over. Its link is the same.").await?;
    tab.see("Adviser 003").await?;
    assert_eq!(tab.text("a.join").await?, link);

    // What happened to the connection meanwhile, for an administrator.
    let administrator = stage.signed_in(ADMINISTRATOR).await?;
    let events = administrator.get(&format!("/settings/video-calls/{id}/events")).await?.text;
    let known = stage.platform.events_of(&id, None, 10).await?;
    assert!(!known.is_empty());
    for event in known {
        assert!(events.contains(&event.message), "{} is missing in {events}", event.message);
    }
    tab.close().await
}
