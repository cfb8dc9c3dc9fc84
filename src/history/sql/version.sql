-- Version of the history.
SELECT m.version FROM @schema@.meta m
