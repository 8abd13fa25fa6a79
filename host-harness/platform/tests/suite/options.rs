//! What is chosen about meetings: for an integration, and for one appointment.

use video_host::provider::{Choice, MeetingOption};
use video_platform::{BookingError, BookingRequest, ConnectError, Entitlement, MeetingOptions};

use crate::script::{Stage, refused, request};

fn option(name: &str, values: &[&str]) -> MeetingOption {
    let choice = |value: &&str| Choice {
        value: (*value).to_owned(),
        label: value.to_uppercase(),
        help: String::new(),
    };
    MeetingOption {
        name: name.to_owned(),
        label: format!("The {name}"),
        help: String::new(),
        choices: values.iter().map(choice).collect(),
        default: values[0].to_owned(),
    }
}

fn chosen(values: &[(&str, &str)]) -> MeetingOptions {
    values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// Ann, on an integration of a provider with a lobby and a chat.
async fn stage() -> anyhow::Result<(Stage, video_platform::IntegrationId)> {
    let (stage, id) = Stage::with_staff(&["ann"]).await?;
    stage.script.description.lock().unwrap().meeting_options =
        vec![option("lobby", &["everyone", "organizer"]), option("chat", &["on", "off"])];
    Ok((stage, id))
}

fn with(id: &str, options: &[(&str, &str)]) -> BookingRequest {
    BookingRequest { options: chosen(options), ..request(id, "ann") }
}

fn told(stage: &Stage) -> Vec<String> {
    std::mem::take(&mut stage.script.options.lock().unwrap())
}

#[tokio::test]
async fn a_booking_has_the_integrations_choices_and_its_own_over_them() -> anyhow::Result<()> {
    let (stage, id) = stage().await?;
    stage.platform.book(&with("nothing", &[])).await?;
    stage.platform.set_meeting_options(&id, &chosen(&[("lobby", "organizer"), ("chat", "off")])).await?;
    stage.platform.book(&with("integration", &[])).await?;
    stage.platform.book(&with("own", &[("lobby", "everyone")])).await?;
    assert_eq!(told(&stage), ["", "chat=off lobby=organizer", "chat=off lobby=everyone"]);

    stage.platform.set_meeting_options(&id, &chosen(&[("chat", "on")])).await?;
    assert_eq!(stage.platform.meeting_options(&id).await?, chosen(&[("chat", "on")]), "all of them");
    Ok(())
}

#[tokio::test]
async fn a_moved_appointment_keeps_what_it_was_booked_with() -> anyhow::Result<()> {
    let (stage, id) = stage().await?;
    stage.platform.set_meeting_options(&id, &chosen(&[("chat", "off")])).await?;
    stage.platform.book(&with("a", &[("lobby", "organizer")])).await?;
    stage.platform.set_meeting_options(&id, &MeetingOptions::new()).await?;
    let restarted = stage.restarted().await?;
    restarted.move_appointment("a", 5_000, 6_000).await?;
    assert_eq!(told(&stage), ["chat=off lobby=organizer", "chat=off lobby=organizer"]);
    Ok(())
}

#[tokio::test]
async fn what_was_refused_is_booked_again_with_new_choices() -> anyhow::Result<()> {
    let (stage, _) = stage().await?;
    stage.script.creates.lock().unwrap().push_back(Err(refused("No.")));
    stage.platform.book(&with("a", &[("lobby", "organizer")])).await.unwrap_err();
    stage.platform.book(&with("a", &[("chat", "off")])).await?;
    assert_eq!(told(&stage), ["chat=off"]);
    Ok(())
}

#[tokio::test]
async fn what_is_not_offered_can_be_chosen_nowhere_and_nothing_is_saved() -> anyhow::Result<()> {
    let (stage, id) = stage().await?;
    for (wrong, says) in [
        (chosen(&[("passcode", "yes")]), "Microsoft Teams has no meeting option `passcode`."),
        (
            chosen(&[("chat", "on"), ("lobby", "nobody")]),
            "The lobby cannot be `nobody`. Choose one of: EVERYONE, ORGANIZER.",
        ),
    ] {
        let error = stage.platform.set_meeting_options(&id, &wrong).await.unwrap_err();
        assert!(matches!(error, ConnectError::Options(_)) && error.to_string().starts_with(says), "{error}");
        let booking = BookingRequest { options: wrong, ..request("a", "ann") };
        let error = stage.platform.book(&booking).await.unwrap_err();
        assert!(matches!(error, BookingError::Options(_)) && error.to_string().starts_with(says), "{error}");
    }
    assert!(stage.platform.meeting_options(&id).await?.is_empty());
    assert_eq!(stage.platform.appointment("a").await?, None);
    assert!(stage.script.take_calls().is_empty());
    Ok(())
}

#[tokio::test]
async fn an_option_that_a_new_version_of_the_plugin_dropped_stands_in_the_way_of_nothing()
-> anyhow::Result<()> {
    let (stage, id) = stage().await?;
    stage.platform.set_meeting_options(&id, &chosen(&[("lobby", "organizer"), ("chat", "off")])).await?;
    stage.platform.book(&with("a", &[])).await?;
    stage.script.description.lock().unwrap().meeting_options = vec![option("chat", &["on", "off"])];
    stage.platform.move_appointment("a", 5_000, 6_000).await?;
    stage.platform.book(&with("b", &[])).await?;
    assert_eq!(told(&stage), ["chat=off lobby=organizer", "chat=off", "chat=off"]);
    Ok(())
}

#[tokio::test]
async fn options_are_chosen_for_an_integration_that_is_connected() -> anyhow::Result<()> {
    let (stage, id) = stage().await?;
    stage.platform.set_entitlement(Entitlement::MultipleIntegrations, true).await?;
    let (pending, _) = stage.begin().await?;
    let options = chosen(&[("chat", "off")]);
    let error = stage.platform.set_meeting_options(&pending, &options).await.unwrap_err();
    assert!(matches!(error, ConnectError::NotUsable { .. }), "{error}");
    stage.platform.disconnect(&id).await?;
    let error = stage.platform.set_meeting_options(&id, &options).await.unwrap_err();
    assert!(matches!(error, ConnectError::NotUsable { .. }), "{error}");
    let gone: video_platform::IntegrationId = "gone".parse()?;
    let error = stage.platform.set_meeting_options(&gone, &options).await.unwrap_err();
    assert!(matches!(error, ConnectError::Unknown(_)), "{error}");
    Ok(())
}
