//! Who can be booked, and what a request has to be like.

use video_host::provider::{Capabilities, User};

use super::meeting::Place;
use super::{BookingError, BookingRequest, WrongInput};
use crate::matching::{self, MatchState};
use crate::platform::Platform;
use crate::provider::{VideoProvider as _, VideoProviders};
use crate::service::{self, MeetingMethod};
use crate::{staff, video};

const LONGEST_ID: usize = 128;
/// Characters of a subject or a name.
const LONGEST: usize = 256;

impl BookingRequest {
    pub(super) fn check(&self) -> Result<(), WrongInput> {
        let printable = |byte: u8| byte == b' ' || byte.is_ascii_graphic();
        if !(1..=LONGEST_ID).contains(&self.id.len()) || !self.id.bytes().all(printable) {
            return Err(WrongInput::Id);
        }
        if !(1..=LONGEST).contains(&self.client_name.chars().count()) {
            return Err(WrongInput::ClientName);
        }
        let email = &self.client_email;
        if !email.is_empty() && (email.chars().count() > LONGEST || !email.contains('@')) {
            return Err(WrongInput::ClientEmail);
        }
        if self.subject.chars().count() > LONGEST {
            return Err(WrongInput::Subject);
        }
        check_times(self.start, self.end)
    }
}

pub(super) fn check_times(start: i64, end: i64) -> Result<(), WrongInput> {
    if end > start { Ok(()) } else { Err(WrongInput::Times) }
}

impl<V: VideoProviders> Platform<V> {
    /// Whether a service takes place in this way, and is given by this staff member.
    pub(super) async fn offered(
        &self,
        service: &str,
        method: MeetingMethod,
        staff: &str,
    ) -> Result<(), BookingError> {
        let known = service::store::load(&mut *self.connection().await?, service).await?;
        let known = known.ok_or_else(|| BookingError::UnknownService(service.to_owned()))?;
        if !known.methods.contains(&method) {
            return Err(BookingError::NoSuchMethod { service: known.name, method: method.label() });
        }
        self.gives(service, staff).await
    }

    /// Whether a service is given by this staff member.
    pub(super) async fn gives(&self, service: &str, staff: &str) -> Result<(), BookingError> {
        let mut connection = self.connection().await?;
        let member = staff::store::load(&mut connection, staff).await?;
        let member = member.ok_or_else(|| BookingError::UnknownStaff(staff.to_owned()))?;
        if service::store::gives(&mut connection, service, staff).await? {
            return Ok(());
        }
        let known = service::store::load(&mut connection, service).await?;
        let known = known.ok_or_else(|| BookingError::UnknownService(service.to_owned()))?;
        Err(BookingError::NotAssigned { staff: member.label().to_owned(), service: known.name })
    }

    /// Where a staff member can be booked now, and as whom; `purpose` is for the sentence if not.
    pub(super) async fn eligible(
        &self,
        staff: &str,
        purpose: String,
    ) -> Result<(Place<V::Provider>, Option<User>), BookingError> {
        let mut connection = self.connection().await?;
        let member = staff::store::load(&mut connection, staff).await?;
        let member = member.ok_or_else(|| BookingError::UnknownStaff(staff.to_owned()))?;
        let settings = video::load(&mut connection, staff).await?;
        if !settings.enabled {
            return Err(BookingError::VideoOff(member.label().to_owned()));
        }
        let used = video::used(&mut connection, &settings).await?;
        let used = used.ok_or_else(|| BookingError::NoIntegration(member.label().to_owned()))?;
        let place = self.usable_for(used, purpose)?;
        if !place.provider.description().capabilities.contains(Capabilities::MATCHING) {
            return Ok((place, None));
        }
        let found = matching::store::load(&mut connection, &place.integration.id, staff).await?;
        let reason = match found {
            Some(found) if found.state == MatchState::Matched && found.user.is_some() => {
                return Ok((place, found.user));
            }
            Some(found) => found.reason.unwrap_or_default(),
            None => "they are not matched to a user yet; match the staff first".to_owned(),
        };
        Err(BookingError::NotMatched {
            staff: member.label().to_owned(),
            integration: place.integration.display_name,
            reason,
        })
    }
}
