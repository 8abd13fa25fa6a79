//! Who does something.

use crate::database::DatabaseError;
use crate::platform::Platform;
use crate::provider::VideoProviders;
use crate::staff::{Role, StaffMember};
use crate::word::{Word, words};

/// What somebody is, from the one who may do the least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ActorKind {
    /// Has not signed in.
    Nobody,
    /// A client on the page for clients, without an account.
    Client,
    /// Staff, for what is their own.
    Staff,
    /// Books for everybody.
    Scheduler,
    /// Changes settings.
    Administrator,
    /// The program by itself, as its operator set it up.
    System,
}

words!(ActorKind {
    Nobody = "nobody",
    Client = "client",
    Staff = "staff",
    Scheduler = "scheduler",
    Administrator = "administrator",
    System = "system",
});

impl ActorKind {
    /// All of them, from the one who may do the least.
    pub const ALL: [Self; 6] =
        [Self::Nobody, Self::Client, Self::Staff, Self::Scheduler, Self::Administrator, Self::System];

    /// What people call it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Nobody => "nobody",
            Self::Client => "client",
            Self::Staff => Role::Staff.label(),
            Self::Scheduler => Role::Scheduler.label(),
            Self::Administrator => Role::Administrator.label(),
            Self::System => "system",
        }
    }

    /// Its word in the log.
    pub fn word(self) -> &'static str {
        Word::word(self)
    }
}

impl From<Role> for ActorKind {
    fn from(role: Role) -> Self {
        match role {
            Role::Staff => Self::Staff,
            Role::Scheduler => Self::Scheduler,
            Role::Administrator => Self::Administrator,
        }
    }
}

/// Who does something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    kind: ActorKind,
    id: Option<String>,
    name: String,
}

impl Actor {
    /// A staff member, with the role of their record.
    pub fn member(staff: &StaffMember) -> Self {
        Self { kind: staff.role.into(), id: Some(staff.id.clone()), name: staff.label().to_owned() }
    }

    /// A client without an account, as they call themselves.
    pub fn client(name: &str) -> Self {
        Self { kind: ActorKind::Client, id: None, name: name.to_owned() }
    }

    /// Who has not signed in.
    pub fn nobody() -> Self {
        Self { kind: ActorKind::Nobody, id: None, name: "nobody".to_owned() }
    }

    /// The program by itself.
    pub fn system() -> Self {
        Self { kind: ActorKind::System, id: None, name: "system".to_owned() }
    }

    pub(crate) fn recorded(kind: ActorKind, id: Option<String>, name: String) -> Self {
        Self { kind, id, name }
    }

    /// What they are.
    pub fn kind(&self) -> ActorKind {
        self.kind
    }

    /// The staff member's id; none for who is no staff.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// For people.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl<V: VideoProviders> Platform<V> {
    /// A staff member as an actor, with the role that their record has now; none if there is no such staff
    /// member. To be asked for with every request: who lost a role has lost it at once.
    pub async fn actor(&self, staff: &str) -> Result<Option<Actor>, DatabaseError> {
        Ok(self.staff_member(staff).await?.as_ref().map(Actor::member))
    }
}
