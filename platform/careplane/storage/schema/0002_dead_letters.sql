-- Dead letters are told of in a topic of their own, where events travel through a broker: which have not been yet.

ALTER TABLE dead_letter ADD COLUMN announced boolean NOT NULL DEFAULT false;
CREATE INDEX dead_letter_waiting ON dead_letter (at) WHERE NOT announced;
