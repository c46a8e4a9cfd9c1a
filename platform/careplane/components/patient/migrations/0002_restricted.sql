-- Restricted records: who may open one, and the times somebody opened one in an emergency.

ALTER TABLE patients
    ADD COLUMN restricted boolean NOT NULL DEFAULT false,
    ADD COLUMN care_team  uuid[]  NOT NULL DEFAULT '{}';
ALTER TABLE patient_versions
    ADD COLUMN restricted boolean NOT NULL DEFAULT false,
    ADD COLUMN care_team  uuid[]  NOT NULL DEFAULT '{}';
COMMENT ON COLUMN patients.care_team IS 'the users who may open the record while it is restricted';

-- Records that were imported as confidential before this column was there (HL7 v3 Confidentiality R or V).
UPDATE patients SET restricted = true
WHERE document @? '$.meta.security[*] ? ((@.code == "R" || @.code == "V") && (!exists(@.system) ||
    @.system == "http://terminology.hl7.org/CodeSystem/v3-Confidentiality" ||
    @.system == "http://hl7.org/fhir/v3/Confidentiality" || @.system == "urn:oid:2.16.840.1.113883.5.25"))';

-- Who opened which restricted record in an emergency, why, and until when. Added to, never changed.
CREATE TABLE break_glass (
    id         uuid        PRIMARY KEY,
    patient_id uuid        NOT NULL REFERENCES patients (id),
    user_id    text        NOT NULL,
    reason     text        NOT NULL,
    granted_at timestamptz NOT NULL,
    until      timestamptz NOT NULL CHECK (until > granted_at),
    request_id text        NOT NULL
);
CREATE INDEX break_glass_open ON break_glass (user_id, patient_id, until);
CREATE INDEX break_glass_until ON break_glass (until);
REVOKE UPDATE, DELETE, TRUNCATE ON break_glass FROM CURRENT_ROLE_OF_COMPONENT;
