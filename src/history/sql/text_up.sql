-- Stored up text of a revision: project $1, id $2.
SELECT r.up_text FROM @schema@.revision r WHERE r.project = $1 AND r.id = $2
