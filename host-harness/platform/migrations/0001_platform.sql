-- What the platform keeps. This SQL runs on SQLite and on PostgreSQL. All times are milliseconds since
-- 1970-01-01T00:00:00Z.

CREATE TABLE staff (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    email TEXT NOT NULL,
    user_name TEXT NOT NULL,
    role TEXT NOT NULL
);

CREATE TABLE integration (
    id TEXT NOT NULL PRIMARY KEY,
    -- The id that the plugin gives itself.
    provider TEXT NOT NULL,
    display_name TEXT NOT NULL,
    match_field TEXT NOT NULL,
    state TEXT NOT NULL,
    -- Why the grant is dead; NULL in all states but needs_reauthorization.
    state_cause TEXT,
    state_message TEXT,
    account_id TEXT,
    account_tenant TEXT,
    account_user_name TEXT,
    account_display_name TEXT,
    created_at BIGINT NOT NULL,
    last_success BIGINT,
    -- Used for staff for whom none was chosen.
    is_default BOOLEAN NOT NULL DEFAULT FALSE
);

CREATE UNIQUE INDEX integration_one_default ON integration (is_default) WHERE is_default;

-- Staff without a row have video, on the default integration.
CREATE TABLE staff_video (
    staff TEXT NOT NULL PRIMARY KEY REFERENCES staff (id),
    enabled BOOLEAN NOT NULL DEFAULT TRUE,
    integration TEXT REFERENCES integration (id)
);

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
    PRIMARY KEY (integration, staff)
);

-- Who shares a key with whom.
CREATE INDEX staff_match_key ON staff_match (integration, match_key);

CREATE TABLE appointment (
    id TEXT NOT NULL PRIMARY KEY,
    staff TEXT NOT NULL REFERENCES staff (id),
    client_name TEXT NOT NULL,
    client_email TEXT NOT NULL,
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
    integration TEXT NOT NULL REFERENCES integration (id),
    -- The staff member at the provider, as matched when it was booked.
    user_id TEXT,
    user_key TEXT,
    user_name TEXT,
    meeting_id TEXT,
    organizer_id TEXT,
    link TEXT,
    note TEXT,
    created_at BIGINT NOT NULL
);

CREATE INDEX appointment_status ON appointment (status);
CREATE INDEX appointment_staff ON appointment (staff, start_at);
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
