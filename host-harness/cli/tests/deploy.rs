//! The files in `deploy/`: what they name is there.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};
use clap::Parser as _;
use host_harness::arguments::{Arguments, Command as Subcommand};
use host_harness::operator;
use promql_parser::parser::{self, Expr, VectorSelector};
use promql_parser::util::{ExprVisitor, walk_expr};
use saphyr::{LoadableYamlNode as _, Yaml};
use serde_json::Value;
use video_host::watch::{Kind, Metric};

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy").join(name)
}

fn read(name: &str) -> Result<String> {
    std::fs::read_to_string(file(name)).with_context(|| format!("cannot read deploy/{name}"))
}

/// What an expression asks for.
#[derive(Default)]
struct Asked(Vec<VectorSelector>);

impl ExprVisitor for Asked {
    type Error = std::convert::Infallible;

    fn pre_visit(&mut self, expression: &Expr) -> Result<bool, Self::Error> {
        match expression {
            Expr::VectorSelector(selector) => self.0.push(selector.clone()),
            Expr::MatrixSelector(selector) => self.0.push(selector.vs.clone()),
            _ => {}
        }
        Ok(true)
    }
}

/// Checks an expression, and gives the names of the metrics in it.
fn checked(expression: &str) -> Result<BTreeSet<&'static str>> {
    // Grafana puts a time there.
    let expression = expression.replace("$__rate_interval", "5m");
    let parsed = parser::parse(&expression).map_err(|error| anyhow::anyhow!("{expression}: {error}"))?;
    let mut asked = Asked::default();
    walk_expr(&mut asked, &parsed)?;
    let mut names = BTreeSet::new();
    for selector in asked.0 {
        let name = selector.name.context("a name")?;
        if name == "up" {
            continue;
        }
        let metric = named(&name).with_context(|| format!("{name} is not exported: {expression}"))?;
        for matcher in &selector.matchers.matchers {
            ensure!(
                metric.labels.contains(&matcher.name.as_str()),
                "{name} has no label {}: {expression}",
                matcher.name
            );
        }
        names.insert(metric.name);
    }
    Ok(names)
}

/// The metric of a series; histograms have three.
fn named(series: &str) -> Option<&'static Metric> {
    operator::metrics().find(|metric| match metric.kind {
        Kind::Counter | Kind::Gauge => series == metric.name,
        Kind::Histogram => series
            .strip_prefix(metric.name)
            .is_some_and(|ending| matches!(ending, "_bucket" | "_sum" | "_count")),
    })
}

fn text<'a>(rule: &'a Yaml<'_>, key: &str) -> Result<&'a str> {
    rule.as_mapping_get(key).and_then(Yaml::as_str).with_context(|| format!("{key} of {rule:?}"))
}

/// The alert rules.
fn rules(read: &str) -> Result<Vec<(String, String)>> {
    let documents = Yaml::load_from_str(read)?;
    let groups = documents.first().and_then(|it| it.as_mapping_get("groups")).context("groups")?;
    let mut rules = Vec::new();
    for group in groups.as_sequence().context("a list of groups")? {
        for rule in group.as_mapping_get("rules").and_then(Yaml::as_sequence).context("rules")? {
            ensure!(rule.as_mapping_get("annotations").and_then(|it| it.as_mapping_get("summary")).is_some());
            rules.push((text(rule, "alert")?.to_owned(), text(rule, "expr")?.to_owned()));
        }
    }
    Ok(rules)
}

#[test]
fn alerts_ask_for_what_is_exported_and_each_is_explained() -> Result<()> {
    let rules = rules(&read("alerts.yaml")?)?;
    let guide = std::fs::read_to_string(file("../docs/operations.md"))?;
    assert!(rules.len() >= 10, "{}", rules.len());
    for (alert, expression) in &rules {
        checked(expression).with_context(|| alert.clone())?;
        assert!(guide.contains(&format!("| {alert} |")), "docs/operations.md does not explain {alert}");
    }
    // Those that the issue names.
    for alert in
        ["VideoGrantDead", "VideoQuotaNearItsEnd", "VideoQueueGrows", "VideoThrottled", "VideoStoreFails"]
    {
        assert!(rules.iter().any(|(name, _)| name == alert), "{alert}");
    }
    Ok(())
}

/// Runs Prometheus' own tool; none where it is not installed, and need not be.
fn promtool(arguments: &[&str], file: &Path) -> Result<Option<()>> {
    let Ok(ended) = Command::new("promtool").args(arguments).arg(file).output() else {
        ensure!(std::env::var("PROMTOOL").as_deref() != Ok("required"), "there is no promtool");
        return skipped("promtool").map(|()| None);
    };
    let said = [ended.stdout, ended.stderr].concat();
    ensure!(ended.status.success(), "{}", String::from_utf8_lossy(&said));
    Ok(Some(()))
}

