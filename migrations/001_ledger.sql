-- The ledger of one migration: one Nylas application, one rule for naming users. Times are Unix
-- milliseconds. No credential is kept, only fingerprints under a key made with the ledger.

CREATE TABLE ledger (
  only            INTEGER PRIMARY KEY CHECK (only = 1),
  ledger_id       TEXT    NOT NULL,
  created_at      INTEGER NOT NULL,
  fingerprint_key BLOB    NOT NULL CHECK (length(fingerprint_key) = 32),
  application_id  TEXT,
  host            TEXT,
  keying          TEXT
) STRICT;

CREATE TABLE runs (
  run_id       INTEGER PRIMARY KEY,
  started_at   INTEGER NOT NULL,
  ended_at     INTEGER,
  ended_how    TEXT,
  label        TEXT,
  host         TEXT    NOT NULL,
  pid          INTEGER NOT NULL,
  version      TEXT    NOT NULL,
  options      TEXT    NOT NULL,
  input_name   TEXT    NOT NULL,
  input_sha256 TEXT,
  input_bytes  INTEGER,
  balance      TEXT
) STRICT;

CREATE TABLE records (
  record_id        INTEGER PRIMARY KEY,
  key              TEXT    NOT NULL UNIQUE,
  account_id       TEXT,
  provider         TEXT    NOT NULL,
  email            TEXT,
  mailbox          TEXT,
  credential_id    TEXT,
  carried          TEXT,
  fingerprint      TEXT,
  status           TEXT    NOT NULL
                   CHECK (status IN ('pending', 'submitting', 'in_doubt', 'migrated', 'failed', 'undone')),
  category         TEXT,
  grant_id         TEXT,
  grant_status     TEXT,
  grant_email      TEXT,
  origin           TEXT
                   CHECK (origin IN ('created', 'reauthenticated', 'adopted', 'existing', 'shared', 'signed_in')),
  scope            TEXT,
  attempts         INTEGER NOT NULL DEFAULT 0,
  not_before       INTEGER,
  doubt_since      INTEGER,
  http_status      INTEGER,
  error_type       TEXT,
  error_message    TEXT,
  provider_error   TEXT,
  request_id       TEXT,
  first_attempt_at INTEGER,
  last_attempt_at  INTEGER,
  source_line      INTEGER NOT NULL,
  run_id           INTEGER NOT NULL REFERENCES runs (run_id),
  CHECK (status <> 'migrated' OR (grant_id IS NOT NULL AND origin IS NOT NULL)),
  CHECK (status <> 'failed' OR category IS NOT NULL)
) STRICT;

CREATE INDEX records_by_mailbox ON records (mailbox, provider) WHERE mailbox IS NOT NULL;
CREATE INDEX records_by_state ON records (status, category, provider);

CREATE TABLE attempt_starts (
  attempt_id INTEGER PRIMARY KEY,
  record_id  INTEGER NOT NULL REFERENCES records (record_id),
  run_id     INTEGER NOT NULL REFERENCES runs (run_id),
  kind       TEXT    NOT NULL CHECK (kind IN ('submit', 'look_up', 'verify', 'undo')),
  started_at INTEGER NOT NULL
) STRICT;

CREATE INDEX attempt_starts_by_record ON attempt_starts (record_id, attempt_id);

-- A start without an end is how a crash looks.
CREATE TABLE attempt_ends (
  attempt_id     INTEGER PRIMARY KEY REFERENCES attempt_starts (attempt_id),
  ended_at       INTEGER NOT NULL,
  result         TEXT    NOT NULL,
  http_status    INTEGER,
  error_type     TEXT,
  error_message  TEXT,
  provider_error TEXT,
  request_id     TEXT,
  fastly_id      TEXT,
  latency_ms     INTEGER
) STRICT;

CREATE TABLE row_issues (
  run_id     INTEGER NOT NULL REFERENCES runs (run_id),
  line       INTEGER NOT NULL,
  kind       TEXT    NOT NULL CHECK (kind IN ('invalid', 'duplicate', 'out_of_scope')),
  key        TEXT,
  account_id TEXT,
  email      TEXT,
  provider   TEXT,
  carried    TEXT,
  reasons    TEXT    NOT NULL,
  PRIMARY KEY (run_id, line, kind)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER attempt_starts_stay BEFORE UPDATE ON attempt_starts
BEGIN SELECT raise(ABORT, 'attempt_starts is insert-only'); END;
CREATE TRIGGER attempt_starts_remain BEFORE DELETE ON attempt_starts
BEGIN SELECT raise(ABORT, 'attempt_starts is insert-only'); END;
CREATE TRIGGER attempt_ends_stay BEFORE UPDATE ON attempt_ends
BEGIN SELECT raise(ABORT, 'attempt_ends is insert-only'); END;
CREATE TRIGGER attempt_ends_remain BEFORE DELETE ON attempt_ends
BEGIN SELECT raise(ABORT, 'attempt_ends is insert-only'); END;

-- What readers may rely on; the tables are private.
CREATE VIEW ledger_identity AS
SELECT ledger_id, created_at, application_id, host, keying FROM ledger;

CREATE VIEW ledger_records AS
SELECT record_id, key AS record_key, account_id, email, provider, status, category, grant_id, grant_status,
       grant_email, origin, scope, error_type, error_message, provider_error, http_status, request_id,
       attempts, first_attempt_at, last_attempt_at, not_before, source_line, run_id, carried, mailbox
FROM records;

CREATE VIEW ledger_attempts AS
SELECT s.attempt_id, s.record_id, s.run_id, s.kind, s.started_at, e.ended_at, e.result, e.http_status,
       e.error_type, e.error_message, e.provider_error, e.request_id, e.fastly_id, e.latency_ms
FROM attempt_starts s LEFT JOIN attempt_ends e USING (attempt_id);

-- With the record that has the row's key, if there is one: a repeated row has its answer there.
CREATE VIEW ledger_row_issues AS
SELECT i.run_id, i.line, i.kind, i.key AS record_key, i.account_id, i.email, i.provider, i.carried, i.reasons,
       r.record_id, r.grant_id, r.grant_status
FROM row_issues i LEFT JOIN records r ON r.key = i.key;

CREATE VIEW ledger_runs AS
SELECT run_id, started_at, ended_at, ended_how, label, host, pid, version, options, input_name,
       input_sha256, input_bytes, balance
FROM runs;
