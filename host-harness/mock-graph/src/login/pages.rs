//! The pages a person sees: plain HTML forms without scripts.

use http::Uri;

const STYLE: &str = "body{margin:0;min-height:100vh;display:flex;align-items:center;\
justify-content:center;background:#eef1f6;color:#1b1b1b;font:16px/1.45 'Segoe UI',system-ui,\
sans-serif}main{background:#fff;width:26rem;max-width:92vw;padding:2.5rem;box-sizing:border-box;\
box-shadow:0 2px 8px rgba(0,0,0,.2)}h1{font-size:1.5rem;font-weight:600;margin:.2rem 0 1rem}\
.brand{color:#5e5e5e;font-weight:600;margin:0 0 .8rem}label{display:block;margin:.9rem 0 .2rem}\
input[type=email],input[type=password],input[type=text]{width:100%;box-sizing:border-box;\
padding:.5rem;border:1px solid #666;font:inherit}.buttons{display:flex;gap:.5rem;\
justify-content:flex-end;margin-top:1.6rem}button{font:inherit;padding:.4rem 1.4rem;\
border:1px solid #0067b8;background:#0067b8;color:#fff;cursor:pointer}\
button.quiet{background:#fff;color:#0067b8}.error{color:#b00020}li{margin:.3rem 0}\
.note{color:#5e5e5e;font-size:.85rem}code{overflow-wrap:anywhere}";

fn page(title: &str, content: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <title>{title}</title><style>{STYLE}</style></head><body><main>\
         <p class=\"brand\">Stand-in for Microsoft</p>{content}</main></body></html>"
    )
}

pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

pub(super) fn sign_in(application: &str, flow: &str, name: &str, error: Option<&str>) -> String {
    let error = error
        .map_or(String::new(), |text| format!("<p class=\"error\" role=\"alert\">{}</p>", escaped(text)));
    let (application, name) = (escaped(application), escaped(name));
    page(
        "Sign in to your account",
        &format!(
            "<h1>Sign in</h1><p>to continue to <b>{application}</b></p>{error}\
             <form method=\"post\" action=\"/common/login\" data-step=\"sign-in\" autocomplete=\"off\">\
             <input type=\"hidden\" name=\"flow\" value=\"{flow}\">\
             <label for=\"username\">Email</label>\
             <input id=\"username\" type=\"text\" name=\"username\" value=\"{name}\" required autofocus>\
             <label for=\"password\">Password</label>\
             <input id=\"password\" type=\"password\" name=\"password\" required>\
             <div class=\"buttons\"><button type=\"submit\">Sign in</button></div></form>"
        ),
    )
}

pub(super) fn consent(
    application: &str,
    organisation: &str,
    account: &str,
    flow: &str,
    scopes: &[String],
    whole_organisation: WholeOrganisation,
) -> String {
    let items = scopes.iter().map(|scope| {
        let (meaning, name) = (described(scope), escaped(scope));
        // Microsoft's page lets nobody choose; an administrator elsewhere can. This stands for both.
        format!(
            "<li>{meaning} <span class=\"note\"><code>{name}</code> \
             <label style=\"display:inline\"><input type=\"checkbox\" name=\"without\" value=\"{name}\" \
             form=\"consent\"> not this</label></span></li>"
        )
    });
    let list = items.collect::<Vec<_>>().concat();
    let choice = match whole_organisation {
        WholeOrganisation::Offered => format!(
            "<p><input type=\"checkbox\" id=\"everyone\" name=\"everyone\" value=\"1\"> \
             <label for=\"everyone\" style=\"display:inline\">Consent on behalf of {}</label></p>",
            escaped(organisation)
        ),
        WholeOrganisation::Always => {
            format!("<p>If you accept, this app gets access for all users in {}.</p>", escaped(organisation))
        }
        WholeOrganisation::No => String::new(),
    };
    page(
        "Permissions requested",
        &format!(
            "<p class=\"note\">{}</p><h1>Permissions requested</h1><p><b>{}</b></p>\
             <p>This app would like to:</p><ul>{list}</ul>\
             <form method=\"post\" action=\"/common/consent\" id=\"consent\" data-step=\"consent\">\
             <input type=\"hidden\" name=\"flow\" value=\"{flow}\">{choice}\
             <div class=\"buttons\">\
             <button class=\"quiet\" type=\"submit\" name=\"answer\" value=\"cancel\">Cancel</button>\
             <button type=\"submit\" name=\"answer\" value=\"accept\">Accept</button></div></form>",
            escaped(account),
            escaped(application),
        ),
    )
}

/// Whether the consent page is about everyone in the organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WholeOrganisation {
    No,
    Offered,
    Always,
}

pub(super) fn error(description: &str) -> String {
    page(
        "Sign in to your account",
        &format!(
            "<h1>Sorry, but we’re having trouble signing you in.</h1>\
             <p class=\"error\" role=\"alert\">{}</p>",
            escaped(description)
        ),
    )
}

/// `response_mode=form_post`. Microsoft's page submits itself with a script; this one has a button.
pub(super) fn form_post(redirect_uri: &str, parameters: &[(&str, &str)]) -> String {
    let inputs = parameters.iter().map(|(name, value)| {
        let value = escaped(value);
        format!("<input type=\"hidden\" name=\"{name}\" value=\"{value}\">")
    });
    let fields = inputs.collect::<Vec<_>>().concat();
    let host = redirect_uri.parse::<Uri>().ok().and_then(|uri| uri.host().map(escaped)).unwrap_or_default();
    page(
        "Working…",
        &format!(
            "<h1>Almost done</h1><form method=\"post\" action=\"{}\" data-step=\"return\">{fields}\
             <div class=\"buttons\"><button type=\"submit\">Continue to {host}</button></div></form>",
            escaped(redirect_uri)
        ),
    )
}

fn described(scope: &str) -> &'static str {
    match scope.rsplit('/').next().unwrap_or(scope) {
        "openid" => "Sign you in",
        "profile" => "View your basic profile",
        "email" => "View your email address",
        "offline_access" => "Maintain access to data you have given it access to",
        "User.Read" => "Sign you in and read your profile",
        "User.ReadBasic.All" => "Read all users' basic profiles",
        "User.Read.All" => "Read all users' full profiles",
        "OnlineMeetings.ReadWrite" => "Read and create your online meetings",
        "OnlineMeetings.ReadWrite.All" => "Read and create online meetings",
        ".default" => "Use everything it is registered for",
        _ => "Use a permission of Microsoft Graph",
    }
}
