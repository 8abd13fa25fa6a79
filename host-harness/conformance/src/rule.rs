//! The rules, with the contract's words for each.

/// A rule that every provider keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "each has its words below")]
pub enum Rule {
    LoadsAndDescribesItself,
    DescribesItselfAlwaysTheSame,
    SaysThatItIsNotConnected,
    ChecksTheSetup,
    Connects,
    BeginningLeavesTheConnection,
    RefusesACallbackThatNobodyBegan,
    RefusesACallbackWithoutAnAnswer,
    ADeclinedSignInConnectsNothing,
    LinksAreHttps,
    GivesWhatWasAskedFor,
    CreatingTwiceIsOneMeeting,
    CreatingAfterARestartIsOneMeeting,
    CreatingAtOnceIsOneMeeting,
    AppointmentsHaveTheirOwnMeetings,
    MovingKeepsTheLink,
    MovingWhatIsGoneIsNotFound,
    CancellingWhatIsGoneSucceeds,
    LooksUpHowItIs,
    LookingUpChangesNothing,
    MatchesEachKeyInOrder,
    AnswersAFullBatch,
    ListsEveryUser,
    TellsHowManyUsersThereAre,
    GivesALinkForJoining,
    HasTheHostSign,
    ParticipantsHaveTheirOwnLinks,
    ATokenLeadsWhereItMay,
    ATokenIsStoredNowhere,
    RefusesMalformedInput,
    TakesWhatIsAllowed,
    SaysThatNothingHappened,
    SaysThatItMayHaveHappened,
    ALostAnswerMakesNoSecondMeeting,
    SaysHowLongToWait,
    AFaultSaysNothingOfTheGrant,
    SaysThatTheGrantIsDead,
    ReauthorizingKeepsAccountAndLinks,
    RefusesAnotherAccount,
    DisconnectsTwice,
    DisconnectingLeavesNothingBehind,
    DisconnectsWithADeadGrant,
    IntegrationsShareNothing,
}

/// What is told of a rule.
struct Words {
    name: &'static str,
    /// Of the files in `wit`, literally.
    contract: &'static str,
    /// What to read: of `provider.wit`, unless it begins with another file.
    read: &'static str,
}

impl Rule {
    /// All of them, in the order of an integration's life.
    pub const ALL: [Self; 43] = [
        Self::LoadsAndDescribesItself,
        Self::DescribesItselfAlwaysTheSame,
        Self::SaysThatItIsNotConnected,
        Self::ChecksTheSetup,
        Self::Connects,
        Self::BeginningLeavesTheConnection,
        Self::RefusesACallbackThatNobodyBegan,
        Self::RefusesACallbackWithoutAnAnswer,
        Self::ADeclinedSignInConnectsNothing,
        Self::LinksAreHttps,
        Self::GivesWhatWasAskedFor,
        Self::CreatingTwiceIsOneMeeting,
        Self::CreatingAfterARestartIsOneMeeting,
        Self::CreatingAtOnceIsOneMeeting,
        Self::AppointmentsHaveTheirOwnMeetings,
        Self::MovingKeepsTheLink,
        Self::MovingWhatIsGoneIsNotFound,
        Self::CancellingWhatIsGoneSucceeds,
        Self::LooksUpHowItIs,
        Self::LookingUpChangesNothing,
        Self::MatchesEachKeyInOrder,
        Self::AnswersAFullBatch,
        Self::ListsEveryUser,
        Self::TellsHowManyUsersThereAre,
        Self::GivesALinkForJoining,
        Self::HasTheHostSign,
        Self::ParticipantsHaveTheirOwnLinks,
        Self::ATokenLeadsWhereItMay,
        Self::ATokenIsStoredNowhere,
        Self::RefusesMalformedInput,
        Self::TakesWhatIsAllowed,
        Self::SaysThatNothingHappened,
        Self::SaysThatItMayHaveHappened,
        Self::ALostAnswerMakesNoSecondMeeting,
        Self::SaysHowLongToWait,
        Self::AFaultSaysNothingOfTheGrant,
        Self::SaysThatTheGrantIsDead,
        Self::ReauthorizingKeepsAccountAndLinks,
        Self::RefusesAnotherAccount,
        Self::DisconnectsTwice,
        Self::DisconnectingLeavesNothingBehind,
        Self::DisconnectsWithADeadGrant,
        Self::IntegrationsShareNothing,
    ];

