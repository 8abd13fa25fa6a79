//! Matching everybody anew, because what they are asked for by has changed.

use super::job::{JobState, Way};
use super::job_store;
use crate::IntegrationId;
use crate::database::{Connection, DatabaseError};

/// Ends the job that is under way, if there is one, and starts another: in the transaction of the change, so
/// that neither is without the other. What is under way still asks by the old keys, and is over before the
/// new job has its turn.
pub(crate) async fn begin(
    connection: &mut Connection,
    integration: &IntegrationId,
    now: i64,
) -> Result<(), DatabaseError> {
    if let Some(running) = job_store::running_on(connection, integration).await? {
        job_store::end(connection, &running.id, JobState::Cancelled, None, now).await?;
    }
    job_store::start(connection, integration, Way::Keys, now).await?;
    Ok(())
}