#[test]
fn each_alert_comes_when_it_is_time_and_says_what_is_wrong() -> Result<()> {
    let cases = read("alerts.test.yaml")?;
    for (alert, _) in rules(&read("alerts.yaml")?)? {
        assert!(cases.contains(&format!("alertname: {alert}\n")), "nobody makes {alert} come");
    }
    promtool(&["test", "rules"], &file("alerts.test.yaml")).map(drop)
}

#[test]
fn prometheus_itself_takes_what_the_dashboard_asks_for() -> Result<()> {
    let mut rules = "groups:\n  - name: dashboard\n    rules:\n".to_owned();
    let dashboard: Value = serde_json::from_str(&read("dashboard.json")?)?;
    let targets =
        dashboard["panels"].as_array().context("panels")?.iter().filter_map(|it| it["targets"].as_array());
    for (nth, target) in targets.flatten().enumerate() {
        let expression = target["expr"].as_str().context("an expression")?.replace("$__rate_interval", "5m");
        writeln!(rules, "      - {{ record: asked{nth}, expr: {} }}", Value::from(expression))?;
    }
    let here = tempfile::tempdir()?;
    let copy = here.path().join("rules.yaml");
    std::fs::write(&copy, rules)?;
    promtool(&["check", "rules"], &copy).map(drop)
}

#[test]
fn the_dashboard_shows_five_things_and_asks_for_what_is_exported() -> Result<()> {
    let dashboard: Value = serde_json::from_str(&read("dashboard.json")?)?;
    let panels = dashboard["panels"].as_array().context("panels")?;
    let rows: Vec<_> = panels.iter().filter(|panel| panel["type"] == "row").collect();
    assert_eq!(rows.len(), 5);
    for (nth, row) in rows.iter().enumerate() {
        let title = row["title"].as_str().unwrap_or_default();
        assert!(title.starts_with(&format!("{}. ", nth + 1)) && title.ends_with('?'), "{title}");
    }
    let mut asked = BTreeSet::new();
    for panel in panels.iter().filter(|panel| panel["type"] != "row") {
        let targets = panel["targets"].as_array().context("targets")?;
        ensure!(!targets.is_empty(), "{} shows nothing", panel["title"]);
        for target in targets {
            let expression = target["expr"].as_str().context("an expression")?;
            asked.extend(checked(expression).with_context(|| panel["title"].to_string())?);
        }
    }
    assert!(asked.len() >= 15, "{asked:?}");
    Ok(())
}

#[test]
fn an_expression_that_asks_for_nothing_that_is_exported_is_found() {
    for wrong in ["video_bokings_total", "video_calls_total{outcme=\"ok\"}", "video_call_seconds", "rate(("] {
        assert!(checked(wrong).is_err(), "{wrong}");
    }
    assert!(checked("video_call_seconds_bucket").is_ok());
}

#[test]
fn the_list_of_metrics_is_what_operators_know() -> Result<()> {
    let mut list = String::new();
    let mut names = BTreeSet::new();
    for Metric { name, kind, labels, help } in operator::metrics() {
        assert!(names.insert(name), "{name} comes twice");
        assert!(help.ends_with('.'), "{name}: {help}");
        assert_eq!(name.ends_with("_total"), *kind == Kind::Counter, "{name}");
        for label in *labels {
            assert!(
                !["staff", "appointment", "organizer", "client", "email"].contains(label),
                "{name}: {label}"
            );
        }
        writeln!(list, "{name} {{{}}} {kind:?}\n    {help}", labels.join(", "))?;
    }
    insta::assert_snapshot!(list);
    Ok(())
}

#[test]
fn the_unit_is_one_that_systemd_takes() -> Result<()> {
    let unit = read("video-appointments.service")?;
    // The program is not where the unit will find it: this one is.
    let here = tempfile::tempdir()?;
    let copy = here.path().join("video-appointments.service");
    std::fs::write(&copy, unit.replace("/usr/local/bin/host-harness", env!("CARGO_BIN_EXE_host-harness")))?;
    let Ok(verified) = Command::new("systemd-analyze").arg("verify").arg(&copy).output() else {
        return skipped("systemd-analyze");
    };
    let said = String::from_utf8_lossy(&verified.stderr);
    assert!(verified.status.success() && said.trim().is_empty(), "{said}");
    Ok(())
}

