-- Until when (Unix seconds by Nylas' clock) the grants are known that were renewed. Apart from listed_until, which also
-- listings move on that bring only what was made. Null: not known, so that all must be looked through.
ALTER TABLE ledger ADD COLUMN renewed_until INTEGER;

-- The latest id of a listing: the next one's is higher.
ALTER TABLE ledger ADD COLUMN last_listing INTEGER NOT NULL DEFAULT 0;
UPDATE ledger SET last_listing = (SELECT coalesce(max(seen_at), 0) FROM grants_seen);
