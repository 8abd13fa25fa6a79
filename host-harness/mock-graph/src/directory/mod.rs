//! Everything the stand-in knows about tenants, people and applications, and may be told to
//! change while it runs.

mod administration;
mod consent;
mod people;

use std::collections::HashMap;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use thiserror::Error;

use crate::application::Application;
use crate::clock::Clock;
use crate::config::Config;
use crate::locks::{read, write};
use crate::organisation::{Organisation, PersonalAccount, SizeClass, User};

pub(crate) use consent::Installed;
pub(crate) use people::{Account, People, SecondFactor};

/// What was to be changed is not there.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum NotInDirectory {
    /// No tenant has this id or domain.
    #[error("no organisation {0}")]
    Organisation(String),
    /// No user has this object id or UPN.
    #[error("no user {0}")]
    User(String),
    /// No application has this client id.
    #[error("no application {0}")]
    Application(String),
}

/// The tenants, people and applications. Every method may be called while requests are answered;
/// a change is seen by the next request.
///
/// A user is named by object id or UPN, a tenant by id or domain, an application by client id.
#[derive(Debug)]
pub struct Directory {
    state: RwLock<State>,
    clock: Clock,
    policy_delay: Duration,
}

#[derive(Debug, Default)]
struct State {
    tenants: HashMap<String, Tenant>,
    domains: HashMap<String, String>,
    applications: HashMap<String, Arc<Application>>,
    installed: HashMap<(String, String), Installed>,
    personal_accounts: HashMap<String, PersonalAccount>,
}

#[derive(Debug)]
struct Tenant {
    about: Arc<TenantInfo>,
    people: People,
}

/// A tenant without its people.
#[derive(Clone, Debug)]
pub(crate) struct TenantInfo {
    pub(crate) id: String,
    pub(crate) display_name: String,
    pub(crate) size: SizeClass,
    pub(crate) enforce_throttling: bool,
    /// Users may not consent for themselves (AADSTS90094).
    pub(crate) administrators_consent: bool,
    /// Sign-in frequency by Conditional Access (AADSTS70043).
    pub(crate) sign_in_frequency: Option<Duration>,
}

impl Directory {
    pub(crate) fn new(config: &Config, clock: Clock) -> Self {
        let directory = Self { state: RwLock::default(), clock, policy_delay: config.policy_delay };
        for organisation in &config.organisations {
            directory.add_organisation(organisation.clone());
        }
        for application in &config.applications {
            directory.add_application(application.clone());
        }
        let mut state = write(&directory.state);
        for account in &config.personal_accounts {
            state.personal_accounts.insert(account.email.to_lowercase(), account.clone());
        }
        drop(state);
        directory
    }

    /// Adds a tenant with its people.
    pub fn add_organisation(&self, organisation: Organisation) {
        let mut people = People::default();
        for user in organisation.users {
            people.add(user);
        }
        let id = organisation.tenant_id.to_lowercase();
        let about = Arc::new(TenantInfo {
            id: id.clone(),
            display_name: organisation.display_name,
            size: organisation.size,
            enforce_throttling: organisation.enforce_throttling,
            administrators_consent: false,
            sign_in_frequency: None,
        });
        let mut state = write(&self.state);
        for domain in organisation.domains {
            state.domains.insert(domain.to_lowercase(), id.clone());
        }
        state.tenants.insert(id, Tenant { about, people });
    }

    /// Registers an application and installs it in its home tenant.
    pub fn add_application(&self, application: Application) {
        let mut state = write(&self.state);
        let home = application.home_tenant.to_lowercase();
        let id = application.client_id.to_lowercase();
        state.installed.entry((id.clone(), home)).or_default();
        state.applications.insert(id, Arc::new(application));
    }

    /// A user, as stored.
    pub fn user(&self, user: &str) -> Option<User> {
        let state = read(&self.state);
        state.tenants.values().find_map(|tenant| tenant.people.find(user)).map(|account| account.user.clone())
    }

    /// How many users a tenant has.
    pub fn user_count(&self, tenant: &str) -> usize {
        self.people(tenant, People::len).unwrap_or(0)
    }

    /// The tenant that has this id or domain.
    pub(crate) fn tenant(&self, id_or_domain: &str) -> Option<Arc<TenantInfo>> {
        let state = read(&self.state);
        let tenant = state.tenants.get(&state.tenant_id(id_or_domain))?;
        Some(Arc::clone(&tenant.about))
    }

    /// The tenant an address belongs to, by its domain.
    pub(crate) fn tenant_of_address(&self, address: &str) -> Option<Arc<TenantInfo>> {
        self.tenant(address.rsplit_once('@')?.1)
    }

    pub(crate) fn application(&self, client_id: &str) -> Option<Arc<Application>> {
        read(&self.state).applications.get(&client_id.to_lowercase()).cloned()
    }

    /// Looks at the people of a tenant under the lock: copy what is needed and leave.
    pub(crate) fn people<R>(&self, tenant: &str, look: impl FnOnce(&People) -> R) -> Option<R> {
        let state = read(&self.state);
        let tenant = state.tenants.get(&state.tenant_id(tenant))?;
        Some(look(&tenant.people))
    }

    pub(crate) fn account(&self, tenant: &str, id: &str) -> Option<Arc<Account>> {
        self.people(tenant, |people| people.by_id(id).cloned())?
    }

    pub(crate) fn personal_account(&self, email: &str) -> Option<PersonalAccount> {
        read(&self.state).personal_accounts.get(&email.to_lowercase()).cloned()
    }

    /// Looks at what an application has in a tenant; `None` if it is not installed there.
    pub(crate) fn installed<R>(
        &self,
        application: &str,
        tenant: &str,
        look: impl FnOnce(&Installed) -> R,
    ) -> Option<R> {
        read(&self.state).installed.get(&(application.to_lowercase(), tenant.to_owned())).map(look)
    }

    /// Installs the application in the tenant if needed, and changes what it has there.
    pub(crate) fn install(&self, application: &str, tenant: &str, change: impl FnOnce(&mut Installed)) {
        let key = (application.to_lowercase(), tenant.to_owned());
        change(write(&self.state).installed.entry(key).or_default());
    }

    /// Marks the second factor as enrolled, as an interactive sign-in does.
    pub(crate) fn enrolled(&self, tenant: &str, id: &str) {
        if let Some(tenant) = write(&self.state).tenants.get_mut(tenant) {
            tenant.people.update(&id.to_lowercase(), |account| {
                if account.second_factor == SecondFactor::EnrolmentRequired {
                    account.second_factor = SecondFactor::Required;
                }
            });
        }
    }
}

impl State {
    fn tenant_id(&self, id_or_domain: &str) -> String {
        let key = id_or_domain.to_lowercase();
        self.domains.get(&key).cloned().unwrap_or(key)
    }
}
