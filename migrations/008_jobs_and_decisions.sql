-- What a run was: a migration is only one of the jobs that hold the ledger and talk to Nylas.
ALTER TABLE runs ADD COLUMN kind TEXT NOT NULL DEFAULT 'migrate'
  CHECK (kind IN ('migrate', 'verify', 'undo', 'resolve'));

CREATE VIEW ledger_jobs AS SELECT run_id, kind FROM runs;

-- What somebody decided about a held record: who, why, and about which grant.
CREATE TABLE decisions (
  decision_id   INTEGER PRIMARY KEY,
  record_id     INTEGER NOT NULL REFERENCES records (record_id),
  run_id        INTEGER NOT NULL REFERENCES runs (run_id),
  decided_at    INTEGER NOT NULL,
  decision      TEXT    NOT NULL CHECK (decision IN ('accept', 'reject', 'grant')),
  held_grant_id TEXT    NOT NULL,
  held_email    TEXT,
  held_origin   TEXT,
  -- What the record has from now on; a rejected one has none.
  grant_id      TEXT,
  decided_by    TEXT    NOT NULL,
  why           TEXT    NOT NULL,
  CHECK ((decision = 'reject') = (grant_id IS NULL))
) STRICT;

CREATE INDEX decisions_by_record ON decisions (record_id, decision_id);

CREATE TRIGGER decisions_stay BEFORE UPDATE ON decisions
BEGIN SELECT raise(ABORT, 'decisions is insert-only'); END;
CREATE TRIGGER decisions_remain BEFORE DELETE ON decisions
BEGIN SELECT raise(ABORT, 'decisions is insert-only'); END;

CREATE VIEW ledger_decisions AS
SELECT decision_id, record_id, run_id, decided_at, decision, held_grant_id, held_email, held_origin, grant_id,
       decided_by, why
FROM decisions;

-- Records whose grant is for another mailbox. A rejection stands until the record is submitted again.
CREATE VIEW ledger_held AS
SELECT record_id, EXISTS (
  SELECT 1 FROM decisions
  WHERE decisions.record_id = records.record_id AND decision = 'reject' AND decisions.run_id > coalesce((
    SELECT run_id FROM attempt_starts
    WHERE attempt_starts.record_id = records.record_id AND kind = 'submit'
    ORDER BY attempt_id DESC LIMIT 1), 0)
) AS is_rejected
FROM records
WHERE status = 'failed' AND category = 'email_mismatch' AND grant_id IS NOT NULL;

-- Grants that came of our submissions and that somebody decided against, but for those that serve a record.
CREATE VIEW ledger_discarded_grants AS
SELECT record_id, held_grant_id AS grant_id, held_email AS grant_email, held_origin AS origin
FROM decisions
WHERE decision <> 'accept'
  AND held_grant_id NOT IN (SELECT grant_id FROM records WHERE status = 'migrated');
