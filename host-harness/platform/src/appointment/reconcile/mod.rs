//! Comparing the appointments' meetings with those that the provider has, and mending what differs.
//!
//! What a look-up tells is old when it arrives, and others book meanwhile. So nothing is reported or
//! mended before the appointment's turn was had and its row found to be the one that was compared. Every
//! mending is one of the steps that booking, moving and cancelling are made of: stopped half-way and
//! begun again, it does the rest.

mod ask;
mod compare;
mod mend;
mod store;

use std::time::Duration;

use super::Appointment;
use crate::IntegrationId;
use crate::database::DatabaseError;
use crate::integration::Integration;
use crate::platform::Platform;
use crate::provider::{VideoProvider as _, VideoProviders};
use ask::Answered;
use store::Candidate;
use video_host::provider::Capabilities;

/// Meetings that ended longer ago are not looked at, unless the caller says so: milliseconds.
const RECENT: i64 = 24 * 3_600_000;

/// The most meetings that the contract lets be looked up at once.
const AT_ONCE: u32 = 20;

/// What may be done about a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ReconcileMode {
    /// Nothing: the provider is only read, and nothing is written here.
    #[default]
    DryRun,
    /// What can be mended without changing a link.
    Mend {
        /// Also meetings that the provider has lost are made again, for appointments that are not over:
        /// their links change.
        recreate: bool,
    },
}

/// What to compare, and what to do about it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReconcileOptions {
    /// Only this integration; none: all of them.
    pub integration: Option<IntegrationId>,
    /// What may be done.
    pub mode: ReconcileMode,
    /// Appointments that end at this time or later, in milliseconds since 1970; none: a day ago.
    pub since: Option<i64>,
}

/// How an appointment and its meeting differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Discrepancy {
    /// Booked here, gone there.
    Missing,
    /// It has other times there. The ones here hold.
    Moved {
        /// Its start there, in milliseconds since 1970.
        start: i64,
        /// Its end there.
        end: i64,
    },
    /// Cancelled here, alive there.
    Alive,
    /// Requested here, and without a link: its meeting was never confirmed.
    Unlinked,
    /// A new time, a new staff member or a cancellation was not confirmed by the provider.
    Unconfirmed,
    /// A meeting that it has no more is still to be ended there.
    Stray,
    /// There it has another link. Reported, and never changed.
    OtherLink {
        /// The link there.
        link: String,
    },
    /// How its meeting is cannot be told: why, as a sentence.
    Unknown {
        /// Why.
        reason: String,
    },
}

/// What became of a difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mending {
    /// Reported only.
    Reported,
    /// Both sides agree now, and the link is the same.
    Mended,
    /// Another meeting was made: everybody who has the old link needs this one.
    Recreated {
        /// The new link.
        link: String,
    },
    /// It could not be mended now: why, and what to do.
    Failed {
        /// A sentence.
        reason: String,
    },
}

/// One difference.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// The appointment as it was compared.
    pub appointment: Appointment,
    /// How it differs.
    pub what: Discrepancy,
    /// What became of it.
    pub mending: Mending,
}

/// An integration of which not all appointments were compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Which.
    pub integration: IntegrationId,
    /// What it is called for people.
    pub name: String,
    /// Why, and what to do.
    pub reason: String,
}

/// What a reconciliation came to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reconciliation {
    /// How many appointments were compared.
    pub compared: usize,
    /// How many of them somebody changed meanwhile, so that nothing is said of them.
    pub changed_meanwhile: usize,
    /// What differs, by integration and in the order of the appointments' ids.
    pub differences: Vec<Difference>,
    /// The integrations that were not compared to the end.
    pub skipped: Vec<Skipped>,
}

/// How far a reconciliation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReconcileProgress {
    /// How many appointments were compared.
    pub compared: usize,
    /// How many differences were found.
    pub differences: usize,
    /// For how long the provider asked to be left alone, from now.
    pub waiting: Option<Duration>,
}

