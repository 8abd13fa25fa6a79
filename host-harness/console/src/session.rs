//! Who is signed in, in which browser.
//!
//! A browser holds a cookie with random bits; everything else is in the store, by a hash of these, so that a
//! session that was ended stays ended, and one that was begun on one host is known on every other.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cookie::{Cookie, SameSite};
use sqlx::{AnyPool, Row as _};

use crate::database::ConsoleDatabaseError;
use crate::secret;

/// At most so many sessions; the one that was idle the longest goes first.
const MOST: i64 = 10_000;

/// How exactly it is known when a session was used last, in milliseconds: most requests only read.
const EXACTLY: i64 = 60_000;

/// A browser in which somebody signed in.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    id: Vec<u8>,
    /// Who: a staff member's id.
    pub(crate) staff: String,
    /// What every form of this session carries.
    pub(crate) csrf: String,
    /// What binds sign-ins at providers to this session. Not the cookie's value, which is nobody's
    /// business.
    pub(crate) login: String,
    messages: Arc<Mutex<Messages>>,
}

/// The messages of one request.
#[derive(Debug, Default)]
struct Messages {
    /// What an earlier request left for this one's page.
    left: Option<String>,
    /// Whether a page has shown it.
    shown: bool,
    /// What this one leaves for the next page.
    new: Option<String>,
}

impl Session {
    fn of(cookie: &str, staff: String, left: Option<String>) -> Self {
        Self {
            id: secret::hash(cookie),
            staff,
            csrf: secret::derived(cookie, "form"),
            login: secret::derived(cookie, "login"),
            messages: Arc::new(Mutex::new(Messages { left, ..Messages::default() })),
        }
    }

    fn messages(&self) -> std::sync::MutexGuard<'_, Messages> {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a message for the next page.
    pub(crate) fn say(&self, message: String) {
        self.messages().new = Some(message);
    }

    /// The message that was kept, once.
    pub(crate) fn said(&self) -> Option<String> {
        let mut messages = self.messages();
        messages.shown = true;
        messages.new.take().or_else(|| messages.left.clone())
    }
}

pub(crate) struct Sessions {
    pool: AnyPool,
    idle: i64,
    longest: i64,
    secure: bool,
}

