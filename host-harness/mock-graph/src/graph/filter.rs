//! `$filter` on users: parsing, the directory's limits, and finding the matches by index.

use std::collections::BTreeSet;

use super::error::GraphError;
use crate::directory::People;
use crate::organisation::{User, UserType};

/// At most this many clauses may be joined by `or`, values of `in` included.
const MAX_CLAUSES: usize = 15;
/// Longer values are refused.
const MAX_VALUE_CHARACTERS: usize = 120;

#[derive(Clone, Debug)]
pub(super) enum Filter {
    Any(Vec<Filter>),
    All(Vec<Filter>),
    Is(Field, String),
    Starts(Field, String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Upn,
    Mail,
    Id,
    ProxyAddress,
    DisplayName,
    AccountEnabled,
    UserType,
}

impl Field {
    fn named(name: &str) -> Result<Self, GraphError> {
        Ok(match name.to_lowercase().as_str() {
            "userprincipalname" => Self::Upn,
            "mail" => Self::Mail,
            "id" => Self::Id,
            "displayname" => Self::DisplayName,
            "accountenabled" => Self::AccountEnabled,
            "usertype" => Self::UserType,
            _ => {
                return Err(GraphError::bad_request(
                    "Request_UnsupportedQuery",
                    format!(
                        "Unsupported or invalid query filter clause specified for property '{name}' of resource 'User'."
                    ),
                ));
            }
        })
    }

    fn matches(self, user: &User, test: impl Fn(&str) -> bool) -> bool {
        match self {
            Self::Upn => test(&user.user_principal_name),
            Self::Mail => user.mail.as_deref().is_some_and(test),
            Self::Id => test(&user.id),
            Self::ProxyAddress => user.proxy_addresses.iter().any(|address| test(address)),
            Self::DisplayName => test(&user.display_name),
            Self::AccountEnabled => test(if user.account_enabled { "true" } else { "false" }),
            Self::UserType => test(match user.user_type {
                UserType::Member => "Member",
                UserType::Guest => "Guest",
            }),
        }
    }
}

impl Filter {
    pub(super) fn parse(text: &str) -> Result<Self, GraphError> {
        let tokens = tokens(text)?;
        let mut parser = Parser { tokens: &tokens, text };
        let filter = parser.any()?;
        if !parser.tokens.is_empty() {
            return Err(parser.error());
        }
        filter.within_limits()?;
        Ok(filter)
    }

    fn clauses(&self) -> usize {
        match self {
            Self::Any(parts) => parts.iter().map(Self::clauses).sum(),
            Self::All(_) | Self::Is(..) | Self::Starts(..) => 1,
        }
    }

    fn within_limits(&self) -> Result<(), GraphError> {
        match self {
            Self::Any(parts) => {
                let count = self.clauses();
                if count > MAX_CLAUSES {
                    return Err(GraphError::bad_request(
                        "Request_UnsupportedQuery",
                        format!(
                            "Too many child clauses specified in search filter expression \
                             containing 'OR' operators: {count}. Max allowed: {MAX_CLAUSES}"
                        ),
                    ));
                }
                parts.iter().try_for_each(Self::within_limits)
            }
            Self::All(parts) => parts.iter().try_for_each(Self::within_limits),
            Self::Is(_, value) | Self::Starts(_, value) => {
                if value.chars().count() > MAX_VALUE_CHARACTERS {
                    return Err(GraphError::bad_request(
                        "Request_UnsupportedQuery",
                        format!(
                            "The filter value is longer than the maximum of \
                             {MAX_VALUE_CHARACTERS} characters."
                        ),
                    ));
                }
                Ok(())
            }
        }
    }

    pub(super) fn matches(&self, user: &User) -> bool {
        match self {
            Self::Any(parts) => parts.iter().any(|part| part.matches(user)),
            Self::All(parts) => parts.iter().all(|part| part.matches(user)),
            Self::Is(field, value) => field.matches(user, |text| text.to_lowercase() == value.to_lowercase()),
            Self::Starts(field, value) => {
                field.matches(user, |text| text.to_lowercase().starts_with(&value.to_lowercase()))
            }
        }
    }

