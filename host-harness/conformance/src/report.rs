//! What came of the rules, for an author to act on.

use std::fmt;

use serde::Serialize;
use video_host::{LoadError, sha256};

use crate::bench::Bench;
use crate::judge::Stop;
use crate::rule::Rule;

/// All rules on one component.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// What was looked at.
    pub subject: Subject,
    /// The rules, in their order.
    #[serde(rename = "rules")]
    pub judged: Vec<Judged>,
}

/// The component.
#[derive(Debug, Clone, Serialize)]
pub struct Subject {
    /// Its own id; none if it cannot be loaded.
    pub id: Option<String>,
    /// Its own name.
    pub name: Option<String>,
    /// Its own version.
    pub version: Option<String>,
    /// Of the file, in lower-case hex.
    pub sha256: String,
    /// Of the file, in bytes.
    pub size: usize,
}

/// How a rule came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It holds.
    Kept,
    /// It does not.
    Broken,
    /// It is not about such a provider, or there is nothing to try it with.
    NotApplicable,
    /// Something that it needs did not work.
    NotJudged,
}

/// One rule.
#[derive(Debug, Clone, Serialize)]
pub struct Judged {
    /// Its name.
    pub rule: &'static str,
    /// How it came out.
    pub verdict: Verdict,
    /// What the suite did, where it is broken.
    pub did: Option<String>,
    /// What came of it, where it is broken.
    pub came: Option<String>,
    /// Why it does not apply or was not judged.
    pub why: Option<String>,
    /// What the contract says, in its own words.
    pub contract: &'static str,
    /// What to read, in the folder `wit`.
    pub read: String,
}

impl Judged {
    pub(crate) fn new(rule: Rule, came: Result<(), Stop>) -> Self {
        let (verdict, did, came, why) = match came {
            Ok(()) => (Verdict::Kept, None, None, None),
            Err(Stop::Broken { did, came }) => (Verdict::Broken, Some(did), Some(came), None),
            Err(Stop::NotApplicable(why)) => (Verdict::NotApplicable, None, None, Some(why)),
            Err(Stop::NotJudged(why)) => (Verdict::NotJudged, None, None, Some(why)),
        };
        Self { rule: rule.name(), verdict, did, came, why, contract: rule.contract(), read: rule.read() }
    }
}

impl Report {
    pub(crate) fn of(bench: &Bench<'_>) -> Self {
        let (plugin, description) = (&bench.plugin, bench.description());
        let subject = Subject {
            id: Some(description.id.clone()),
            name: Some(description.name.clone()),
            version: Some(description.version.clone()),
            sha256: plugin.digest().to_owned(),
            size: plugin.size(),
        };
        Self { subject, judged: Vec::new() }
    }

    /// Of a component that the host does not load.
    pub(crate) fn of_refused(component: &[u8], rules: &[Rule], error: &LoadError) -> Self {
        let subject =
            Subject { id: None, name: None, version: None, sha256: sha256(component), size: component.len() };
        let judge = |rule: &Rule| {
            let stop = if *rule == Rule::LoadsAndDescribesItself {
                Stop::broken("loaded it, and asked it to describe itself", error.to_string())
            } else {
                Stop::NotJudged("the host does not load it".to_owned())
            };
            Judged::new(*rule, Err(stop))
        };
        Self { subject, judged: rules.iter().map(judge).collect() }
    }

    /// How many rules came out so.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.judged.iter().filter(|judged| judged.verdict == verdict).count()
    }

    /// The names of the rules that came out so.
    pub fn named(&self, verdict: Verdict) -> Vec<&'static str> {
        self.judged.iter().filter(|judged| judged.verdict == verdict).map(|judged| judged.rule).collect()
    }

    /// Whether every rule that applies was judged, and holds.
    pub fn passed(&self) -> bool {
        self.count(Verdict::Broken) == 0 && self.count(Verdict::NotJudged) == 0
    }
}

/// For failed assertions: what is broken, and what was not judged.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{}: {} rules kept, {} broken, {} not judged, {} not applicable",
            self.subject.id.as_deref().unwrap_or("a component that cannot be loaded"),
            self.count(Verdict::Kept),
            self.count(Verdict::Broken),
            self.count(Verdict::NotJudged),
            self.count(Verdict::NotApplicable),
        )?;
        for judged in &self.judged {
            match (&judged.did, &judged.came, &judged.why) {
                (Some(did), Some(came), _) => writeln!(
                    f,
                    "\n{}\n  did       {did}\n  came      {came}\n  contract  {}\n  read      {}",
                    judged.rule, judged.contract, judged.read
                )?,
                (_, _, Some(why)) if judged.verdict == Verdict::NotJudged => {
                    writeln!(f, "\n{}\n  not judged: {why}", judged.rule)?;
                }
                _ => {}
            }
        }
        Ok(())
    }
}