    /// What the rule is called in reports.
    pub fn name(self) -> &'static str {
        self.words().name
    }

    /// What the contract says, in its own words.
    pub fn contract(self) -> &'static str {
        self.words().contract
    }

    /// What to read in the folder `wit`.
    pub fn read(self) -> String {
        let read = self.words().read;
        if read.contains(".wit: ") { read.to_owned() } else { format!("provider.wit: {read}") }
    }

    #[allow(clippy::too_many_lines, reason = "a table")]
    fn words(self) -> Words {
        const TWICE: &str =
            "Repeating it, after whatever was lost on the way, gives the same meeting and the same link.";
        const BY_ID: &str = "the same id is the same meeting";
        const LEAVES: &str = "On an error nothing is stored that was not there before.";
        let (name, contract, read) = match self {
            Self::LoadsAndDescribesItself => (
                "loads-and-describes-itself",
                "it exports `provider` and imports what the platform's host lends it",
                "description",
            ),
            Self::DescribesItselfAlwaysTheSame => (
                "describes-itself-always-the-same",
                "Cheap, without imports, always the same for one component.",
                "describe",
            ),
            Self::SaysThatItIsNotConnected => (
                "says-that-it-is-not-connected",
                "There is no connection. Offer Connect.",
                "error, not-connected",
            ),
            Self::ChecksTheSetup => {
                ("checks-the-setup", "Ask for this field again.", "setup-field; error, invalid-input")
            }
            Self::Connects => ("connects", "Ends connecting.", "begin-connect, finish-connect, check"),
            Self::BeginningLeavesTheConnection => (
                "beginning-leaves-the-connection",
                "Leaves an existing connection as it is until `finish-connect` succeeds.",
                "begin-connect",
            ),
            Self::RefusesACallbackThatNobodyBegan => {
                ("refuses-a-callback-that-nobody-began", LEAVES, "finish-connect; sign-in-problem, not-ours")
            }
            Self::RefusesACallbackWithoutAnAnswer => {
                ("refuses-a-callback-without-an-answer", LEAVES, "finish-connect; authorization-response")
            }
            Self::ADeclinedSignInConnectsNothing => (
                "a-declined-sign-in-connects-nothing",
                "A sign-in failed. Offer to start again.",
                "finish-connect; sign-in-problem, cancelled",
            ),
            Self::LinksAreHttps => {
                ("links-are-https", "https, opaque, at most 2,048 bytes.", "meeting, join-url")
            }
            Self::GivesWhatWasAskedFor => (
                "gives-what-was-asked-for",
                "a new one, or the one that exists, brought up to what is asked for",
                "create-meeting; meeting",
            ),
            Self::CreatingTwiceIsOneMeeting => ("creating-twice-is-one-meeting", TWICE, "create-meeting"),
            Self::CreatingAfterARestartIsOneMeeting => {
                ("creating-after-a-restart-is-one-meeting", TWICE, "create-meeting; storage.wit")
            }
            Self::CreatingAtOnceIsOneMeeting => {
                ("creating-at-once-is-one-meeting", BY_ID, "create-meeting; storage.wit, swap")
            }
            Self::AppointmentsHaveTheirOwnMeetings => {
                ("appointments-have-their-own-meetings", BY_ID, "meeting-request, appointment-id")
            }
            Self::MovingKeepsTheLink => (
                "moving-keeps-the-link",
                "Moves or changes the appointment's meeting and keeps its link.",
                "update-meeting",
            ),
            Self::MovingWhatIsGoneIsNotFound => (
                "moving-what-is-gone-is-not-found",
                "If it no longer exists the error is `not-found`, and `create-meeting` makes another.",
                "update-meeting",
            ),
            Self::CancellingWhatIsGoneSucceeds => (
                "cancelling-what-is-gone-succeeds",
                "It succeeds if there is none any more.",
                "cancel-meeting",
            ),
            Self::LooksUpHowItIs => (
                "looks-up-how-it-is",
                "How meetings are at the provider: one outcome for each reference, in their order.",
                "look-up-meetings",
            ),
            Self::LookingUpChangesNothing => {
                ("looking-up-changes-nothing", "It only reads.", "look-up-meetings")
            }
            Self::MatchesEachKeyInOrder => (
                "matches-each-key-in-order",
                "One outcome for each key, in the order of the keys.",
                "match-users",
            ),
            Self::AnswersAFullBatch => (
                "answers-a-full-batch",
                "One outcome for each key, in the order of the keys. At most `best-batch` keys.",
                "match-users; look-up-meetings; description, best-batch",
            ),
            Self::ListsEveryUser => (
                "lists-every-user",
                "One page of all users, the first without a cursor",
                "list-users; directory-page",
            ),
            Self::TellsHowManyUsersThereAre => (
                "tells-how-many-users-there-are",
                "How many users there are, about; none if the provider does not tell.",
                "directory-size",
            ),
            Self::GivesALinkForJoining => (
                "gives-a-link-for-joining",
                "A link for one participant to join with now: https, at most 8,192 bytes.",
                "joining.wit: join-link",
            ),
            Self::HasTheHostSign => (
                "has-the-host-sign",
                "it sets them itself, and refuses claims that have one.",
                "signing.wit: sign; error, reserved-claim",
            ),
            Self::ParticipantsHaveTheirOwnLinks => (
                "participants-have-their-own-links",
                "Links with a token are for one participant each.",
                "joining.wit: join-link; participant",
            ),
            Self::ATokenLeadsWhereItMay => (
                "a-token-leads-where-it-may",
                "They lead where the operator said that tokens of this key may go",
                "joining.wit: join-link",
            ),
            Self::ATokenIsStoredNowhere => {
                ("a-token-is-stored-nowhere", "the plugin stores nothing of it", "joining.wit: join-link")
            }
            Self::RefusesMalformedInput => (
                "refuses-malformed-input",
                "Not of the form that it must have. Nothing was sent anywhere.",
                "input-problem, malformed; meeting-request",
            ),
            Self::TakesWhatIsAllowed => {
                ("takes-what-is-allowed", "At most 256 characters.", "meeting-request")
            }
            Self::SaysThatNothingHappened => (
                "says-that-nothing-happened",
                "False only if it is certain that nothing happened.",
                "outage; http.wit, not-sent",
            ),
            Self::SaysThatItMayHaveHappened => (
                "says-that-it-may-have-happened",
                "False only if it is certain that nothing happened.",
                "outage; http.wit, no-answer",
            ),
            Self::ALostAnswerMakesNoSecondMeeting => {
                ("a-lost-answer-makes-no-second-meeting", TWICE, "create-meeting")
            }
            Self::SaysHowLongToWait => (
                "says-how-long-to-wait",
                "Too many requests, and nothing happened. Not again before this time has passed",
                "error, throttled",
            ),
            Self::AFaultSaysNothingOfTheGrant => (
                "a-fault-says-nothing-of-the-grant",
                "Try again later; it says nothing about the connection.",
                "error, unavailable",
            ),
            Self::SaysThatTheGrantIsDead => (
                "says-that-the-grant-is-dead",
                "The connection exists and its grant is dead. Offer Reauthorize, and tell once.",
                "error, needs-reauthorization",
            ),
            Self::ReauthorizingKeepsAccountAndLinks => (
                "reauthorizing-keeps-account-and-links",
                "The old grant is used until the new one is stored.",
                "begin-reauthorize, finish-reauthorize",
            ),
            Self::RefusesAnotherAccount => (
                "refuses-another-account",
                "refuses another tenant or another account than the connected one",
                "finish-reauthorize; error, account-mismatch",
            ),
            Self::DisconnectsTwice => ("disconnects-twice", "doing it twice succeeds", "disconnect"),
            Self::DisconnectingLeavesNothingBehind => (
                "disconnecting-leaves-nothing-behind",
                "Forgets credentials and state.",
                "disconnect; credentials.wit, discard",
            ),
            Self::DisconnectsWithADeadGrant => (
                "disconnects-with-a-dead-grant",
                "Asks the provider nothing, so that it works when the grant is dead",
                "disconnect",
            ),
            Self::IntegrationsShareNothing => (
                "integrations-share-nothing",
                "every function works on the one integration that the host called it for",
                "interface provider; storage.wit",
            ),
        };
        Words { name, contract, read }
    }
}
