//! Who is signing in, and whether they may.

use std::sync::Arc;

use super::aadsts::Aadsts;
use super::authority::Authority;
use crate::directory::{Account, TenantInfo};
use crate::shared::Shared;

/// A person found in a tenant.
pub(super) struct Person {
    pub(super) tenant: Arc<TenantInfo>,
    pub(super) account: Arc<Account>,
}

/// Finds the person and checks the password. A person of elsewhere gets AADSTS50020, an unknown
/// one AADSTS50034, a wrong password AADSTS50126.
pub(super) fn identify(
    shared: &Shared,
    authority: &Authority,
    client_id: &str,
    name: &str,
    password: &str,
) -> Result<Person, Aadsts> {
    let home = shared.directory.tenant_of_address(name);
    let tenant = match authority {
        Authority::Tenant(tenant) => Some(Arc::clone(tenant)),
        Authority::Any(_) => home.clone(),
        Authority::Consumers => None,
    };
    let find = |tenant: &TenantInfo| {
        shared.directory.people(&tenant.id, |people| people.by_sign_in_name(name).cloned()).flatten()
    };
    if let Some(tenant) = &tenant
        && let Some(account) = find(tenant)
    {
        right_password(&account.user.password, password)?;
        let tenant = Arc::clone(tenant);
        return Ok(Person { tenant, account });
    }
    let place = tenant.map_or_else(|| authority.key().to_owned(), |tenant| tenant.display_name.clone());
    let elsewhere = |provider: &str| {
        Aadsts::saying(
            50020,
            format!(
                "User account '{name}' from identity provider '{provider}' does not exist in \
                 tenant '{place}' and cannot access the application '{client_id}' in that tenant. \
                 The account needs to be added as an external user in the tenant first. Sign out \
                 and sign in again with a different Azure Active Directory user account."
            ),
        )
    };
    if let Some(personal) = shared.directory.personal_account(name) {
        right_password(&personal.password, password)?;
        return Err(elsewhere("live.com"));
    }
    if let Some(home) = home
        && let Some(account) = find(&home)
    {
        right_password(&account.user.password, password)?;
        return Err(elsewhere(&format!("https://sts.windows.net/{}/", home.id)));
    }
    Err(Aadsts::saying(
        50034,
        format!(
            "The user account {name} does not exist in the {place} directory. To sign into this \
             application, the account must be added to the directory."
        ),
    ))
}

fn right_password(right: &str, given: &str) -> Result<(), Aadsts> {
    if right == given { Ok(()) } else { Err(Aadsts::new(50126)) }
}

/// An expired password is right and opens nothing until it was reset (AADSTS50055).
pub(super) fn current_password(account: &Account) -> Result<(), Aadsts> {
    if account.password_expired { Err(Aadsts::new(50055)) } else { Ok(()) }
}

/// Whether an account may be given anything at all now.
pub(super) fn may_sign_in(account: &Account) -> Result<(), Aadsts> {
    if !account.user.account_enabled {
        return Err(Aadsts::new(50057));
    }
    if account.blocked {
        return Err(Aadsts::new(53003));
    }
    Ok(())
}
