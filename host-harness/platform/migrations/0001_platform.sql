-- What the platform keeps. This SQL runs on SQLite and on PostgreSQL. All times are milliseconds since
-- 1970-01-01T00:00:00Z.

CREATE TABLE staff (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    email TEXT NOT NULL,
    user_name TEXT NOT NULL,
    role TEXT NOT NULL,
    -- Both as they are compared: trimmed, in lower case (of Unicode, which no database here does alike).
    email_key TEXT NOT NULL,
    user_name_key TEXT NOT NULL
);

-- Who shares a key with whom.
CREATE INDEX staff_email_key ON staff (email_key);
CREATE INDEX staff_user_name_key ON staff (user_name_key);

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
    -- By key first, and by address who was missed.
    look TEXT NOT NULL,
    -- How often the provider was asked in vain.
    attempts BIGINT NOT NULL,
    wanted_at BIGINT NOT NULL,
    -- Not before this.
    due_at BIGINT NOT NULL,
    PRIMARY KEY (integration, staff)
);

CREATE INDEX match_wanted_list ON match_wanted (integration, job, look, attempts, staff);

-- Who works on an integration's list, of all processes.
CREATE TABLE match_turn (
    integration TEXT NOT NULL PRIMARY KEY REFERENCES integration (id),
    owner TEXT NOT NULL,
    until BIGINT NOT NULL
);

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
