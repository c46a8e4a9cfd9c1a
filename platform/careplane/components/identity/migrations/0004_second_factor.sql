-- A user's second factor (RFC 6238), and the codes that stand in for it. The secret is encrypted, the codes are hashed.

CREATE TABLE second_factors (
    user_id    uuid        PRIMARY KEY REFERENCES users,
    secret     bytea       NOT NULL,
    active     boolean     NOT NULL DEFAULT false,
    last_step  bigint,
    created_at timestamptz NOT NULL
);

CREATE TABLE recovery_codes (
    user_id uuid  NOT NULL REFERENCES second_factors ON DELETE CASCADE,
    digest  bytea NOT NULL CHECK (length(digest) = 32),
    PRIMARY KEY (user_id, digest)
);

-- Set with the password: it is one that only a second factor makes long enough.
ALTER TABLE users ADD COLUMN short_password boolean NOT NULL DEFAULT false;
