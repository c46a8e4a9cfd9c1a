-- Programs have accounts too. They sign in with a secret of 256 random bits, of which SHA-256 is kept: guessing such a
-- secret is out of reach however fast the digest, so it needs no slow one.

ALTER TABLE users
    ADD COLUMN kind          text NOT NULL DEFAULT 'person',
    ADD COLUMN name          text CHECK (length(name) BETWEEN 1 AND 100),
    ADD COLUMN secret_digest bytea CHECK (length(secret_digest) = 32),
    ALTER COLUMN email DROP NOT NULL,
    ALTER COLUMN email_key DROP NOT NULL,
    ALTER COLUMN password_hash DROP NOT NULL,
    ADD CONSTRAINT users_kind CHECK (
        CASE kind
            WHEN 'person' THEN num_nulls(email, email_key, password_hash) = 0 AND num_nonnulls(name, secret_digest) = 0
            WHEN 'service' THEN num_nulls(name, secret_digest) = 0 AND num_nonnulls(email, email_key, password_hash) = 0
            ELSE false
        END
    );
