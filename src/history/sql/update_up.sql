-- `repair` accepts an edited file: project $1, id $2, header text $3, up text $4, down text $5, header hash $6, up
-- hashes $7 $8, down hashes $9 $10, algorithm $11, has_down $12, irreversible $13.
UPDATE @schema@.revision
   SET header_text = $3, up_text = $4, down_text = $5, header_norm = $6, up_raw = $7, up_norm = $8, down_raw = $9,
       down_norm = $10, hash_version = $11::integer, has_down = $12::boolean, irreversible = $13
 WHERE project = $1 AND id = $2
