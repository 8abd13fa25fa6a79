//! Who is signed in, in which browser.
//!
//! A browser holds a signed cookie with a random id; everything else is here, so that a session that was
//! ended stays ended. Sessions live in memory: a restart signs everybody out.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cookie::{Cookie, SameSite};

use crate::secret::{self, Signer};

/// At most so many sessions; the one that was idle the longest goes first.
const MOST: usize = 10_000;

/// A browser in which somebody signed in.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    id: String,
    /// Who: a staff member's id.
    pub(crate) staff: String,
    /// What every form of this session carries.
    pub(crate) csrf: String,
    /// What binds sign-ins at providers to this session. Not the cookie's value, which is nobody's
    /// business.
    pub(crate) login: String,
    /// The message that the next page shows.
    flash: Option<String>,
    begun: i64,
    used: i64,
}

pub(crate) struct Sessions {
    known: Mutex<HashMap<String, Session>>,
    signer: Signer,
    idle: i64,
    longest: i64,
    secure: bool,
}

fn ms(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

impl Sessions {
    pub(crate) fn new(idle: Duration, longest: Duration, secure: bool) -> Self {
        Self { known: Mutex::default(), signer: Signer::new(), idle: ms(idle), longest: ms(longest), secure }
    }

    /// The cookie's name. The prefix has browsers take it over TLS and for this host only.
    pub(crate) fn cookie_name(&self) -> &'static str {
        if self.secure { "__Host-session" } else { "session" }
    }

    /// Begins a session and gives its cookie.
    pub(crate) fn begin(&self, staff: &str, now: i64) -> Cookie<'static> {
        let session = Session {
            id: secret::random(),
            staff: staff.to_owned(),
            csrf: secret::random(),
            login: secret::random(),
            flash: None,
            begun: now,
            used: now,
        };
        let value = self.signer.signed(&session.id);
        let mut known = self.lock();
        known.retain(|_, session| self.is_alive(session, now));
        if known.len() >= MOST
            && let Some(oldest) = known.values().min_by_key(|session| session.used).map(|it| it.id.clone())
        {
            known.remove(&oldest);
        }
        known.insert(session.id.clone(), session);
        self.cookie(value)
    }

    /// The session of a cookie, if it is alive; this keeps it so.
    pub(crate) fn find(&self, cookie: &str, now: i64) -> Option<Session> {
        let id = self.signer.verified(cookie)?;
        let mut known = self.lock();
        let session = known.get_mut(id)?;
        if !self.is_alive(session, now) {
            known.remove(id);
            return None;
        }
        session.used = now;
        Some(session.clone())
    }

    /// Ends a session and gives the cookie that takes the browser's away.
    pub(crate) fn end(&self, session: &Session) -> Cookie<'static> {
        self.lock().remove(&session.id);
        let mut cookie = self.cookie(String::new());
        cookie.make_removal();
        cookie
    }

    /// Keeps a message for the next page.
    pub(crate) fn say(&self, session: &Session, message: String) {
        if let Some(session) = self.lock().get_mut(&session.id) {
            session.flash = Some(message);
        }
    }

    /// The message that was kept, once.
    pub(crate) fn said(&self, session: &Session) -> Option<String> {
        self.lock().get_mut(&session.id)?.flash.take()
    }

    fn is_alive(&self, session: &Session, now: i64) -> bool {
        now - session.used < self.idle && now - session.begun < self.longest
    }

    /// `Lax`, as providers send the browser back from another site.
    fn cookie(&self, value: String) -> Cookie<'static> {
        Cookie::build((self.cookie_name(), value))
            .path("/")
            .http_only(true)
            .secure(self.secure)
            .same_site(SameSite::Lax)
            .build()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Session>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000;

    fn sessions() -> Sessions {
        Sessions::new(Duration::from_mins(30), Duration::from_hours(12), true)
    }

    #[test]
    fn a_session_ends_after_half_an_hour_without_a_request() {
        let sessions = sessions();
        let cookie = sessions.begin("CB-1", 0);
        assert!(sessions.find(cookie.value(), 29 * MINUTE).is_some());
        assert!(sessions.find(cookie.value(), 58 * MINUTE).is_some());
        assert!(sessions.find(cookie.value(), 88 * MINUTE).is_none());
        assert!(sessions.find(cookie.value(), 58 * MINUTE).is_none(), "it stays ended");
    }

    #[test]
    fn a_session_ends_after_half_a_day_however_busy_it_is() {
        let sessions = sessions();
        let cookie = sessions.begin("CB-1", 0);
        for minute in (0..720).step_by(20) {
            assert!(sessions.find(cookie.value(), minute * MINUTE).is_some(), "{minute}");
        }
        assert!(sessions.find(cookie.value(), 720 * MINUTE).is_none());
    }

    #[test]
    fn a_cookie_goes_to_this_host_only_and_no_script_reads_it() {
        let cookie = sessions().begin("CB-1", 0);
        let text = cookie.to_string();
        for part in ["__Host-session=", "HttpOnly", "SameSite=Lax", "Secure", "Path=/"] {
            assert!(text.contains(part), "{text} lacks {part}");
        }
    }

    #[test]
    fn a_session_that_was_ended_stays_ended() {
        let sessions = sessions();
        let cookie = sessions.begin("CB-1", 0);
        let session = sessions.find(cookie.value(), 1).expect("it is alive");
        sessions.end(&session);
        assert!(sessions.find(cookie.value(), 2).is_none());
    }
}
