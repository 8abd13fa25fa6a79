//! A user of the directory, as Graph's `user` resource gives it.

use crate::bindings::provider::User;
use crate::json::Json;

/// The properties that say who it is. Every delegated permission on users covers them.
pub(crate) const BASIC: &str = "id,displayName,userPrincipalName,mail";
/// With those that say what the account is.
pub(crate) const STATE: &str = "id,displayName,userPrincipalName,mail,userType,accountEnabled";
/// With those that say whether it can use Teams.
pub(crate) const FULL: &str = "id,displayName,userPrincipalName,mail,userType,accountEnabled,assignedPlans";

/// The service plan of Teams, `TEAMS1` ("Product names and service plan identifiers for licensing",
/// Microsoft Entra documentation).
const TEAMS_PLAN: &str = "57ff2da0-773e-42df-b2af-ffb7a2317929";
/// What `assignedPlan.service` calls Teams.
const TEAMS_SERVICE: &str = "TeamspaceAPI";

/// A user with what was selected of it; everything but the id may be missing or null.
#[derive(Clone, Debug)]
pub(crate) struct DirectoryUser {
    /// The object id.
    pub(crate) id: String,
    display_name: Option<String>,
    upn: Option<String>,
    mail: Option<String>,
    user_type: Option<String>,
    enabled: Option<bool>,
    /// Whether a plan for Teams is assigned; none if Graph did not say.
    teams: Option<bool>,
    proxies: Vec<String>,
}

impl DirectoryUser {
    /// Reads a user; none if it has no id.
    pub(crate) fn read(user: &Json<'_>) -> Option<Self> {
        let plans = user.get("assignedPlans").list();
        Some(Self {
            id: user.get("id").owned().filter(|id| !id.is_empty())?,
            display_name: user.get("displayName").owned(),
            upn: user.get("userPrincipalName").owned(),
            mail: user.get("mail").owned(),
            user_type: user.get("userType").owned(),
            enabled: user.get("accountEnabled").truth(),
            teams: plans.map(|plans| plans.iter().any(is_teams_plan)),
            proxies: user.get("proxyAddresses").texts(),
        })
    }

    /// The user principal name, empty if there is none.
    pub(crate) fn upn(&self) -> &str {
        self.upn.as_deref().unwrap_or("")
    }

    /// The display name, or else the user principal name.
    pub(crate) fn name(&self) -> &str {
        self.display_name.as_deref().filter(|name| !name.trim().is_empty()).unwrap_or_else(|| self.upn())
    }

    /// As the contract has users. A display name is anybody's text; a control character in it would have
    /// the host refuse the whole answer.
    pub(crate) fn user(&self) -> User {
        let display_name = self.name().chars().filter(|c| !c.is_control()).collect();
        User { id: self.id.clone(), key: self.upn().to_owned(), display_name }
    }

    /// A guest of the tenant: by `userType`, or by the `#EXT#` that a guest's user principal name
    /// holds ("Properties of a Microsoft Entra B2B collaboration user").
    pub(crate) fn is_guest(&self) -> bool {
        let by_type = self.user_type.as_deref();
        by_type.is_some_and(|it| it.eq_ignore_ascii_case("guest")) || is_guest_name(self.upn())
    }

    /// Whether it is known that the account is switched off.
    pub(crate) fn is_disabled(&self) -> bool {
        self.enabled == Some(false)
    }

    /// Whether it is known that the account has no licence for Teams.
    pub(crate) fn is_unlicensed(&self) -> bool {
        self.teams == Some(false)
    }

    /// Whether `folded`, a key in lower case, is its user principal name.
    pub(crate) fn has_upn(&self, folded: &str) -> bool {
        self.upn().eq_ignore_ascii_case(folded)
    }

    /// Whether `folded`, a key in lower case, is one of its mail addresses.
    pub(crate) fn has_address(&self, folded: &str) -> bool {
        self.addresses().any(|address| address.eq_ignore_ascii_case(folded))
    }

