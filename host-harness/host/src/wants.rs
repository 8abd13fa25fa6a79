//! What a component says that it wants before anything of it is compiled: a custom section beside its code.
//!
//! The section is called `video-provider:wants` and holds lines of a list's name and an origin, as
//! `api https://graph.microsoft.com`; a line that begins with `#` is for people. The lists are those of the
//! description: `api`, `identity`, `optional-api` and `optional-identity`. Besides there are the names of keys:
//! `signing` and `optional-signing`, for tokens of those who join. It is a plugin's choice to have a section; what it
//! says of origins has to be what the plugin's description says.

use std::collections::BTreeSet;

use wasmparser::{Parser, Payload};

use crate::egress::{Grant, Origin};
use crate::provider::Description;
use crate::signing::{SigningKeys, is_name};

/// The section's name.
pub const SECTION: &str = "video-provider:wants";

/// More than any plugin has to say, in bytes.
const LONGEST: usize = 64 << 10;

/// Origins and keys by the names of their lists.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wants {
    lines: BTreeSet<(List, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum List {
    Api,
    Identity,
    OptionalApi,
    OptionalIdentity,
    Signing,
    OptionalSigning,
}

impl List {
    /// Whether it holds names of keys, and not origins.
    fn is_of_keys(self) -> bool {
        matches!(self, Self::Signing | Self::OptionalSigning)
    }
}

const LISTS: [(&str, List); 6] = [
    ("api", List::Api),
    ("identity", List::Identity),
    ("optional-api", List::OptionalApi),
    ("optional-identity", List::OptionalIdentity),
    ("signing", List::Signing),
    ("optional-signing", List::OptionalSigning),
];

/// Why a section cannot be read, or does not belong to its component.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WantsError {
    /// It is no WebAssembly.
    #[error("this is not a WebAssembly component: {0}")]
    NotAComponent(String),
    /// A line that means nothing.
    #[error(
        "the component's section {SECTION} has a line that is no list and origin, and no list and key: {0:?}"
    )]
    Line(String),
    /// It is no text, or far too long.
    #[error("the component's section {SECTION} is no text of at most {LONGEST} bytes")]
    NoText,
    /// The plugin's description says something else.
    #[error(
        "the component's section {SECTION} does not say what its description does: the plugin's author has to \
         build both of one source"
    )]
    Differs,
    /// An origin that is none.
    #[error("the component's section {SECTION} has a bad origin: {0}")]
    Origin(#[from] crate::egress::OriginError),
}

impl Wants {
    /// What a component's section says; none if it has no section. Nothing is compiled. Of a component that
    /// is made of several, all sections count.
    pub fn of_component(component: &[u8]) -> Result<Option<Self>, WantsError> {
        let mut found = None;
        for payload in Parser::new(0).parse_all(component) {
            let payload = payload.map_err(|error| WantsError::NotAComponent(error.to_string()))?;
            if let Payload::CustomSection(section) = payload
                && section.name() == SECTION
            {
                found.get_or_insert_with(Self::default).read(section.data())?;
            }
        }
        Ok(found)
    }

    fn read(&mut self, section: &[u8]) -> Result<(), WantsError> {
        let text = Some(section).filter(|section| section.len() <= LONGEST);
        let text = text.and_then(|text| str::from_utf8(text).ok()).ok_or(WantsError::NoText)?;
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let (name, origin) = line.split_once(' ').unwrap_or((line, ""));
            let list = LISTS.into_iter().find(|(list, _)| *list == name);
            let (_, list) = list.ok_or_else(|| WantsError::Line(line.chars().take(80).collect()))?;
            if list.is_of_keys() {
                if !is_name(origin.trim()) {
                    return Err(WantsError::Line(line.chars().take(80).collect()));
                }
            } else {
                let _: Origin = origin.trim().parse()?;
            }
            self.lines.insert((list, origin.trim().to_owned()));
        }
        Ok(())
    }

    /// What a plugin's description says.
    pub fn of_description(description: &Description) -> Self {
        let lists = [
            (List::Api, &description.api_origins),
            (List::Identity, &description.identity_origins),
            (List::OptionalApi, &description.optional_api_origins),
            (List::OptionalIdentity, &description.optional_identity_origins),
        ];
        let lines =
            lists.into_iter().flat_map(|(list, origins)| origins.iter().map(move |it| (list, it.clone())));
        Self { lines: lines.collect() }
    }

    /// What a grant lacks for the plugin to work at all.
    pub fn not_granted(&self, grant: &Grant) -> Grant {
        let lacking = |list, granted: &[Origin]| {
            let of = self.lines.iter().filter(|(its, _)| *its == list);
            let parsed = of.filter_map(|(_, origin)| origin.parse().ok());
            parsed.filter(|origin| !granted.contains(origin)).collect()
        };
        Grant { api: lacking(List::Api, &grant.api), identity: lacking(List::Identity, &grant.identity) }
    }

    /// Whether they are the same origins.
    pub fn has_the_origins_of(&self, other: &Self) -> bool {
        let origins = |wants: &Self| -> BTreeSet<_> {
            wants.lines.iter().filter(|(list, _)| !list.is_of_keys()).cloned().collect()
        };
        origins(self) == origins(other)
    }

    /// The names of keys that the plugin cannot work without, or those that it can.
    pub fn keys(&self, optional: bool) -> impl Iterator<Item = &str> {
        let list = if optional { List::OptionalSigning } else { List::Signing };
        self.lines.iter().filter(move |(its, _)| *its == list).map(|(_, name)| name.as_str())
    }

    /// A key that the plugin cannot work without, and that is not there.
    pub fn key_not_there(&self, keys: &SigningKeys) -> Option<&str> {
        self.keys(false).find(|name| !keys.has(name))
    }

    /// A key that is there, and that the plugin does not ask for.
    pub fn unasked_key<'a>(&self, keys: &'a SigningKeys) -> Option<&'a str> {
        keys.names().find(|name| !self.keys(false).chain(self.keys(true)).any(|asked| asked == *name))
    }

    /// The keys that the plugin asks for, for people.
    pub fn told_keys(&self) -> String {
        let told: Vec<_> = self.keys(false).chain(self.keys(true)).collect();
        if told.is_empty() { "none".to_owned() } else { told.join(", ") }
    }

    /// The section's text.
    fn text(&self) -> String {
        let name = |wanted| LISTS.into_iter().find(|(_, list)| *list == wanted).map_or("", |(name, _)| name);
        let mut text = String::new();
        for (list, origin) in &self.lines {
            for part in [name(*list), " ", origin, "\n"] {
                text.push_str(part);
            }
        }
        text
    }

    /// The component with these in a section at its end: for languages whose toolchains write none. The
    /// component must not have one yet.
    pub fn embedded_in(&self, component: &[u8]) -> Vec<u8> {
        let mut section = leb128(SECTION.len());
        section.extend_from_slice(SECTION.as_bytes());
        section.extend_from_slice(self.text().as_bytes());
        let mut whole = component.to_vec();
        whole.push(0);
        whole.extend_from_slice(&leb128(section.len()));
        whole.extend_from_slice(&section);
        whole
    }
}

