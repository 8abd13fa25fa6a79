//! What an administrator decides for each staff member: whether they have video, and on which
//! integration.

use sqlx::Row as _;

use crate::IntegrationId;
use crate::dashboard::tally::{self, Touched};
use crate::database::{self, Connection, DatabaseError, Flag};
use crate::integration::{self, Integration};
use crate::matching::{self, StaffMatch};
use crate::platform::Platform;
use crate::provider::VideoProviders;
use crate::staff;
use crate::word;

/// How a staff member stands with video.
#[derive(Debug, Clone, PartialEq)]
pub struct VideoSettings {
    /// Whether they may have video appointments. Staff may, until somebody decides otherwise.
    pub enabled: bool,
    /// The integration that was chosen for them, if one was.
    pub chosen: Option<IntegrationId>,
    /// The integration that they use: the chosen one, or else the default; none if there is neither.
    pub integration: Option<IntegrationId>,
    /// What is known of them there; none if they were never asked for.
    pub found: Option<StaffMatch>,
}

/// Why a setting was not changed.
#[derive(Debug, thiserror::Error)]
pub enum VideoError {
    /// There is no such staff member.
    #[error("There is no staff member with the id {0}. Import the staff first.")]
    UnknownStaff(String),
    /// There is no such integration, or no more.
    #[error("There is no integration {0}. Choose one that is listed.")]
    UnknownIntegration(IntegrationId),
    /// More ids than a page has.
    #[error("{chosen} staff were chosen one by one, and {most} can be. Choose them by a filter.")]
    TooMany {
        /// How many were given.
        chosen: usize,
        /// How many can be.
        most: u32,
    },
    /// It could be given to nobody now.
    #[error("{integration} cannot be chosen: {problem}.")]
    NotUsable {
        /// What it is called for people.
        integration: String,
        /// How it is, and what to do.
        problem: String,
    },
    /// The platform's database did not answer.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// What is stored for a staff member.
pub(crate) struct Stored {
    pub(crate) enabled: bool,
    pub(crate) chosen: Option<IntegrationId>,
}

/// What is stored, or what holds where nothing is.
pub(crate) async fn load(connection: &mut Connection, staff: &str) -> Result<Stored, DatabaseError> {
    let query = sqlx::query("SELECT enabled, integration FROM staff_video WHERE staff = $1");
    let Some(row) = query.bind(staff).fetch_optional(connection).await? else {
        return Ok(Stored { enabled: true, chosen: None });
    };
    let chosen: Option<String> = row.try_get("integration")?;
    let parse = |id: String| id.parse().map_err(|_| word::unknown("integration", &id));
    Ok(Stored { enabled: row.try_get::<Flag, _>("enabled")?.0, chosen: chosen.map(parse).transpose()? })
}

/// The integration that a staff member uses, as their settings say.
pub(crate) async fn used(
    connection: &mut Connection,
    settings: &Stored,
) -> Result<Option<Integration>, DatabaseError> {
    match &settings.chosen {
        Some(id) => integration::store::load(connection, id).await,
        None => integration::store::default(connection).await,
    }
}

impl<V: VideoProviders> Platform<V> {
    /// How a staff member stands with video; none if there is no such staff member.
    pub async fn video_settings(&self, staff: &str) -> Result<Option<VideoSettings>, DatabaseError> {
        let mut connection = self.connection().await?;
        if staff::store::load(&mut connection, staff).await?.is_none() {
            return Ok(None);
        }
        let stored = load(&mut connection, staff).await?;
        let integration = used(&mut connection, &stored).await?.map(|integration| integration.id);
        let found = match &integration {
            Some(id) => matching::store::load(&mut connection, id, staff).await?,
            None => None,
        };
        Ok(Some(VideoSettings { enabled: stored.enabled, chosen: stored.chosen, integration, found }))
    }

    /// Decides whether a staff member may have video appointments. Those that exist stay.
    pub async fn enable_video(&self, staff: &str, enabled: bool) -> Result<(), VideoError> {
        self.existing(staff).await?;
        let mut transaction = database::begin(self.pool()).await?;
        let before = tally::of(&mut transaction, Touched::Staff(&[staff])).await?;
        sqlx::query(
            "INSERT INTO staff_video (staff, enabled, decided_after) \
             VALUES ($1, $2, (SELECT COALESCE(MAX(id), 0) FROM video_change)) ON CONFLICT (staff) DO UPDATE \
             SET enabled = excluded.enabled, decided_after = excluded.decided_after",
        )
        .bind(staff)
        .bind(enabled)
        .execute(&mut *transaction)
        .await
        .map_err(DatabaseError::from)?;
        tally::settle(&mut transaction, Touched::Staff(&[staff]), before).await?;
        Ok(database::commit(transaction, "video.enabled").await?)
    }

    /// Chooses the integration of a staff member's appointments from now on; none means the default.
    /// Appointments that exist stay where they are. Who is not matched there yet is matched by themselves.
    pub async fn choose_integration(
        &self,
        staff: &str,
        chosen: Option<&IntegrationId>,
    ) -> Result<(), VideoError> {
        self.existing(staff).await?;
        if let Some(id) = chosen {
            let unknown = || VideoError::UnknownIntegration(id.clone());
            let integration = self.integration(id).await?.ok_or_else(unknown)?;
            if !integration.state.is_live() {
                let problem = integration.state.problem().unwrap_or_default();
                return Err(VideoError::NotUsable { integration: integration.display_name, problem });
            }
        }
        let mut transaction = database::begin(self.pool()).await?;
        sqlx::query(
            "INSERT INTO staff_video (staff, integration) VALUES ($1, $2) \
             ON CONFLICT (staff) DO UPDATE SET integration = excluded.integration",
        )
        .bind(staff)
        .bind(chosen.map(IntegrationId::as_str))
        .execute(&mut *transaction)
        .await
        .map_err(DatabaseError::from)?;
        matching::wanted::assigned(&mut transaction, staff, self.now()).await?;
        database::commit(transaction, "video.chosen").await?;
        self.jobs().wake();
        Ok(())
    }

    async fn existing(&self, staff: &str) -> Result<(), VideoError> {
        match self.staff_member(staff).await? {
            Some(_) => Ok(()),
            None => Err(VideoError::UnknownStaff(staff.to_owned())),
        }
    }
}
