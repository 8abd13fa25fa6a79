//! The front door: what people do goes through it. It looks whether they may, writes what they set out to
//! do and how it ended to the audit log, and leaves the rest to [`Platform`].

mod actor;
mod appointments;
mod integrations;
mod matching;
mod people;
mod video;

use std::convert::Infallible;
use std::error::Error;
use std::fmt;

pub use actor::{Actor, ActorKind};

use crate::audit::store::{self, Intent, Learned};
use crate::audit::{Action, AuditFilter, AuditOutcome, AuditPage, Reach};
use crate::database::DatabaseError;
use crate::platform::Platform;
use crate::plugins::Plugins;
use crate::provider::VideoProviders;

/// The platform, for one actor. Its methods are those of [`Platform`], for those who may: see
/// [`Action::needs`].
#[derive(Debug)]
pub struct Acting<'a, V = Plugins> {
    platform: &'a Platform<V>,
    actor: Actor,
}

/// Why somebody could not do something. The texts are for them.
#[derive(Debug, thiserror::Error)]
pub enum ActingError<E: Error> {
    /// They may not. Nothing was done.
    #[error(transparent)]
    NotAllowed(NotAllowed),
    /// They may, and it did not work.
    #[error(transparent)]
    Failed(E),
    /// The audit log could not be written. Nothing was done.
    #[error(transparent)]
    Audit(DatabaseError),
}

/// That somebody may not do something. It is in the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotAllowed {
    /// What.
    pub action: Action,
    /// The least kind of actor who may.
    pub needs: ActorKind,
    /// Who wanted to.
    pub actor: Actor,
}

impl Error for NotAllowed {}

impl fmt::Display for NotAllowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rule = self.action.rule();
        let (name, kind) = (self.actor.name(), self.actor.kind());
        let whom = match self.needs {
            ActorKind::System => "the operator",
            ActorKind::Administrator => "an administrator",
            _ => "a scheduler",
        };
        match kind {
            ActorKind::Nobody => write!(f, "{rule}. Sign in first."),
            ActorKind::Client => write!(f, "{rule}. Ask {whom} to do it for you."),
            ActorKind::Administrator => write!(f, "{rule}, and {name} is an administrator. Ask {whom}."),
            _ => write!(f, "{rule}, and {name} is a {}. Ask {whom}.", kind.label()),
        }
    }
}

impl<V: VideoProviders> Platform<V> {
    /// The platform, for what somebody does.
    pub fn acting_as(&self, actor: Actor) -> Acting<'_, V> {
        Acting { platform: self, actor }
    }
}

