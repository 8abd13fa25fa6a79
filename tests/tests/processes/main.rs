//! Several host processes on one store.

mod matching;
mod refreshing;

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result};
use end_to_end::process::command;
use mock_graph::MockGraph;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout};

/// A host of its own process, which takes orders.
struct HostProcess {
    process: Child,
    orders: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl HostProcess {
    /// So many of a program, on a folder that has the stand-in's certificate and the clock of everybody in it.
    async fn start_all(
        count: usize,
        program: &str,
        folder: &Path,
        microsoft: &MockGraph,
    ) -> Result<Vec<Self>> {
        let start = |_| Self::start(program, folder, microsoft);
        let mut hosts = (0..count).map(start).collect::<Result<Vec<_>>>()?;
        for host in &mut hosts {
            assert_eq!(host.answer().await?, "ready");
        }
        Ok(hosts)
    }

    fn start(program: &str, folder: &Path, microsoft: &MockGraph) -> Result<Self> {
        let mut process = command(program.as_ref(), microsoft, &folder.join("ca.pem"), 0)
            .arg(folder)
            .env("CLOCK", folder.join("clock"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let orders = process.stdin.take().context("no standard input")?;
        let answers = BufReader::new(process.stdout.take().context("no standard output")?).lines();
        Ok(Self { process, orders, answers })
    }

    async fn order(&mut self, order: &str) -> Result<()> {
        Ok(self.orders.write_all(format!("{order}\n").as_bytes()).await?)
    }

    async fn answer(&mut self) -> Result<String> {
        self.answers.next_line().await?.context("a host ended")
    }
}
