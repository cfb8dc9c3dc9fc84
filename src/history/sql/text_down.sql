-- Stored down text of a revision: project $1, id $2.
SELECT r.down_text FROM @schema@.revision r WHERE r.project = $1 AND r.id = $2
