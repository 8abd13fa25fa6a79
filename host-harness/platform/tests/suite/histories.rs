//! Any history of an integration, against a model of its grant.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use video_host::provider::{Error, NextStep};
use video_platform::{IntegrationId, IntegrationState};

use crate::script::{Lines, Stage, dead, misconfigured, outage, refused, request};

/// What can happen next. Faults are what the provider answers; the platform is to find out.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// The provider stops accepting the grant. Nobody is told.
    Die,
    Check,
    CheckDuringOutage,
    CheckThrottled,
    CheckMisconfigured,
    /// Books an appointment of this number, or books it again.
    Book(u8),
    BookDuringOutage(u8),
    Reauthorize,
    ReauthorizeWithAnotherAccount,
    Disconnect,
    Connect,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => Just(Step::Die),
        3 => Just(Step::Check),
        1 => Just(Step::CheckDuringOutage),
        1 => Just(Step::CheckThrottled),
        1 => Just(Step::CheckMisconfigured),
        4 => (0..6_u8).prop_map(Step::Book),
        1 => (0..6_u8).prop_map(Step::BookDuringOutage),
        2 => Just(Step::Reauthorize),
        1 => Just(Step::ReauthorizeWithAnotherAccount),
        1 => Just(Step::Disconnect),
        2 => Just(Step::Connect),
    ]
}

/// The stage, and what must be true of it.
struct History {
    stage: Stage,
    /// The integration that was connected last, if it was not disconnected since.
    current: Option<IntegrationId>,
    /// Whether the provider accepts its grant.
    alive: bool,
    /// Whether the provider has said that it does not, and has said nothing better since.
    told: bool,
    /// The links that appointments have got.
    links: BTreeMap<String, String>,
}

impl History {
    async fn new() -> anyhow::Result<Self> {
        let (stage, id) = Stage::with_staff(&["ann"]).await?;
        Ok(Self { stage, current: Some(id), alive: true, told: false, links: BTreeMap::new() })
    }

    /// What the provider says to the next call: a dead grant comes before every other fault but those of
    /// the way to the provider.
    fn answer<T>(&self, lines: &Lines<T>, fault: Option<Error>) {
        let passes = matches!(fault, Some(Error::Unavailable(_) | Error::Throttled(_)));
        let said = if self.alive || passes { fault } else { Some(dead()) };
        if let Some(error) = said {
            lines.lock().unwrap().push_back(Err(error));
        }
    }

    async fn check(&mut self, fault: Option<Error>) {
        let Some(id) = self.current.clone() else { return };
        let passes = matches!(fault, Some(Error::Unavailable(_) | Error::Throttled(_)));
        self.answer(&self.stage.script.connections, fault);
        match self.stage.platform.check(&id).await {
            Ok(_) => self.told = false,
            Err(_) => self.told |= !self.alive && !passes,
        }
    }

    async fn book(&mut self, number: u8, fault: Option<Error>) {
        let id = number.to_string();
        let lost = fault.is_some();
        self.answer(&self.stage.script.creates, fault);
        let asked_before = self.links.contains_key(&id);
        let booked = self.stage.platform.book(&request(&id, "ann")).await;
        // Where nobody was asked, the answer is still there.
        let asked = self.stage.script.creates.lock().unwrap().is_empty();
        self.stage.script.creates.lock().unwrap().clear();
        if let Ok(appointment) = booked {
            let link = appointment.link.unwrap();
            self.links.entry(id).or_insert(link);
        } else if asked && !asked_before && self.current.is_some() && !self.alive && !lost {
            self.told = true;
        }
    }

    async fn reauthorize(&mut self, refusal: Option<Error>) -> anyhow::Result<()> {
        let Some(id) = self.current.clone() else { return Ok(()) };
        let begun = self.stage.platform.start_reauthorize(&id, vec![], "session", "https://p").await?;
        let NextStep::Visit(state) = begun else { anyhow::bail!("a sign-in was expected") };
        let wrong = refusal.is_some();
        if let Some(error) = refusal {
            self.stage.script.connections.lock().unwrap().push_back(Err(error));
        }
        let finished = self.stage.callback(&state).await;
        assert_eq!(finished.is_err(), wrong);
        if !wrong {
            (self.alive, self.told) = (true, false);
        }
        Ok(())
    }

    async fn go(&mut self, step: Step) -> anyhow::Result<()> {
        match step {
            Step::Die => self.alive = false,
            Step::Check => self.check(None).await,
            Step::CheckDuringOutage => self.check(Some(outage())).await,
            Step::CheckThrottled => self.check(Some(Error::Throttled(Some(1_000)))).await,
            Step::CheckMisconfigured => self.check(Some(misconfigured("The secret is wrong."))).await,
            Step::Book(number) => self.book(number, None).await,
            Step::BookDuringOutage(number) => self.book(number, Some(outage())).await,
            Step::Reauthorize => self.reauthorize(None).await?,
            Step::ReauthorizeWithAnotherAccount => {
                self.reauthorize(Some(refused("Another account."))).await?;
            }
            Step::Disconnect => {
                if let Some(id) = self.current.take() {
                    self.stage.platform.disconnect(&id).await?;
                }
            }
            Step::Connect if self.current.is_none() => {
                let id = self.stage.connect().await?;
                self.stage.platform.rematch(&id, |_| {}).await?;
                (self.current, self.alive, self.told) = (Some(id), true, false);
            }
            Step::Connect => {}
        }
        Ok(())
    }

    async fn holds(&self) -> anyhow::Result<Result<(), TestCaseError>> {
        for (id, link) in &self.links {
            let appointment = self.stage.platform.appointment(id).await?;
            let kept = appointment.and_then(|appointment| appointment.link);
            if kept.as_ref() != Some(link) {
                return Ok(Err(TestCaseError::fail(format!("the link of {id} became {kept:?}"))));
            }
        }
        let Some(id) = &self.current else { return Ok(Ok(())) };
        let state = self.stage.platform.integration(id).await?.unwrap().state;
        let called_dead = matches!(state, IntegrationState::NeedsReauthorization { .. });
        if called_dead != self.told {
            return Ok(Err(TestCaseError::fail(format!("told: {}, and it is {state:?}", self.told))));
        }
        Ok(Ok(()))
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_dead_grant_is_never_called_alive_nor_a_live_one_dead_and_no_link_changes(
        steps in prop::collection::vec(step(), 1..30)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut history = History::new().await.unwrap();
            for step in steps {
                history.go(step).await.unwrap();
                history.holds().await.unwrap()?;
            }
            Ok::<_, TestCaseError>(())
        })?;
    }
}
