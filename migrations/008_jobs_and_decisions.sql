-- What a run was: a migration is only one of the jobs that hold the ledger and talk to Nylas.
ALTER TABLE runs ADD COLUMN kind TEXT NOT NULL DEFAULT 'migrate'
  CHECK (kind IN ('migrate', 'verify', 'undo', 'resolve'));

CREATE VIEW ledger_jobs AS SELECT run_id, kind FROM runs;

-- What somebody decided about a record: who, why, and about which grant, if it had one.
CREATE TABLE decisions (
  decision_id   INTEGER PRIMARY KEY,
  record_id     INTEGER NOT NULL REFERENCES records (record_id),
  run_id        INTEGER NOT NULL REFERENCES runs (run_id),
  decided_at    INTEGER NOT NULL,
  decision      TEXT    NOT NULL CHECK (decision IN ('accept', 'reject', 'grant')),
  held_grant_id TEXT,
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

-- Migrated records whose grant is not what it was, by what `verify` found last.
CREATE INDEX records_lost ON records (grant_status)
  WHERE status = 'migrated' AND grant_status IN ('missing', 'invalid', 'unusable', 'changed');

CREATE VIEW ledger_lost AS
SELECT record_id, key AS record_key, provider, email, grant_id, grant_email, grant_status, run_id
FROM records WHERE status = 'migrated' AND grant_status IN ('missing', 'invalid', 'unusable', 'changed');

-- Records and their grants as `verify` compares them. The second as of last_opens_at: the earliest, by Nylas'
-- clock, that the latest submission can have left on a grant.
CREATE VIEW ledger_grant_holders AS
SELECT record_id, key AS record_key, provider, mailbox, email, status, category, grant_id, grant_status,
       grant_email, scope, (
         SELECT coalesce(opens_at, started_at / 1000 - 1) FROM attempt_starts
         WHERE attempt_starts.record_id = records.record_id AND kind = 'submit'
         ORDER BY attempt_id DESC LIMIT 1
       ) AS last_opens_at
FROM records;

-- Records whose grant is for another mailbox, since it was made or since then; somebody must decide. A rejection
-- stands until the record is submitted again.
CREATE VIEW ledger_held AS
SELECT held.*, EXISTS (
  SELECT 1 FROM decisions
  WHERE decisions.record_id = held.record_id AND decision = 'reject' AND decisions.run_id > coalesce((
    SELECT run_id FROM attempt_starts
    WHERE attempt_starts.record_id = held.record_id AND kind = 'submit'
    ORDER BY attempt_id DESC LIMIT 1), 0)
) AS is_rejected
FROM (
  SELECT record_id, key AS record_key, provider, email, status, grant_id, origin, grant_email AS answered_email
  FROM records WHERE status = 'failed' AND category = 'email_mismatch' AND grant_id IS NOT NULL
  UNION ALL
  SELECT r.record_id, r.key, r.provider, r.email, r.status, r.grant_id, r.origin, g.mailbox
  FROM ledger_lost lost JOIN records r USING (record_id) LEFT JOIN grants_seen g ON g.grant_id = r.grant_id
  WHERE lost.grant_status = 'changed'
) held;

-- Grants that came of our submissions and that somebody decided against, but for those that serve a record.
CREATE VIEW ledger_discarded_grants AS
SELECT record_id, held_grant_id AS grant_id, held_email AS grant_email, held_origin AS origin
FROM decisions
WHERE decision <> 'accept' AND held_grant_id IS NOT NULL
  AND held_grant_id NOT IN (SELECT grant_id FROM records WHERE status = 'migrated');
