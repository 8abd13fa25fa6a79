//! Finishing what a crash or an outage left undone.

use std::collections::HashMap;

use super::{Appointment, BookingError, Status, store};
use crate::IntegrationId;
use crate::database::DatabaseError;
use crate::platform::Platform;
use crate::provider::VideoProviders;
use crate::watch::watched;

/// What became of the appointments that were left undone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResumeReport {
    /// Ids of those that are as they were wanted, or that the provider finally refused to make or move.
    pub finished: Vec<String>,
    /// Those that still wait.
    pub unfinished: Vec<Unfinished>,
}

/// An appointment that still waits for its provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfinished {
    /// Its id.
    pub appointment: String,
    /// Why, and what to do.
    pub reason: String,
}

impl<V: VideoProviders> Platform<V> {
    /// Finishes every appointment that is requested, moving, changing hands or cancelling, and has the
    /// meetings ended that no appointment has any more. Call it at the start, and now and then: it asks for nothing twice, and is harmless while others book. An integration that
    /// gives no answer is left alone for this time.
    pub async fn resume(&self) -> Result<ResumeReport, DatabaseError> {
        self.resume_while(|| true).await
    }

    /// As [`Platform::resume`], as long as it goes on, which is asked before each appointment; the others are in
    /// no report.
    pub async fn resume_while(&self, goes_on: impl Fn() -> bool) -> Result<ResumeReport, DatabaseError> {
        let undone = store::unfinished(&mut *self.connection().await?).await?;
        let mut report = ResumeReport::default();
        let mut silent = HashMap::<Option<IntegrationId>, String>::new();
        for id in undone {
            if !goes_on() {
                break;
            }
            let _turn = self.turns().take(&id).await;
            let Some(appointment) = self.appointment(&id).await? else {
                continue;
            };
            if let Some(reason) = silent.get(&appointment.integration) {
                report.unfinished.push(Unfinished { appointment: id, reason: reason.clone() });
                continue;
            }
            let integration = appointment.integration.clone();
            match watched("resume", self.finish_one(appointment)).await {
                Ok(()) => report.finished.push(id),
                Err(BookingError::Database(error)) => return Err(error),
                Err(error) => {
                    let reason = error.to_string();
                    if error.concerns_integration() {
                        silent.insert(integration, reason.clone());
                    }
                    report.unfinished.push(Unfinished { appointment: id, reason });
                }
            }
        }
        Ok(report)
    }

    /// Finishes what is under way with an appointment, and ends its stray meetings.
    pub(super) async fn finish_one(&self, appointment: Appointment) -> Result<(), BookingError> {
        let (id, status) = (appointment.id.clone(), appointment.status);
        let done = match status {
            Status::Requested => self.make(appointment).await,
            Status::Moving => self.shift(appointment).await,
            Status::Reassigning => self.hand_over(appointment, false).await.map(|done| done.appointment),
            Status::Cancelling => self.end(appointment).await,
            Status::Booked | Status::Cancelled | Status::Failed => Ok(appointment),
        };
        match done {
            // The other steps tried it themselves; who gave them no answer is not pressed.
            Ok(now) if now.status == status || now.status == Status::Cancelled => self.end_strays(&id).await,
            Ok(_) | Err(BookingError::Cancelled(_)) => Ok(()),
            // It has a status of its own now, and a note.
            Err(BookingError::Refused { .. }) if status != Status::Cancelling => Ok(()),
            Err(error) => Err(error),
        }
    }
}
