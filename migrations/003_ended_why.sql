-- What a run failed on, and what to do about it, in our own words: never a field of its input.
ALTER TABLE runs ADD COLUMN ended_why TEXT;

DROP VIEW ledger_runs;
CREATE VIEW ledger_runs AS
SELECT run_id, started_at, ended_at, ended_how, label, host, pid, version, options, input_name,
       input_sha256, input_bytes, balance, ended_why
FROM runs;
