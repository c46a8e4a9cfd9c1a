-- The patient registry: the current version of every record, the versions it has had, and what is still to be told.

CREATE TABLE patients (
    id              uuid        PRIMARY KEY,
    mrn             text        COLLATE "C" NOT NULL UNIQUE,
    version         integer     NOT NULL CHECK (version > 0),
    archived        boolean     NOT NULL DEFAULT false,
    email_key       text        COLLATE "C",
    email_claim     text        COLLATE "C",
    name_key        text        COLLATE "C" NOT NULL,
    phone_key       text        COLLATE "C",
    birth_date      date,
    registered_date date        NOT NULL,
    identifiers     text[]      COLLATE "C" NOT NULL,
    name_words      text[]      COLLATE "C" NOT NULL,
    document        jsonb       NOT NULL,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    updated_by      text        NOT NULL,
    change          text        NOT NULL
);
COMMENT ON COLUMN patients.email_claim IS 'the e-mail that no other active patient may have; NULL where sharing is allowed';
CREATE UNIQUE INDEX patients_email_claim ON patients (email_claim);

-- Versions that have been superseded. A record's present version is in patients alone.
CREATE TABLE patient_versions (
    patient_id      uuid        NOT NULL REFERENCES patients (id),
    version         integer     NOT NULL,
    archived        boolean     NOT NULL,
    registered_date date        NOT NULL,
    document        jsonb       NOT NULL,
    updated_at      timestamptz NOT NULL,
    updated_by      text        NOT NULL,
    change          text        NOT NULL,
    PRIMARY KEY (patient_id, version)
);

-- Where an imported record came from: each source identifier belongs to one patient, so importing twice changes nothing.
CREATE TABLE patient_sources (
    source     bytea PRIMARY KEY,
    patient_id uuid  NOT NULL
);

-- Patients whose billing account is still to be opened; a row goes when billing has confirmed the account.
CREATE TABLE billing_intents (
    patient_id uuid        PRIMARY KEY,
    created_at timestamptz NOT NULL DEFAULT now()
);

-- Each value stands for a thousand medical record numbers, which one process gives out.
CREATE SEQUENCE mrn_blocks;

-- Every distinct word of a name, with the keys of its deletions: words one slip apart share a key (search/words.py).
CREATE TABLE name_words (
    word    text   COLLATE "C" PRIMARY KEY,
    deletes int4[] NOT NULL
);
-- The pending lists are kept short: a longer one is written faster, and emptied with a longer stall.
CREATE INDEX name_words_deletes ON name_words USING gin (deletes) WITH (fastupdate = on, gin_pending_list_limit = 256);
CREATE INDEX patients_name_words ON patients USING gin (name_words)
    WITH (fastupdate = on, gin_pending_list_limit = 512);
CREATE INDEX patients_identifiers ON patients USING gin (identifiers)
    WITH (fastupdate = on, gin_pending_list_limit = 512);
CREATE INDEX patients_by_name ON patients (name_key, id);
CREATE INDEX patients_by_birth ON patients (birth_date, id);
CREATE INDEX patients_by_registered ON patients (registered_date, id);
CREATE INDEX patients_by_updated ON patients (updated_at, id);
CREATE INDEX patients_email ON patients (email_key);
CREATE INDEX patients_phone ON patients (phone_key);
CREATE INDEX patients_archived ON patients (name_key, id) WHERE archived;
