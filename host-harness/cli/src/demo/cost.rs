//! What the whole story cost.

use std::collections::BTreeMap;
use std::io;

use anyhow::Result;
use mock_graph::Operation;
use serde::Serialize;

use super::stage::{Setting, Stage};
use super::teller::{ChapterCost, Teller};
use crate::screen::{Screen, Tone, bytes, count, fitted, took};

/// What the plugin and the host ask Microsoft for, in the order to show it.
const OPERATIONS: [(Operation, &str, &str); 12] = [
    (Operation::Discovery, "discovery", "is there such a tenant"),
    (Operation::Token, "token", "redeem or renew an authorization"),
    (Operation::Me, "me", "who is connected"),
    (Operation::Licence, "licence", "does the account have Teams"),
    (Operation::GetUser, "get_user", "one user"),
    (Operation::ListUsers, "list_users", "users by name or address"),
    (Operation::Batch, "batch", "many questions about users in one request"),
    (Operation::CreateMeeting, "create_meeting", "make a meeting, or give it again"),
    (Operation::GetMeeting, "get_meeting", "one meeting"),
    (Operation::ListMeetings, "list_meetings", "meetings by link"),
    (Operation::UpdateMeeting, "update_meeting", "move a meeting"),
    (Operation::DeleteMeeting, "delete_meeting", "end a meeting"),
];

/// Columns of a table's first column.
const NAME: usize = 46;

#[derive(Debug, Serialize)]
pub(super) struct Cost {
    promises_kept: usize,
    milliseconds: f64,
    chapters: Vec<ChapterCost>,
    calls: u64,
    calls_by_operation: BTreeMap<&'static str, u64>,
    questions_in_batches: u64,
    browser_pages: u64,
    connections: u64,
    bytes_in: u64,
    bytes_out: u64,
    component_bytes: u64,
    load_cold_milliseconds: f64,
}

pub(super) fn reckon(stage: &Stage, setting: &Setting, teller: &Teller<'_>) -> Result<Cost> {
    let journal = stage.microsoft.journal();
    let counted = OPERATIONS.map(|(operation, name, _)| (name, journal.count(operation)));
    let calls_by_operation: BTreeMap<_, _> = counted.into_iter().filter(|(_, calls)| *calls > 0).collect();
    let calls = stage.calls();
    let named: u64 = calls_by_operation.values().sum();
    anyhow::ensure!(
        named == calls,
        "Microsoft was asked for something unforeseen: {calls} calls, {named} named"
    );
    let traffic = stage.host.traffic();
    Ok(Cost {
        promises_kept: teller.promises(),
        milliseconds: teller.elapsed().as_secs_f64() * 1e3,
        chapters: teller.costs(),
        calls,
        calls_by_operation,
        questions_in_batches: journal.count(Operation::BatchItem),
        browser_pages: stage.pages(),
        connections: traffic.connections,
        bytes_in: traffic.bytes_in,
        bytes_out: traffic.bytes_out,
        component_bytes: setting.component_bytes,
        load_cold_milliseconds: setting.load_cold_milliseconds.as_secs_f64() * 1e3,
    })
}

fn time(milliseconds: f64) -> String {
    took(std::time::Duration::from_secs_f64(milliseconds / 1e3))
}

impl Cost {
    pub(super) fn tell(&self, screen: &mut Screen) -> io::Result<()> {
        let head = format!("{}{:>5}{:>12}", fitted("chapter", NAME), "calls", "time");
        screen.line(format!("   {}", screen.paint(Tone::Faint, head)))?;
        for chapter in &self.chapters {
            let calls = if chapter.calls == 0 { "–".to_owned() } else { chapter.calls.to_string() };
            let time = time(chapter.milliseconds);
            screen.line(format!("   {}{calls:>5}{time:>12}", fitted(chapter.title, NAME)))?;
        }
        let total = format!("{}{:>5}{:>12}", fitted("All of it", NAME), self.calls, time(self.milliseconds));
        screen.line(format!("   {}", screen.paint(Tone::Strong, total)))?;
        screen.gap()?;
        for (_, name, meaning) in OPERATIONS {
            if let Some(calls) = self.calls_by_operation.get(name) {
                let name = fitted(&name.replace('_', " "), NAME);
                screen.line(format!("   {name}{calls:>5}  {}", screen.paint(Tone::Faint, meaning)))?;
            }
        }
        screen.gap()?;
        let batches = self.calls_by_operation.get("batch").copied().unwrap_or_default();
        let questions = count(self.questions_in_batches, "question");
        screen.fact("Batches", &format!("{questions} about users in {}", count(batches, "request")))?;
        screen.fact(
            "Browser",
            &format!("{} of Microsoft's, which the sign-ins opened", count(self.browser_pages, "page")),
        )?;
        screen.fact(
            "Network",
            &format!(
                "{}, {} in, {} out, TLS included",
                count(self.connections, "connection"),
                bytes(self.bytes_in),
                bytes(self.bytes_out)
            ),
        )?;
        screen.fact(
            "Component",
            &format!("{}, loaded cold in {}", bytes(self.component_bytes), time(self.load_cold_milliseconds)),
        )
    }
}
