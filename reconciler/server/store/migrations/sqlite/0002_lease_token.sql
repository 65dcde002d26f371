-- The id of the token that took the lease: two tokens may have one name, one after the other.
ALTER TABLE lease ADD COLUMN token TEXT NOT NULL DEFAULT '';
