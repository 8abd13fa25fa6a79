//! What the file says about log lines and traces.

use anyhow::{Context as _, Result, bail, ensure};
use toml::Spanned;
use url::Url;

use super::File;
use crate::serve::raw::{RawLog, RawTraces};
use crate::watching::{LogFormat, Logs, Traces, check_filter};

pub(super) fn logs(file: &File, raw: RawLog) -> Result<Logs> {
    let format = match raw.format.as_ref().map(|format| (format.get_ref().as_str(), format.span())) {
        None | Some(("text", _)) => LogFormat::Text,
        Some(("json", _)) => LogFormat::Json,
        Some((other, at)) => bail!("{}: {other} is no format of log lines: text or json", file.at(&at)),
    };
    if let Some(filter) = &raw.filter {
        check_filter(filter.get_ref()).with_context(|| file.at(&filter.span()))?;
    }
    Ok(Logs { format, filter: raw.filter.map(Spanned::into_inner) })
}

pub(super) fn traces(file: &File, raw: &RawTraces) -> Result<Traces> {
    let endpoint = raw.endpoint.get_ref();
    let usable =
        Url::parse(endpoint).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    ensure!(
        usable,
        "{}: {endpoint} is no collector's endpoint. Write it as http://127.0.0.1:4318/v1/traces",
        file.at(&raw.endpoint.span())
    );
    let sample = raw.sample.as_ref().map_or(1.0, |sample| *sample.get_ref());
    if let Some(written) = &raw.sample {
        ensure!(
            (0.0..=1.0).contains(&sample),
            "{}: {sample} has to be from 0.0, for no trace, to 1.0, for all",
            file.at(&written.span())
        );
    }
    Ok(Traces { endpoint: endpoint.clone(), sample })
}
