//! A connected world to match in, and what the stand-in was asked, as it reads it.

use anyhow::{Context, Result, bail};
use end_to_end::{World, WorldOptions, contract_error};
use mock_graph::{Config, Operation, Recorded, User, contoso};
use percent_encoding::percent_decode_str;
use serde_json::Value;
use url::form_urlencoded;
use video_host::Provider;
use video_host::provider::{DirectoryPage, Error, Look, MatchOutcome};

pub(crate) struct Stage {
    pub(crate) world: World,
    teams: Provider,
}

impl Stage {
    /// Contoso with more people.
    pub(crate) async fn start(people: Vec<User>) -> Result<Self> {
        Self::with(Config::default(), people).await
    }

    /// The same, with another Microsoft.
    pub(crate) async fn with(microsoft: Config, people: Vec<User>) -> Result<Self> {
        let (world, teams) = World::connected(WorldOptions { microsoft, ..WorldOptions::default() }).await?;
        for user in people {
            world.microsoft.directory().add_user(contoso::TENANT_ID, user)?;
        }
        Ok(Self { world, teams })
    }

    pub(crate) async fn ask<K: AsRef<str>>(&self, keys: &[K]) -> Result<Vec<MatchOutcome>> {
        Ok(self.teams.match_users(&owned(keys), Look::Everywhere).await?)
    }

    /// The same, by one look alone.
    pub(crate) async fn look<K: AsRef<str>>(&self, keys: &[K], look: Look) -> Result<Vec<MatchOutcome>> {
        Ok(self.teams.match_users(&owned(keys), look).await?)
    }

    /// A page of the directory.
    pub(crate) async fn page(&self, cursor: Option<&str>) -> Result<DirectoryPage> {
        Ok(self.teams.list_users(cursor).await?)
    }

    /// The same, in words.
    pub(crate) async fn ask_in_words<K: AsRef<str>>(&self, keys: &[K]) -> Result<Vec<String>> {
        Ok(self.ask(keys).await?.iter().map(in_words).collect())
    }

    pub(crate) async fn ask_in_vain<K: AsRef<str>>(&self, keys: &[K]) -> Result<Error> {
        contract_error(self.teams.match_users(&owned(keys), Look::Everywhere).await)
    }

    /// What the stand-in received since this was asked last.
    pub(crate) fn received(&self) -> Vec<Recorded> {
        let journal = self.world.microsoft.journal();
        let received = journal.requests();
        journal.clear();
        received
    }

    /// The questions in it.
    pub(crate) fn asked(&self) -> Result<Vec<Question>> {
        let mut asked = Vec::new();
        for request in self.received() {
            asked.extend(questions(&request)?);
        }
        Ok(asked)
    }
}

fn owned<K: AsRef<str>>(keys: &[K]) -> Vec<String> {
    keys.iter().map(|key| key.as_ref().to_owned()).collect()
}

/// An outcome with the users that it names, by their UPN.
pub(crate) fn in_words(outcome: &MatchOutcome) -> String {
    match outcome {
        MatchOutcome::Matched(user) => format!("matched {}", user.key),
        MatchOutcome::NotFound => "not found".to_owned(),
        MatchOutcome::AliasOf(user) => format!("alias of {}", user.key),
        MatchOutcome::Guest(user) => format!("guest {}", user.key),
        MatchOutcome::Disabled(user) => format!("disabled {}", user.key),
        MatchOutcome::Unlicensed(user) => format!("unlicensed {}", user.key),
        MatchOutcome::Ambiguous(users) => {
            let mut keys: Vec<_> = users.iter().map(|user| user.key.as_str()).collect();
            keys.sort_unstable();
            format!("ambiguous {}", keys.join(" "))
        }
        MatchOutcome::RetryLater(ms) => format!("later {ms}"),
    }
}

/// A member whose id comes from `number`.
pub(crate) fn member(number: u32, upn: &str) -> User {
    User::member(&format!("00000000-0000-4000-8000-{number:012}"), upn, &format!("Member {number}"))
}

/// What one request, or one item of a batch, asks about users.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Question {
    /// For one user, by UPN.
    User(String),
    /// For those with one of these UPNs.
    Names(Vec<String>),
    /// For those with one of these mail or proxy addresses.
    Addresses(Vec<String>),
}

