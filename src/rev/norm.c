#include "rev/norm.h"

#include <string.h>

#include "rev/script.h"

static const char bom[3] = {'\xEF', '\xBB', '\xBF'};

static void begin(pgb_norm *n)
{
    n->after_cr = false;
    n->bom = 0;
    n->newlines = 0;
    n->n_blanks = n->n_out = 0;
}

pgb_status pgb_norm_init(pgb_norm *n, bool with_norm, pgb_error *err)
{
    pgb_status status;

    /* not what is held back: there is one for each section of each file */
    n->raw = n->norm = (pgb_hash){0};
    n->with_norm = with_norm;
    begin(n);
    status = pgb_hash_init(&n->raw, err);
    if (status == PGB_OK && with_norm) {
        status = pgb_hash_init(&n->norm, err);
    }
    if (status != PGB_OK) {
        pgb_norm_done(n);
    }
    return status;
}

void pgb_norm_done(pgb_norm *n)
{
    pgb_hash_done(&n->raw);
    pgb_hash_done(&n->norm);
}

static pgb_status put(pgb_norm *n, const char *bytes, size_t len, pgb_error *err)
{
    while (len > 0) {
        size_t part = sizeof n->out - n->n_out < len ? sizeof n->out - n->n_out : len;

        memcpy(n->out + n->n_out, bytes, part);
        n->n_out += part;
        bytes += part;
        len -= part;
        if (n->n_out == sizeof n->out) {
            pgb_status status = pgb_hash_update(&n->norm, n->out, n->n_out, err);

            if (status != PGB_OK) {
                return status;
            }
            n->n_out = 0;
        }
    }
    return PGB_OK;
}

/* Text comes, so what was held back counts. */
static pgb_status release(pgb_norm *n, pgb_error *err)
{
    pgb_status status = PGB_OK;

    for (; n->newlines > 0 && status == PGB_OK; n->newlines--) {
        status = put(n, "\n", 1, err);
    }
    if (n->n_blanks > 0 && status == PGB_OK) {
        status = put(n, n->blanks, n->n_blanks, err);
        n->n_blanks = 0;
    }
    return status;
}

static pgb_status put_text(pgb_norm *n, const char *bytes, size_t len, pgb_error *err)
{
    pgb_status status = PGB_OK;

    for (size_t i = 0; i < len && status == PGB_OK;) {
        size_t from = i;

        while (i < len && bytes[i] != '\n' && bytes[i] != '\r' && bytes[i] != ' ' &&
               bytes[i] != '\t') {
            i++;
        }
        if (i > from) {
            n->after_cr = false;
            status = release(n, err);
            if (status == PGB_OK) {
                status = put(n, bytes + from, i - from, err);
            }
            continue;
        }
        if (bytes[i] == ' ' || bytes[i] == '\t') {
            n->after_cr = false;
            if (n->n_blanks == sizeof n->blanks) {
                status = release(n, err);
            }
            n->blanks[n->n_blanks++] = bytes[i];
        } else if (bytes[i] == '\r' || !n->after_cr) {
            n->newlines++;
            n->n_blanks = 0;
            n->after_cr = bytes[i] == '\r';
        } else {
            n->after_cr = false; /* the LF of a CR LF */
        }
        i++;
    }
    return status;
}

pgb_status pgb_norm_update(pgb_norm *n, const char *bytes, size_t len, pgb_error *err)
{
    pgb_status status = pgb_hash_update(&n->raw, bytes, len, err);

    if (status != PGB_OK || !n->with_norm) {
        return status;
    }
    while (len > 0 && n->bom < 3) {
        if (*bytes != bom[n->bom]) {
            uint8_t seen = n->bom;

            n->bom = 4;
            status = put_text(n, bom, seen, err);
            break;
        }
        n->bom++;
        bytes++;
        len--;
    }
    return status == PGB_OK ? put_text(n, bytes, len, err) : status;
}

pgb_status pgb_norm_hex(pgb_norm *n, char raw[PGB_HASH_HEX], char *norm, pgb_error *err)
{
    char unused[PGB_HASH_HEX];
    pgb_status status = pgb_hash_hex(&n->raw, raw, err);

    if (status == PGB_OK && n->with_norm) {
        if (n->bom < 3) {
            status = put_text(n, bom, n->bom, err);
        }
        if (status == PGB_OK) {
            status = pgb_hash_update(&n->norm, n->out, n->n_out, err);
        }
        if (status == PGB_OK) {
            status = pgb_hash_hex(&n->norm, norm != NULL ? norm : unused, err);
        }
    }
    begin(n);
    return status;
}

pgb_status pgb_section_hash(const char *text, size_t len, char raw[PGB_HASH_HEX],
                            char norm[PGB_HASH_HEX], pgb_error *err)
{
    pgb_norm n;
    pgb_status status = pgb_norm_init(&n, true, err);

    if (status != PGB_OK) {
        return status;
    }
    status = pgb_norm_update(&n, text, len, err);
    if (status == PGB_OK) {
        status = pgb_norm_hex(&n, raw, norm, err);
    }
    pgb_norm_done(&n);
    return status;
}
