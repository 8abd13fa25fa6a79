//! Organisations (tenants) and the people in them, as data.

use crate::chance::Chance;

/// The tenant id of personal Microsoft accounts. A personal account can try to sign in; an
/// organisation's application refuses it with AADSTS50020.
pub const PERSONAL_ACCOUNTS_TENANT: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

/// One organisation: a Microsoft Entra tenant.
#[derive(Clone, Debug)]
pub struct Organisation {
    /// The tenant id, a lower-case GUID.
    pub tenant_id: String,
    /// Verified domains, lower case; the first is the initial one.
    pub domains: Vec<String>,
    /// The name shown on the consent page.
    pub display_name: String,
    /// Everyone in the directory.
    pub users: Vec<User>,
    /// What Graph allows the tenant (resource units for each application in 10 seconds).
    pub size: SizeClass,
    /// Whether Graph answers 429 when the resource units are used up. Off unless asked for: a
    /// functional test should not depend on how fast it runs.
    pub enforce_throttling: bool,
}

/// The class that decides how many resource units an application may use in a tenant in
/// 10 seconds (Microsoft Graph throttling limits, identity and access).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SizeClass {
    /// Under 50 users: 3,500 units.
    Small,
    /// 50 to 500 users: 5,000 units.
    Medium,
    /// Over 500 users: 8,000 units.
    Large,
    /// A number of units of the test's own choice.
    Units(u32),
}

impl SizeClass {
    /// Resource units for each application in 10 seconds.
    pub fn units(self) -> u32 {
        match self {
            Self::Small => 3_500,
            Self::Medium => 5_000,
            Self::Large => 8_000,
            Self::Units(units) => units,
        }
    }
}

/// `userType` of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserType {
    /// Belongs to the organisation.
    Member,
    /// Invited from elsewhere; cannot organise meetings.
    Guest,
}

/// One user of an organisation.
#[derive(Clone, Debug)]
pub struct User {
    /// The object id, a lower-case GUID.
    pub id: String,
    /// The UPN; compared without regard to case.
    pub user_principal_name: String,
    /// The name people see.
    pub display_name: String,
    /// The primary address; Graph gives null where there is none.
    pub mail: Option<String>,
    /// `SMTP:` (primary) and `smtp:` (further) addresses.
    pub proxy_addresses: Vec<String>,
    /// Member or guest.
    pub user_type: UserType,
    /// `accountEnabled`.
    pub account_enabled: bool,
    /// Whether a plan with Teams is assigned.
    pub teams_licence: bool,
    /// How many other service plans are assigned: some 50 come with E3, and up to 100 with E5 and what is
    /// sold beside it.
    pub other_plans: usize,
    /// What the sign-in page accepts.
    pub password: String,
    /// Whether the user may consent for the whole organisation.
    pub administrator: bool,
}

impl User {
    /// An enabled, licensed member whose mail is the UPN.
    pub fn member(id: &str, user_principal_name: &str, display_name: &str) -> Self {
        Self {
            id: id.to_owned(),
            user_principal_name: user_principal_name.to_owned(),
            display_name: display_name.to_owned(),
            mail: Some(user_principal_name.to_owned()),
            proxy_addresses: vec![format!("SMTP:{user_principal_name}")],
            user_type: UserType::Member,
            account_enabled: true,
            teams_licence: true,
            other_plans: 0,
            password: crate::contoso::PASSWORD.to_owned(),
            administrator: false,
        }
    }

    /// A guest: the UPN is made from `email` and the tenant's domain, as
    /// `name_domain#EXT#@tenant`, and the guest signs in with `email`.
    pub fn guest(id: &str, email: &str, tenant_domain: &str, display_name: &str) -> Self {
        let upn = format!("{}#EXT#@{tenant_domain}", email.replace('@', "_"));
        Self {
            mail: Some(email.to_owned()),
            proxy_addresses: vec![format!("SMTP:{email}")],
            user_type: UserType::Guest,
            teams_licence: false,
            ..Self::member(id, &upn, display_name)
        }
    }

    /// `count` members of `domain`, the same ones for the same `seed`: `adviser000001@domain` and
    /// so on, each with an alias `a000001@domain` in `proxyAddresses`.
    pub fn generate(count: usize, domain: &str, seed: u64) -> Vec<Self> {
        let chance = Chance::new(seed);
        (1..=count)
            .map(|n| {
                let upn = format!("adviser{n:06}@{domain}");
                let mut user = Self::member(&chance.guid(), &upn, &format!("Adviser {n:06}"));
                user.proxy_addresses.push(format!("smtp:a{n:06}@{domain}"));
                user
            })
            .collect()
    }
}

/// A personal Microsoft account, of no organisation.
#[derive(Clone, Debug)]
pub struct PersonalAccount {
    /// The address it signs in with.
    pub email: String,
    /// What the sign-in page accepts.
    pub password: String,
}
