//! What clients book: services, how they take place, and who gives them.

mod method;
pub(crate) mod store;

pub use method::MeetingMethod;

use crate::database::{self, DatabaseError};
use crate::platform::Platform;
use crate::provider::VideoProviders;
use crate::staff::StaffMember;

/// Characters of a service's name, and of its id.
const LONGEST: usize = 256;

/// Something that clients book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// The platform's id, never empty.
    pub id: String,
    /// For people: 1 to 256 characters.
    pub name: String,
    /// How it can take place, in the order of [`MeetingMethod::ALL`]; at least one.
    pub methods: Vec<MeetingMethod>,
}

/// Why a service was not saved. The texts are for the administrator.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// Something about it cannot be. Nothing was saved.
    #[error("The service was not saved: {problem}")]
    Wrong {
        /// Which field: `id`, `name` or `methods`.
        field: &'static str,
        /// What is wrong with it, and what to do.
        problem: &'static str,
    },
    /// There is no such service.
    #[error("There is no service with the id {0}. Choose one that is listed.")]
    UnknownService(String),
    /// There is no such staff member.
    #[error("There is no staff member with the id {0}. Import the staff first.")]
    UnknownStaff(String),
    /// The platform's database did not answer.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl Service {
    fn check(&self) -> Result<(), ServiceError> {
        let wrong = |field, problem| Err(ServiceError::Wrong { field, problem });
        let fits = |text: &str| (1..=LONGEST).contains(&text.trim().chars().count());
        if !fits(&self.id) {
            return wrong("id", "its id has to have 1 to 256 characters.");
        }
        if !fits(&self.name) {
            return wrong("name", "its name has to have 1 to 256 characters.");
        }
        if self.methods.is_empty() {
            return wrong("methods", "choose at least one meeting method.");
        }
        Ok(())
    }
}

impl<V: VideoProviders> Platform<V> {
    /// Adds a service, or puts another record in the place of the one with the same id. Who gives it stays,
    /// and so do the appointments that were booked.
    pub async fn put_service(&self, service: &Service) -> Result<(), ServiceError> {
        service.check()?;
        let mut transaction = database::begin(self.pool()).await?;
        store::put(&mut transaction, service).await?;
        Ok(database::commit(transaction, "service.put").await?)
    }

    /// Lets a staff member give a service, or not any more. Appointments that were booked stay. Who gives one
    /// now, and is not matched, is [matched by itself](Platform::run_jobs).
    pub async fn assign(&self, service: &str, staff: &str, assigned: bool) -> Result<(), ServiceError> {
        if self.service(service).await?.is_none() {
            return Err(ServiceError::UnknownService(service.to_owned()));
        }
        if self.staff_member(staff).await?.is_none() {
            return Err(ServiceError::UnknownStaff(staff.to_owned()));
        }
        if assigned {
            // Before it: whoever is asked for in vain does no harm.
            self.staff_assigned(staff).await?;
        }
        let mut transaction = database::begin(self.pool()).await?;
        store::assign(&mut transaction, service, staff, assigned).await?;
        database::commit(transaction, "service.assigned").await?;
        Ok(())
    }

    /// One service, if there is one of this id.
    pub async fn service(&self, id: &str) -> Result<Option<Service>, DatabaseError> {
        store::load(&mut *self.connection().await?, id).await
    }

    /// All services, by their names.
    pub async fn services(&self) -> Result<Vec<Service>, DatabaseError> {
        store::all(&mut *self.connection().await?, None).await
    }

    /// The services that a staff member gives, by their names.
    pub async fn services_of(&self, staff: &str) -> Result<Vec<Service>, DatabaseError> {
        store::all(&mut *self.connection().await?, Some(staff)).await
    }

    /// Who gives a service, in the order of their ids: at most `limit` of those behind `after`, which is
    /// the last id of the page before, or none for the first page.
    pub async fn staff_of_service(
        &self,
        service: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<StaffMember>, DatabaseError> {
        store::staff(&mut *self.connection().await?, service, after.unwrap_or_default(), limit).await
    }
}
