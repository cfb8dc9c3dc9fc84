-- Forgets a revision: project $1, id $2.
DELETE FROM @schema@.revision WHERE project = $1 AND id = $2
