-- Who is signed in to the pages, on whichever host. All times are milliseconds since 1970-01-01T00:00:00Z.

CREATE TABLE console_session (
    -- SHA-256 of the cookie. Who reads this table is nobody's session.
    id BLOB NOT NULL PRIMARY KEY,
    staff TEXT NOT NULL,
    -- What the next page says.
    flash TEXT,
    begun_at BIGINT NOT NULL,
    -- To the minute.
    used_at BIGINT NOT NULL
);

CREATE INDEX console_session_used ON console_session (used_at);

-- Sign-in links that were given out and not used.
CREATE TABLE console_sign_in (
    -- SHA-256 of the link's token.
    id BLOB NOT NULL PRIMARY KEY,
    staff TEXT NOT NULL,
    ends_at BIGINT NOT NULL
);