    /// Its mail addresses. A proxy address is `smtp:` or, for the primary one, `SMTP:` before the
    /// address.
    pub(crate) fn addresses(&self) -> impl Iterator<Item = &str> {
        let mail = self.mail.iter().map(String::as_str);
        let proxies = self.proxies.iter();
        let proxies = proxies.filter_map(|proxy| {
            let (kind, address) = proxy.split_once(':')?;
            kind.eq_ignore_ascii_case("smtp").then_some(address)
        });
        mail.chain(proxies)
    }
}

/// Whether a user principal name is a guest's: `name_domain#EXT#@tenant.onmicrosoft.com`.
pub(crate) fn is_guest_name(upn: &str) -> bool {
    upn.to_ascii_uppercase().contains("#EXT#")
}

/// Whether an entry of `assignedPlans` is a plan for Teams that works. `Warning` is a subscription
/// that ran out and still works.
fn is_teams_plan(plan: &Json<'_>) -> bool {
    let is = |name: &str, value: &str| {
        let field = plan.get(name).text();
        field.is_some_and(|field| field.eq_ignore_ascii_case(value))
    };
    (is("servicePlanId", TEAMS_PLAN) || is("service", TEAMS_SERVICE))
        && (is("capabilityStatus", "Enabled") || is("capabilityStatus", "Warning"))
}

/// A page of a list of users.
pub(crate) struct Page {
    /// The users.
    pub(crate) users: Vec<DirectoryUser>,
    /// Where the next page is.
    pub(crate) next: Option<String>,
}

impl Page {
    /// Reads an answer: a list of users if `list`, else one user. None if it is neither.
    pub(crate) fn read(body: &Json<'_>, list: bool) -> Option<Self> {
        let users = if list {
            let users = body.get("value").list()?;
            users.iter().map(DirectoryUser::read).collect::<Option<_>>()?
        } else {
            vec![DirectoryUser::read(body)?]
        };
        Some(Self { users, next: body.get("@odata.nextLink").owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> DirectoryUser {
        DirectoryUser::read(&Json::read(text.as_bytes()).expect("JSON")).expect("a user")
    }

    #[test]
    fn a_licence_is_known_only_if_the_plans_are_there() {
        assert!(!read(r#"{"id":"1"}"#).is_unlicensed());
        assert!(!read(r#"{"id":"1","assignedPlans":null}"#).is_unlicensed());
        assert!(read(r#"{"id":"1","assignedPlans":[]}"#).is_unlicensed());
        assert!(
            read(r#"{"id":"1","assignedPlans":[{"service":"TeamspaceAPI","capabilityStatus":"Deleted"}]}"#)
                .is_unlicensed()
        );
        assert!(!read(r#"{"id":"1","assignedPlans":[{"service":"exchange"},{"servicePlanId":"57FF2DA0-773e-42df-b2af-ffb7a2317929","capabilityStatus":"Warning","x":1}]}"#).is_unlicensed());
    }

    #[test]
    fn a_guest_is_told_by_type_or_name() {
        assert!(read(r#"{"id":"1","userType":"Guest"}"#).is_guest());
        assert!(read(r#"{"id":"1","userPrincipalName":"bob_x.com#ext#@c.onmicrosoft.com"}"#).is_guest());
        assert!(!read(r#"{"id":"1","userType":"Member","userPrincipalName":"bob@c.com"}"#).is_guest());
    }

    #[test]
    fn an_address_is_compared_without_case() {
        let user = read(
            r#"{"id":"1","mail":"Ann@X.com","proxyAddresses":["SMTP:ann@x.com","smtp:Anne@x.com","x500:/o=c","SIP:s@x.com"]}"#,
        );
        assert!(user.has_address("ann@x.com"));
        assert!(user.has_address("anne@x.com"));
        assert!(!user.has_address("s@x.com"));
    }
}
