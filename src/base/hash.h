/* SHA-256 by libcrypto, streaming. The only place with <openssl/evp.h>. Floor 0. */
#ifndef PGB_BASE_HASH_H
#define PGB_BASE_HASH_H

#include "base/err.h"

enum { PGB_HASH_BYTES = 32, PGB_HASH_HEX = 65 };

typedef struct pgb_hash {
    void *ctx;
} pgb_hash;

pgb_status pgb_hash_init(pgb_hash *hash, pgb_error *err);
pgb_status pgb_hash_update(pgb_hash *hash, const void *bytes, size_t len, pgb_error *err);
/* Writes 64 lower-case hex digits and a NUL; the state is begun anew for the next use. */
pgb_status pgb_hash_hex(pgb_hash *hash, char hex[PGB_HASH_HEX], pgb_error *err);
void pgb_hash_done(pgb_hash *hash); /* a zeroed pgb_hash is allowed */

#endif
