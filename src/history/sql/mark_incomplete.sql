-- A downgrade outside a transaction is under way: project $1, id $2.
UPDATE @schema@.revision SET state = 'incomplete' WHERE project = $1 AND id = $2
