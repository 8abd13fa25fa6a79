//! What people can do on the platform, and who may.

use crate::acting::ActorKind;
use crate::word::{self, Word};

/// Whose it is that a staff member may do it to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Anybody's.
    All,
    /// Their own only, unless they are schedulers.
    Own,
}

/// Makes the actions, each with its word, what it is called, who may at least, and how far that reaches.
macro_rules! actions {
    ($($(#[doc = $doc:literal])+ $action:ident $word:literal $label:literal $needs:ident $reach:ident;)+) => {
        /// Something that somebody does, or wanted to do, through [`Acting`](crate::Acting): one for each of
        /// its methods.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Action {
            $($(#[doc = $doc])+ $action,)+
        }

        crate::word::words!(Action { $($action = $word),+ });

        impl Action {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$action),+];

            /// What people call it, as an order.
            pub fn label(self) -> &'static str {
                match self { $(Self::$action => $label),+ }
            }

            /// The least kind of actor who may. Of what is a staff member's own, that is a staff member.
            pub fn needs(self) -> ActorKind {
                match self { $(Self::$action => ActorKind::$needs),+ }
            }

            pub(crate) fn reach(self) -> Reach {
                match self { $(Self::$action => Reach::$reach),+ }
            }
        }
    };
}

actions! {
    /// Sign in.
    SignIn "session.sign-in" "Sign in" Staff All;
    /// Sign out.
    SignOut "session.sign-out" "Sign out" Staff All;

    /// See the integrations and all about them.
    SeeIntegrations "integration.see" "See the integrations" Administrator All;
    /// Ask a provider how an integration is.
    Check "integration.check" "Check an integration" Administrator All;
    /// Connect an organisation's account.
    Connect "integration.connect" "Connect an integration" Administrator All;
    /// Begin to authorize an integration anew.
    Reauthorize "integration.reauthorize" "Reauthorize an integration" Administrator All;
    /// Take the callback of a sign-in at a provider.
    FinishSignIn "integration.finish-sign-in" "Finish a sign-in at a provider" Administrator All;
    /// Disconnect an integration.
    Disconnect "integration.disconnect" "Disconnect an integration" Administrator All;
    /// Make an integration the default.
    SetDefault "integration.set-default" "Make an integration the default" Administrator All;
    /// Give an integration another name.
    Rename "integration.rename" "Rename an integration" Administrator All;
    /// Choose the field that holds the key.
    SetMatchField "integration.set-match-field" "Choose the match field" Administrator All;
    /// Choose the options of meetings.
    SetMeetingOptions "integration.set-meeting-options" "Choose meeting options" Administrator All;
    /// Grant an entitlement, or take it back.
    SetEntitlement "entitlement.set" "Change an entitlement" System All;

    /// See the dashboard of an integration.
    SeeDashboard "video.see-dashboard" "See the dashboard" Administrator All;
    /// Switch video on or off for one staff member.
    EnableVideo "video.enable" "Switch Video Calls for a staff member" Administrator All;
    /// Switch video on or off for many.
    EnableVideoForMany "video.enable-many" "Switch Video Calls for many staff" Administrator All;
    /// Choose a staff member's integration.
    ChooseIntegration "video.choose-integration" "Choose a Video Calls Platform" Administrator All;
    /// Look whether a staff member could be given a meeting.
    CheckStaff "video.check-staff" "Check a staff member" Administrator All;

    /// Match all staff.
    Rematch "matching.rematch" "Rematch all users" Administrator All;
    /// Stop matching all staff.
    CancelRematch "matching.cancel" "Stop a rematch" Administrator All;
    /// Match one staff member.
    RematchOne "matching.rematch-one" "Rematch a user" Administrator All;

    /// Import staff.
    ImportStaff "staff.import" "Import staff" Administrator All;
    /// Add or change a staff member.
    PutStaff "staff.put" "Save a staff member" Administrator All;
    /// See the list of staff.
    ListStaff "staff.list" "See the staff list" Scheduler All;
    /// See a staff member's profile.
    SeeStaff "staff.see" "See a staff profile" Staff Own;

    /// See the services.
    SeeServices "service.see" "See the services" Client All;
    /// Add or change a service.
    PutService "service.put" "Save a service" Administrator All;
    /// Let a staff member give a service, or not.
    Assign "service.assign" "Assign staff to a service" Administrator All;

    /// See appointments.
    SeeAppointments "appointment.see" "See appointments" Staff Own;
    /// See the appointments of a client.
    SeeClient "appointment.see-client" "See a client's appointments" Scheduler All;
    /// Book an appointment.
    Book "appointment.book" "Book an appointment" Client Own;
    /// Move an appointment.
    Move "appointment.move" "Move an appointment" Staff Own;
    /// Give an appointment to another staff member.
    Reassign "appointment.reassign" "Hand an appointment over" Scheduler All;
    /// Cancel an appointment.
    Cancel "appointment.cancel" "Cancel an appointment" Staff Own;

    /// Compare appointments with the provider's meetings, and mend what differs.
    Reconcile "appointment.reconcile" "Reconcile appointments" Administrator All;

    /// Read the audit log.
    ReadAudit "audit.read" "Read the audit log" Administrator All;
}

impl Action {
    /// Its word in the log.
    pub fn word(self) -> &'static str {
        Word::word(self)
    }

    /// The action of a word.
    pub fn parse(word: &str) -> Option<Self> {
        word::parse(word)
    }

    /// What it is about, for the sentence of a refusal: who may what.
    pub(crate) fn rule(self) -> &'static str {
        match (self.needs(), self) {
            (ActorKind::System, _) => {
                "Only the platform's operator changes what the organisation is entitled to"
            }
            (_, Self::ReadAudit) => "Only administrators read the audit log",
            (ActorKind::Administrator, _) => "Only administrators see and change settings",
            (ActorKind::Scheduler, _) => {
                "Only schedulers and administrators see and change what is everybody's"
            }
            (_, _) => "Staff see and change what is their own, and schedulers everybody's",
        }
    }
}
