-- A revision outside a transaction is whole: project $1, id $2, duration $3, run $4.
UPDATE @schema@.revision SET state = 'applied', duration_us = $3::bigint, run = $4::uuid,
       applied_at = pg_catalog.clock_timestamp()
 WHERE project = $1 AND id = $2 AND state = 'incomplete'
