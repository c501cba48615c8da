-- The earliest second, by Nylas' clock, that a submission can have left on a grant. It is known when the
-- attempt starts; later, our clock can have been set, and started_at tells nothing about that of Nylas.
ALTER TABLE attempt_starts ADD COLUMN opens_at INTEGER;
