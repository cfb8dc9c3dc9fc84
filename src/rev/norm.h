/*
 * The hashes of a text: of its bytes, and of what remains when line ends and blanks that nobody
 * sees are taken away: CR LF and CR become LF, blanks (space, tab) before a line's end go, blanks
 * and line ends at the text's end go, and a byte order mark at its start. Streaming; the same
 * however the text is cut. Floor 2, inside rev.
 */
#ifndef PGB_REV_NORM_H
#define PGB_REV_NORM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"

typedef struct pgb_norm {
    pgb_hash raw, norm;
    bool with_norm, after_cr;
    uint8_t bom;       /* bytes of a mark seen at the start; 4: decided */
    uint64_t newlines; /* held back */
    size_t n_blanks, n_out;
    char blanks[4096]; /* held back; a longer run counts as text */
    char out[4096];
} pgb_norm;

/* with_norm false: only the bytes are hashed. */
pgb_status pgb_norm_init(pgb_norm *n, bool with_norm, pgb_error *err);
pgb_status pgb_norm_update(pgb_norm *n, const char *bytes, size_t len, pgb_error *err);
/* norm may be NULL; the state is begun anew for the next use */
pgb_status pgb_norm_hex(pgb_norm *n, char raw[PGB_HASH_HEX], char *norm, pgb_error *err);
void pgb_norm_done(pgb_norm *n);

#endif