impl Question {
    /// How many clauses Graph counts in it.
    pub(crate) fn clauses(&self) -> usize {
        match self {
            Self::User(_) => 1,
            Self::Names(values) | Self::Addresses(values) => values.len(),
        }
    }

    /// The keys that it asks for.
    pub(crate) fn keys(&self) -> Vec<&str> {
        match self {
            Self::User(key) => vec![key],
            Self::Names(keys) | Self::Addresses(keys) => keys.iter().map(String::as_str).collect(),
        }
    }

    pub(crate) fn is_second_look(&self) -> bool {
        matches!(self, Self::Addresses(_))
    }

    /// Reads what follows `/v1.0`, decoded once, as a server does.
    fn read(url: &str) -> Result<Self> {
        let (path, query) = url.split_once('?').context("no query")?;
        let parameter = |wanted: &str| {
            let mut pairs = form_urlencoded::parse(query.as_bytes());
            pairs.find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned())
        };
        parameter("$select").with_context(|| format!("no $select: {url}"))?;
        let decoded = |text: &str| anyhow::Ok(percent_decode_str(text).decode_utf8()?.into_owned());
        if path == "/users" {
            let filter = parameter("$filter").with_context(|| format!("the whole directory: {url}"))?;
            let values = literals(&filter);
            if filter == format!("userPrincipalName in ({})", quoted(&values)) {
                return Ok(Self::Names(values));
            }
            if filter == format!("mail in ({})", quoted(&values)) {
                return Ok(Self::Addresses(values));
            }
            let mut addresses = values.iter().map(|value| value.strip_prefix("smtp:").unwrap_or(value));
            let distinct = if filter.starts_with("mail eq ") { addresses.next() } else { None };
            let addresses: Vec<_> = addresses.map(str::to_owned).collect();
            if distinct.is_some_and(|mail| addresses != [mail]) {
                bail!("two addresses in one question: {filter}");
            }
            let by_mail = distinct.map(|mail| format!("mail eq {}", quoted(&[mail.to_owned()])));
            let by_proxy = addresses.iter().map(|address| {
                format!("proxyAddresses/any(p:p eq {})", quoted(&[format!("smtp:{address}")]))
            });
            let clauses: Vec<_> = by_mail.into_iter().chain(by_proxy).collect();
            if filter != clauses.join(" or ") {
                bail!("an unknown filter: {filter}");
            }
            return Ok(Self::Addresses(addresses));
        }
        let key = match path.strip_prefix("/users/") {
            Some(segment) if !segment.contains('/') => decoded(segment)?,
            Some(_) => bail!("not one user: {url}"),
            None => {
                let quoted = decoded(path.strip_prefix("/users(").context("not users")?)?;
                match &literals(&quoted)[..] {
                    [key] if !path.contains("/users(/") => key.clone(),
                    _ => bail!("not one user: {url}"),
                }
            }
        };
        Ok(Self::User(key))
    }
}

/// What a request asks, in the order of its items.
pub(crate) fn questions(request: &Recorded) -> Result<Vec<Question>> {
    if request.operation == Operation::Batch {
        let body: Value = serde_json::from_str(&request.body)?;
        let items = body["requests"].as_array().context("no batch")?;
        return items.iter().map(|item| Question::read(item["url"].as_str().context("no URL")?)).collect();
    }
    let url = request.path_and_query.strip_prefix("/v1.0").context("not Graph v1.0")?;
    Ok(vec![Question::read(url)?])
}

/// The string literals of an `OData` expression; a quote inside one is doubled.
fn literals(expression: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut characters = expression.chars().peekable();
    while characters.any(|character| character == '\'') {
        let mut value = String::new();
        while let Some(character) = characters.next() {
            if character == '\'' && characters.next_if_eq(&'\'').is_none() {
                break;
            }
            value.push(character);
        }
        found.push(value);
    }
    found
}

fn quoted(values: &[String]) -> String {
    let quoted: Vec<_> = values.iter().map(|value| format!("'{}'", value.replace('\'', "''"))).collect();
    quoted.join(",")
}
