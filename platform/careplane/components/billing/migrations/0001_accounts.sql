-- An account per patient, and the double-entry ledger behind its balance.

-- `balance_minor` is what the patient owes: the sum of the account's receivable postings, moved by the statement that
-- writes them. It stays within what a double holds exactly, because clients read it from JSON.
CREATE TABLE account (
    account_id    uuid        PRIMARY KEY,
    patient_id    uuid        NOT NULL UNIQUE,
    status        text        NOT NULL DEFAULT 'ACTIVE' CHECK (status IN ('ACTIVE', 'CLOSED')),
    currency      text        NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    balance_minor bigint      NOT NULL DEFAULT 0 CHECK (abs(balance_minor) <= 9007199254740991),
    opened_at     timestamptz NOT NULL
);
REVOKE DELETE, TRUNCATE ON account FROM CURRENT_ROLE_OF_COMPONENT;

-- `seq` is taken while the account's row is locked, so an account's entries are numbered in the order they committed.
CREATE TABLE ledger_entry (
    entry_id    uuid        PRIMARY KEY,
    account_id  uuid        NOT NULL REFERENCES account,
    seq         bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    kind        text        NOT NULL CHECK (kind IN ('charge', 'payment', 'reversal')),
    description text        NOT NULL,
    posted_at   timestamptz NOT NULL,
    reverses    uuid        UNIQUE REFERENCES ledger_entry,
    CHECK ((kind = 'reversal') = (reverses IS NOT NULL))
);
CREATE UNIQUE INDEX ledger_entry_of_account ON ledger_entry (account_id, seq);

-- What the patient owes (receivable), what was earned (revenue), what was received (cash): debits are positive.
CREATE TABLE posting (
    entry_id     uuid   NOT NULL REFERENCES ledger_entry,
    ledger       text   NOT NULL CHECK (ledger IN ('receivable', 'revenue', 'cash')),
    amount_minor bigint NOT NULL CHECK (amount_minor <> 0),
    currency     text   NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    PRIMARY KEY (entry_id, ledger)
);

-- The ledger is only ever added to: a correction is a reversal.
REVOKE UPDATE, DELETE, TRUNCATE ON ledger_entry, posting FROM CURRENT_ROLE_OF_COMPONENT;

-- At commit every entry must have postings, and they must sum to zero in each currency.
CREATE FUNCTION refuse_unbalanced_entry() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM posting WHERE entry_id = NEW.entry_id)
        OR EXISTS (SELECT FROM posting WHERE entry_id = NEW.entry_id GROUP BY currency HAVING sum(amount_minor) <> 0)
    THEN
        RAISE check_violation USING MESSAGE = 'a ledger entry does not balance', CONSTRAINT = 'ledger_entry_balances';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER ledger_entry_balances AFTER INSERT ON ledger_entry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse_unbalanced_entry();
CREATE CONSTRAINT TRIGGER posting_balances AFTER INSERT ON posting
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse_unbalanced_entry();
