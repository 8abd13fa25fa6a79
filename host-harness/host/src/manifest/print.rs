//! The manifest that a plugin asks for, for an operator to review.

use std::fmt::Write as _;

use toml::Value;

use crate::plugin::Plugin;
use crate::sandbox::Limits;
use crate::signing::SigningKey;

/// What an operator would pin for a plugin: everything that it asks for is in it, nothing is granted that it
/// can do without, and the secrets are for the operator to name. `file` is how the manifest names the
/// component.
pub fn asked_by(plugin: &Plugin, file: &str) -> String {
    let description = plugin.description();
    let Limits { memory, deadline, processor_time, at_once, requests, component } = Limits::default();
    let text = |text: &str| Value::from(text).to_string();
    let list = |origins: &[String]| Value::from(origins.to_vec()).to_string();
    let (api, identity) = (list(&description.api_origins), list(&description.identity_origins));
    let (wanted_keys, keys) = asked_keys(plugin);
    let mut manifest = String::new();
    let _ = write!(
        manifest,
        "\
# What the plugin {name} {version} asks for. Review it, grant what it may have, and keep this file where
# nobody else can write.

# Relative to this file.
plugin = {file}
sha256 = {digest}
provider = {id}

# What the plugin says of itself. It is held against [grants] before anything is compiled, and again when
# the plugin is loaded.
[wants]
api = {api}
identity = {identity}
# Only some choices of the setup need these.
optional-api = {optional_api}
optional-identity = {optional_identity}
{wanted_keys}
# api: where its requests go, with access tokens. identity: where administrators sign in, and where the
# client's secret goes.
[grants]
api = {api}
identity = {identity}
# How the links begin that people are sent to join. Without it: any https address.
# links = [\"https://meet.example.com\"]

# What the plugin can read. Nothing secret.
[settings]
# client-id = \"…\"

# Each by its place, never itself: client-secret, or client-certificate with client-key.
[secrets]
# client-secret = {{ file = \"client-secret\" }}
# client-secret = {{ variable = \"VIDEO_CLIENT_SECRET\" }}

{keys}# Bounds on each call, and on the component's file.
[limits]
memory-mib = {memory}
deadline-seconds = {deadline}
processor-time-ms = {processor_time}
# Who computes for longer than this takes turns with all others that do.
at-once-ms = {at_once}
requests = {requests}
component-mib = {component}
",
        // A line break would end the comment.
        name = description.name.replace(['\n', '\t'], " "),
        version = description.version.replace(['\n', '\t'], " "),
        file = text(file),
        digest = text(plugin.digest()),
        id = text(&description.id),
        optional_api = list(&description.optional_api_origins),
        optional_identity = list(&description.optional_identity_origins),
        memory = memory >> 20,
        deadline = deadline.as_secs(),
        processor_time = processor_time.as_millis(),
        at_once = at_once.as_millis(),
        component = component >> 20,
    );
    manifest
}

/// What a plugin asks for to have tokens signed: what goes under `[wants]`, and a table for each key. Both are empty
/// if it asks for none.
fn asked_keys(plugin: &Plugin) -> (String, String) {
    let Some(wants) = plugin.wants() else { return (String::new(), String::new()) };
    let (required, optional): (Vec<_>, Vec<_>) = (wants.keys(false).collect(), wants.keys(true).collect());
    let (mut lines, mut tables) = (String::new(), String::new());
    for (list, names) in [("signing", &required), ("optional-signing", &optional)] {
        if !names.is_empty() {
            let _ = writeln!(lines, "{list} = {}", Value::from(names.clone()));
        }
    }
    for (names, mark) in [(&required, ""), (&optional, "# ")] {
        for name in names {
            let _ = write!(
                tables,
                "\
# With what the host signs tokens for those who join, and what it says in them itself. It is used for meetings
# whose links begin with `links`. HS256 takes the server's secret, RS256 a private key in PEM.
{mark}[[signing]]
{mark}name = {name}
{mark}links = \"https://meet.example.com\"
{mark}algorithm = \"HS256\"
{mark}key = {{ file = \"{file}\" }}
{mark}issuer = \"…\"
{mark}audience = \"…\"
{mark}subject = \"…\"
{mark}# key-id = \"…\"
{mark}# lifetime-seconds = {lifetime}

",
                name = Value::from(*name),
                file = name,
                lifetime = SigningKey::USUAL.as_secs(),
            );
        }
    }
    (lines, tables)
}