    /// The slots that can match, by index; `None` if only a walk over everyone can tell.
    pub(super) fn candidates(&self, people: &People) -> Option<BTreeSet<usize>> {
        match self {
            Self::Any(parts) => {
                let mut all = BTreeSet::new();
                for part in parts {
                    all.extend(part.candidates(people)?);
                }
                Some(all)
            }
            Self::All(parts) => parts.iter().find_map(|part| part.candidates(people)),
            Self::Is(field, value) => {
                let slots = match field {
                    Field::Upn => people.slots_with_upn(value),
                    Field::Mail => people.slots_with_mail(value),
                    Field::Id => people.slots_with_id(value),
                    Field::ProxyAddress => people.slots_with_proxy(value),
                    Field::DisplayName | Field::AccountEnabled | Field::UserType => return None,
                };
                Some(slots.into_iter().collect())
            }
            Self::Starts(..) => None,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    Text(String),
    Sign(char),
}

/// Words run to the next space or sign; a `'` inside a text is doubled.
fn tokens(text: &str) -> Result<Vec<Token>, GraphError> {
    let mut found = Vec::new();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            ' ' | '\t' => {}
            '(' | ')' | ',' | ':' => found.push(Token::Sign(character)),
            '\'' => {
                let mut value = String::new();
                loop {
                    match characters.next() {
                        Some('\'') if characters.peek() == Some(&'\'') => {
                            characters.next();
                            value.push('\'');
                        }
                        Some('\'') => break,
                        Some(other) => value.push(other),
                        None => return Err(invalid(text, "There is an unterminated string literal")),
                    }
                }
                found.push(Token::Text(value));
            }
            _ => {
                let mut word = String::from(character);
                while let Some(next) = characters.peek() {
                    if " \t(),:'".contains(*next) {
                        break;
                    }
                    word.push(*next);
                    characters.next();
                }
                found.push(Token::Word(word));
            }
        }
    }
    Ok(found)
}

fn invalid(text: &str, why: &str) -> GraphError {
    GraphError::bad_request("BadRequest", format!("Invalid filter clause: {why} in '{text}'."))
}

struct Parser<'a> {
    tokens: &'a [Token],
    text: &'a str,
}

impl Parser<'_> {
    fn error(&self) -> GraphError {
        invalid(self.text, "Syntax error")
    }

    fn any(&mut self) -> Result<Filter, GraphError> {
        let mut parts = vec![self.all()?];
        while self.word("or") {
            parts.push(self.all()?);
        }
        Ok(single(parts, Filter::Any))
    }

    fn all(&mut self) -> Result<Filter, GraphError> {
        let mut parts = vec![self.one()?];
        while self.word("and") {
            parts.push(self.one()?);
        }
        Ok(single(parts, Filter::All))
    }

    fn one(&mut self) -> Result<Filter, GraphError> {
        if self.sign('(') {
            let inner = self.any()?;
            return self.closing(inner);
        }
        let name = self.take_word()?;
        match name.to_lowercase().as_str() {
            "startswith" => {
                self.expect('(')?;
                let field = Field::named(&self.take_word()?)?;
                self.expect(',')?;
                let value = self.value()?;
                self.closing(Filter::Starts(field, value))
            }
            "proxyaddresses/any" => {
                self.expect('(')?;
                let variable = self.take_word()?;
                self.expect(':')?;
                if self.take_word()? != variable || !self.word("eq") {
                    return Err(self.error());
                }
                let value = self.value()?;
                self.closing(Filter::Is(Field::ProxyAddress, value))
            }
            _ => self.comparison(Field::named(&name)?),
        }
    }

    fn comparison(&mut self, field: Field) -> Result<Filter, GraphError> {
        if self.word("eq") {
            return Ok(Filter::Is(field, self.value()?));
        }
        if !self.word("in") {
            return Err(self.error());
        }
        self.expect('(')?;
        let mut values = vec![Filter::Is(field, self.value()?)];
        while self.sign(',') {
            values.push(Filter::Is(field, self.value()?));
        }
        self.closing(Filter::Any(values))
    }

    fn word(&mut self, wanted: &str) -> bool {
        let found =
            matches!(self.tokens.first(), Some(Token::Word(word)) if word.eq_ignore_ascii_case(wanted));
        if found {
            self.tokens = &self.tokens[1..];
        }
        found
    }

    fn sign(&mut self, wanted: char) -> bool {
        let found = self.tokens.first() == Some(&Token::Sign(wanted));
        if found {
            self.tokens = &self.tokens[1..];
        }
        found
    }

    fn expect(&mut self, wanted: char) -> Result<(), GraphError> {
        if self.sign(wanted) { Ok(()) } else { Err(self.error()) }
    }

    fn closing(&mut self, filter: Filter) -> Result<Filter, GraphError> {
        self.expect(')').map(|()| filter)
    }

    fn take_word(&mut self) -> Result<String, GraphError> {
        match self.tokens.split_first() {
            Some((Token::Word(word), rest)) => {
                self.tokens = rest;
                Ok(word.clone())
            }
            _ => Err(self.error()),
        }
    }

    fn value(&mut self) -> Result<String, GraphError> {
        match self.tokens.split_first() {
            Some((Token::Text(text) | Token::Word(text), rest)) => {
                self.tokens = rest;
                Ok(text.clone())
            }
            _ => Err(self.error()),
        }
    }
}

fn single(mut parts: Vec<Filter>, several: fn(Vec<Filter>) -> Filter) -> Filter {
    match parts.len() {
        1 => parts.remove(0),
        _ => several(parts),
    }
}
