-- What the platform keeps. This SQL runs on SQLite and on PostgreSQL. All times are milliseconds since
-- 1970-01-01T00:00:00Z.

CREATE TABLE staff (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    email TEXT NOT NULL,
    user_name TEXT NOT NULL,
    role TEXT NOT NULL,
    -- The name as lists are sorted by it: see staff_word.
    name_key TEXT NOT NULL,
    -- Both as they are compared: trimmed, in lower case (of Unicode, which no database here does alike).
    email_key TEXT NOT NULL,
    user_name_key TEXT NOT NULL
);

CREATE INDEX staff_name_key ON staff (name_key, id);

-- Who shares a key with whom; and lists by these columns.
CREATE INDEX staff_email_key ON staff (email_key, name_key, id);
CREATE INDEX staff_user_name_key ON staff (user_name_key, name_key, id);

CREATE TABLE integration (
    id TEXT NOT NULL PRIMARY KEY,
    -- The id that the plugin gives itself.
    provider TEXT NOT NULL,
    display_name TEXT NOT NULL,
    match_field TEXT NOT NULL,
    state TEXT NOT NULL,
    state_since BIGINT NOT NULL,
    -- Why, in the states needs_reauthorization, misconfigured and refused; NULL in the others.
    state_cause TEXT,
    state_message TEXT,
    -- What was asked when everything was refused; NULL in all states but refused.
    state_asked TEXT,
    -- The outage that lies over the state; since when is NULL if there is none.
    unavailable_since BIGINT,
    unavailable_until BIGINT,
    unavailable_message TEXT,
    account_id TEXT,
    account_tenant TEXT,
    account_user_name TEXT,
    account_display_name TEXT,
    created_at BIGINT NOT NULL,
    last_success BIGINT,
    -- Who organised the last meeting that was made since it was connected as it is: account or staff.
    organized_by TEXT,
    -- Counts the changes, so that of two who note the same one does.
    revision BIGINT NOT NULL DEFAULT 0,
    -- Used for staff for whom none was chosen.
    is_default BOOLEAN NOT NULL DEFAULT FALSE
);

CREATE UNIQUE INDEX integration_one_default ON integration (is_default) WHERE is_default;

-- What an administrator chose for the meetings of an integration, by the names of the plugin's options.
CREATE TABLE integration_option (
    integration TEXT NOT NULL REFERENCES integration (id),
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (integration, name)
);

-- The answers to the setup's choices with which it is connected, with the labels that were shown.
CREATE TABLE integration_choice (
    integration TEXT NOT NULL REFERENCES integration (id),
    field TEXT NOT NULL,
    place BIGINT NOT NULL,
    label TEXT NOT NULL,
    -- NULL: left to the provider.
    value TEXT,
    meaning TEXT NOT NULL,
    PRIMARY KEY (integration, field)
);

-- What happened to integrations, each change once. Rows are only added.
CREATE TABLE integration_event (
    id BIGINT NOT NULL PRIMARY KEY,
    integration TEXT NOT NULL REFERENCES integration (id),
    happened_at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    from_state TEXT,
    to_state TEXT,
    cause TEXT,
    until_at BIGINT,
    organizer TEXT,
    counted_month TEXT,
    meetings BIGINT,
    meeting_limit BIGINT,
    message TEXT NOT NULL
);

CREATE INDEX integration_event_integration ON integration_event (integration, id);

-- The last number given to an event. Its one row makes writers wait for each other, so that events
-- become visible in the order of their numbers.
CREATE TABLE integration_event_number (last BIGINT NOT NULL);
INSERT INTO integration_event_number (last) VALUES (0);

-- Meetings that were made, also those that were cancelled, by organizer and calendar month in UTC.
CREATE TABLE meeting_count (
    integration TEXT NOT NULL REFERENCES integration (id),
    organizer TEXT NOT NULL,
    counted_month TEXT NOT NULL,
    meetings BIGINT NOT NULL,
    PRIMARY KEY (integration, organizer, counted_month)
);

-- The busiest of each integration in a month, without a look at all months.
CREATE INDEX meeting_count_month ON meeting_count (counted_month, integration, meetings);

-- Staff without a row have video, on the default integration.
CREATE TABLE staff_video (
    staff TEXT NOT NULL PRIMARY KEY REFERENCES staff (id),
    enabled BOOLEAN NOT NULL DEFAULT TRUE,
    -- The last change for many that had begun when it was decided for them: that one and those before it
    -- do not undo this.
    decided_after BIGINT NOT NULL DEFAULT 0,
    integration TEXT REFERENCES integration (id)
);

