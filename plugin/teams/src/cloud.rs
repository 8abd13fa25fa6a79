//! Which of Microsoft's clouds is spoken to.

/// The hosts of one cloud ("National clouds", Graph documentation).
pub(crate) struct Cloud {
    /// Origin of the identity platform.
    pub(crate) login: &'static str,
    /// Origin of Microsoft Graph.
    pub(crate) graph: &'static str,
}

/// The worldwide cloud, which also serves GCC.
pub(crate) const GLOBAL: Cloud =
    Cloud { login: "https://login.microsoftonline.com", graph: "https://graph.microsoft.com" };

impl Cloud {
    /// An address of the identity platform under one tenant.
    pub(crate) fn identity(&self, tenant: &str, path: &str) -> String {
        [self.login, "/", tenant, path].concat()
    }

    /// What the identity platform calls itself in the tokens of one tenant.
    pub(crate) fn issuer(&self, tenant: &str) -> String {
        self.identity(tenant, "/v2.0")
    }

    /// An address of Graph v1.0; `path` starts with a slash.
    pub(crate) fn resource(&self, path: &str) -> String {
        [self.graph, "/v1.0", path].concat()
    }
}
