-- When Nylas had last touched a grant, in the answer that brought it (Unix seconds by its clock): whatever it says
-- later, somebody has changed the grant since.
ALTER TABLE records ADD COLUMN grant_updated_at INTEGER;

-- Grants that undo deleted or found gone. Deleting is final: no id comes back.
CREATE TABLE undone_grants (
  grant_id   TEXT    PRIMARY KEY,
  attempt_id INTEGER NOT NULL REFERENCES attempt_ends (attempt_id)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER undone_grants_stay BEFORE UPDATE ON undone_grants
BEGIN SELECT raise(ABORT, 'undone_grants is insert-only'); END;
CREATE TRIGGER undone_grants_remain BEFORE DELETE ON undone_grants
BEGIN SELECT raise(ABORT, 'undone_grants is insert-only'); END;

CREATE VIEW ledger_undone_grants AS SELECT grant_id, attempt_id FROM undone_grants;

-- Who has, or had, which grant: records by the grant they name, and by those that somebody decided against. A grant
-- that somebody chose for a record wasn't made for it.
CREATE VIEW ledger_undo_holders AS
SELECT grant_id, record_id, key AS record_key, provider, run_id, status, origin, mailbox, grant_email, grant_status,
       grant_updated_at, EXISTS (
         SELECT 1 FROM decisions
         WHERE decisions.record_id = records.record_id AND decision = 'grant'
           AND decisions.grant_id = records.grant_id
       ) AS is_chosen, 0 AS is_discarded
FROM records
WHERE grant_id IS NOT NULL AND status <> 'undone'
  AND grant_id NOT IN (SELECT grant_id FROM undone_grants)
UNION ALL
SELECT DISTINCT d.grant_id, d.record_id, r.key, r.provider, r.run_id, r.status, d.origin, r.mailbox, d.grant_email,
       NULL, NULL, 0, 1
FROM ledger_discarded_grants d JOIN records r USING (record_id)
WHERE d.grant_id <> coalesce(r.grant_id, '')
  AND d.grant_id NOT IN (SELECT grant_id FROM undone_grants);

-- What was submitted for whom: from when on it can have left a trace on a grant, and for how long it went on.
CREATE VIEW ledger_submissions AS
SELECT record_id, attempt_id, coalesce(opens_at, started_at / 1000 - 1) AS opens_at,
       ended_at - started_at AS lasted_ms
FROM attempt_starts LEFT JOIN attempt_ends USING (attempt_id)
WHERE kind = 'submit';
