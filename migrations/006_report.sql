-- What a run asked of Nylas as rate, and what held it meanwhile, as JSON; null where it died.
ALTER TABLE runs ADD COLUMN pace TEXT;

DROP VIEW ledger_runs;
CREATE VIEW ledger_runs AS
SELECT run_id, started_at, ended_at, ended_how, label, host, pid, version, options, input_name,
       input_sha256, input_bytes, balance, ended_why, pace
FROM runs;

-- A record as one line of text, its key before the tab: their SHA-256, in the order of the keys and each with a
-- line feed after it, is a report's digest. A key holds no control character. No address is in it: what forgets
-- those keeps the digest.
CREATE VIEW ledger_record_lines AS
SELECT record_id, key AS record_key,
       key || char(9) || json_array(provider, status, category, grant_id, origin, attempts) AS line
FROM records;

-- What has no grant, by the domain of its mail. Without a domain: no email, or a name that is none.
CREATE VIEW ledger_domains AS
SELECT status, category, provider, count(*) AS records,
       iif(instr(mailbox, '@') > 0, substr(mailbox, instr(mailbox, '@') + 1), NULL) AS domain
FROM records
WHERE status <> 'migrated'
GROUP BY status, category, provider, domain;
