#include "base/hash.h"

#include <openssl/evp.h>
#include <pthread.h>

/* Found once: to find an algorithm by name, libcrypto goes through its locks, which takes longer
 * than to hash a page. It lives until the program ends. */
static pthread_once_t once = PTHREAD_ONCE_INIT;
static const EVP_MD *fetched;

static void fetch(void)
{
    fetched = EVP_MD_fetch(NULL, "SHA256", NULL);
}

static const EVP_MD *sha256(void)
{
    pthread_once(&once, fetch);
    return fetched != NULL ? fetched : EVP_sha256();
}

pgb_status pgb_hash_init(pgb_hash *hash, pgb_error *err)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();

    hash->ctx = NULL;
    if (ctx == NULL) {
        return pgb_error_nomem(err);
    }
    if (EVP_DigestInit_ex(ctx, sha256(), NULL) != 1) {
        EVP_MD_CTX_free(ctx);
        return pgb_error_set(err, PGB_INTERNAL, "SHA-256 is not available in libcrypto");
    }
    hash->ctx = ctx;
    return PGB_OK;
}

pgb_status pgb_hash_update(pgb_hash *hash, const void *bytes, size_t len, pgb_error *err)
{
    if (len > 0 && EVP_DigestUpdate(hash->ctx, bytes, len) != 1) {
        return pgb_error_set(err, PGB_INTERNAL, "SHA-256 failed in libcrypto");
    }
    return PGB_OK;
}

pgb_status pgb_hash_hex(pgb_hash *hash, char hex[PGB_HASH_HEX], pgb_error *err)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    if (EVP_DigestFinal_ex(hash->ctx, bytes, &len) != 1 || len != PGB_HASH_BYTES ||
        EVP_DigestInit_ex(hash->ctx, NULL, NULL) != 1) {
        return pgb_error_set(err, PGB_INTERNAL, "SHA-256 failed in libcrypto");
    }
    for (unsigned i = 0; i < len; i++) {
        hex[2 * i] = digits[bytes[i] >> 4];
        hex[2 * i + 1] = digits[bytes[i] & 15];
    }
    hex[2 * PGB_HASH_BYTES] = '\0';
    return PGB_OK;
}

void pgb_hash_done(pgb_hash *hash)
{
    EVP_MD_CTX_free(hash->ctx);
    hash->ctx = NULL;
}