-- Switching video on or off for all that a filter finds, in the order of ids. The oldest that has not ended
-- is worked on.
CREATE TABLE video_change (
    id BIGINT NOT NULL PRIMARY KEY,
    -- On whose dashboard. No reference: a sign-in that is never finished is removed.
    integration TEXT NOT NULL,
    -- The filter: words, and NULL for what does not matter.
    search TEXT NOT NULL,
    only_enabled BOOLEAN,
    only_matched BOOLEAN,
    -- What it is switched to.
    enabled BOOLEAN NOT NULL,
    -- Whoever is up to this id was looked at; empty at first.
    reached TEXT NOT NULL,
    -- Staff who were looked at, of how many, and for how many it was a change.
    seen BIGINT NOT NULL,
    total BIGINT NOT NULL,
    changed BIGINT NOT NULL,
    -- Its row in the audit log, if somebody began it, and what that says.
    audit BIGINT,
    told TEXT,
    started_at BIGINT NOT NULL,
    ended_at BIGINT
);

CREATE INDEX video_change_running ON video_change (id) WHERE ended_at IS NULL;

CREATE TABLE staff_match (
    integration TEXT NOT NULL REFERENCES integration (id),
    staff TEXT NOT NULL REFERENCES staff (id),
    -- What was asked for, in lower case.
    match_key TEXT NOT NULL,
    outcome TEXT NOT NULL,
    user_id TEXT,
    user_key TEXT,
    user_name TEXT,
    reason TEXT,
    matched_at BIGINT NOT NULL,
    -- When the provider was last asked without giving an answer, since matched_at.
    unanswered_at BIGINT,
    -- The last matching of all staff that gave an outcome: who is asked for twice is counted once.
    job TEXT,
    PRIMARY KEY (integration, staff)
);

-- Who shared a key with whom, and who leads to the same user.
CREATE INDEX staff_match_key ON staff_match (integration, match_key);
CREATE INDEX staff_match_user ON staff_match (integration, user_id);

-- Matching all staff of an integration: at most one at a time.
CREATE TABLE match_job (
    id TEXT NOT NULL PRIMARY KEY,
    integration TEXT NOT NULL REFERENCES integration (id),
    state TEXT NOT NULL,
    -- Whether keys are asked for, or the provider's directory is read.
    way TEXT NOT NULL,
    -- Staff up to this id are on the list, or were; empty at first.
    listed_to TEXT NOT NULL,
    -- Where the directory is read next; NULL at its start.
    page TEXT,
    -- Whether the directory was read to its end.
    page_end BOOLEAN NOT NULL DEFAULT FALSE,
    total BIGINT NOT NULL,
    done BIGINT NOT NULL,
    matched BIGINT NOT NULL,
    calls BIGINT NOT NULL,
    -- Why it failed.
    problem TEXT,
    started_at BIGINT NOT NULL,
    ended_at BIGINT
);

CREATE UNIQUE INDEX match_job_one ON match_job (integration) WHERE state = 'running';

-- Staff to ask for: of a job, or by themselves (job is empty) because something about them changed.
CREATE TABLE match_wanted (
    integration TEXT NOT NULL REFERENCES integration (id),
    staff TEXT NOT NULL REFERENCES staff (id),
    job TEXT NOT NULL,
    -- Whether something about them changed; then they stay wanted if the job is cancelled.
    changed BOOLEAN NOT NULL,
    -- By key first, and by address who was missed.
    look TEXT NOT NULL,
    -- How often the provider was asked in vain.
    attempts BIGINT NOT NULL,
    wanted_at BIGINT NOT NULL,
    -- Not before this.
    due_at BIGINT NOT NULL,
    PRIMARY KEY (integration, staff)
);

-- By job first: a few staff of an integration are found by the key, and not by going through a list.
CREATE INDEX match_wanted_list ON match_wanted (job, integration, look, attempts, staff);

-- Who works on an integration's list, of all processes.
CREATE TABLE match_turn (
    integration TEXT NOT NULL PRIMARY KEY REFERENCES integration (id),
    owner TEXT NOT NULL,
    until BIGINT NOT NULL
);

-- What clients book.
CREATE TABLE service (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL
);

-- How a service takes place: its meeting methods.
CREATE TABLE service_method (
    service TEXT NOT NULL REFERENCES service (id),
    method TEXT NOT NULL,
    PRIMARY KEY (service, method)
);

-- Who gives a service.
CREATE TABLE service_staff (
    service TEXT NOT NULL REFERENCES service (id),
    staff TEXT NOT NULL REFERENCES staff (id),
    PRIMARY KEY (service, staff)
);

CREATE INDEX service_staff_staff ON service_staff (staff);

