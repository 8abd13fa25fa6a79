-- What the host keeps: plugins' storage, credentials and authorizations that have begun.
--
-- Written once for both databases: the store says BYTEA for BLOB on PostgreSQL, and has text compared byte by
-- byte there, as SQLite does, which also has no BOOLEAN. All times are milliseconds since 1970-01-01T00:00:00Z.

-- One row for each encryption key that seals something here, with a known text sealed under it: a
-- missing or a wrong key is found when the store is opened, not in the middle of a call. Rows refer to
-- it, so that nothing can be sealed under a key that was taken away.
CREATE TABLE sealing_key (
    key_id TEXT NOT NULL PRIMARY KEY,
    proof BLOB NOT NULL
);

CREATE TABLE plugin_storage (
    integration TEXT NOT NULL,
    name TEXT NOT NULL,
    -- 64 random bits, so that none comes twice for one name, even after a deletion.
    version BIGINT NOT NULL,
    -- Bytes of name and value before sealing, with a fixed cost for the row: what counts against the quota.
    size BIGINT NOT NULL,
    key_id TEXT NOT NULL REFERENCES sealing_key (key_id),
    sealed BLOB NOT NULL,
    PRIMARY KEY (integration, name)
);

-- One row for each integration, so that a write need not add up all others. It is also what writers
-- of one integration lock, on PostgreSQL.
CREATE TABLE storage_usage (
    integration TEXT NOT NULL PRIMARY KEY,
    bytes BIGINT NOT NULL
);

CREATE TABLE credential (
    integration TEXT NOT NULL,
    name TEXT NOT NULL,
    -- 64 random bits, new with every change of what is sealed.
    version BIGINT NOT NULL,
    key_id TEXT NOT NULL REFERENCES sealing_key (key_id),
    sealed BLOB NOT NULL,
    -- Until when a `pending/` credential may be promoted; NULL for all others.
    pending_until BIGINT,
    -- The vault that is renewing it, and until when nobody else does. Changes of the lease are no
    -- changes of the credential: the version stays.
    lease_owner BIGINT,
    lease_until BIGINT,
    PRIMARY KEY (integration, name)
);

CREATE INDEX credential_pending ON credential (pending_until) WHERE pending_until IS NOT NULL;

CREATE TABLE authorization_state (
    -- SHA-256 of the state. Who reads this table can complete nobody's authorization.
    state_hash BLOB NOT NULL PRIMARY KEY,
    -- SHA-256 of the session that began.
    session_hash BLOB NOT NULL,
    integration TEXT NOT NULL,
    purpose TEXT NOT NULL,
    -- What the administrator answered before, as JSON of names and values.
    setup TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);

CREATE INDEX authorization_state_expiry ON authorization_state (expires_at);

-- Which tenant of its provider an integration is of, as the provider said it last. Integrations of one
-- tenant share what the provider allows, and are left alone together; no secret.
CREATE TABLE integration_tenant (
    integration TEXT NOT NULL PRIMARY KEY,
    tenant TEXT NOT NULL
);
