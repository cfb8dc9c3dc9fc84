/*
 * The splitter: whatever the bytes are, it ends, its events are in order and inside the text, what
 * lies between them is blank, and the events are the same however the text is cut into chunks.
 */
#include "fuzz.h"

#include <string.h>

#include "sql/scan.h"

enum { MAX_EVENTS = 4096 };

static bool is_blank(const uint8_t *data, uint64_t from, uint64_t to)
{
    for (uint64_t i = from; i < to; i++) {
        bool mark = i == 0 && to >= 3 && memcmp(data, "\xEF\xBB\xBF", 3) == 0;

        if (mark) {
            i += 2;
        } else if (strchr(" \t\n\r\f\v", data[i]) == NULL || data[i] == 0) {
            return false;
        }
    }
    return true;
}

/* Pieces of COPY data depend on the chunks; they are joined. */
static int scan(const uint8_t *data, size_t size, uint32_t dice, pgb_scan_event *out)
{
    pgb_scan s;
    pgb_scan_pos start = {0, 1, 1};
    pgb_scan_event ev;
    size_t given = 0;
    uint64_t upto = 0;
    int n = 0;
    long steps = 0;

    pgb_scan_init(&s, &start);
    for (;;) {
        size_t chunk;
        pgb_scan_kind kind;

        if (dice == 0) {
            chunk = size - given;
        } else {
            dice = dice * 1664525u + 1013904223u;
            chunk = dice >> 28;
            chunk = chunk < size - given ? chunk : size - given;
        }
        pgb_scan_give(&s, (const char *)data + given, chunk, given + chunk == size);
        given += chunk;
        while ((kind = pgb_scan_next(&s, &ev)) != PGB_SCAN_MORE) {
            MUST(++steps < (long)(4 * size + 64));
            if (kind == PGB_SCAN_END || kind == PGB_SCAN_ERROR) {
                if (kind == PGB_SCAN_ERROR) {
                    MUST(ev.at.off <= size && ev.at.line >= 1);
                    MUST(pgb_scan_error_message(ev.error) != NULL);
                    MUST(pgb_scan_error_hint(ev.error) != NULL);
                } else {
                    MUST(given == size && is_blank(data, upto, size));
                }
                /* How much of the data was told before an error is the chunks' affair. */
                if (kind == PGB_SCAN_ERROR && n > 0 && out[n - 1].kind == PGB_SCAN_COPY_DATA) {
                    n--;
                }
                if (n < MAX_EVENTS) {
                    out[n++] = ev;
                }
                return n;
            }
            MUST(ev.at.off >= upto && ev.at.off + ev.len <= size && ev.at.line >= 1);
            MUST(ev.kind == kind && is_blank(data, upto, ev.at.off));
            MUST(kind != PGB_SCAN_STATEMENT ||
                 (ev.token.off >= ev.at.off && ev.token.off < ev.at.off + ev.len));
            upto = ev.at.off + ev.len;
            if (kind == PGB_SCAN_COPY_DATA && n > 0 && out[n - 1].kind == PGB_SCAN_COPY_DATA) {
                MUST(out[n - 1].at.off + out[n - 1].len == ev.at.off);
                out[n - 1].len += ev.len;
            } else if (n < MAX_EVENTS) {
                out[n++] = ev;
            }
        }
        MUST(given < size || chunk < size + 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static pgb_scan_event whole[MAX_EVENTS], cut[MAX_EVENTS];
    int n = scan(data, size, 0, whole);
    uint32_t dice = (uint32_t)size * 2654435761u | 1u;

    MUST(scan(data, size, dice, cut) == n);
    for (int i = 0; i < n; i++) {
        MUST(whole[i].kind == cut[i].kind && whole[i].at.off == cut[i].at.off);
        /* A character that a chunk cuts is known to be bad later: another fault there is told
         * first. */
        MUST(whole[i].at.line == cut[i].at.line &&
             (whole[i].error == cut[i].error || whole[i].error == PGB_SCAN_UTF8));
        MUST(whole[i].kind == PGB_SCAN_END || whole[i].kind == PGB_SCAN_ERROR ||
             (whole[i].len == cut[i].len && whole[i].terminated == cut[i].terminated &&
              whole[i].copy_in == cut[i].copy_in && whole[i].empty == cut[i].empty));
        MUST(whole[i].kind == PGB_SCAN_COPY_DATA || whole[i].at.column == cut[i].at.column);
    }
    return 0;
}
