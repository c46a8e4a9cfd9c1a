-- What every component's schema holds beside its own tables: memory of idempotent calls, events out and in, audit.

CREATE TABLE idempotency (
    caller     text        NOT NULL,
    key        text        NOT NULL,
    method     text        NOT NULL,
    digest     bytea       NOT NULL,
    reply      bytea       NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (caller, key)
);
CREATE INDEX idempotency_created_at ON idempotency USING brin (created_at);

-- The event log. Ids are taken before commit, so readers go by (xid, seq) up to the snapshot's horizon, never by seq.
CREATE TABLE outbox (
    xid     xid8        NOT NULL DEFAULT pg_current_xact_id(),
    seq     bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    id      uuid        NOT NULL,
    type    text        NOT NULL,
    subject uuid        NOT NULL,
    version integer     NOT NULL,
    time    timestamptz NOT NULL,
    body    bytea       NOT NULL,
    PRIMARY KEY (xid, seq)
);

CREATE TABLE outbox_position (
    reader text   PRIMARY KEY,
    xid    xid8   NOT NULL,
    seq    bigint NOT NULL
);

CREATE TABLE inbox (
    event_id    uuid        PRIMARY KEY,
    received_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE inbox_position (
    stream   text PRIMARY KEY,
    position text NOT NULL
);

CREATE TABLE dead_letter (
    event_id uuid        PRIMARY KEY,
    stream   text        NOT NULL,
    type     text        NOT NULL,
    event    bytea       NOT NULL,
    reason   text        NOT NULL,
    at       timestamptz NOT NULL DEFAULT now()
);

-- Who did what to whom. The component's role may add rows and read them, nothing else.
CREATE TABLE audit (
    id         bigint      PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    at         timestamptz NOT NULL DEFAULT now(),
    caller     text        NOT NULL,
    action     text        NOT NULL,
    subject    uuid,
    request_id text        NOT NULL,
    trace_id   text        NOT NULL,
    detail     jsonb
);
CREATE INDEX audit_subject ON audit (subject, id);
REVOKE UPDATE, DELETE, TRUNCATE ON audit FROM CURRENT_ROLE_OF_COMPONENT;
