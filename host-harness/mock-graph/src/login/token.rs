//! `POST /{tenant}/oauth2/v2.0/token`.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use super::aadsts::Aadsts;
use super::authority::Authority;
use super::authorize::{bad_scope, not_found, usable};
use super::client::Presented;
use super::grants::{Code, Dead, Grant};
use super::identity::may_sign_in;
use super::scopes::Scopes;
use super::token_answer::{ForUser, for_application, for_user};
use crate::application::Application;
use crate::clock::until;
use crate::directory::{Account, SecondFactor};
use crate::shared::Shared;
use crate::wire::{Form, Incoming, Reply, Trace};

/// One request at the token endpoint, its client authenticated.
struct Request<'a> {
    shared: &'a Shared,
    form: Form,
    authority: Authority,
    application: std::sync::Arc<Application>,
    host: &'a str,
    trace: &'a Trace,
    omit_refresh_token: bool,
}

pub(super) fn answer(
    shared: &Shared,
    segment: &str,
    incoming: &Incoming,
    trace: &Trace,
    omit_refresh_token: bool,
) -> Reply {
    begin(shared, segment, incoming, trace, omit_refresh_token)
        .and_then(|request| request.answer())
        .unwrap_or_else(|error| error.for_interaction(shared.config.interaction_refusal).reply(trace))
}

fn begin<'a>(
    shared: &'a Shared,
    segment: &str,
    incoming: &'a Incoming,
    trace: &'a Trace,
    omit_refresh_token: bool,
) -> Result<Request<'a>, Aadsts> {
    let form = incoming.form();
    for name in ["client_secret", "code_verifier"] {
        if let Some(secret) = form.get(name) {
            shared.secrets.note(secret);
        }
    }
    let is_form = incoming
        .header("content-type")
        .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    if !is_form {
        return Err(Aadsts::new(9_002_313));
    }
    let authority = Authority::resolve(shared, segment)?;
    if form.get("grant_type").is_none() {
        return Err(Aadsts::missing("grant_type"));
    }
    let presented = Presented::in_request(shared, incoming, &form);
    let client_id = presented.client_id.clone().ok_or_else(|| Aadsts::missing("client_id"))?;
    let application = usable(shared, &client_id, &authority)?;
    presented.authenticate(shared, &application, &authority, incoming, trace)?;
    Ok(Request { shared, form, authority, application, host: &incoming.authority, trace, omit_refresh_token })
}

