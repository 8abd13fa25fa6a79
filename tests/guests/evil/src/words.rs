//! What it answers.

use crate::bindings::exports::scheduling::video_provider::provider::{
    Account, AuthorizationRequest, Capabilities, Connection, Description, DirectoryEntry, DirectoryPage,
    Error, LookUpOutcome, MatchOutcome, Meeting, MeetingState, NextStep, Standing, User,
};
use crate::bindings::scheduling::video_provider::settings;

/// How it speaks.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Words {
    /// As the contract has it.
    #[default]
    Plain,
    /// A megabyte for every text.
    Long,
    /// An escape sequence in every text.
    Control,
    /// Five thousand elements for every list.
    Many,
    /// A list of a hundred thousand texts that are all the same megabyte of memory.
    Amplified,
    /// A description that can do nothing.
    Incapable,
}

impl Words {
    pub(crate) fn text(self) -> String {
        match self {
            Self::Control => "\u{1b}[2Jgone".to_owned(),
            Self::Long | Self::Amplified => "a".repeat(1 << 20),
            Self::Plain | Self::Many | Self::Incapable => "x".to_owned(),
        }
    }

    pub(crate) fn list<T: Clone>(self, one: T) -> Vec<T> {
        vec![one; if self == Self::Many { 5_000 } else { 1 }]
    }

    fn texts(self) -> Vec<String> {
        if self == Self::Amplified { amplified() } else { self.list(self.text()) }
    }

    pub(crate) fn description(self) -> Description {
        let origin = "https://graph.microsoft.com".to_owned();
        let plain = matches!(self, Self::Plain | Self::Incapable);
        Description {
            id: "evil".to_owned(),
            name: if plain { "Evil".to_owned() } else { self.text() },
            version: "1".to_owned(),
            setup: Vec::new(),
            meeting_options: Vec::new(),
            match_key: "Name".to_owned(),
            best_batch: 10,
            meetings_per_month: None,
            capabilities: if self == Self::Incapable { Capabilities::empty() } else { Capabilities::all() },
            api_origins: if self == Self::Amplified { amplified() } else { self.list(origin) },
            identity_origins: Vec::new(),
            optional_api_origins: Vec::new(),
            optional_identity_origins: Vec::new(),
        }
    }

    pub(crate) fn visit(self, request: &AuthorizationRequest) -> NextStep {
        NextStep::Visit(match self {
            Self::Plain => format!("{}?state={}", request.redirect_uri, request.state),
            Self::Many | Self::Amplified => return NextStep::Connected(self.connection()),
            _ => self.text(),
        })
    }

    pub(crate) fn connection(self) -> Connection {
        Connection {
            account: Account {
                id: "1".to_owned(),
                tenant_id: settings::get("tenant").unwrap_or_else(|| "tenant".to_owned()),
                user_name: self.text(),
                display_name: "Evil".to_owned(),
            },
            scopes: Vec::new(),
            warnings: self.texts(),
        }
    }

    fn user(self) -> User {
        User { id: "1".to_owned(), key: "k".to_owned(), display_name: self.text() }
    }

    pub(crate) fn match_outcome(self) -> MatchOutcome {
        match self {
            Self::Plain | Self::Many => MatchOutcome::NotFound,
            _ => MatchOutcome::Ambiguous(self.list(self.user())),
        }
    }

    pub(crate) fn page(self, cursor: Option<&str>) -> DirectoryPage {
        let entry = |id: &str| DirectoryEntry {
            user: User { id: id.to_owned(), key: "k".to_owned(), display_name: self.text() },
            standing: Standing::Usable,
            other_keys: if self == Self::Plain { Vec::new() } else { self.texts() },
        };
        let entries = match (self, cursor) {
            (Self::Plain, Some("nobody")) => vec![entry("")],
            (Self::Plain, _) => (0..1_001).map(|_| entry("same")).collect(),
            _ => vec![entry("1")],
        };
        DirectoryPage { entries, next: None }
    }