impl<V: VideoProviders> Acting<'_, V> {
    /// Who acts.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// Whether they may do this at least to what is their own. For hiding what they may not; every method
    /// looks for itself.
    pub fn allows(&self, action: Action) -> bool {
        self.actor.kind() >= action.needs()
    }

    /// Writes to the log that they were refused, for who finds that out before any method is called.
    pub async fn refuse(&self, action: Action, subject: Option<&str>) -> Result<NotAllowed, DatabaseError> {
        let refusal = NotAllowed { action, needs: action.needs(), actor: self.actor.clone() };
        let intent = Intent { subject: subject.map(str::to_owned), ..Intent::to(action) };
        let message = refusal.to_string();
        let (pool, now) = (self.platform.pool(), self.platform.now());
        store::write(pool, &self.actor, &intent, AuditOutcome::Refused, Some(&message), now).await?;
        tracing::warn!(actor = self.actor.name(), action = action.word(), "refused");
        Ok(refusal)
    }

    /// Writes to the log that they signed in.
    pub async fn signed_in(&self) -> Result<(), ActingError<Infallible>> {
        self.act(Intent::to(Action::SignIn), None, async { Ok(()) }, nothing_new).await
    }

    /// Writes to the log that they signed out.
    pub async fn signed_out(&self) -> Result<(), ActingError<Infallible>> {
        self.act(Intent::to(Action::SignOut), None, async { Ok(()) }, nothing_new).await
    }

    /// [`Platform::audit`], for administrators.
    pub async fn audit(
        &self,
        filter: &AuditFilter,
        before: Option<i64>,
        limit: u32,
    ) -> Result<AuditPage, ActingError<DatabaseError>> {
        self.look(Action::ReadAudit, None, None, self.platform.audit(filter, before, limit)).await
    }

    /// Whether they may do this to what belongs to `owner`.
    fn may(&self, action: Action, owner: Option<&str>) -> bool {
        let own = owner.is_some() && owner == self.actor.id();
        self.allows(action) && (action.reach() == Reach::All || self.actor.kind() != ActorKind::Staff || own)
    }

    /// Refuses, in the log too, unless they may.
    async fn allowed<E: Error>(
        &self,
        action: Action,
        subject: Option<&str>,
        owner: Option<&str>,
    ) -> Result<(), ActingError<E>> {
        if self.may(action, owner) {
            return Ok(());
        }
        let refusal = self.refuse(action, subject).await.map_err(ActingError::Audit)?;
        Err(ActingError::NotAllowed(refusal))
    }

    /// Reads something for them. That is in the log only if they may not.
    async fn look<T, E: Error>(
        &self,
        action: Action,
        subject: Option<&str>,
        owner: Option<&str>,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, ActingError<E>> {
        self.allowed(action, subject, owner).await?;
        work.await.map_err(ActingError::Failed)
    }

    /// Changes something for them: what they set out to do lasts in the log before it begins.
    async fn act<T, E: Error>(
        &self,
        intent: Intent,
        owner: Option<&str>,
        work: impl Future<Output = Result<T, E>>,
        learned: impl FnOnce(&T) -> Learned,
    ) -> Result<T, ActingError<E>> {
        self.allowed(intent.action, intent.subject.as_deref(), owner).await?;
        let id = self.intend(&intent).await?;
        let done = work.await;
        match &done {
            Ok(done) => self.end(id, learned(done), AuditOutcome::Done, None).await,
            Err(error) => self.failed(id, error).await,
        }
        done.map_err(ActingError::Failed)
    }

    /// Begins something for them that goes on by itself: the log gets its end from that.
    async fn begin<T, E: Error>(
        &self,
        intent: Intent,
        work: impl AsyncFnOnce(i64) -> Result<T, E>,
    ) -> Result<T, ActingError<E>> {
        self.allowed(intent.action, intent.subject.as_deref(), None).await?;
        let id = self.intend(&intent).await?;
        let begun = work(id).await;
        if let Err(error) = &begun {
            self.failed(id, error).await;
        }
        begun.map_err(ActingError::Failed)
    }

    async fn intend<E: Error>(&self, intent: &Intent) -> Result<i64, ActingError<E>> {
        let (pool, now) = (self.platform.pool(), self.platform.now());
        let written = store::write(pool, &self.actor, intent, AuditOutcome::Begun, None, now).await;
        written.map_err(ActingError::Audit)
    }

    async fn failed(&self, id: i64, error: &impl Error) {
        self.end(id, Learned::default(), AuditOutcome::Failed, Some(&error.to_string())).await;
    }

    async fn end(&self, id: i64, learned: Learned, outcome: AuditOutcome, message: Option<&str>) {
        if let Err(error) = store::end(self.platform.pool(), id, learned, outcome, message).await {
            // What was done cannot be taken back, and that it was begun is in the log.
            tracing::error!(audit = id, %error, "the outcome is missing in the audit log");
        }
    }
}

impl Intent {
    fn to(action: Action) -> Self {
        Self { action, subject: None, from: None, to: None }
    }

    fn on(self, subject: impl Into<String>) -> Self {
        Self { subject: Some(subject.into()), ..self }
    }

    fn change(self, from: Option<String>, to: impl Into<String>) -> Self {
        Self { from, to: Some(to.into()), ..self }
    }
}

/// Nothing that was not known before.
fn nothing_new<T>(_: &T) -> Learned {
    Learned::default()
}