impl Request<'_> {
    fn answer(&self) -> Result<Reply, Aadsts> {
        match self.form.get("grant_type") {
            Some("authorization_code") => self.code(),
            Some("refresh_token") => self.refresh(),
            Some("client_credentials") => self.application_alone(),
            Some(other) => {
                Err(Aadsts::saying(70003, format!("The app requested an unsupported grant type '{other}'.")))
            }
            None => Err(Aadsts::missing("grant_type")),
        }
    }

    fn code(&self) -> Result<Reply, Aadsts> {
        let raw = self.form.get("code").ok_or_else(|| Aadsts::missing("code"))?;
        let code = self.shared.grants.code(raw, self.trace.at).map_err(dead)?;
        if code.authority != self.authority.key() {
            return Err(Aadsts::new(700_005));
        }
        if !code.grant.client_id.eq_ignore_ascii_case(&self.application.client_id) {
            return Err(Aadsts::new(70000));
        }
        if self.form.get("redirect_uri") != Some(code.redirect_uri.as_str()) {
            return Err(Aadsts::new(500_112));
        }
        verified(&code, self.form.get("code_verifier"))?;
        let account = self.living(&code.grant)?;
        let scopes = self.scopes_within(&code.grant)?;
        self.shared.grants.redeem(raw).map_err(dead)?;
        let mut grant = code.grant;
        if let Some(narrowed) = scopes {
            grant.scopes = narrowed;
        }
        let refresh = grant.scopes.contains("offline_access") && !self.omit_refresh_token;
        self.issue(&grant, &account, code.nonce.as_deref(), refresh, self.trace.at)
    }

    fn refresh(&self) -> Result<Reply, Aadsts> {
        let raw = self.form.get("refresh_token").ok_or_else(|| Aadsts::missing("refresh_token"))?;
        let (mut grant, issued) = self
            .shared
            .grants
            .refresh(raw, self.trace.at, self.shared.config.loop_limit)
            .map_err(dead_refresh)?;
        if !grant.client_id.eq_ignore_ascii_case(&self.application.client_id) {
            return Err(Aadsts::new(70000));
        }
        if let Authority::Tenant(tenant) = &self.authority
            && tenant.id != grant.tenant
        {
            return Err(Aadsts::new(70000));
        }
        let account = self.living(&grant)?;
        if account.password_expired {
            return Err(Aadsts::new(50133));
        }
        if account.second_factor == SecondFactor::EnrolmentRequired {
            return Err(Aadsts::new(50079));
        }
        if account.second_factor == SecondFactor::Required && !grant.second_factor {
            return Err(Aadsts::new(50076));
        }
        let frequency =
            self.shared.directory.tenant(&grant.tenant).and_then(|tenant| tenant.sign_in_frequency);
        if frequency.is_some_and(|every| until(grant.signed_in, self.trace.at) >= every) {
            return Err(Aadsts::new(70043));
        }
        if let Some(narrowed) = self.scopes_within(&grant)? {
            grant.scopes = narrowed;
        }
        // Each use returns a new refresh token, and the old one keeps working.
        self.issue(&grant, &account, None, !self.omit_refresh_token, issued)
    }

    fn application_alone(&self) -> Result<Reply, Aadsts> {
        let Authority::Tenant(tenant) = &self.authority else {
            // Without a tenant there is no directory to speak for.
            return Err(Aadsts::saying(
                50194,
                format!(
                    "Application '{}' asked for a token of its own without naming a tenant.",
                    self.application.client_id
                ),
            ));
        };
        let scope = self.form.get("scope").ok_or_else(|| Aadsts::missing("scope"))?;
        let scopes = Scopes::parse(scope).map_err(|unknown| bad_scope(&unknown))?;
        if !scopes.wants_default() || scopes.all().len() != 1 {
            return Err(bad_scope(scope));
        }
        let id = &self.application.client_id;
        let roles = self
            .shared
            .directory
            .installed(id, &tenant.id, |installed| installed.roles.iter().cloned().collect())
            .ok_or_else(|| not_found(id, &tenant.display_name))?;
        let resource = scopes.resource_host();
        for_application(self.shared, &self.application, &tenant.id, self.host, resource, roles, self.trace)
    }

    /// The scopes the request names, which must be within what was consented to.
    fn scopes_within(&self, grant: &Grant) -> Result<Option<Scopes>, Aadsts> {
        let named = match self.form.get("scope") {
            // What was asked for and not given is left out, and the answer says what there is.
            Some(scope) => {
                let asked = Scopes::parse(scope).map_err(|unknown| bad_scope(&unknown))?;
                Some(asked.without(&grant.withheld))
            }
            None => None,
        };
        let scopes = named.as_ref().unwrap_or(&grant.scopes);
        let permissions = scopes.permissions();
        let consented = self.shared.directory.installed(&grant.client_id, &grant.tenant, |installed| {
            permissions.iter().all(|permission| {
                *permission == super::scopes::DEFAULT || installed.has_consented(&grant.user, permission)
            }) && (permissions.is_empty() || !installed.scopes_of(&grant.user).is_empty())
        });
        match consented {
            Some(true) => Ok(named),
            None => Err(not_found(&self.application.client_id, &grant.tenant)),
            Some(false) => Err(Aadsts::saying(
                65001,
                format!(
                    "The user or administrator has not consented to use the application with ID \
                     '{}' named '{}'. Send an interactive authorization request for this user and \
                     resource.",
                    self.application.client_id, self.application.display_name
                ),
            )),
        }
    }

    /// The account behind a grant, if it may still use it.
    fn living(&self, grant: &Grant) -> Result<std::sync::Arc<Account>, Aadsts> {
        let account =
            self.shared.directory.account(&grant.tenant, &grant.user).ok_or_else(|| Aadsts::new(50034))?;
        may_sign_in(&account)?;
        if account.sessions != grant.sessions {
            return Err(Aadsts::new(50173));
        }
        Ok(account)
    }

    fn issue(
        &self,
        grant: &Grant,
        account: &Account,
        nonce: Option<&str>,
        with_refresh_token: bool,
        first_issued: jiff::Timestamp,
    ) -> Result<Reply, Aadsts> {
        let claims = self.form.get("claims").unwrap_or_default();
        for_user(
            self.shared,
            &ForUser {
                grant,
                account,
                nonce,
                host: self.host,
                continuous: claims.contains("cp1"),
                client_info: self.form.get("client_info") == Some("1"),
                refresh_token_since: with_refresh_token.then_some(first_issued),
            },
            self.trace,
        )
    }
}

/// PKCE (RFC 7636): a challenge needs its verifier, and a verifier its challenge.
fn verified(code: &Code, verifier: Option<&str>) -> Result<(), Aadsts> {
    let matches = match (&code.challenge, verifier) {
        (None, None) => true,
        (Some(challenge), Some(verifier)) if challenge.sha256 => {
            BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes())) == challenge.value
        }
        (Some(challenge), Some(verifier)) => challenge.value == verifier,
        (Some(_), None) | (None, Some(_)) => false,
    };
    if matches { Ok(()) } else { Err(Aadsts::new(501_481)) }
}

fn dead(why: Dead) -> Aadsts {
    Aadsts::new(match why {
        Dead::Unknown => 70000,
        Dead::Expired | Dead::SinglePage | Dead::Looping => 70008,
        Dead::Redeemed => 54005,
    })
}

fn dead_refresh(why: Dead) -> Aadsts {
    Aadsts::new(match why {
        Dead::SinglePage => 700_084,
        Dead::Expired => 700_082,
        Dead::Looping => 50196,
        Dead::Unknown | Dead::Redeemed => 70000,
    })
}
