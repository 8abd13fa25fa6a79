//! A small run of the chaos, and that another seed's plan is another.

use std::process::Stdio;

use anyhow::{Context as _, Result, ensure};
use end_to_end::Method;
use tokio::process::Command;

/// What a run prints.
async fn run(method: Method, arguments: &[&str], environment: &[(&str, &str)]) -> Result<String> {
    let output = Command::new(env!("CARGO_BIN_EXE_chaos"))
        .args(["--method", method.name()])
        .args(arguments)
        .env("RUST_BACKTRACE", "0")
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .output()
        .await?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{arguments:?} by {}: {said}", method.name());
    Ok(String::from_utf8(output.stdout)?)
}

#[tokio::test]
async fn after_faults_and_kills_everybody_agrees_meeting_for_meeting() -> Result<()> {
    let scale = ["--seed", "7", "--bookings", "100", "--processes", "2", "--kills", "3"];
    for method in Method::ALL {
        let summary = run(method, &scale, &[]).await?;
        ensure!(summary.contains("killed            3 processes"), "{summary}");
        ensure!(summary.contains("connection lost after"), "{summary}");
        ensure!(summary.contains("100 appointments, 2 processes"), "{summary}");
    }
    Ok(())
}

#[tokio::test]
async fn three_hosts_on_one_postgresql_agree_after_kills_and_crashes_of_the_database() -> Result<()> {
    if !test_store::is_installed()? {
        return Ok(());
    }
    let scale = ["--seed", "11", "--bookings", "150", "--processes", "3", "--kills", "2", "--restarts", "2"];
    let summary = run(Method::ServiceAccount, &scale, &[("STORE", "postgres")]).await?;
    ensure!(summary.contains("150 appointments, 3 processes"), "{summary}");
    ensure!(summary.contains("killed            2 processes"), "{summary}");
    ensure!(summary.contains("crashed           2 times the database"), "{summary}");
    let seconds = |before: &str| -> Result<f64> {
        let rest = summary.split_once(before).with_context(|| summary.clone())?.1;
        Ok(rest.split_once(" s at most").with_context(|| summary.clone())?.0.parse()?)
    };
    // It was away, which was felt, and not for longer than a statement is waited for and somebody waits to ask again.
    let (away, felt) = (seconds("the database, for ")?, seconds("no order was done for ")?);
    ensure!(away > 0.0 && felt > 0.0 && felt < away + 20.0, "{summary}");
    println!("{summary}");
    Ok(())
}
