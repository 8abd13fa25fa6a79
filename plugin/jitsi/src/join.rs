//! The link with which one participant joins: the room's, and a token if its server wants one.
//!
//! The token is what Jitsi Meet's Prosody plugin checks (doc/tokens.md of lib-jitsi-meet): `room` is the
//! room's own name, and `context.user` who comes. Who issued it, for whom and until when is the host's to say.

use crate::bindings::joining::{JoinableMeeting, Participant, Role};
use crate::bindings::provider::Error;
use crate::bindings::signing;
use crate::failure;
use crate::validate;

/// The key, as this plugin wants it: see the file `wants`.
const KEY: &str = "jitsi-token";

/// The link, made of what is given alone: it needs no connection, so that appointments outlive it.
pub(crate) fn link(meeting: &JoinableMeeting, participant: &Participant) -> Result<String, Error> {
    validate::appointment(&meeting.appointment_id)?;
    validate::participant(participant)?;
    let (room, link) = (&meeting.meeting_id, &meeting.join_url);
    let is_its_link = link.rsplit_once('/').is_some_and(|(_, last)| last == room);
    if room.is_empty() || !is_its_link {
        return Err(failure::gone());
    }
    match signing::sign(KEY, &claims(room, participant)) {
        Ok(token) => Ok([link, "?jwt=", &token].concat()),
        // A server without tokens: whoever has the link may come.
        Err(signing::Error::UnknownKey(_)) => Ok(link.clone()),
        Err(error) => Err(failure::signing(error)),
    }
}

/// What the token tells. `moderator` is a text, as all fields of `user` have to be there.
fn claims(room: &str, participant: &Participant) -> String {
    let moderator = if participant.role == Role::Host { "true" } else { "false" };
    let name = quoted(&participant.display_name);
    [
        "{\"room\":",
        &quoted(room),
        ",\"context\":{\"user\":{\"name\":",
        &name,
        ",\"moderator\":\"",
        moderator,
        "\"}}}",
    ]
    .concat()
}

/// A text as JSON has it (RFC 8259, 7).
fn quoted(text: &str) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\u{0}'..='\u{1f}' => {
                let digit =
                    |half: u32| DIGITS.get(half as usize & 15).map_or('0', |digit| char::from(*digit));
                quoted.extend(['\\', 'u', '0', '0', digit(c as u32 >> 4), digit(c as u32)]);
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn who(role: Role, display_name: &str) -> Participant {
        Participant { role, display_name: display_name.to_owned() }
    }

    #[test]
    fn a_token_tells_the_room_and_who_comes() {
        assert_eq!(
            claims("a-room", &who(Role::Host, "Adele Vance")),
            r#"{"room":"a-room","context":{"user":{"name":"Adele Vance","moderator":"true"}}}"#
        );
        assert_eq!(
            claims("a-room", &who(Role::Guest, "")),
            r#"{"room":"a-room","context":{"user":{"name":"","moderator":"false"}}}"#
        );
    }

    #[test]
    fn no_name_gets_out_of_its_quotes() {
        assert_eq!(
            quoted("\",\"moderator\":\"true\\\n\u{7f}\u{1}ü"),
            "\"\\\",\\\"moderator\\\":\\\"true\\\\\\u000a\u{7f}\\u0001ü\""
        );
    }
}
