//! JSON that others wrote, as a tree that borrows from its text.
//!
//! What Microsoft sends has fields that come and go, are null, or are of another type than the
//! documentation says; none of that may spoil the rest. So everything is read into one tree, and
//! what is not there reads as null. It is also a third of the size that one derived reader for every
//! shape takes in the component.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A JSON value. Numbers lose their fraction: nothing read here has one.
#[derive(Debug, PartialEq)]
pub(crate) enum Json<'a> {
    /// Null, or nothing at all.
    Null,
    /// True or false.
    Bool(bool),
    /// A number.
    Number(i64),
    /// A string.
    Text(Cow<'a, str>),
    /// An array.
    List(Vec<Json<'a>>),
    /// An object.
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
}

/// How deep a tree is read; what is deeper reads as null. The deepest that is looked at is seven
/// deep, and the stack of the component holds far more than this.
const DEPTH: u8 = 24;

impl<'a> Json<'a> {
    /// Reads a whole text.
    pub(crate) fn read(text: &'a [u8]) -> Option<Self> {
        let mut deserializer = serde_json::Deserializer::from_slice(text);
        let tree = Tree(DEPTH).deserialize(&mut deserializer).ok()?;
        deserializer.end().ok()?;
        Some(tree)
    }

    /// A member of an object; null if there is none.
    pub(crate) fn get(&self, name: &str) -> &Json<'a> {
        self.member(|key| key == name)
    }

    /// A member of an object whose name is compared without case.
    pub(crate) fn get_any_case(&self, name: &str) -> &Json<'a> {
        self.member(|key| key.eq_ignore_ascii_case(name))
    }

    fn member(&self, is: impl Fn(&str) -> bool) -> &Json<'a> {
        match self {
            Self::Object(members) => {
                members.iter().find(|(key, _)| is(key)).map_or(&Json::Null, |(_, value)| value)
            }
            _ => &Json::Null,
        }
    }

    /// The string, if it is one.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The string of its own, if it is one.
    pub(crate) fn owned(&self) -> Option<String> {
        self.text().map(str::to_owned)
    }

    /// The number, if it is one.
    pub(crate) fn number(&self) -> Option<i64> {
        match self {
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// The truth value, if it is one.
    pub(crate) fn truth(&self) -> Option<bool> {
        match self {
            Self::Bool(truth) => Some(*truth),
            _ => None,
        }
    }

    /// The elements, if it is an array.
    pub(crate) fn list(&self) -> Option<&[Json<'a>]> {
        match self {
            Self::List(list) => Some(list),
            _ => None,
        }
    }

    /// The strings of an array.
    pub(crate) fn texts(&self) -> Vec<String> {
        let elements = self.list().unwrap_or_default();
        elements.iter().filter_map(Json::owned).collect()
    }
}

/// Reads a tree of at most this depth.
struct Tree(u8);

impl<'de> DeserializeSeed<'de> for Tree {
    type Value = Json<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json<'de>, D::Error> {
        if self.0 == 0 {
            return deserializer.deserialize_ignored_any(IgnoredAny).map(|_| Json::Null);
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Tree {
    type Value = Json<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json<'de>, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Json<'de>, E> {
        Ok(Json::Bool(truth))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Json<'de>, E> {
        Ok(Json::Number(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Json<'de>, E> {
        Ok(Json::Number(i64::try_from(number).unwrap_or(i64::MAX)))
    }

    #[allow(clippy::cast_possible_truncation)]
    fn visit_f64<E>(self, number: f64) -> Result<Json<'de>, E> {
        Ok(Json::Number(number as i64))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Json<'de>, A::Error> {
        let mut list = Vec::new();
        while let Some(element) = elements.next_element_seed(Tree(self.0 - 1))? {
            list.push(element);
        }
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Json<'de>, A::Error> {
        let mut object = Vec::new();
        while let Some(key) = members.next_key_seed(Name)? {
            object.push((key, members.next_value_seed(Tree(self.0 - 1))?));
        }
        Ok(Json::Object(object))
    }
}

/// Reads the name of a member.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Cow<'de, str>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a name")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_or_odd_reads_as_null() {
        let tree = Json::read(br#"{"a":{"b":[1,-2,3.9,"x\n",true,null]},"a":1}"#).expect("JSON");
        let list = tree.get("a").get("b").list().expect("a list");
        assert_eq!(list[2].number(), Some(3));
        assert_eq!(list[3].text(), Some("x\n"));
        assert_eq!(list[4].truth(), Some(true));
        assert_eq!(tree.get("a").get("b").get("c").get("d"), &Json::Null);
        assert_eq!(tree.get_any_case("A").get("b").texts(), ["x\n"]);
    }

    #[test]
    fn what_is_too_deep_is_left_out_without_a_deep_stack() {
        let deep = [vec![b'['; 100], vec![b']'; 100]].concat();
        assert!(Json::read(&deep).is_some());
        assert!(Json::read(&vec![b'['; 1_000_000]).is_none());
    }

    #[test]
    fn half_a_text_and_more_than_one_are_no_json() {
        for text in ["", "{", "{}x", "<html>"] {
            assert_eq!(Json::read(text.as_bytes()), None, "{text}");
        }
    }
}
