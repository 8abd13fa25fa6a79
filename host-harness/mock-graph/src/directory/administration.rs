//! What an administrator, or time, does to a directory: the changes a test makes while the
//! stand-in runs.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::consent::Policy;
use super::people::{Account, SecondFactor};
use super::{Directory, NotInDirectory, TenantInfo};
use crate::application::{Application, ClientSecret};
use crate::clock::later;
use crate::locks::write;
use crate::organisation::User;

impl Directory {
    /// Adds a user to a tenant, or replaces the one with the same object id.
    pub fn add_user(&self, tenant: &str, user: User) -> Result<(), NotInDirectory> {
        let mut state = write(&self.state);
        let id = state.tenant_id(tenant);
        let found = state.tenants.get_mut(&id);
        found.ok_or_else(|| NotInDirectory::Organisation(tenant.to_owned()))?.people.add(user);
        Ok(())
    }

    /// Removes a user. Their grants die with them.
    pub fn remove_user(&self, user: &str) -> Result<(), NotInDirectory> {
        let mut state = write(&self.state);
        for tenant in state.tenants.values_mut() {
            let id = tenant.people.find(user).map(|found| found.user.id.to_lowercase());
            if id.is_some_and(|id| tenant.people.remove(&id)) {
                return Ok(());
            }
        }
        Err(NotInDirectory::User(user.to_owned()))
    }

    /// Changes anything about a user, the UPN and the addresses included.
    pub fn update_user(&self, user: &str, change: impl FnOnce(&mut User)) -> Result<(), NotInDirectory> {
        self.change(user, |account| change(&mut account.user))
    }

    /// Disables a user (AADSTS50057) or enables them again.
    pub fn set_enabled(&self, user: &str, enabled: bool) -> Result<(), NotInDirectory> {
        self.update_user(user, |user| user.account_enabled = enabled)
    }

    /// Gives or takes the licence for Teams.
    pub fn set_teams_licence(&self, user: &str, licensed: bool) -> Result<(), NotInDirectory> {
        self.update_user(user, |user| user.teams_licence = licensed)
    }

    /// An administrator's password reset: sessions are revoked with it.
    pub fn reset_password(&self, user: &str, password: &str) -> Result<(), NotInDirectory> {
        self.change(user, |account| {
            password.clone_into(&mut account.user.password);
            account.password_expired = false;
            account.sessions += 1;
        })
    }

    /// Lets the password expire: the sign-in page gives AADSTS50055 and a refresh AADSTS50133, until
    /// [`reset_password`](Self::reset_password). Microsoft documents that code for refreshes, and
    /// elsewhere that refresh tokens outlive an expired password; here they do not.
    pub fn expire_password(&self, user: &str) -> Result<(), NotInDirectory> {
        self.change(user, |account| account.password_expired = true)
    }

    /// Demands a fresh sign-in of a user: Graph answers every token of an earlier one, and every token
    /// refreshed from one, with a claims challenge (continuous access evaluation), whether or not the
    /// client said that it can handle one. Only signing in again satisfies it.
    pub fn demand_sign_in(&self, user: &str) -> Result<(), NotInDirectory> {
        self.change(user, |account| account.demands += 1)
    }

    /// Revokes every session: refresh tokens issued so far give AADSTS50173. Access tokens that
    /// are already out keep working, except those of clients that asked for continuous access
    /// evaluation (`xms_cc` = `cp1`), which get a claims challenge.
    pub fn revoke_sessions(&self, user: &str) -> Result<(), NotInDirectory> {
        self.change(user, |account| account.sessions += 1)
    }

    /// Requires a second factor: a refresh of a sign-in that had none gives AADSTS50076. The
    /// sign-in page performs the second factor by itself.
    pub fn require_mfa(&self, user: &str) -> Result<(), NotInDirectory> {
        self.change(user, |account| account.second_factor = SecondFactor::Required)
    }

    /// Requires enrolment for a second factor: a refresh gives AADSTS50079 until the user has
    /// signed in again.
    pub fn require_mfa_enrolment(&self, user: &str) -> Result<(), NotInDirectory> {
        self.change(user, |account| {
            account.second_factor = SecondFactor::EnrolmentRequired;
        })
    }

    /// Blocks a user by Conditional Access (AADSTS53003), or lifts the block.
    pub fn block_by_conditional_access(&self, user: &str, blocked: bool) -> Result<(), NotInDirectory> {
        self.change(user, |account| account.blocked = blocked)
    }

    /// Makes a refresh of a sign-in older than `every` fail with AADSTS70043.
    pub fn set_sign_in_frequency(&self, tenant: &str, every: Option<Duration>) -> Result<(), NotInDirectory> {
        self.change_tenant(tenant, |about| about.sign_in_frequency = every)
    }

    /// Lets only administrators consent: others get AADSTS90094.
    pub fn require_admin_consent(&self, tenant: &str, required: bool) -> Result<(), NotInDirectory> {
        self.change_tenant(tenant, |about| about.administrators_consent = required)
    }

