-- Of a listed grant's state only a name is kept from now on, and of its other fields only what has the form of
-- what it should be. What was listed before is forgotten; the next run lists everything anew.
DELETE FROM grants_seen;
UPDATE ledger SET listed_until = NULL;
