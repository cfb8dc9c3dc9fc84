/* The page as a whole. */
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "base/hash.h"
#include "report/html_internal.h"
#include "report/markup.h"
#include "report_templates.h"

void pgb_put(pgb_page *p, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    for (const char *f = format; *f != '\0'; f++) {
        if (*f != '%') {
            pgb_buf_putc(p->out, *f);
            continue;
        }
        switch (*++f) {
        case 's':
            pgb_markup_text(p->out, va_arg(ap, const char *));
            break;
        case 'u':
            pgb_buf_printf(p->out, "%u", va_arg(ap, uint32_t));
            break;
        case 'n':
            pgb_buf_printf(p->out, "%" PRId64, va_arg(ap, int64_t));
            break;
        case 'i':
            pgb_markup_id(p->out, "", va_arg(ap, const char *));
            break;
        case 'd':
            pgb_words_duration(p->out, va_arg(ap, int64_t));
            break;
        case 't': {
            pgb_buf text = PGB_BUF_INIT;

            pgb_words_time(&text, va_arg(ap, const char *));
            pgb_markup_text(p->out, pgb_buf_str(&text));
            p->out->failed |= text.failed;
            pgb_buf_done(&text);
            break;
        }
        default:
            pgb_buf_putc(p->out, '%');
        }
    }
    va_end(ap);
}

/* "sha256-…" of an inline style or script, as a CSP names it. */
static pgb_status put_hash(pgb_page *p, const char *text)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    pgb_hash hash = {0};
    char hex[PGB_HASH_HEX];
    unsigned char bytes[PGB_HASH_BYTES + 1] = {0};
    pgb_status status = pgb_hash_init(&hash, p->err);

    if (status == PGB_OK) {
        status = pgb_hash_update(&hash, text, strlen(text), p->err);
    }
    if (status == PGB_OK) {
        status = pgb_hash_hex(&hash, hex, p->err);
    }
    pgb_hash_done(&hash);
    if (status != PGB_OK) {
        return status;
    }
    for (size_t i = 0; i < PGB_HASH_BYTES; i++) {
        const char *hexes = "0123456789abcdef";

        bytes[i] = (unsigned char)((strchr(hexes, hex[2 * i]) - hexes) * 16 +
                                   (strchr(hexes, hex[2 * i + 1]) - hexes));
    }
    pgb_put(p, "'sha256-");
    for (size_t i = 0; i < PGB_HASH_BYTES; i += 3) {
        unsigned three = (unsigned)bytes[i] << 16 | (unsigned)bytes[i + 1] << 8 |
                         (i + 2 < PGB_HASH_BYTES ? bytes[i + 2] : 0u);

        pgb_buf_putc(p->out, digits[three >> 18]);
        pgb_buf_putc(p->out, digits[three >> 12 & 63]);
        pgb_buf_putc(p->out, digits[three >> 6 & 63]);
        pgb_buf_putc(p->out, (char)(i + 2 < PGB_HASH_BYTES ? digits[three & 63] : '='));
    }
    pgb_put(p, "'");
    return PGB_OK;
}

static void put_head(pgb_page *p, const char *style)
{
    PGB_AUTO_BUF(title);

    pgb_words_title(&title, p->r);
    /* nothing may be loaded, and no script may run but ours, even if an escape were wrong */
    pgb_put(p, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
               "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
               "img-src data:; base-uri 'none'; form-action 'none'; style-src ");
    p->status = put_hash(p, style);
    if (p->status == PGB_OK) {
        pgb_put(p, "; script-src ");
        p->status = put_hash(p, pgb_template_page_js);
    }
    pgb_put(p,
            "\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
            "<meta name=\"color-scheme\" content=\"light dark\">\n"
            "<meta name=\"referrer\" content=\"no-referrer\">\n"
            "<meta name=\"generator\" content=\"pgbraid %s\">\n"
            "<link rel=\"icon\" href=\"data:,\">\n<title>%s</title>\n<style>",
            p->r->tool_version, pgb_buf_str(&title));
    pgb_buf_puts(p->out, style);
    pgb_put(p, "</style>\n</head>\n");
    p->out->failed |= title.failed;
}

typedef struct section {
    const char *id, *title;
    void (*put)(pgb_page *p);
    bool wanted;
} section;

static bool shows_states(const pgb_report *r)
{
    return r->asked && r->n_revisions > 0;
}