    /// Turns the enforcement of resource units on or off.
    pub fn enforce_throttling(&self, tenant: &str, enforced: bool) -> Result<(), NotInDirectory> {
        self.change_tenant(tenant, |about| about.enforce_throttling = enforced)
    }

    /// An administrator's consent to everything the application asks for, without its pages.
    pub fn grant_consent(&self, application: &str, tenant: &str) -> Result<(), NotInDirectory> {
        let about = self.known_tenant(tenant)?;
        let registered = self.known_application(application)?;
        self.install(application, &about.id, |installed| {
            installed.for_everyone.extend(registered.delegated_permissions.iter().cloned());
            installed.roles.extend(registered.application_permissions.iter().cloned());
        });
        Ok(())
    }

    /// Withdraws every consent, of users and of administrators: a refresh gives AADSTS65001, and
    /// tokens for the application alone come without roles.
    pub fn withdraw_consent(&self, application: &str, tenant: &str) -> Result<(), NotInDirectory> {
        let about = self.known_tenant(tenant)?;
        self.known_application(application)?;
        self.install(application, &about.id, |installed| {
            installed.for_everyone.clear();
            installed.by_user.clear();
            installed.roles.clear();
        });
        Ok(())
    }

    /// Removes the application from a tenant: tokens give AADSTS700016.
    pub fn uninstall(&self, application: &str, tenant: &str) -> Result<(), NotInDirectory> {
        let about = self.known_tenant(tenant)?;
        write(&self.state).installed.remove(&(application.to_lowercase(), about.id.clone()));
        Ok(())
    }

    /// Changes an application's registration.
    pub fn update_application(
        &self,
        application: &str,
        change: impl FnOnce(&mut Application),
    ) -> Result<(), NotInDirectory> {
        let mut state = write(&self.state);
        let registered = state
            .applications
            .get_mut(&application.to_lowercase())
            .ok_or_else(|| NotInDirectory::Application(application.to_owned()))?;
        change(Arc::make_mut(registered));
        Ok(())
    }

    /// Replaces all client secrets by one: the earlier ones give AADSTS7000215.
    pub fn change_secret(&self, application: &str, secret: &str) -> Result<(), NotInDirectory> {
        self.update_application(application, |registered| {
            registered.secrets = vec![ClientSecret { value: secret.to_owned(), expires: None }];
        })
    }

    /// Lets all client secrets expire now: they give AADSTS7000222.
    pub fn expire_secrets(&self, application: &str) -> Result<(), NotInDirectory> {
        let now: Timestamp = self.clock.now();
        self.update_application(application, |registered| {
            for secret in &mut registered.secrets {
                secret.expires = Some(now);
            }
        })
    }

    /// Grants an application access policy for one user, or for the whole tenant (`None`). It
    /// applies after [`Config::policy_delay`](crate::Config::policy_delay) of the clock.
    pub fn grant_access_policy(
        &self,
        application: &str,
        tenant: &str,
        user: Option<&str>,
    ) -> Result<(), NotInDirectory> {
        let about = self.known_tenant(tenant)?;
        self.known_application(application)?;
        let user = match user {
            None => None,
            Some(key) => Some(self.user(key).ok_or_else(|| NotInDirectory::User(key.to_owned()))?.id),
        };
        let applies_from = later(self.clock.now(), self.policy_delay);
        self.install(application, &about.id, |installed| {
            installed.policies.push(Policy { user, applies_from });
        });
        Ok(())
    }

    /// Removes the application's access policies in a tenant, at once.
    pub fn remove_access_policies(&self, application: &str, tenant: &str) -> Result<(), NotInDirectory> {
        let about = self.known_tenant(tenant)?;
        self.install(application, &about.id, |installed| installed.policies.clear());
        Ok(())
    }

    fn known_tenant(&self, tenant: &str) -> Result<Arc<TenantInfo>, NotInDirectory> {
        self.tenant(tenant).ok_or_else(|| NotInDirectory::Organisation(tenant.to_owned()))
    }

    fn known_application(&self, application: &str) -> Result<Arc<Application>, NotInDirectory> {
        self.application(application).ok_or_else(|| NotInDirectory::Application(application.to_owned()))
    }

    fn change(&self, user: &str, change: impl FnOnce(&mut Account)) -> Result<(), NotInDirectory> {
        let mut state = write(&self.state);
        for tenant in state.tenants.values_mut() {
            let id = tenant.people.find(user).map(|found| found.user.id.to_lowercase());
            if let Some(id) = id {
                tenant.people.update(&id, change);
                return Ok(());
            }
        }
        Err(NotInDirectory::User(user.to_owned()))
    }

    fn change_tenant(
        &self,
        tenant: &str,
        change: impl FnOnce(&mut TenantInfo),
    ) -> Result<(), NotInDirectory> {
        let mut state = write(&self.state);
        let id = state.tenant_id(tenant);
        let found =
            state.tenants.get_mut(&id).ok_or_else(|| NotInDirectory::Organisation(tenant.to_owned()))?;
        change(Arc::make_mut(&mut found.about));
        Ok(())
    }
}
