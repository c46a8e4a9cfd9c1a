-- Restricted records: who may open one, and the times somebody opened one in an emergency.

ALTER TABLE patients
    ADD COLUMN restricted boolean NOT NULL DEFAULT false,
    ADD COLUMN care_team  uuid[]  NOT NULL DEFAULT '{}',
    ADD COLUMN restricted_since integer NOT NULL DEFAULT 1;
ALTER TABLE patient_versions
    ADD COLUMN restricted boolean NOT NULL DEFAULT false,
    ADD COLUMN care_team  uuid[]  NOT NULL DEFAULT '{}';
COMMENT ON COLUMN patients.care_team IS 'the users who may open the record while it is restricted';
COMMENT ON COLUMN patients.restricted_since IS 'the version that last restricted it; what was granted before that has ended';

-- Records that were imported as confidential before this column was there: access/confidentiality.py says which.
UPDATE patients SET restricted = true
WHERE EXISTS (
    SELECT FROM (SELECT document #> '{meta,security}') AS m(security), jsonb_array_elements(
        CASE jsonb_typeof(security) WHEN 'array' THEN security ELSE jsonb_build_array(security) END) AS label
    WHERE jsonb_typeof(label) = 'object' AND jsonb_typeof(label -> 'code') = 'string'
        AND (label ->> 'code') COLLATE "C" ~* '^[^A-Za-z0-9]*[RV][^A-Za-z0-9]*$'
        AND (jsonb_typeof(label -> 'system') IS DISTINCT FROM 'string' OR (label ->> 'system') COLLATE "C" ~*
            '^[^A-Za-z0-9]*$|confidentiality|(^|[^0-9.])2\.16\.840\.1\.113883\.5\.25([^0-9.]|$)'));

-- Who opened which restricted record in an emergency, why, and until when. Added to, never changed.
CREATE TABLE break_glass (
    id         uuid        PRIMARY KEY,
    patient_id uuid        NOT NULL REFERENCES patients (id),
    user_id    text        NOT NULL,
    reason     text        NOT NULL,
    granted_at timestamptz NOT NULL,
    until      timestamptz NOT NULL CHECK (until > granted_at),
    request_id text        NOT NULL,
    version    integer     NOT NULL
);
COMMENT ON COLUMN break_glass.version IS 'the version of the record that was opened';
CREATE INDEX break_glass_open ON break_glass (user_id, patient_id, until);
CREATE INDEX break_glass_until ON break_glass (until);
REVOKE UPDATE, DELETE, TRUNCATE ON break_glass FROM CURRENT_ROLE_OF_COMPONENT;
