//! The workers: started, asked, killed and started again.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result, bail, ensure};
use end_to_end::process;
use mock_graph::MockGraph;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use crate::words::{Asked, Line, Told, What};

/// How workers are started.
#[derive(Clone)]
pub(crate) struct Start {
    pub(crate) microsoft: MockGraph,
    pub(crate) folder: PathBuf,
    /// The file of the stand-in's certificate.
    pub(crate) ca: PathBuf,
    /// By how many seconds everybody's clock is ahead.
    pub(crate) advanced: Arc<AtomicU64>,
}

/// What happened to the workers.
#[derive(Debug, Default)]
pub(crate) struct Service {
    pub(crate) kills: AtomicU64,
    /// Orders that were under way in a worker when it was killed.
    pub(crate) interrupted: AtomicU64,
    /// What workers finished when they started.
    pub(crate) resumed: AtomicU64,
}

/// Its own error comes with the crew's end.
const GIVEN_UP: &str = "a worker's place was given up";

enum Message {
    Ask { appointment: String, staff: String, what: What, answer: oneshot::Sender<Told> },
    Advance(u64),
}

/// How a worker is reached, or the one after it.
struct Door {
    messages: mpsc::UnboundedSender<Message>,
    kills: mpsc::UnboundedSender<()>,
}

/// The workers, by their numbers.
pub(crate) struct Crew {
    places: Vec<Door>,
    running: JoinSet<Result<()>>,
    pub(crate) service: Arc<Service>,
}

impl Crew {
    /// Starts so many.
    pub(crate) fn start(start: &Start, processes: u32) -> Self {
        let service = Arc::new(Service::default());
        let (mut places, mut running) = (Vec::new(), JoinSet::new());
        for _ in 0..processes {
            let (sender, messages) = mpsc::unbounded_channel();
            let (killer, kills) = mpsc::unbounded_channel();
            places.push(Door { messages: sender, kills: killer });
            running.spawn(Place { start: start.clone(), service: service.clone(), messages, kills }.serve());
        }
        Self { places, running, service }
    }

    /// Asks a worker; nothing if it was killed before it answered.
    pub(crate) async fn ask(
        &self,
        process: u32,
        appointment: &str,
        staff: &str,
        what: What,
    ) -> Result<Option<Told>> {
        let (answer, told) = oneshot::channel();
        let (appointment, staff) = (appointment.to_owned(), staff.to_owned());
        self.send(process, Message::Ask { appointment, staff, what, answer })?;
        Ok(told.await.ok())
    }

    /// Kills a worker with SIGKILL, also while it starts. It is started again at once.
    pub(crate) fn kill(&self, process: u32) -> Result<()> {
        self.door(process)?.kills.send(()).ok().context(GIVEN_UP)
    }

    /// Tells every worker what time it is.
    pub(crate) fn advance(&self, seconds: u64) -> Result<()> {
        (0..).zip(&self.places).try_for_each(|(process, _)| self.send(process, Message::Advance(seconds)))
    }

    /// Lets everybody come to an end.
    pub(crate) async fn dismiss(mut self) -> Result<()> {
        self.places.clear();
        while let Some(ended) = self.running.join_next().await {
            ended??;
        }
        Ok(())
    }

    fn send(&self, process: u32, message: Message) -> Result<()> {
        self.door(process)?.messages.send(message).ok().context(GIVEN_UP)
    }

    fn door(&self, process: u32) -> Result<&Door> {
        self.places.get(process as usize).context("no such worker")
    }
}

/// Where one worker runs after the other.
struct Place {
    start: Start,
    service: Arc<Service>,
    messages: mpsc::UnboundedReceiver<Message>,
    kills: mpsc::UnboundedReceiver<()>,
}

enum Ended {
    Killed,
    Dismissed,
}

impl Place {
    async fn serve(mut self) -> Result<()> {
        while matches!(self.one_life().await?, Ended::Killed) {}
        Ok(())
    }

    /// From a worker's start to its end.
    async fn one_life(&mut self) -> Result<Ended> {
        let mut child = self.spawn()?;
        let mut input = child.stdin.take().context("no standard input")?;
        let mut lines = BufReader::new(child.stdout.take().context("no standard output")?).lines();
        let mut asked = HashMap::<u64, oneshot::Sender<Told>>::new();
        let (mut number, mut ready, mut killed, mut dismissed) = (0, false, false, false);
        loop {
            tokio::select! {
                line = lines.next_line() => match line? {
                    // Killed in the middle of a line: it was not told.
                    Some(line) if killed && serde_json::from_str::<Line>(&line).is_err() => {}
                    Some(line) => match serde_json::from_str(&line)? {
                        Line::Ready { resumed } => {
                            ready = true;
                            self.service.resumed.fetch_add(resumed as u64, Ordering::Relaxed);
                        }
                        Line::Answer { number, told } => {
                            let answer = asked.remove(&number).context("an answer to no question")?;
                            // Whoever asked has gone: the run has failed elsewhere.
                            let _ = answer.send(told);
                        }
                    },
                    None => break,
                },
                message = self.messages.recv(), if ready && !killed && !dismissed => match message {
                    Some(Message::Ask { appointment, staff, what, answer }) => {
                        number += 1;
                        asked.insert(number, answer);
                        say(&mut input, &Asked::Do { number, appointment, staff, what }).await?;
                    }
                    Some(Message::Advance(seconds)) => say(&mut input, &Asked::Advance(seconds)).await?,
                    // The end of its input is what ends it.
                    None => dismissed = true,
                },
                Some(()) = self.kills.recv(), if !killed && !dismissed => {
                    child.start_kill()?;
                    killed = true;
                }
            }
            if dismissed && asked.is_empty() {
                break;
            }
        }
        drop(input);
        let status = child.wait().await?;
        if killed {
            self.service.kills.fetch_add(1, Ordering::Relaxed);
            self.service.interrupted.fetch_add(asked.len() as u64, Ordering::Relaxed);
            return Ok(Ended::Killed);
        }
        ensure!(status.success(), "a worker ended by itself, with {status}");
        if !dismissed {
            bail!("a worker stopped serving");
        }
        Ok(Ended::Dismissed)
    }

    fn spawn(&self) -> Result<Child> {
        let Start { microsoft, folder, ca, advanced } = &self.start;
        let program = std::env::current_exe()?;
        let mut command: Command =
            process::command(Path::new(&program), microsoft, ca, advanced.load(Ordering::SeqCst));
        command.arg("--worker").arg(folder).stdin(Stdio::piped()).stdout(Stdio::piped());
        Ok(command.spawn()?)
    }
}

async fn say(input: &mut tokio::process::ChildStdin, asked: &Asked) -> Result<()> {
    let mut line = serde_json::to_vec(asked)?;
    line.push(b'\n');
    Ok(input.write_all(&line).await?)
}
