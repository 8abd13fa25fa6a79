//! Staff, and the services that they give.

use std::io::Read;

use super::{Acting, ActingError, nothing_new};
use crate::audit::Action;
use crate::audit::store::{Intent, Learned};
use crate::dashboard::{Page, StaffQuery};
use crate::database::DatabaseError;
use crate::provider::VideoProviders;
use crate::service::{Service, ServiceError};
use crate::staff::{ImportError, ImportReport, StaffError, StaffMember};

fn described(service: &Service) -> String {
    let methods = service.methods.iter().map(|method| method.label()).collect::<Vec<_>>().join(", ");
    format!("{}: {methods}", service.name.trim())
}

impl<V: VideoProviders> Acting<'_, V> {
    /// [`Platform::staff_list`](crate::Platform::staff_list), for schedulers.
    pub async fn staff_list(
        &self,
        query: &StaffQuery,
    ) -> Result<Page<StaffMember>, ActingError<DatabaseError>> {
        self.look(Action::ListStaff, None, None, self.platform.staff_list(query)).await
    }

    /// [`Platform::staff_member`](crate::Platform::staff_member), for the staff member and for schedulers.
    pub async fn staff_member(&self, id: &str) -> Result<Option<StaffMember>, ActingError<DatabaseError>> {
        self.look(Action::SeeStaff, Some(id), Some(id), self.platform.staff_member(id)).await
    }

    /// [`Platform::import_staff`](crate::Platform::import_staff), for administrators.
    pub async fn import_staff(
        &self,
        reader: impl Read + Send,
    ) -> Result<ImportReport, ActingError<ImportError>> {
        let learned = |report: &ImportReport| {
            let ImportReport { added, updated, rejected } = report;
            let to = format!("{added} added, {updated} updated, {} left out", rejected.len());
            Learned { subject: None, to: Some(to) }
        };
        self.act(Intent::to(Action::ImportStaff), None, self.platform.import_staff(reader), learned).await
    }

    /// [`Platform::put_staff`](crate::Platform::put_staff), for administrators.
    pub async fn put_staff(&self, member: StaffMember) -> Result<(), ActingError<StaffError>> {
        let told = |member: &StaffMember| {
            let StaffMember { name, email, user_name, role, .. } = member;
            format!("{name}, {email}, {user_name}, {}", role.label())
        };
        let before = self.platform.staff_member(&member.id).await.map_err(ActingError::Audit)?;
        let intent =
            Intent::to(Action::PutStaff).on(&member.id).change(before.as_ref().map(told), told(&member));
        self.act(intent, None, self.platform.put_staff(member), nothing_new).await
    }

    /// [`Platform::services`](crate::Platform::services), for everybody who books.
    pub async fn services(&self) -> Result<Vec<Service>, ActingError<DatabaseError>> {
        self.look(Action::SeeServices, None, None, self.platform.services()).await
    }

    /// [`Platform::service`](crate::Platform::service), for everybody who books.
    pub async fn service(&self, id: &str) -> Result<Option<Service>, ActingError<DatabaseError>> {
        self.look(Action::SeeServices, Some(id), None, self.platform.service(id)).await
    }

    /// [`Platform::staff_of_service`](crate::Platform::staff_of_service), for everybody who books. A client
    /// sees ids, names and nothing else of the records.
    pub async fn staff_of_service(
        &self,
        service: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<StaffMember>, ActingError<DatabaseError>> {
        let work = self.platform.staff_of_service(service, after, limit);
        let mut staff = self.look(Action::SeeServices, Some(service), None, work).await?;
        if !self.allows(Action::SeeStaff) {
            for member in &mut staff {
                (member.email, member.user_name) = (String::new(), String::new());
            }
        }
        Ok(staff)
    }

    /// [`Platform::services_of`](crate::Platform::services_of), for the staff member and for schedulers.
    pub async fn services_of(&self, staff: &str) -> Result<Vec<Service>, ActingError<DatabaseError>> {
        self.look(Action::SeeStaff, Some(staff), Some(staff), self.platform.services_of(staff)).await
    }

    /// [`Platform::put_service`](crate::Platform::put_service), for administrators.
    pub async fn put_service(&self, service: &Service) -> Result<(), ActingError<ServiceError>> {
        let before = self.platform.service(&service.id).await.map_err(ActingError::Audit)?;
        let before = before.as_ref().map(described);
        let intent = Intent::to(Action::PutService).on(&service.id).change(before, described(service));
        self.act(intent, None, self.platform.put_service(service), nothing_new).await
    }

    /// [`Platform::assign`](crate::Platform::assign), for administrators.
    pub async fn assign(
        &self,
        service: &str,
        staff: &str,
        assigned: bool,
    ) -> Result<(), ActingError<ServiceError>> {
        let to = format!("{staff} {}", if assigned { "assigned" } else { "not assigned" });
        let intent = Intent::to(Action::Assign).on(service).change(None, to);
        self.act(intent, None, self.platform.assign(service, staff, assigned), nothing_new).await
    }
}