/// A number as WebAssembly writes lengths.
fn leb128(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = u8::try_from(number & 0x7f).unwrap_or_default();
        number >>= 7;
        if number == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";

    fn read(text: &str) -> Result<Wants, WantsError> {
        let mut wants = Wants::default();
        wants.read(text.as_bytes()).map(|()| wants)
    }

    #[test]
    fn what_is_embedded_is_read_again_also_beside_other_sections() {
        assert_eq!(Wants::of_component(EMPTY), Ok(None));
        let many = "optional-api https://a.example\n".repeat(40);
        for text in ["", "# none\napi https://a.example\nidentity https://b.example\n", &many] {
            let wants = read(text).unwrap();
            let component = wants.embedded_in(EMPTY);
            assert_eq!(Wants::of_component(&component), Ok(Some(wants.clone())));
        }
        let (one, other) = (read("api https://a.example").unwrap(), read("api https://b.example").unwrap());
        let both = Wants::of_component(&other.embedded_in(&one.embedded_in(EMPTY))).unwrap().unwrap();
        assert_eq!(both.text(), "api https://a.example\napi https://b.example\n");
    }

    #[test]
    fn what_is_optional_need_not_be_granted() {
        let wants = read("api https://a.example\nidentity https://b.example\noptional-api https://c.example");
        let grant = Grant { api: vec!["https://a.example".parse().unwrap()], ..Grant::default() };
        let lacking = wants.unwrap().not_granted(&grant);
        assert_eq!((lacking.api, lacking.identity), (vec![], vec!["https://b.example".parse().unwrap()]));
    }

    #[test]
    fn a_key_is_wanted_by_its_name_and_is_no_origin() {
        let wants = read("signing a-key\noptional-signing another\napi https://a.example").unwrap();
        let none = SigningKeys::default();
        assert_eq!((wants.key_not_there(&none), wants.unasked_key(&none)), (Some("a-key"), None));
        assert_eq!(wants.told_keys(), "a-key, another");
        assert!(wants.has_the_origins_of(&read("api https://a.example").unwrap()));
        assert!(!wants.has_the_origins_of(&read("signing a-key").unwrap()));
        assert!(wants.not_granted(&Grant::default()).api.len() == 1);
    }

    #[test]
    fn fuzz_wants() {
        let mut read = 0;
        for input in fuzzing::inputs("wants") {
            let mut wants = Wants::default();
            match wants.read(&input) {
                Ok(()) => {
                    read += 1;
                    // What was understood is written, and means the same when it is read.
                    let component = wants.embedded_in(EMPTY);
                    assert_eq!(Wants::of_component(&component), Ok(Some(wants.clone())), "{}", wants.text());
                    let all = Grant::default();
                    let lacking = wants.not_granted(&all);
                    let of = |list| wants.lines.iter().filter(|(its, _)| *its == list).count();
                    assert_eq!(
                        (lacking.api.len(), lacking.identity.len()),
                        (of(List::Api), of(List::Identity))
                    );
                }
                // It is a stranger's, and is shown to who reviews it.
                Err(error) => {
                    let told = error.to_string();
                    assert!(told.len() < 2_000 && !told.chars().any(char::is_control), "{told:?}");
                }
            }
        }
        assert!(read > 0, "the good ones of the corpus were refused");
    }

    #[test]
    fn what_means_nothing_is_refused() {
        assert!(matches!(read("files /etc"), Err(WantsError::Line(_))));
        assert!(matches!(read("api"), Err(WantsError::Origin(_))));
        assert!(matches!(read("signing"), Err(WantsError::Line(_))));
        assert!(matches!(read("optional-signing https://a.example"), Err(WantsError::Line(_))));
        assert!(matches!(read("api http://a.example"), Err(WantsError::Origin(_))));
        assert_eq!(read(&" ".repeat(LONGEST + 1)), Err(WantsError::NoText));
        assert_eq!(Wants::default().read(b"api \xff"), Err(WantsError::NoText));
        assert!(matches!(Wants::of_component(b"\0asm\x0d\0\x01\0\x07"), Err(WantsError::NotAComponent(_))));
    }
}
