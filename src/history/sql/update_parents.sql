-- `repair` accepts new parents: project $1, id $2, parents $3, depends $4, labels $5 (joined by chr(31)).
UPDATE @schema@.revision
   SET parents = pg_catalog.string_to_array($3, E'\x1f'), depends = pg_catalog.string_to_array($4, E'\x1f'),
       labels = pg_catalog.string_to_array($5, E'\x1f')
 WHERE project = $1 AND id = $2
