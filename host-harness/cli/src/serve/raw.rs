//! The file of `serve --config` as it is written: TOML. Names of other files are relative to where it is.
//! What each setting is for stands in `deploy/serve.toml`, which names them all.

use std::path::PathBuf;

use serde::Deserialize;
use toml::Spanned;

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Raw {
    pub(super) address: Spanned<String>,
    pub(super) listen: Option<Spanned<String>>,
    pub(super) data: Spanned<PathBuf>,
    pub(super) database_url_file: Option<Spanned<PathBuf>>,
    pub(super) keys: Option<Spanned<PathBuf>>,
    pub(super) staff: Option<Spanned<PathBuf>>,
    pub(super) administrator: Spanned<String>,
    pub(super) client_id: Option<String>,
    pub(super) client_secret_file: Option<Spanned<PathBuf>>,
    pub(super) manifest: Option<Spanned<PathBuf>>,
    pub(super) manifests: Option<Spanned<PathBuf>>,
    pub(super) plugin: Option<Spanned<PathBuf>>,
    #[serde(default)]
    pub(super) grant_api: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) grant_identity: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) sessions: RawSessions,
    #[serde(default)]
    pub(super) stop: RawStop,
    pub(super) operator: Option<RawOperator>,
    #[serde(default)]
    pub(super) log: RawLog,
    pub(super) traces: Option<RawTraces>,
    pub(super) stand_in: Option<RawStandIn>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct RawSessions {
    pub(super) idle_minutes: Option<Spanned<u64>>,
    pub(super) longest_minutes: Option<Spanned<u64>>,
    pub(super) sign_in_link_minutes: Option<Spanned<u64>>,
    pub(super) sign_ins_per_minute: Option<Spanned<u64>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct RawStop {
    pub(super) notice_seconds: Option<Spanned<u64>>,
    pub(super) within_seconds: Option<Spanned<u64>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct RawOperator {
    pub(super) listen: Option<Spanned<String>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct RawLog {
    pub(super) format: Option<Spanned<String>>,
    pub(super) filter: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct RawTraces {
    pub(super) endpoint: Spanned<String>,
    pub(super) sample: Option<Spanned<f64>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct RawStandIn {
    pub(super) address: Spanned<String>,
    pub(super) ca: Spanned<PathBuf>,
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use serde_aux::serde_introspection::serde_introspect;

    use super::{Raw, RawLog, RawOperator, RawSessions, RawStandIn, RawStop, RawTraces};

    const EXAMPLE: &str = include_str!("../../../../deploy/serve.toml");

    /// The example with every setting that is shown in it.
    fn all_set() -> String {
        EXAMPLE
            .lines()
            .map(|line| match line.strip_prefix('#') {
                Some(setting) if setting.starts_with(|c: char| c.is_ascii_lowercase() || c == '[') => setting,
                _ => line,
            })
            .fold(String::new(), |mut all, line| {
                let _ = writeln!(all, "{line}");
                all
            })
    }

    #[test]
    fn the_example_names_every_setting_and_all_of_it_can_be_read() -> Result<(), toml::de::Error> {
        toml::from_str::<Raw>(EXAMPLE)?;
        toml::from_str::<Raw>(&all_set())?;
        let whole: toml::Table = toml::from_str(&all_set())?;
        for (table, settings) in [
            ("", serde_introspect::<Raw>()),
            ("sessions", serde_introspect::<RawSessions>()),
            ("stop", serde_introspect::<RawStop>()),
            ("operator", serde_introspect::<RawOperator>()),
            ("log", serde_introspect::<RawLog>()),
            ("traces", serde_introspect::<RawTraces>()),
            ("stand-in", serde_introspect::<RawStandIn>()),
        ] {
            assert!(!settings.is_empty());
            for setting in settings {
                let found = match table {
                    "" => whole.contains_key(*setting),
                    table => whole[table].as_table().is_some_and(|table| table.contains_key(*setting)),
                };
                assert!(found, "deploy/serve.toml does not name {setting} {table}");
            }
        }
        Ok(())
    }

    #[test]
    fn what_the_example_shows_is_what_holds_without_it() -> Result<(), toml::de::Error> {
        let all: Raw = toml::from_str(&all_set())?;
        let usual = video_console::Settings::new("https://video.example.com".parse().expect("an address"));
        let ending = crate::serve::Ending::default();
        let is = |written: Option<toml::Spanned<u64>>| written.map(toml::Spanned::into_inner);
        assert_eq!(is(all.sessions.idle_minutes), Some(usual.idle.as_secs() / 60));
        assert_eq!(is(all.sessions.longest_minutes), Some(usual.longest.as_secs() / 60));
        assert_eq!(is(all.sessions.sign_in_link_minutes), Some(usual.link_lifetime.as_secs() / 60));
        assert_eq!(is(all.sessions.sign_ins_per_minute), Some(usual.sign_ins_per_minute.into()));
        assert_eq!(is(all.stop.notice_seconds), Some(ending.notice.as_secs()));
        assert_eq!(is(all.stop.within_seconds), Some(ending.within.as_secs()));
        Ok(())
    }
}
