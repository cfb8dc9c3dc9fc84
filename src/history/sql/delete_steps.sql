-- Forgets the statements' rows of a revision: project $1, id $2.
DELETE FROM @schema@.step WHERE project = $1 AND id = $2
