"""A video provider in Python: a room with an unguessable name for every appointment.

It is to do what plugin/template does in Rust; docs/authors-guide.md tells how far it gets. It is
built without WASI (`--stub-wasi`), so it has neither clocks nor random numbers: its key comes from the
`state` of the connecting request, which the host draws at random for this one occasion.
"""

import hashlib
import hmac
import json

from componentize_py_types import Err
from wit_world import exports
from wit_world.exports import provider as wit
from wit_world.imports import storage

SERVER = "https://rooms.example/"
CONNECTION = "connection"


def fail(error):
    """Errors of the contract are raised inside of `Err`."""
    raise Err(error)


def invalid(field, problem, message):
    fail(wit.Error_InvalidInput(wit.InputError(field, problem, message)))


def gone():
    fail(wit.Error_NotFound("There is no room for this appointment any more."))


def refused():
    fail(wit.Error_Refused(wit.Refusal(wit.RefusalProblem.OTHER, "Rooms know no users.")))


def unstored(error):
    """What a failure of the host's storage means to the caller."""
    if isinstance(error, storage.Error_Unavailable):
        fail(wit.Error_Unavailable(wit.Outage(False, None, "The platform's store did not answer.")))
    message = f"The platform's store refused a value ({type(error).__name__})."
    fail(wit.Error_Misconfigured(wit.Misconfiguration(wit.MisconfigurationProblem.HOST, message)))


def stored(act, *arguments):
    try:
        return act(*arguments)
    except Err as failure:
        unstored(failure.value)


def swap(key, expected, value):
    """Writes if the key still holds `expected`. Gives whether it did, and else what is there."""
    try:
        storage.swap(key, expected, json.dumps(value).encode())
        return True, None
    except Err as failure:
        if isinstance(failure.value, storage.SwapError_Stale):
            return False, failure.value.value
        unstored(failure.value.value)


def read(entry):
    return None if entry is None else json.loads(entry.value)


def connected():
    connection = read(stored(storage.get, CONNECTION))
    if connection is None:
        fail(wit.Error_NotConnected())
    return connection


def digest(connection, use, text):
    return hmac.new(bytes.fromhex(connection["key"]), f"{use}\0{text}".encode(), hashlib.sha256).hexdigest()


def described(connection):
    account = digest(connection, "account", "")[:16]
    return wit.Connection(wit.Account(account, account, "", "Rooms"), [], [])


def check_id(appointment):
    if not 1 <= len(appointment) <= 128 or not all(" " <= character <= "~" for character in appointment):
        invalid(
            "appointment-id",
            wit.InputProblem.MALFORMED,
            "An appointment's id is 1 to 128 printable ASCII characters.",
        )


def check(request):
    check_id(request.appointment_id)
    malformed = wit.InputProblem.MALFORMED
    if len(request.subject) > 256:
        invalid("subject", malformed, "The subject is longer than 256 characters.")
    if request.end <= request.start:
        invalid("end", malformed, "The meeting must end after it starts.")
    if len(request.attendees) > 100:
        invalid("attendees", malformed, "A meeting has at most 100 attendees.")
    if any(len(attendee.name) > 256 for attendee in request.attendees):
        invalid("attendees", malformed, "A name is longer than 256 characters.")
    for option in request.options:
        invalid(option.name, wit.InputProblem.UNSUPPORTED, "There is no such option for meetings.")


def key(connection, appointment):
    return "meeting/" + digest(connection, "record", appointment)


def room(connection, appointment):
    return digest(connection, "room", appointment)[:32]


def settle(request, make):
    """Brings what is stored up to the request; `make` says whether it may make a meeting."""
    check(request)
    connection = connected()
    name = room(connection, request.appointment_id)
    if not make and request.meeting_id not in (None, name):
        gone()
    place = key(connection, request.appointment_id)
    entry = stored(storage.get, place)
    for _ in range(16):
        if entry is None and not make:
            gone()
        wanted = [request.start, request.end]
        version = None if entry is None else entry.version
        written, current = swap(place, version, wanted)
        if written:
            account = described(connection).account.id
            return wit.Meeting(name, SERVER + name, account, request.start, request.end, entry is None, [])
        entry = current
    fail(wit.Error_Unavailable(wit.Outage(False, None, "Others change the same appointment. Ask again.")))


def nobody_signs_in():
    message = "Rooms are connected without a sign-in, so that none can come back."
    fail(wit.Error_SignInFailed(wit.SignInError(wit.SignInProblem.NOT_OURS, message)))


class Provider(exports.Provider):
    def describe(self):
        return wit.Description(
            id="rooms-in-python",
            name="Rooms",
            version="1",
            setup=[],
            meeting_options=[],
            match_key="",
            best_batch=1,
            capabilities=wit.Capabilities.RESCHEDULE | wit.Capabilities.CANCEL | wit.Capabilities.LOOK_UP,
            meetings_per_month=None,
            api_origins=[],
            identity_origins=[],
            optional_api_origins=[],
            optional_identity_origins=[],
        )

    def begin_connect(self, request):
        made = {"key": hashlib.sha256(request.state.encode()).hexdigest()}
        written, current = swap(CONNECTION, None, made)
        connection = made if written else read(current)
        if connection is None:
            fail(wit.Error_NotConnected())
        return wit.NextStep_Connected(described(connection))

    def finish_connect(self, response):
        nobody_signs_in()

    def check(self):
        return described(connected())

    def check_user(self, user):
        refused()

    def match_users(self, keys, look):
        refused()

    def list_users(self, cursor):
        refused()

    def directory_size(self):
        refused()

    def create_meeting(self, request):
        return settle(request, make=True)

    def update_meeting(self, request):
        return settle(request, make=False)

    def cancel_meeting(self, cancellation):
        check_id(cancellation.appointment_id)
        stored(storage.delete, key(connected(), cancellation.appointment_id))

    def look_up_meetings(self, references):
        connection = connected()
        account = described(connection).account.id
        outcomes = []
        for reference in references:
            check_id(reference.appointment_id)
            times = read(stored(storage.get, key(connection, reference.appointment_id)))
            if times is None:
                outcomes.append(wit.LookUpOutcome_Gone())
                continue
            name = room(connection, reference.appointment_id)
            state = wit.MeetingState(name, SERVER + name, account, times[0], times[1], None)
            outcomes.append(wit.LookUpOutcome_Found(state))
        return outcomes

    def begin_reauthorize(self, request):
        return wit.NextStep_Connected(described(connected()))

    def finish_reauthorize(self, response):
        connected()
        nobody_signs_in()

    def disconnect(self):
        stored(storage.delete, CONNECTION)
        while True:
            page = stored(storage.list, "meeting/", None)
            for name in page.keys:
                stored(storage.delete, name)
            if page.next is None:
                return
