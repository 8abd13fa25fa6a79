//! The whole story, played for real: every chapter acts on the platform, reads back what became of it
//! there and at the stand-in, and ends the program if a promise does not hold.

mod beside;
mod booking;
mod connecting;
mod cost;
mod disconnecting;
mod lost_answer;
mod matching;
mod moving;
mod promise;
mod reauthorizing;
mod recording;
mod repeating;
mod sample;
mod stage;
mod teller;
mod tenants;
pub(crate) mod times;

use anyhow::Result;
use serde::Serialize;

use crate::arguments::DemoOptions;
use crate::screen::Screen;
pub(crate) use matching::{label as outcome_label, word as outcome_word};
pub(crate) use sample::Sample;
use stage::Stage;
use teller::Teller;

/// What happened, chapter by chapter.
#[derive(Debug, Serialize)]
pub struct Story {
    stage: stage::Setting,
    tenants: tenants::Tenants,
    connection: connecting::Connected,
    matching: matching::Matched,
    booking: booking::Booked,
    moving: moving::Moved,
    repetition: repeating::Repeated,
    lost_answer: lost_answer::Recovered,
    second_provider: beside::Beside,
    reauthorization: reauthorizing::Reauthorized,
    disconnection: disconnecting::Disconnected,
    recording: Option<recording::Recording>,
    cost: cost::Cost,
}

/// Plays the story, on the screen if there is one. An error is a promise that did not hold, or that
/// the demonstration could not be had at all.
pub async fn run(options: &DemoOptions, screen: Option<&mut Screen>) -> Result<Story> {
    let mut teller = Teller::new(screen);
    let (stage, setting) = teller.opening(Stage::open(options)).await?;
    let played = play(&stage, setting, options, &mut teller).await;
    if played.is_err()
        && let Some(file) = &options.har
    {
        // The traffic is wanted most when something went wrong.
        recording::write(&stage, file)?;
    }
    stage.microsoft.shutdown().await;
    played
}

async fn play(
    stage: &Stage,
    setting: stage::Setting,
    options: &DemoOptions,
    teller: &mut Teller<'_>,
) -> Result<Story> {
    let tenants =
        teller.chapter(stage, "A wrong tenant is refused", async |_| tenants::refuse(stage).await).await?;
    let connection = teller.chapter(stage, "Connect", async |_| connecting::connect(stage).await).await?;
    let matching = teller
        .chapter(stage, "Match the staff", async |bar| matching::match_all(stage, &connection, bar).await)
        .await?;
    let booking = teller
        .chapter(stage, "Book an appointment", async |_| {
            booking::book(stage, &connection, matching.first()?).await
        })
        .await?;
    let moving = teller
        .chapter(stage, "Move the appointment", async |_| moving::move_it(stage, &booking).await)
        .await?;
    let repetition = teller
        .chapter(stage, "Book the same appointment again", async |_| repeating::repeat(stage, &booking).await)
        .await?;
    let lost_answer = teller
        .chapter(stage, "Book another, and lose Microsoft's answer", async |_| {
            lost_answer::recover(stage, matching.second()?).await
        })
        .await?;
    let second_provider = teller
        .chapter(stage, "A second provider beside it", async |_| {
            beside::book(stage, &matching, &connection, &booking).await
        })
        .await?;
    let reauthorization = teller
        .chapter(stage, "Reauthorize", async |_| {
            reauthorizing::reauthorize(stage, &connection, &booking).await
        })
        .await?;
    let disconnection = teller
        .chapter(stage, "Disconnect", async |_| {
            disconnecting::disconnect(stage, &connection, &booking, matching.second()?).await
        })
        .await?;
    let recording = match &options.har {
        Some(file) => Some(teller.remark(recording::record(stage, file)?)?),
        None => None,
    };
    let cost = cost::reckon(stage, &setting, teller)?;
    teller.closing(&cost)?;
    Ok(Story {
        stage: setting,
        tenants,
        connection,
        matching,
        booking,
        moving,
        repetition,
        lost_answer,
        second_provider,
        reauthorization,
        disconnection,
        recording,
        cost,
    })
}
