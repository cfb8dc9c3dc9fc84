/* psql's backslash commands in SQL files: which are passed over, what to write instead. Floor 1. */
#ifndef PGB_SQL_META_H
#define PGB_SQL_META_H

#include <stdbool.h>
#include <stddef.h>

/* \restrict and \unrestrict, which pg_dump writes, mean nothing to the server. */
bool pgb_meta_is_harmless(const char *text, size_t len);
/* What to write instead; a full sentence, never NULL. text begins with the backslash. */
const char *pgb_meta_advice(const char *text, size_t len);
/* Length of the command's name, the backslash included: 2 for "\i file". */
size_t pgb_meta_name_len(const char *text, size_t len);

#endif