static void put_page(pgb_page *p, const section *sections, size_t n)
{
    const pgb_report *r = p->r;
    PGB_AUTO_BUF(title);

    pgb_words_title(&title, r);
    pgb_put(p,
            "<body>\n<a class=\"skip\" href=\"#main\">Skip to the report</a>\n<header>\n"
            "<h1>%s</h1>\n<p class=\"soft\">%s%s made %t",
            pgb_buf_str(&title), r->scope_text != NULL ? r->scope_text : "the whole project",
            r->scope_text != NULL ? ";" : ",", r->made_at);
    if (r->made_by != NULL) {
        pgb_put(p, " by %s", r->made_by);
    }
    pgb_put(p,
            " with pgbraid %s</p>\n</header>\n<div class=\"bar\"><nav aria-label=\"Contents\">"
            "<ul>\n",
            r->tool_version);
    for (size_t i = 0; i < n; i++) {
        if (sections[i].wanted) {
            pgb_put(p, "<li><a href=\"#%s\">%s</a></li>\n", sections[i].id, sections[i].title);
        }
    }
    pgb_put(p, "</ul></nav>\n");
    if (r->n_revisions + r->n_tables > 0) {
        pgb_put(p,
                "<div class=\"find\" hidden role=\"search\"><input type=\"search\" id=\"search\" "
                "placeholder=\"Find revisions, tables\" aria-label=\"Show only revisions and "
                "tables with this word; Enter goes to the first\"><output id=\"search-count\" "
                "aria-live=\"polite\"></output></div>\n");
    }
    pgb_put(p, "</div>\n<main id=\"main\" tabindex=\"-1\">\n");
    for (size_t i = 0; i < n && p->status == PGB_OK && !p->out->failed; i++) {
        if (sections[i].wanted) {
            pgb_put(p, "<section aria-labelledby=\"%s\">\n<h2 id=\"%s\">%s</h2>\n", sections[i].id,
                    sections[i].id, sections[i].title);
            sections[i].put(p);
            pgb_put(p, "</section>\n");
        }
    }
    pgb_put(p,
            "<div class=\"sign\" aria-hidden=\"true\"><div>Done by</div><div>Checked by</div>"
            "<div>Date</div></div>\n</main>\n<footer>Made by pgbraid %s from the database's "
            "catalog and history and the project's files. Nothing in this page was loaded from "
            "elsewhere.</footer>\n<script>",
            r->tool_version);
    pgb_buf_puts(p->out, pgb_template_page_js);
    pgb_put(p, "</script>\n</body>\n</html>\n");
    p->out->failed |= title.failed;
}

pgb_status pgb_report_html(const pgb_report *r, pgb_buf *out, pgb_error *err)
{
    PGB_AUTO_ARENA(arena);
    PGB_AUTO_BUF(style);
    pgb_page p = {.r = r, .out = out, .arena = arena, .err = err};
    const section sections[] = {
        {"summary", "Summary", pgb_html_summary, true},
        {"before-and-after", "Before and after", pgb_html_states, shows_states(r)},
        {"notes", "Notes", pgb_html_notes, r->n_notes > 0},
        {"graph", "The graph", pgb_html_graph, r->n_revisions > 0},
        {"revisions", "Revisions", pgb_html_revisions, r->n_revisions > 0},
        {"verification", "Verification", pgb_html_verification, r->n_verifications > 0},
        {"proofs", "Proofs", pgb_html_proofs, r->n_proofs > 0},
        {"backfills", "Backfills", pgb_html_backfills, r->n_backfills > 0},
        {"events", "Events", pgb_html_events, r->n_events > 0},
        {"schema", "The schema", pgb_html_schema, r->n_tables > 0},
        {"counts", "Counts", pgb_html_counts, r->n_tables > 0},
        {"tables", "Tables", pgb_html_tables, r->n_tables > 0},
        {"objects", "Other objects", pgb_html_objects, r->n_objects > 0},
    };

    if (arena == NULL) {
        return pgb_error_nomem(err);
    }
    pgb_buf_puts(&style, pgb_template_palette_css);
    pgb_buf_puts(&style, pgb_template_picture_css);
    pgb_buf_puts(&style, pgb_template_page_css);
    if (style.failed) {
        return pgb_error_nomem(err);
    }
    put_head(&p, pgb_buf_str(&style));
    if (p.status == PGB_OK) {
        put_page(&p, sections, sizeof sections / sizeof sections[0]);
    }
    return p.status == PGB_OK && out->failed ? pgb_error_nomem(err) : p.status;
}
