//! The setup that was typed, held against the one that the plugin asks for: a field that is mistyped or left out
//! would end in rules that cannot be judged, and say nothing of the plugin.

use anyhow::{Result, bail};
use video_host::provider::Parameter;

use crate::inspect::{Field, Inspection};

/// Whether every field that was `typed` is one of the plugin's, and every one that it needs is among the
/// `answers`: those, and what the program itself knows to answer.
pub(super) fn fits(inspection: &Inspection, typed: &[(String, String)], answers: &[Parameter]) -> Result<()> {
    // What cannot be loaded has no setup, and the report says why it is not loaded.
    let Some(fields) = inspection.setup() else { return Ok(()) };
    let asked: Vec<_> = fields.iter().filter(|field| !field.of_staff).collect();
    for (name, _) in typed {
        if asked.iter().any(|field| field.name == *name) {
            continue;
        }
        if fields.iter().any(|field| field.name == *name) {
            bail!(
                "the setup's `{name}` is a field of the staff records, which a plugin is not given: leave it out"
            );
        }
        let names: Vec<_> = asked.iter().map(|field| field.name.as_str()).collect();
        let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        bail!("the setup has no field `{name}`; it has: {names}");
    }
    let is_missing =
        |field: &Field| field.required && !answers.iter().any(|answer| answer.name == field.name);
    let missing: Vec<_> = asked.iter().filter(|field| is_missing(field)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<_> = missing.iter().map(|field| format!("`{}`", field.name)).collect();
    let options: Vec<_> = missing.iter().map(|field| format!("--setup {}=VALUE", field.name)).collect();
    bail!("the setup needs {}: run `check {}`", names.join(", "), options.join(" "))
}
