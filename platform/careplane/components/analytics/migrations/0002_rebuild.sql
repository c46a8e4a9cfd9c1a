-- Where `careplane analytics rebuild` counts everything anew, while the tables that it will put right go on answering.

-- From now on a counter that comes to zero is gone, so that the tables follow from the facts, however these came about.
DELETE FROM tally WHERE patients = 0;
DELETE FROM registration_day WHERE patients = 0;

-- Unlogged: after a crash of the server they are empty, and a rebuild begins again by itself.
CREATE UNLOGGED TABLE patient_fact_rebuilt (LIKE patient_fact INCLUDING ALL);
CREATE UNLOGGED TABLE tally_rebuilt (LIKE tally INCLUDING ALL);
CREATE UNLOGGED TABLE registration_day_rebuilt (LIKE registration_day INCLUDING ALL);
CREATE UNLOGGED TABLE progress_rebuilt (LIKE progress INCLUDING ALL);
CREATE UNLOGGED TABLE inbox_rebuilt (LIKE inbox INCLUDING ALL);
CREATE UNLOGGED TABLE inbox_position_rebuilt (LIKE inbox_position INCLUDING ALL);
CREATE UNLOGGED TABLE dead_letter_rebuilt (LIKE dead_letter INCLUDING ALL);

-- The rebuild that is at work, or was when it was killed: one row at most.
CREATE TABLE rebuild (
    one      boolean     PRIMARY KEY DEFAULT true CHECK (one),
    id       uuid        NOT NULL,
    began_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    seen_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
