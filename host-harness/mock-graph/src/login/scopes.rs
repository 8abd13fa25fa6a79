//! Scopes as requested, and which of them exist.

const OPENID_SCOPES: &[&str] = &["openid", "profile", "email", "offline_access"];

/// Delegated permissions of Graph that the stand-in knows, and whether only an administrator may
/// consent to them (Microsoft Graph permissions reference).
const PERMISSIONS: &[(&str, bool)] = &[
    ("User.Read", false),
    ("User.ReadBasic.All", false),
    ("User.Read.All", true),
    ("User.ReadWrite.All", true),
    ("Directory.Read.All", true),
    ("Organization.Read.All", true),
    ("LicenseAssignment.Read.All", true),
    ("OnlineMeetings.Read", false),
    ("OnlineMeetings.ReadWrite", false),
    ("Calendars.Read", false),
    ("Calendars.ReadWrite", false),
    ("Mail.Read", false),
    ("Mail.Send", false),
];

const RESOURCES: &[&str] = &[
    "https://graph.microsoft.com/",
    "https://graph.microsoft.us/",
    "https://dod-graph.microsoft.us/",
    "https://microsoftgraph.chinacloudapi.cn/",
];

/// `.default`: everything the application is registered for.
pub(crate) const DEFAULT: &str = ".default";

/// The scopes of one request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scopes {
    /// As requested, which is how an answer names them.
    requested: Vec<String>,
}

impl Scopes {
    /// Splits at spaces; gives back the first scope that does not exist.
    pub(crate) fn parse(raw: &str) -> Result<Self, String> {
        let requested: Vec<String> = raw.split_whitespace().map(str::to_owned).collect();
        for scope in &requested {
            if !OPENID_SCOPES.contains(&scope.as_str()) && known(scope).is_none() {
                return Err(scope.clone());
            }
        }
        Ok(Self { requested })
    }

    /// These without the permissions named.
    pub(crate) fn without(&self, permissions: &[String]) -> Self {
        let stays = |scope: &&String| {
            !permissions.iter().any(|name| known(scope).is_some_and(|scope| scope.eq_ignore_ascii_case(name)))
        };
        Self { requested: self.requested.iter().filter(stays).cloned().collect() }
    }

    /// The Graph host that the first scope with a resource names, if one does.
    pub(crate) fn resource_host(&self) -> Option<&'static str> {
        let of = |scope: &String| RESOURCES.iter().find(|resource| scope.starts_with(*resource));
        let resource = self.requested.iter().find_map(of)?;
        Some(resource.trim_start_matches("https://").trim_end_matches('/'))
    }

    pub(crate) fn contains(&self, scope: &str) -> bool {
        self.requested.iter().any(|known| known == scope)
    }

    /// The Graph permissions asked for, by their plain names.
    pub(crate) fn permissions(&self) -> Vec<&str> {
        self.requested.iter().filter_map(|scope| known(scope)).collect()
    }

    pub(crate) fn wants_default(&self) -> bool {
        self.permissions().contains(&DEFAULT)
    }

    /// What a token answer says was granted; `offline_access` shows in the refresh token only.
    pub(crate) fn granted_text(&self, permissions: &[String]) -> String {
        let mut text: Vec<&str> = self
            .requested
            .iter()
            .map(String::as_str)
            .filter(|scope| *scope != "offline_access" && known(scope) != Some(DEFAULT))
            .collect();
        if self.wants_default() {
            text.extend(permissions.iter().map(String::as_str));
        }
        text.join(" ")
    }

    /// For the consent page.
    pub(crate) fn all(&self) -> &[String] {
        &self.requested
    }
}

pub(crate) fn needs_administrator(permission: &str) -> bool {
    PERMISSIONS.iter().any(|(name, administrator)| *administrator && name.eq_ignore_ascii_case(permission))
}

/// A scope's name without its resource.
pub(crate) fn plain(scope: &str) -> &str {
    RESOURCES.iter().find_map(|resource| scope.strip_prefix(resource)).unwrap_or(scope)
}

/// The plain name of a Graph permission, with or without its resource in front.
fn known(scope: &str) -> Option<&str> {
    let name = plain(scope);
    if name == DEFAULT {
        return Some(DEFAULT);
    }
    PERMISSIONS
        .iter()
        .map(|(permission, _)| *permission)
        .find(|permission| permission.eq_ignore_ascii_case(name))
}
