// A video provider in JavaScript: a room with an unguessable name for every appointment, kept in storage.
// It does what plugin/template does in Rust, and keeps the same rules. docs/authors-guide.md tells how it is built.

import * as storage from "scheduling:video-provider/storage@0.1.0";

const SERVER = "https://rooms.example/";

const bytes = (text) => new TextEncoder().encode(text);
const text = (stored) => new TextDecoder().decode(stored);

// Random bytes that nobody can guess, in hexadecimal: the host's, drawn anew in every call.
const random = (length) =>
  Array.from(crypto.getRandomValues(new Uint8Array(length)), (byte) => byte.toString(16).padStart(2, "0")).join("");
const read = (entry) => (entry === undefined ? undefined : JSON.parse(text(entry.value)));
const write = (value) => bytes(JSON.stringify(value));

// Errors of the contract are thrown, as variants.
const fail = (tag, val) => {
  throw val === undefined ? { tag } : { tag, val };
};
const invalid = (field, problem, message) => fail("invalid-input", { field, problem, message });

// What a failure of the host's storage means to the caller.
const unstored = (error) => {
  const failure = error.payload ?? error;
  if (failure.tag === "unavailable") {
    fail("unavailable", { mayHaveTakenEffect: false, message: "The platform's store did not answer." });
  }
  fail("misconfigured", { problem: "host", message: `The platform's store refused a value: ${failure.tag}.` });
};
const stored = (act) => {
  try {
    return act();
  } catch (error) {
    return unstored(error);
  }
};

// Writes if the key still holds `expected`, and gives what it holds then.
const swap = (key, expected, value) => {
  try {
    storage.swap(key, expected, write(value));
    return undefined;
  } catch (error) {
    const failure = error.payload ?? error;
    if (failure.tag === "stale") {
      return { current: failure.val };
    }
    return unstored(failure.val);
  }
};

const connected = () => read(stored(() => storage.get("connection"))) ?? fail("not-connected");

const described = ({ id }) => ({
  account: { id, tenantId: id, userName: "", displayName: "Rooms" },
  scopes: [],
  warnings: [],
});

const checkId = (id) => {
  if (!/^[ -~]{1,128}$/.test(id)) {
    invalid("appointment-id", "malformed", "An appointment's id is 1 to 128 printable ASCII characters.");
  }
};
// Characters, as the contract counts: not UTF-16's units.
const tooLong = (value) => [...value].length > 256;

const checkRequest = (request) => {
  checkId(request.appointmentId);
  if (tooLong(request.subject)) invalid("subject", "malformed", "The subject is longer than 256 characters.");
  if (request.end <= request.start) invalid("end", "malformed", "The meeting must end after it starts.");
  if (request.attendees.length > 100) invalid("attendees", "malformed", "At most 100 attendees.");
  if (request.attendees.some(({ name }) => tooLong(name))) {
    invalid("attendees", "malformed", "A name is longer than 256 characters.");
  }
  if (request.options.length > 0) {
    invalid(request.options[0].name, "unsupported", "There is no such option for meetings.");
  }
};

const key = (appointment) => `meeting/${appointment}`;
const times = ({ start, end }) => ({ start: String(start), end: String(end) });
const meeting = (account, { room, start, end }, created) => ({
  id: room,
  joinUrl: SERVER + room,
  organizerId: account.id,
  start: BigInt(start),
  end: BigInt(end),
  created,
  warnings: [],
});

// Brings what is stored up to the request; `make` says whether it may make a meeting.
const settle = (request, make) => {
  checkRequest(request);
  const account = connected();
  let entry = stored(() => storage.get(key(request.appointmentId)));
  for (let tries = 0; tries < 16; tries += 1) {
    const known = read(entry);
    if (known === undefined && !make) fail("not-found", "There is no room for this appointment any more.");
    if (known !== undefined && request.meetingId !== undefined && request.meetingId !== known.room && !make) {
      fail("not-found", "The room is of an appointment that was cancelled.");
    }
    const wanted = { room: known?.room ?? random(16), ...times(request) };
    const overtaken = swap(key(request.appointmentId), entry?.version, wanted);
    if (overtaken === undefined) return meeting(account, wanted, known === undefined);
    entry = overtaken.current;
  }
  return fail("unavailable", { mayHaveTakenEffect: false, message: "Others change the same appointment." });
};

const nobodySignsIn = () =>
  fail("sign-in-failed", { problem: "not-ours", message: "Rooms are connected without a sign-in." });
const noUsers = () => fail("refused", { problem: "other", message: "Rooms know no users." });

export const provider = {
  describe: () => ({
    id: "rooms-in-javascript",
    name: "Rooms",
    version: "1",
    setup: [],
    meetingOptions: [],
    matchKey: "",
    bestBatch: 1,
    capabilities: { reschedule: true, cancel: true, lookUp: true },
    meetingsPerMonth: undefined,
    apiOrigins: [],
    identityOrigins: [],
    optionalApiOrigins: [],
    optionalIdentityOrigins: [],
  }),

  beginConnect: () => {
    const made = { id: random(8) };
    const overtaken = swap("connection", undefined, made);
    const account = overtaken === undefined ? made : (read(overtaken.current) ?? fail("not-connected"));
    return { tag: "connected", val: described(account) };
  },
  finishConnect: nobodySignsIn,
  check: () => described(connected()),
  checkUser: noUsers,
  matchUsers: noUsers,
  listUsers: noUsers,
  directorySize: noUsers,

  createMeeting: (request) => settle(request, true),
  updateMeeting: (request) => settle(request, false),
  cancelMeeting: ({ appointmentId }) => {
    checkId(appointmentId);
    connected();
    stored(() => storage.delete(key(appointmentId)));
  },
  lookUpMeetings: (references) => {
    const account = connected();
    return references.map(({ appointmentId }) => {
      checkId(appointmentId);
      const known = read(stored(() => storage.get(key(appointmentId))));
      if (known === undefined) return { tag: "gone" };
      const { id, joinUrl, organizerId, start, end } = meeting(account, known, false);
      return { tag: "found", val: { id, joinUrl, organizerId, start, end, subject: undefined } };
    });
  },

  beginReauthorize: () => ({ tag: "connected", val: described(connected()) }),
  finishReauthorize: () => {
    connected();
    nobodySignsIn();
  },
  disconnect: () => {
    stored(() => storage.delete("connection"));
    for (;;) {
      const page = stored(() => storage.list("meeting/", undefined));
      page.keys.forEach((name) => stored(() => storage.delete(name)));
      if (page.next === undefined) return;
    }
  },
};
