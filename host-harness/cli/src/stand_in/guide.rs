//! How to point clients at the stand-in.

use std::io;
use std::net::SocketAddr;
use std::path::Path;

use mock_graph::contoso as registered;

use crate::contoso;
use crate::screen::{Screen, Tone};

pub(super) struct Guide<'a> {
    pub(super) address: SocketAddr,
    pub(super) ca: &'a Path,
    pub(super) users: usize,
    pub(super) generated: usize,
}

impl Guide<'_> {
    pub(super) fn show(&self, screen: &mut Screen) -> io::Result<()> {
        screen.title("A stand-in for Microsoft's login and Graph", &self.address.to_string())?;
        screen.fact("Trust", &format!("{}, a certificate authority of its own", self.ca.display()))?;
        screen.fact(
            "Tenant",
            &format!("{} ({}), {} users", registered::TENANT_ID, registered::DOMAIN, self.users),
        )?;
        screen.fact("Client id", registered::CLIENT_ID)?;
        screen.fact("Client secret", registered::CLIENT_SECRET)?;
        screen.fact("Redirect URI", registered::REDIRECT_URI)?;
        screen.fact("Password", &format!("{} (of everyone)", registered::PASSWORD))?;
        for (name, account) in [
            ("Organizer", contoso::SERVICE_ACCOUNT),
            ("Administrator", registered::ADMINISTRATOR),
            ("Adviser", registered::ADVISER),
            ("Guest", registered::GUEST),
        ] {
            screen.fact(name, account)?;
        }
        if self.generated > 0 {
            let last = format!("adviser{:06}@{}", self.generated, registered::DOMAIN);
            screen.fact("Generated", &format!("adviser000001@{} to {last}", registered::DOMAIN))?;
        }
        for (client, lines) in self.clients() {
            screen.title(client, "")?;
            for line in lines.lines() {
                screen.line(format!("   {line}"))?;
            }
        }
        screen.title("Faults, records and time, from this machine only", "")?;
        for (request, effect) in CONTROL {
            let request = format!("{request:<32}");
            screen.line(format!("   {request}{}", screen.paint(Tone::Faint, effect)))?;
        }
        screen.gap()
    }

    /// Clients by their names, and what each needs to come here.
    fn clients(&self) -> [(&'static str, String); 5] {
        let (ca, port, ip) = (self.ca.display(), self.address.port(), self.address.ip());
        let (tenant, id, secret) = (registered::TENANT_ID, registered::CLIENT_ID, registered::CLIENT_SECRET);
        let scope = "https://graph.microsoft.com/.default";
        let (login, domain) = ("login.microsoftonline.com", registered::DOMAIN);
        [
            (
                "curl",
                format!(
                    "curl --cacert {ca} --resolve {login}:{port}:{ip} \\\n  \
                     https://{login}:{port}/{domain}/v2.0/.well-known/openid-configuration"
                ),
            ),
            (
                "msal for Python",
                format!(
                    "msal.ConfidentialClientApplication(\n    \"{id}\", client_credential=\"{secret}\",\n    \
                     authority=\"https://localhost:{port}/{tenant}\",\n    \
                     instance_discovery=False, verify=\"{ca}\",\n).acquire_token_for_client([\"{scope}\"])"
                ),
            ),
            (
                "azure-identity for Python",
                format!(
                    "ClientSecretCredential(\n    \"{tenant}\", \"{id}\",\n    \"{secret}\",\n    \
                     authority=\"https://localhost:{port}\", disable_instance_discovery=True,\n    \
                     connection_verify=\"{ca}\",\n).get_token(\"{scope}\")"
                ),
            ),
            (
                "msal-node, with NODE_EXTRA_CA_CERTS set to the certificate's file",
                format!(
                    "new ConfidentialClientApplication({{ auth: {{\n  clientId: \"{id}\",\n  \
                     clientSecret: \"{secret}\",\n  authority: \"https://localhost:{port}/{tenant}\",\n  \
                     knownAuthorities: [\"localhost:{port}\"],\n}} }})"
                ),
            ),
            (
                "Microsoft Graph client for JavaScript, with NODE_EXTRA_CA_CERTS too",
                format!(
                    "Client.init({{\n  baseUrl: \"https://localhost:{port}/\",\n  \
                     customHosts: new Set([\"localhost\"]),\n  \
                     authProvider: (done) => done(null, accessToken),\n}})"
                ),
            ),
        ]
    }
}

/// What `https://localhost:PORT/_mock/…` takes.
const CONTROL: [(&str, &str); 7] = [
    ("POST   /_mock/faults", "{\"operation\": \"create_meeting\", \"times\": {\"n\": 2},"),
    ("", " \"action\": {\"status\": {\"status\": 429, \"retry_after\": \"2\"}}}"),
    ("DELETE /_mock/faults", "ends all faults"),
    ("GET    /_mock/journal", "what was asked and answered; DELETE forgets it"),
    ("GET    /_mock/har", "the same as an HTTP archive, secrets redacted"),
    ("GET    /_mock/meetings", "the meetings that exist now"),
    ("POST   /_mock/clock/advance", "{\"seconds\": 3600}"),
];
