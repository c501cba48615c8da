-- The application's grants as Nylas last listed them: what was there before us, and what a lost answer made.
CREATE TABLE grants_seen (
  grant_id   TEXT    PRIMARY KEY,
  provider   TEXT,
  mailbox    TEXT,
  state      TEXT,
  status     TEXT,
  scope      TEXT,
  created_at INTEGER,
  updated_at INTEGER,
  seen_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX grants_seen_by_mailbox ON grants_seen (mailbox, provider) WHERE mailbox IS NOT NULL;
CREATE INDEX grants_seen_by_state ON grants_seen (state, provider) WHERE state IS NOT NULL;

-- Unix seconds by Nylas' clock: grants made before this have all been listed.
ALTER TABLE ledger ADD COLUMN listed_until INTEGER;

-- Looks in a row that found nothing since the last submission: a single-use token is sent again after two.
ALTER TABLE records ADD COLUMN empty_looks INTEGER NOT NULL DEFAULT 0;

CREATE VIEW ledger_grants_seen AS
SELECT grant_id, provider, mailbox, state, status, scope, created_at, updated_at, seen_at FROM grants_seen;

DROP VIEW ledger_records;
CREATE VIEW ledger_records AS
SELECT record_id, key AS record_key, account_id, email, provider, status, category, grant_id, grant_status,
       grant_email, origin, scope, error_type, error_message, provider_error, http_status, request_id,
       attempts, first_attempt_at, last_attempt_at, not_before, source_line, run_id, carried, mailbox,
       empty_looks
FROM records;