fn ms(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

impl Sessions {
    pub(crate) fn new(pool: AnyPool, idle: Duration, longest: Duration, secure: bool) -> Self {
        Self { pool, idle: ms(idle), longest: ms(longest), secure }
    }

    /// The cookie's name. The prefix has browsers take it over TLS and for this host only.
    pub(crate) fn cookie_name(&self) -> &'static str {
        if self.secure { "__Host-session" } else { "session" }
    }

    /// Begins a session and gives its cookie.
    pub(crate) async fn begin(&self, staff: &str, now: i64) -> Result<Cookie<'static>, ConsoleDatabaseError> {
        let value = secret::random();
        sqlx::query("DELETE FROM console_session WHERE used_at <= $1 OR begun_at <= $2")
            .bind(now.saturating_sub(self.idle))
            .bind(now.saturating_sub(self.longest))
            .execute(&self.pool)
            .await?;
        sqlx::query(
            "DELETE FROM console_session WHERE id IN \
             (SELECT id FROM console_session ORDER BY used_at DESC, id LIMIT $1 OFFSET $2)",
        )
        .bind(MOST)
        .bind(MOST - 1)
        .execute(&self.pool)
        .await?;
        sqlx::query("INSERT INTO console_session (id, staff, begun_at, used_at) VALUES ($1, $2, $3, $3)")
            .bind(secret::hash(&value))
            .bind(staff)
            .bind(now)
            .execute(&self.pool)
            .await?;
        Ok(self.cookie(value))
    }

    /// The session of a cookie, if it is alive; this keeps it so.
    pub(crate) async fn find(&self, cookie: &str, now: i64) -> Result<Option<Session>, ConsoleDatabaseError> {
        let query = sqlx::query("SELECT staff, flash, begun_at, used_at FROM console_session WHERE id = $1");
        let Some(row) = query.bind(secret::hash(cookie)).fetch_optional(&self.pool).await? else {
            return Ok(None);
        };
        let session = Session::of(cookie, row.try_get(0)?, row.try_get(1)?);
        let (begun, used): (i64, i64) = (row.try_get(2)?, row.try_get(3)?);
        if now - used >= self.idle || now - begun >= self.longest {
            self.remove(&session).await?;
            return Ok(None);
        }
        if now - used >= EXACTLY {
            let used = sqlx::query("UPDATE console_session SET used_at = $2 WHERE id = $1 AND used_at < $2");
            used.bind(&session.id).bind(now).execute(&self.pool).await?;
        }
        Ok(Some(session))
    }

    /// Ends a session and gives the cookie that takes the browser's away.
    pub(crate) async fn end(&self, session: &Session) -> Result<Cookie<'static>, ConsoleDatabaseError> {
        self.remove(session).await?;
        let mut cookie = self.cookie(String::new());
        cookie.make_removal();
        Ok(cookie)
    }

    /// Keeps what a request left for the next page, and forgets what its own page has shown.
    pub(crate) async fn settle(&self, session: &Session) -> Result<(), ConsoleDatabaseError> {
        let flash = {
            let mut messages = session.messages();
            match (messages.new.take(), &messages.left) {
                (Some(new), _) => Some(new),
                (None, Some(_)) if messages.shown => None,
                (None, _) => return Ok(()),
            }
        };
        let query = sqlx::query("UPDATE console_session SET flash = $2 WHERE id = $1");
        query.bind(&session.id).bind(flash).execute(&self.pool).await?;
        Ok(())
    }

    async fn remove(&self, session: &Session) -> Result<(), ConsoleDatabaseError> {
        let query = sqlx::query("DELETE FROM console_session WHERE id = $1");
        query.bind(&session.id).execute(&self.pool).await?;
        Ok(())
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
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tempfile::TempDir;
    use video_host::clock::SystemClock;
    use video_host::store::{KeyRing, Location, Store};

    use super::*;
    use crate::link::Links;

    const MINUTE: i64 = 60_000;

    /// A host of several on one store: its sessions and its links.
    async fn host(folder: &TempDir) -> (Sessions, Links) {
        let keys = KeyRing::parse("k:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").expect("a key");
        let location = Location::of_folder(folder.path()).expect("a location");
        let store = Store::open(location, keys, Arc::new(SystemClock)).await.expect("a store");
        let pool = crate::database::open(&store).await.expect("tables");
        let (idle, longest) = (Duration::from_mins(30), Duration::from_hours(12));
        let links = Links::new(pool.clone(), Duration::from_mins(1));
        (Sessions::new(pool, idle, longest, true), links)
    }

    /// To be kept: it is removed when it is dropped.
    async fn folder() -> TempDir {
        let folder = TempDir::new().expect("a folder");
        test_store::lay_out(folder.path()).await.expect("a store");
        folder
    }

    type Tested = Result<(), ConsoleDatabaseError>;

    #[tokio::test]
    async fn a_session_ends_after_half_an_hour_without_a_request() -> Tested {
        let folder = folder().await;
        let (sessions, _) = host(&folder).await;
        let cookie = sessions.begin("CB-1", 0).await?;
        assert!(sessions.find(cookie.value(), 29 * MINUTE).await?.is_some());
        assert!(sessions.find(cookie.value(), 58 * MINUTE).await?.is_some());
        assert!(sessions.find(cookie.value(), 88 * MINUTE).await?.is_none());
        assert!(sessions.find(cookie.value(), 58 * MINUTE).await?.is_none(), "it stays ended");
        Ok(())
    }

    #[tokio::test]
    async fn a_session_ends_after_half_a_day_however_busy_it_is() -> Tested {
        let folder = folder().await;
        let (sessions, _) = host(&folder).await;
        let cookie = sessions.begin("CB-1", 0).await?;
        for minute in (0..720).step_by(20) {
            assert!(sessions.find(cookie.value(), minute * MINUTE).await?.is_some(), "{minute}");
        }
        assert!(sessions.find(cookie.value(), 720 * MINUTE).await?.is_none());
        Ok(())
    }

    #[tokio::test]
    async fn a_cookie_goes_to_this_host_only_and_no_script_reads_it() -> Tested {
        let folder = folder().await;
        let cookie = host(&folder).await.0.begin("CB-1", 0).await?;
        let text = cookie.to_string();
        for part in ["__Host-session=", "HttpOnly", "SameSite=Lax", "Secure", "Path=/"] {
            assert!(text.contains(part), "{text} lacks {part}");
        }
        Ok(())
    }

    #[tokio::test]
    async fn a_session_works_on_every_host_and_stays_ended_on_every_host() -> Tested {
        let folder = folder().await;
        let ((one, _), (other, _)) = (host(&folder).await, host(&folder).await);
        let cookie = one.begin("CB-1", 0).await?;
        let here = one.find(cookie.value(), 1).await?.expect("it is alive");
        let there = other.find(cookie.value(), 1).await?.expect("it is alive there too");
        assert_eq!((&here.csrf, &here.login, &here.staff), (&there.csrf, &there.login, &there.staff));
        assert_ne!(here.csrf, here.login);
        other.end(&there).await?;
        assert!(one.find(cookie.value(), 2).await?.is_none());
        Ok(())
    }

    #[tokio::test]
    async fn a_message_is_shown_once_on_whichever_host_the_next_page_is() -> Tested {
        let folder = folder().await;
        let ((one, _), (other, _)) = (host(&folder).await, host(&folder).await);
        let cookie = one.begin("CB-1", 0).await?;
        let session = one.find(cookie.value(), 1).await?.expect("it is alive");
        session.say("Done.".to_owned());
        one.settle(&session).await?;
        let next = other.find(cookie.value(), 2).await?.expect("it is alive");
        assert_eq!(next.said().as_deref(), Some("Done."));
        other.settle(&next).await?;
        let last = one.find(cookie.value(), 3).await?.expect("it is alive");
        assert_eq!(last.said(), None);
        Ok(())
    }

    #[tokio::test]
    async fn a_link_is_good_once_on_all_hosts_and_for_a_while() -> Tested {
        let folder = folder().await;
        let ((_, here), (_, there)) = (host(&folder).await, host(&folder).await);
        let (one, two) = (here.give("CB-1", 0).await?, here.give("CB-2", 0).await?);
        assert_eq!(there.take(&one, 59_999).await?, Some("CB-1".to_owned()));
        assert_eq!(here.take(&one, 59_999).await?, None);
        assert_eq!(here.take(&two, 60_000).await?, None);
        assert_eq!(here.take("", 0).await?, None);
        Ok(())
    }
}
