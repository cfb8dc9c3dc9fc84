-- Which transactions have ended: where this is as it was, nothing was committed meanwhile. (txid_…: the name that every
-- version has.)
SELECT pg_catalog.txid_current_snapshot()::text AS snapshot
