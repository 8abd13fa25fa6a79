//! How an appointment takes place.

use crate::word::{self, Word, words};

/// How an appointment takes place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MeetingMethod {
    /// At a branch.
    InPerson,
    /// By telephone.
    Phone,
    /// By video: the appointment gets a meeting and a link.
    VideoCall,
}

words!(MeetingMethod { InPerson = "in_person", Phone = "phone", VideoCall = "video_call" });

impl MeetingMethod {
    /// All of them, in the order to offer them.
    pub const ALL: [Self; 3] = [Self::InPerson, Self::Phone, Self::VideoCall];

    /// What people call it.
    pub fn label(self) -> &'static str {
        match self {
            Self::InPerson => "In Person",
            Self::Phone => "Phone",
            Self::VideoCall => "Video Call",
        }
    }

    /// Its word in forms and in the database.
    pub fn word(self) -> &'static str {
        Word::word(self)
    }

    /// The method of a word.
    pub fn parse(word: &str) -> Option<Self> {
        word::parse(word)
    }
}
