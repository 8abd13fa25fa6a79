//! The organisation and the application of [`Config::default`](crate::Config), for tests to name.

use serde_json::{Map, Value, json};

use crate::application::{Application, ClientSecret, RedirectUri};
use crate::organisation::{Organisation, SizeClass, User};

/// The tenant id.
pub const TENANT_ID: &str = "72f988bf-86f1-41af-91ab-2d7cd011db47";
/// The verified domain.
pub const DOMAIN: &str = "contoso.com";
/// The initial domain, of guests' UPNs.
pub const INITIAL_DOMAIN: &str = "contoso.onmicrosoft.com";
/// The password of everyone.
pub const PASSWORD: &str = "correct horse battery staple";
/// UPN of the service account that organises the meetings.
pub const SERVICE_ACCOUNT: &str = "meetings@contoso.com";
/// Object id of the service account.
pub const SERVICE_ACCOUNT_ID: &str = "550fae72-d251-43ec-868c-373732c2704f";
/// UPN of an administrator, who may consent for everyone.
pub const ADMINISTRATOR: &str = "admin@contoso.com";
/// Object id of the administrator.
pub const ADMINISTRATOR_ID: &str = "4562bcc8-c436-4f95-b7c0-4f8ce89dca5e";
/// UPN of an ordinary user.
pub const ADVISER: &str = "AdeleV@contoso.com";
/// Object id of the ordinary user.
pub const ADVISER_ID: &str = "87d349ed-44d7-43e1-9a83-5f2406dee5bd";
/// Address that the guest signs in with.
pub const GUEST: &str = "pat@fabrikam.com";
/// Object id of the guest.
pub const GUEST_ID: &str = "1f35f2e6-9cab-44ad-8d5a-b74c14720000";
/// Client id of the registered application.
pub const CLIENT_ID: &str = "00001111-aaaa-2222-bbbb-3333cccc4444";
/// Its client secret.
pub const CLIENT_SECRET: &str = "sampleCredentia1s~for~contoso";
/// Its redirect URI.
pub const REDIRECT_URI: &str = "https://scheduling.example/integrations/callback";

/// The organisation: a service account, an administrator, an adviser and a guest.
pub fn organisation() -> Organisation {
    let administrator =
        User { administrator: true, ..User::member(ADMINISTRATOR_ID, ADMINISTRATOR, "MOD Administrator") };
    let mut adviser = User::member(ADVISER_ID, ADVISER, "Adele Vance");
    adviser.proxy_addresses.push("smtp:adele.vance@contoso.com".to_owned());
    Organisation {
        tenant_id: TENANT_ID.to_owned(),
        domains: vec![INITIAL_DOMAIN.to_owned(), DOMAIN.to_owned()],
        display_name: "Contoso".to_owned(),
        users: vec![
            User::member(SERVICE_ACCOUNT_ID, SERVICE_ACCOUNT, "Contoso Meetings"),
            administrator,
            adviser,
            User::guest(GUEST_ID, GUEST, INITIAL_DOMAIN, "Pat Fabrikam"),
        ],
        size: SizeClass::Small,
        enforce_throttling: false,
    }
}

/// What its meeting policy makes of a new meeting: everyone gets past the lobby, as an organisation
/// wants it that meets its clients.
pub fn meeting_settings() -> Map<String, Value> {
    Map::from_iter([("lobbyBypassSettings".to_owned(), json!({ "scope": "everyone" }))])
}

/// The application: one secret, one web redirect URI, usable by other tenants.
pub fn application() -> Application {
    Application {
        client_id: CLIENT_ID.to_owned(),
        display_name: "Scheduling".to_owned(),
        home_tenant: TENANT_ID.to_owned(),
        multitenant: true,
        redirect_uris: vec![RedirectUri::web(REDIRECT_URI)],
        secrets: vec![ClientSecret { value: CLIENT_SECRET.to_owned(), expires: None }],
        certificates: Vec::new(),
        public_client: false,
        delegated_permissions: ["User.Read", "User.ReadBasic.All", "OnlineMeetings.ReadWrite"]
            .map(str::to_owned)
            .to_vec(),
        application_permissions: ["User.Read.All", "OnlineMeetings.ReadWrite.All"]
            .map(str::to_owned)
            .to_vec(),
    }
}