/// Why nothing was compared.
#[derive(Debug, thiserror::Error)]
pub enum ReconcileError {
    /// There is no such integration.
    #[error("There is no integration {0}. Choose one that is listed.")]
    UnknownIntegration(IntegrationId),
    /// The platform's database did not answer.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl<V: VideoProviders> Platform<V> {
    /// Compares the meetings of appointments that are not long over with those at the provider, as many
    /// at once as the contract allows, and mends what differs, if it may. It is safe while others book,
    /// and can be done again at any time; ended half-way, it has done a part.
    ///
    /// Meetings that the provider puts off are asked for again when it said. What concerns a whole
    /// integration ends the comparison of that one only, and [`Reconciliation::skipped`] tells why;
    /// nothing is mended on an integration that does not work.
    pub async fn reconcile(
        &self,
        options: &ReconcileOptions,
        mut progress: impl FnMut(ReconcileProgress) + Send,
    ) -> Result<Reconciliation, ReconcileError> {
        let integrations = match &options.integration {
            None => self.integrations().await?,
            Some(id) => {
                let found = self.integration(id).await?;
                vec![found.ok_or_else(|| ReconcileError::UnknownIntegration(id.clone()))?]
            }
        };
        let since = options.since.unwrap_or_else(|| self.now().saturating_sub(RECENT));
        let mut report = Reconciliation::default();
        for integration in integrations {
            let reason =
                self.compare_all(&integration, options.mode, since, &mut report, &mut progress).await?;
            if let Some(reason) = reason {
                let (integration, name) = (integration.id, integration.display_name);
                report.skipped.push(Skipped { integration, name, reason });
            }
        }
        Ok(report)
    }

    /// Compares all appointments of an integration. Gives the reason if it did not get to the end.
    async fn compare_all(
        &self,
        integration: &Integration,
        mode: ReconcileMode,
        since: i64,
        report: &mut Reconciliation,
        progress: &mut (impl FnMut(ReconcileProgress) + Send),
    ) -> Result<Option<String>, DatabaseError> {
        let mut after = String::new();
        loop {
            let mut connection = self.connection().await?;
            let page = store::page(&mut connection, &integration.id, since, &after, AT_ONCE).await?;
            drop(connection);
            let Some(last) = page.last() else { return Ok(None) };
            last.appointment.id.clone_into(&mut after);
            // Again for each page: what is found out on the way ends it.
            let provider = match self.comparable(&integration.id).await? {
                Ok(provider) => provider,
                Err(reason) => return Ok(Some(reason)),
            };
            let mut tell = |waiting| {
                let (compared, differences) = (report.compared, report.differences.len());
                progress(ReconcileProgress { compared, differences, waiting });
            };
            let asked: Vec<_> = page.iter().filter(|candidate| candidate.has_meeting()).collect();
            let references: Vec<_> =
                asked.iter().map(|candidate| candidate.appointment.reference()).collect();
            let outcomes = match self.look_up(&integration.id, &provider, &references, &mut tell).await? {
                Answered::All(outcomes) => outcomes,
                Answered::Stopped(reason) => return Ok(Some(reason)),
            };
            let mut outcomes = outcomes.into_iter();
            for candidate in page {
                let outcome = if candidate.has_meeting() { outcomes.next() } else { None };
                let found = compare::compare(&candidate, outcome);
                self.settle_differences(&provider, candidate, found, mode, report).await?;
            }
            progress(ReconcileProgress {
                compared: report.compared,
                differences: report.differences.len(),
                waiting: None,
            });
        }
    }

    /// An integration that works, and whose provider can be asked without changing anything; or why not.
    async fn comparable(&self, id: &IntegrationId) -> Result<Result<V::Provider, String>, DatabaseError> {
        let Some(integration) = self.integration(id).await? else {
            return Ok(Err("It was removed meanwhile.".to_owned()));
        };
        if !integration.state.is_live() {
            let problem = integration.state.problem().unwrap_or_default();
            return Ok(Err(format!("Nothing can be compared: {problem}.")));
        }
        let Some(provider) = self.providers().on(&integration.provider, id) else {
            return Ok(Err(format!(
                "The provider `{}` is not loaded. The operator has to install its plugin.",
                integration.provider
            )));
        };
        if !provider.description().capabilities.contains(Capabilities::LOOK_UP) {
            return Ok(Err("The provider cannot tell how its meetings are.".to_owned()));
        }
        Ok(Ok(provider))
    }

    /// Reports what differs, and mends it if it may, unless somebody changed the appointment meanwhile.
    async fn settle_differences(
        &self,
        provider: &V::Provider,
        candidate: Candidate,
        found: Vec<Discrepancy>,
        mode: ReconcileMode,
        report: &mut Reconciliation,
    ) -> Result<(), DatabaseError> {
        report.compared += 1;
        if found.is_empty() {
            return Ok(());
        }
        let appointment = candidate.appointment;
        let _turn = self.turns().take(&appointment.id).await;
        if self.appointment(&appointment.id).await?.as_ref() != Some(&appointment) {
            report.changed_meanwhile += 1;
            return Ok(());
        }
        for what in found {
            let mending = match mode {
                ReconcileMode::DryRun => Mending::Reported,
                ReconcileMode::Mend { recreate } => {
                    self.mend_patiently(provider, &appointment, &what, recreate).await?
                }
            };
            report.differences.push(Difference { appointment: appointment.clone(), what, mending });
        }
        Ok(())
    }
}
