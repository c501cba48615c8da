-- In which order outcomes came, for whoever is fed with them while runs go on: a record has the number of its
-- latest change, and a number is given within the transaction of the change, so that of two that are seen the
-- smaller was never committed later. Rows without a record are where a run began: numbers go on from its time
-- in Unix milliseconds, so that a ledger that was put back from a copy gives none a second time.
CREATE TABLE outcomes (
  seq       INTEGER PRIMARY KEY,
  record_id INTEGER UNIQUE
) STRICT;

INSERT INTO outcomes (record_id)
SELECT record_id FROM records
WHERE status <> 'submitting' AND (status <> 'pending' OR category IS NOT NULL)
ORDER BY last_attempt_at, record_id;

-- Whatever statement it is that changes what a record's row in a report says of its grant, or whose it is.
CREATE TRIGGER records_change AFTER UPDATE OF status, category, grant_id, grant_status, origin, account_id, carried
ON records
WHEN NEW.status <> 'submitting'
  AND (NEW.status, NEW.category, NEW.grant_id, NEW.grant_status, NEW.origin, NEW.account_id, NEW.carried)
    IS NOT (OLD.status, OLD.category, OLD.grant_id, OLD.grant_status, OLD.origin, OLD.account_id, OLD.carried)
BEGIN INSERT OR REPLACE INTO outcomes (record_id) VALUES (NEW.record_id); END;

CREATE INDEX row_issues_repeats ON row_issues (key) WHERE kind = 'duplicate';

-- Rows that repeat a record under another account_id, or with other carried columns: they have an answer of
-- their own to get, its record's. Of one that several runs met, the latest.
CREATE VIEW ledger_repeats AS
SELECT i.run_id, i.line, i.kind, i.key AS record_key, i.account_id, i.email, i.provider, i.carried, i.reasons,
       r.record_id, r.grant_id, r.grant_status, r.status AS record_status
FROM row_issues i JOIN records r ON r.key = i.key
WHERE i.kind = 'duplicate'
  AND (i.account_id IS NOT r.account_id
    OR json_patch(coalesce(r.carried, '{}'), coalesce(i.carried, '{}'))
      IS NOT json_patch(coalesce(r.carried, '{}'), '{}'))
  AND NOT EXISTS (
    SELECT 1 FROM row_issues later
    WHERE later.kind = 'duplicate' AND later.key = i.key AND later.run_id > i.run_id
      AND later.account_id IS i.account_id AND later.carried IS i.carried);

-- A repeat that is met for the first time has its record told once more, and itself with it.
CREATE TRIGGER row_issues_repeat AFTER INSERT ON row_issues
WHEN NEW.kind = 'duplicate'
  AND NOT EXISTS (
    SELECT 1 FROM row_issues earlier
    WHERE earlier.kind = 'duplicate' AND earlier.key = NEW.key AND earlier.run_id < NEW.run_id
      AND earlier.account_id IS NEW.account_id AND earlier.carried IS NEW.carried)
BEGIN
  INSERT OR REPLACE INTO outcomes (record_id)
  SELECT record_id FROM ledger_repeats
  WHERE run_id = NEW.run_id AND line = NEW.line AND record_status <> 'submitting';
END;

CREATE VIEW ledger_outcomes AS SELECT seq, record_id FROM outcomes;

-- When `redact` made the ledger forget addresses, in Unix milliseconds.
ALTER TABLE ledger ADD COLUMN redacted_at INTEGER;
CREATE VIEW ledger_redaction AS SELECT redacted_at FROM ledger;
