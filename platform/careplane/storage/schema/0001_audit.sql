-- Proof that nobody has changed the audit: committed rows are sealed in blocks, and a block's hash covers the one before.

-- Ids are taken before commit, so the sealer goes by (xid, id) up to the snapshot's horizon, as the outbox's relay does.
ALTER TABLE audit ADD COLUMN xid xid8 NOT NULL DEFAULT pg_current_xact_id();
CREATE INDEX audit_xid ON audit (xid, id);

-- What an auditor asks: all of late, all about one subject, all of one caller; each newest first.
DROP INDEX audit_subject;
CREATE INDEX audit_subject ON audit (subject, at, id) WHERE subject IS NOT NULL;
CREATE INDEX audit_caller ON audit (caller, at, id);
CREATE INDEX audit_at ON audit (at, id);
-- And who was shown without being what was asked for: a search names all whom it showed, an export those between two ids.
CREATE INDEX audit_shown ON audit USING gin ((detail->'patients') jsonb_path_ops)
    WHERE subject IS NULL AND detail ? 'patients';
CREATE INDEX audit_carried ON audit (at, id) WHERE subject IS NULL AND detail ? 'first';

-- A time that no calendar has (infinity, the year 200000) would be read and reckoned with by nobody.
ALTER TABLE audit ADD CHECK (at BETWEEN '2000-01-01T00:00Z' AND '9999-12-31T00:00Z');

-- `hash` is SHA-256 of the hash before, seq, at, and the SHA-256 of each row's canonical text in the order of `row_ids`;
-- `digests` holds the first 8 bytes of each of these, to name the row where they no longer fit. `xid` is that of the last
-- row: where the sealer goes on.
CREATE TABLE audit_seal (
    seq     bigint      PRIMARY KEY,
    at      timestamptz NOT NULL CHECK (at BETWEEN '2000-01-01T00:00Z' AND '9999-12-31T00:00Z'),
    xid     xid8        NOT NULL,
    row_ids bigint[]    NOT NULL CHECK (CASE WHEN coalesce(array_ndims(row_ids), 0) = 1 AND array_lower(row_ids, 1) = 1
                                        THEN array_position(row_ids, NULL) IS NULL ELSE false END),
    digests bytea       NOT NULL,
    hash    bytea       NOT NULL
);

-- Added to and read, nothing else; and a row's id, time and transaction are the database's to set.
REVOKE ALL ON audit, audit_seal FROM CURRENT_ROLE_OF_COMPONENT;
GRANT SELECT ON audit, audit_seal TO CURRENT_ROLE_OF_COMPONENT;
GRANT INSERT (caller, action, subject, request_id, trace_id, detail) ON audit TO CURRENT_ROLE_OF_COMPONENT;
GRANT INSERT ON audit_seal TO CURRENT_ROLE_OF_COMPONENT;