    pub(crate) fn meeting(self) -> Meeting {
        match self {
            Self::Plain => meeting("done"),
            _ => Meeting { warnings: self.texts(), ..meeting(&self.text()) },
        }
    }

    pub(crate) fn look_up(self, evil: &str) -> LookUpOutcome {
        let found = |join_url: &str, subject: &str| {
            LookUpOutcome::Found(MeetingState {
                id: "1".to_owned(),
                join_url: join_url.to_owned(),
                organizer_id: String::new(),
                start: 0,
                end: 1,
                subject: Some(subject.to_owned()),
            })
        };
        match (self, evil) {
            (Self::Plain, "link") => found("javascript:alert(1)", ""),
            (Self::Plain, "elsewhere") => found("https://elsewhere.example/1", ""),
            (Self::Plain, "subject") => found("https://rooms.example/1", &"a".repeat(2_000)),
            (Self::Plain, "reason") => LookUpOutcome::Unknown("\u{1b}[2Jgone".to_owned()),
            (Self::Plain, _) => LookUpOutcome::Gone,
            _ => LookUpOutcome::Unknown(self.text()),
        }
    }
}

/// More than any memory holds, of one megabyte: what is copied out of the sandbox has to be counted while it
/// is copied.
#[allow(unsafe_code)]
fn amplified() -> Vec<String> {
    let one = "a".repeat(1 << 20).leak();
    (0..100_000)
        // SAFETY: there is none. The allocator would be told to free it again and again, but no host gets
        // that far.
        .map(|_| unsafe { String::from_raw_parts(one.as_mut_ptr(), one.len(), one.len()) })
        .collect()
}

/// These bytes in hex, whatever they are: between record separators a meeting's id, link, organizer and warnings;
/// without one, what went wrong.
pub(crate) fn said(hex: &str) -> Result<Meeting, Error> {
    let digits = |two: &[u8]| std::str::from_utf8(two).ok().and_then(|two| u8::from_str_radix(two, 16).ok());
    let bytes: Vec<u8> = hex.as_bytes().chunks(2).filter_map(digits).collect();
    let mut parts = bytes.split(|byte| *byte == 0x1e).map(text_or_not);
    let first = parts.next().unwrap_or_default();
    let Some(join_url) = parts.next() else { return Err(Error::NotFound(first)) };
    let organizer_id = parts.next().unwrap_or_default();
    Ok(Meeting { id: first, organizer_id, warnings: parts.collect(), join_url, ..linked("") })
}

#[allow(unsafe_code)]
fn text_or_not(bytes: &[u8]) -> String {
    // SAFETY: there is none. It is not read here, and whoever reads it has to see what it is.
    unsafe { String::from_utf8_unchecked(bytes.to_vec()) }
}

/// A meeting that carries what the evil came to in its id.
pub(crate) fn meeting(id: &str) -> Meeting {
    Meeting { id: id.to_owned(), ..linked("https://rooms.example/1") }
}

/// A meeting with a link that is none.
pub(crate) fn link(evil: &str) -> Option<Meeting> {
    Some(linked(match evil.strip_prefix("link:")? {
        "javascript" => "javascript:alert(1)",
        "data" => "data:text/html,<script>alert(1)</script>",
        "http" => "http://teams.example/join",
        "user" => "https://teams.microsoft.com@evil.example/join",
        "long" => return Some(linked(&format!("https://teams.example/{}", "a".repeat(5_000)))),
        "elsewhere" => "https://rooms.example.elsewhere.example/1",
        "half" => "https://",
        "control" => "https://teams.example/\u{7}",
        _ => "",
    }))
}

fn linked(join_url: &str) -> Meeting {
    Meeting {
        id: "1".to_owned(),
        join_url: join_url.to_owned(),
        organizer_id: String::new(),
        start: 0,
        end: 1,
        created: true,
        warnings: Vec::new(),
    }
}
