-- After a lost COMMIT the row is the only truth: did run $3 record revision $2 of project $1?
SELECT EXISTS (SELECT FROM @schema@.revision r WHERE r.project = $1 AND r.id = $2 AND r.run = $3::uuid) AS applied,
       EXISTS (SELECT FROM @schema@.revision r WHERE r.project = $1 AND r.id = $2) AS there,
       EXISTS (SELECT FROM @schema@.event e WHERE e.project = $1 AND e.id = $2 AND e.run = $3::uuid AND e.event = $4) AS event