/// The words of a Containerfile's instructions of one name, in order.
fn instructions<'a>(containerfile: &'a str, name: &str) -> Vec<&'a str> {
    let named = |line: &'a str| line.split_once(' ').filter(|(word, _)| *word == name);
    containerfile.lines().filter_map(named).map(|(_, words)| words).collect()
}

/// The value that `deploy/serve.toml` shows for a setting, also one that is commented out.
fn shown(configuration: &str, setting: &str) -> Result<Vec<String>> {
    let lines = configuration.lines().map(|line| line.strip_prefix('#').unwrap_or(line));
    let values = lines.filter_map(|line| line.strip_prefix(setting)?.strip_prefix(" = "));
    values.map(|value| Ok(serde_json::from_str(value)?)).collect()
}

/// The configuration that the program is told to serve.
fn served(arguments: &[String]) -> Result<PathBuf> {
    let program = ["host-harness".to_owned()];
    let parsed = Arguments::try_parse_from(program.iter().chain(arguments))?;
    let Subcommand::Serve(options) = parsed.command else { bail!("{arguments:?} serves nothing") };
    options.config.context("without a configuration it serves sample data")
}

#[test]
fn the_image_is_built_and_run_with_what_the_repository_has() -> Result<()> {
    let (containerfile, configuration) = (read("Containerfile")?, read("serve.toml")?);
    let all = |name: &str| instructions(&containerfile, name);
    let toolchain: toml::Table = toml::from_str(&std::fs::read_to_string(file("../rust-toolchain.toml"))?)?;
    let channel = toolchain["toolchain"]["channel"].as_str().context("a channel")?;
    assert_eq!(all("ARG"), [format!("RUST={channel}")], "rust-toolchain.toml has another version");
    let targets = toolchain["toolchain"]["targets"].as_array().context("targets")?;
    for target in targets {
        let target = target.as_str().context("a target")?;
        ensure!(containerfile.contains(&format!("rustup target add {target}")), "{target} is not installed");
    }

    // What is built is what is copied, and what is copied is what is run.
    let built = all("RUN").into_iter().find(|words| words.starts_with("cargo build")).context("a build")?;
    ensure!(built == "cargo build --release --locked --bin host-harness", "{built}");
    let program = "/usr/local/bin/host-harness";
    let copied = all("COPY").into_iter().find(|words| words.starts_with("--from=build")).context("a copy")?;
    assert_eq!(copied, format!("--from=build {}/target/release/host-harness {program}", all("WORKDIR")[0]));
    assert_eq!(all("ENTRYPOINT"), [format!("[\"{program}\"]")]);
    let arguments: Vec<String> = serde_json::from_str(all("CMD").first().context("a command")?)?;
    let served = served(&arguments)?;
    let unit = read("video-appointments.service")?;
    ensure!(unit.contains(&format!("ExecStart={program} serve --config {}", served.display())));
    let folder = served.parent().context("a folder")?;
    ensure!(containerfile.contains(&format!("at {}, read-only", folder.display())), "where to mount it");

    // Its folder and its ports are those of the configuration.
    assert_eq!(all("VOLUME"), shown(&configuration, "data")?);
    let listen = shown(&configuration, "listen")?;
    let ports: Vec<_> = listen.iter().filter_map(|address| address.rsplit(':').next()).collect();
    assert_eq!(all("EXPOSE"), [ports.join(" ")], "{listen:?}");
    for port in ports {
        ensure!(containerfile.contains(&format!("0.0.0.0:{port}")), "how {port} is reached from outside");
    }
    Ok(())
}

#[test]
fn the_units_credentials_are_where_its_configuration_reads_them() -> Result<()> {
    let (unit, configuration) = (read("video-appointments.service")?, read("serve.toml")?);
    for (setting, credential) in
        [("client-secret-file", "client-secret"), ("database-url-file", "database-url")]
    {
        let load = format!("LoadCredential={credential}:/etc/video-appointments/{credential}");
        ensure!(unit.lines().any(|line| line.trim_start_matches('#') == load), "{credential} is not loaded");
        let named = format!("{setting} = \"/run/credentials/video-appointments.service/{credential}\"");
        ensure!(unit.contains(&named), "{credential} is not named");
        ensure!(!shown(&configuration, setting)?.is_empty(), "there is no setting {setting}");
    }
    ensure!(configuration.contains("/run/credentials/video-appointments.service/database-url"));
    Ok(())
}

/// Not through the test's captured output: a skip is to be seen.
fn skipped(what: &str) -> Result<()> {
    use std::io::Write as _;
    writeln!(std::io::stderr(), "SKIPPED: there is no {what}")?;
    Ok(())
}
