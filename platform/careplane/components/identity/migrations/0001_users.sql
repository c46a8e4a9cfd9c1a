-- Those who sign in. Two spellings of one e-mail address (case, composition) share their email_key.

CREATE TABLE users (
    id            uuid        PRIMARY KEY,
    email         text        NOT NULL,
    email_key     text        NOT NULL UNIQUE,
    password_hash text        NOT NULL CHECK (password_hash LIKE '$argon2id$%'),
    roles         text[]      NOT NULL CHECK (cardinality(roles) > 0),
    disabled      boolean     NOT NULL DEFAULT false,
    version       integer     NOT NULL DEFAULT 1 CHECK (version > 0),
    epoch         integer     NOT NULL DEFAULT 0,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL
);
