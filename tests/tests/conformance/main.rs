//! The conformance suite: both providers pass it, and for every rule there is a provider that breaks it
//! and is told so by the rule's name.

mod rooms;

use std::fmt::Write as _;

use anyhow::{Context as _, Result};
use host_harness::check::Microsoft;
use provider_conformance::{Alone, Rule, Verdict, check, check_rules};

use rooms::Rooms;

#[tokio::test]
async fn teams_keeps_every_rule() -> Result<()> {
    let report = check(plugin_artifacts::TEAMS, &Microsoft::start(&[], &[]).await?).await?;
    assert!(report.passed(), "{report}");
    assert_eq!(
        report.named(Verdict::NotApplicable),
        [
            "gives-a-link-for-joining",
            "has-the-host-sign",
            "participants-have-their-own-links",
            "a-token-leads-where-it-may",
            "a-token-is-stored-nowhere",
        ],
        "its links are the same for everybody"
    );
    Ok(())
}

#[tokio::test]
async fn jitsi_keeps_every_rule_that_is_about_it() -> Result<()> {
    let report = check(plugin_artifacts::JITSI, &Alone).await?;
    assert!(report.passed(), "{report}");
    assert_eq!(
        report.named(Verdict::NotApplicable),
        [
            "refuses-a-callback-without-an-answer",
            "a-declined-sign-in-connects-nothing",
            "matches-each-key-in-order",
            "tells-how-many-users-there-are",
            "says-that-nothing-happened",
            "says-that-it-may-have-happened",
            "a-lost-answer-makes-no-second-meeting",
            "says-how-long-to-wait",
            "a-fault-says-nothing-of-the-grant",
            "says-that-the-grant-is-dead",
            "refuses-another-account",
            "disconnects-with-a-dead-grant",
        ]
    );
    Ok(())
}

#[tokio::test]
async fn a_provider_that_does_nothing_wrong_keeps_every_rule() -> Result<()> {
    let report = check(plugin_artifacts::WRONG, &Rooms::start().await?).await?;
    assert!(report.passed(), "{report}");
    assert_eq!(report.count(Verdict::Kept), Rule::ALL.len());
    Ok(())
}

#[tokio::test]
async fn whoever_breaks_a_rule_is_told_by_its_name_and_what_to_read() -> Result<()> {
    let mut told = String::new();
    for rule in Rule::ALL {
        let backend = Rooms::start().await?.breaking(rule.name());
        let report = check_rules(plugin_artifacts::WRONG, &backend, &[rule]).await?;
        assert_eq!(report.named(Verdict::Broken), [rule.name()], "{}: {report}", rule.name());
        assert!(!report.passed());
        let judged = report.judged.first().context("one rule")?;
        let (did, came) = (judged.did.as_deref(), judged.came.as_deref());
        writeln!(told, "{}", judged.rule)?;
        writeln!(told, "  did   {}\n  came  {}", did.context("what was done")?, came.context("what came")?)?;
        writeln!(told, "  read  {}\n", judged.read)?;
    }
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"[0-9a-f]{16}", "[random]");
    settings.add_filter(r"room-\d+", "room-[n]");
    settings.add_filter(r"state=[\w-]+", "state=[state]");
    settings.bind(|| insta::assert_snapshot!("every_rule_broken", told));
    Ok(())
}

#[tokio::test]
async fn a_rule_that_can_be_broken_in_another_way_is_told_of_that_as_well() -> Result<()> {
    for (broken, rule, came) in [
        (
            "disconnecting-keeps-a-credential",
            Rule::DisconnectingLeavesNothingBehind,
            "the host still has the credentials [\"rooms\"]",
        ),
        ("appointments-have-their-own-meetings", Rule::IntegrationsShareNothing, "/join/the-room for both"),
        ("shortens-a-full-look-up", Rule::AnswersAFullBatch, "10 outcomes for 20 meetings"),
    ] {
        let backend = Rooms::start().await?.breaking(broken);
        let report = check_rules(plugin_artifacts::WRONG, &backend, &[rule]).await?;
        let told = report.judged.first().and_then(|judged| judged.came.clone());
        assert!(told.is_some_and(|told| told.contains(came)), "{broken}: {report}");
    }
    Ok(())
}

#[test]
fn every_rule_quotes_the_contract_and_has_a_name_of_its_own() {
    let wit = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit");
    let mut text = String::new();
    for file in std::fs::read_dir(wit).expect("the contract's folder") {
        let file = std::fs::read_to_string(file.expect("an entry").path()).expect("a file of the contract");
        for line in file.lines() {
            text.push_str(line.trim().trim_start_matches("///").trim());
            text.push(' ');
        }
    }
    let mut names = std::collections::BTreeSet::new();
    for rule in Rule::ALL {
        assert!(
            text.contains(rule.contract()),
            "{}: the contract does not say: {}",
            rule.name(),
            rule.contract()
        );
        assert!(names.insert(rule.name()), "{} twice", rule.name());
    }
}

#[tokio::test]
async fn a_provider_whose_service_nobody_stands_in_for_is_not_passed_over() -> Result<()> {
    let report = check(plugin_artifacts::WRONG, &Alone).await?;
    assert!(!report.passed(), "it could not even be connected");
    assert!(report.named(Verdict::NotJudged).contains(&"creating-twice-is-one-meeting"), "{report}");
    let why =
        report.judged.iter().find(|it| it.rule == "says-how-long-to-wait").and_then(|it| it.why.clone());
    assert!(why.is_some_and(|why| why.contains("https://rooms.example")), "{report}");
    Ok(())
}

#[tokio::test]
async fn what_is_no_component_breaks_the_first_rule_and_is_judged_by_no_other() -> Result<()> {
    let report = check(b"not a component", &Alone).await?;
    assert_eq!(report.named(Verdict::Broken), ["loads-and-describes-itself"]);
    assert_eq!(report.count(Verdict::NotJudged), Rule::ALL.len() - 1);
    Ok(())
}