CREATE TABLE appointment (
    id TEXT NOT NULL PRIMARY KEY,
    service TEXT NOT NULL REFERENCES service (id),
    -- How it takes place.
    method TEXT NOT NULL,
    staff TEXT NOT NULL REFERENCES staff (id),
    client_name TEXT NOT NULL,
    client_email TEXT NOT NULL,
    -- The e-mail as clients are found by it: see staff_word.
    client_key TEXT NOT NULL,
    subject TEXT NOT NULL,
    start_at BIGINT NOT NULL,
    end_at BIGINT NOT NULL,
    -- Where a move that the provider has not confirmed came from.
    previous_start BIGINT,
    previous_end BIGINT,
    -- Whose it was, where the provider has not confirmed another staff member.
    previous_staff TEXT REFERENCES staff (id),
    previous_user_id TEXT,
    previous_user_key TEXT,
    previous_user_name TEXT,
    channel TEXT NOT NULL,
    status TEXT NOT NULL,
    -- Where its meeting is; NULL for what takes place otherwise than by video.
    integration TEXT REFERENCES integration (id),
    -- The staff member at the provider, as matched when it was booked.
    user_id TEXT,
    user_key TEXT,
    user_name TEXT,
    meeting_id TEXT,
    organizer_id TEXT,
    link TEXT,
    -- Of the addresses at which client and staff member join; NULL where the link is the same for everybody.
    client_code TEXT,
    staff_code TEXT,
    note TEXT,
    created_at BIGINT NOT NULL
);

CREATE UNIQUE INDEX appointment_client_code ON appointment (client_code) WHERE client_code IS NOT NULL;
CREATE UNIQUE INDEX appointment_staff_code ON appointment (staff_code) WHERE staff_code IS NOT NULL;

-- What it was booked with: the integration's choices of then, and its own over them.
CREATE TABLE appointment_option (
    appointment TEXT NOT NULL REFERENCES appointment (id),
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (appointment, name)
);

CREATE INDEX appointment_status ON appointment (status);
CREATE INDEX appointment_staff ON appointment (staff, start_at);
CREATE INDEX appointment_start ON appointment (start_at, id);
CREATE INDEX appointment_client ON appointment (client_key, start_at);
-- Reconciling reads an integration's appointments from a time on, in the order of their ids.
CREATE INDEX appointment_integration ON appointment (integration, id);

-- Meetings at the provider that no appointment has any more, and that it has still to end.
CREATE TABLE stray_meeting (
    id TEXT NOT NULL PRIMARY KEY,
    appointment TEXT NOT NULL REFERENCES appointment (id),
    integration TEXT NOT NULL REFERENCES integration (id),
    -- NULL where it is not known whether there is one.
    meeting_id TEXT,
    organizer_id TEXT,
    -- The staff member for whom it was asked for, as a user of the provider.
    user_id TEXT,
    user_key TEXT,
    user_name TEXT,
    created_at BIGINT NOT NULL
);

CREATE INDEX stray_meeting_appointment ON stray_meeting (appointment);

-- The words of names, e-mails, user names and ids, by which staff are found. Folded by the platform, as no
-- database here folds all of Unicode. Prefixes are ranges of words compared byte by byte.
CREATE TABLE staff_word (
    word TEXT NOT NULL,
    staff TEXT NOT NULL REFERENCES staff (id),
    PRIMARY KEY (word, staff)
);

CREATE INDEX staff_word_staff ON staff_word (staff);

-- Counting and finding staff by whether they have video, and by their outcome.
CREATE INDEX staff_video_off ON staff_video (staff) WHERE NOT enabled;
CREATE INDEX staff_video_on ON staff_video (staff) WHERE enabled;
CREATE INDEX staff_match_outcome ON staff_match (integration, outcome, staff);

-- How many staff there are (integration is empty) or are matched on an integration, and how many of these
-- have video switched off. Kept with each change, so that no page counts everybody.
CREATE TABLE staff_tally (
    integration TEXT NOT NULL PRIMARY KEY,
    staff BIGINT NOT NULL,
    switched_off BIGINT NOT NULL
);

-- What the platform's operator granted. A row is a grant.
CREATE TABLE entitlement (
    name TEXT NOT NULL PRIMARY KEY
);

-- Who did what, to what, when, and how it ended. A row is written before anything happens, and its outcome
-- after; rows are never removed.
CREATE TABLE audit (
    id BIGINT NOT NULL PRIMARY KEY,
    happened_at BIGINT NOT NULL,
    actor_kind TEXT NOT NULL,
    -- The staff member's id; NULL for who is no staff.
    actor TEXT,
    actor_name TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT,
    from_value TEXT,
    to_value TEXT,
    outcome TEXT NOT NULL,
    -- Why it failed or was refused, as a sentence.
    message TEXT
);

CREATE INDEX audit_actor ON audit (actor, id);
CREATE INDEX audit_subject ON audit (subject, id);
CREATE INDEX audit_action ON audit (action, id);

-- The last number given to a row of the log; as for integration_event_number.
CREATE TABLE audit_number (last BIGINT NOT NULL);
INSERT INTO audit_number (last) VALUES (0);
