-- A session is one sign-in, and the family of refresh tokens that came of it: one of them is alive, by its SHA-256.
-- It is over when it has ended, when its time is up, or when its user's epoch has moved on.

CREATE TABLE sessions (
    id           uuid        PRIMARY KEY,
    user_id      uuid        NOT NULL REFERENCES users,
    epoch        integer     NOT NULL,
    current      bytea       CHECK (length(current) = 32),
    begun_at     timestamptz NOT NULL,
    idle_until   timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    tokens_until timestamptz NOT NULL,
    ended_at     timestamptz
);
CREATE INDEX sessions_user ON sessions (user_id) WHERE ended_at IS NULL;
CREATE INDEX sessions_over ON sessions (greatest(expires_at, tokens_until));

-- Every refresh token that a session ever had, so that one which comes back is known.
CREATE TABLE refresh_tokens (
    digest     bytea PRIMARY KEY CHECK (length(digest) = 32),
    session_id uuid  NOT NULL REFERENCES sessions ON DELETE CASCADE
);
CREATE INDEX refresh_tokens_session ON refresh_tokens (session_id);

-- Which access tokens are not to be believed, though signed and in time: those of a session, or those of a user that
-- bear an epoch before the one named. Readers go by xid up to the snapshot's horizon, as those of the outbox do.
CREATE TABLE revocations (
    id         bigint      PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    xid        xid8        NOT NULL DEFAULT pg_current_xact_id(),
    kind       text        NOT NULL,
    subject    uuid        NOT NULL,
    epoch      integer     NOT NULL DEFAULT 0,
    expires_at timestamptz NOT NULL,
    CHECK (kind IN ('session', 'user'))
);
CREATE INDEX revocations_xid ON revocations (xid);
CREATE INDEX revocations_expires_at ON revocations (expires_at);
