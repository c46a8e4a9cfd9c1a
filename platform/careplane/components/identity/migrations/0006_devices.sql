-- Devices that an account has signed in from: whoever shows the secret that one was given has tries of their own. An
-- address is no longer enough for that, since others may have it too. What is kept of a secret is a keyed digest of it
-- and of the account it was given for.

DROP TABLE known_pairs;
CREATE TABLE known_devices (
    device  bytea       PRIMARY KEY,
    seen_at timestamptz NOT NULL
);
CREATE INDEX known_devices_seen_at ON known_devices (seen_at);
