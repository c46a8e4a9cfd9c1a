-- What slows guessing down. A bucket is one instant: that at which it is full again (a generic cell rate algorithm).
-- Accounts and addresses stand here as keyed hashes only; the key is this database's own.

CREATE TABLE guess_buckets (
    key     bytea       PRIMARY KEY,
    kind    text        NOT NULL,
    full_at timestamptz NOT NULL
);
CREATE INDEX guess_buckets_full_at ON guess_buckets (kind, full_at);

-- From where which account has signed in.
CREATE TABLE known_pairs (
    pair    bytea       PRIMARY KEY,
    seen_at timestamptz NOT NULL
);
CREATE INDEX known_pairs_seen_at ON known_pairs (seen_at);

CREATE TABLE guess_key (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    key    bytea   NOT NULL
);
INSERT INTO guess_key (key)
VALUES (sha256(convert_to(concat(gen_random_uuid(), gen_random_uuid(), gen_random_uuid()), 'UTF8')));
