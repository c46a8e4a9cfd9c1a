-- What is known of each patient from the registry's events, and counters that always agree with it.

CREATE TABLE patient_fact (
    patient_id    uuid    PRIMARY KEY,
    version       integer NOT NULL,
    birth_year    integer,
    gender        text    NOT NULL,
    postal_area   text    NOT NULL,
    registered_on date    NOT NULL,
    archived      boolean NOT NULL
);

-- `dimension` is patients (all of them), archived, gender, birth_year or postal_area (the active ones).
CREATE TABLE tally (
    dimension text   NOT NULL,
    value     text   NOT NULL,
    patients  bigint NOT NULL CHECK (patients >= 0),
    PRIMARY KEY (dimension, value)
);

CREATE TABLE registration_day (
    day      date   PRIMARY KEY,
    patients bigint NOT NULL CHECK (patients >= 0)
);

-- How far the counts reach: one row.
CREATE TABLE progress (
    one           boolean     PRIMARY KEY DEFAULT true CHECK (one),
    last_event_at timestamptz NOT NULL,
    events        bigint      NOT NULL
);
