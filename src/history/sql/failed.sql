-- Revisions of a project ($1) whose last event is a failure of their upgrade and which are not applied.
SELECT e.id
  FROM (SELECT DISTINCT ON (v.id) v.id, v.event
          FROM @schema@.event v
         WHERE v.project = $1
         ORDER BY v.id, v.seq DESC) e
  LEFT JOIN @schema@.revision r ON r.project = $1 AND r.id = e.id
 WHERE e.event = 'fail' AND (r.id IS NULL OR r.state = 'incomplete')
 ORDER BY e.id
