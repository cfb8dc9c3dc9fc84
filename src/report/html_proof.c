/* What was verified and proven, backfills, events, notes. */
#include <string.h>

#include "report/html_internal.h"

static void put_number(pgb_page *p, const char *what, int64_t n)
{
    PGB_AUTO_BUF(text);

    if (n >= 0) {
        pgb_words_count(&text, (uint64_t)n, what);
        pgb_put(p, ", %s", pgb_buf_str(&text));
    }
    p->out->failed |= text.failed;
}

static void put_difference(pgb_page *p, const pgb_report_difference *d)
{
    pgb_put(p,
            "<tr class=\"bad\"><th scope=\"row\">%s <code>%s</code></th><td>%s"
            "%s%s</td><td><code>%s</code></td><td><code>%s"
            "</code></td><td><code>%s</code></td></tr>\n",
            d->kind, d->object, d->change, d->property != NULL ? ": " : "", d->property,
            d->expected, d->actual, d->sql);
}

static void put_verification(pgb_page *p, const pgb_report_verification *v)
{
    bool now = strcmp(v->source, "now") == 0;

    pgb_put(p, "<h3>%s</h3>\n<p>", now ? "Now" : v->source);
    if (!v->verified) {
        pgb_put(p, "<span class=\"badge warn\">! not verified</span>");
    } else if (v->n_differences > 0) {
        pgb_put(p, "<span class=\"badge bad\">\u2717 %u %s</span>", v->n_differences,
                v->n_differences == 1 ? "difference" : "differences");
    } else {
        pgb_put(p, "<span class=\"badge good\">\u2713 equal</span>");
    }
    pgb_put(p, " The database was compared with %s, object by object", v->against);
    put_number(p, "table", v->tables);
    put_number(p, "column", v->columns);
    put_number(p, "foreign key", v->foreign_keys);
    put_number(p, "index", v->indexes);
    put_number(p, "check", v->checks);
    pgb_put(p, ".</p>\n");
    if (v->n_differences > 0) {
        pgb_put(p,
                "<div class=\"scroll\"><table class=\"stack diffs\"><caption>Differences</caption>"
                "<thead><tr><th scope=\"col\">Object</th><th scope=\"col\">Change</th>"
                "<th scope=\"col\">Expected</th><th scope=\"col\">There</th>"
                "<th scope=\"col\">What would mend it</th></tr></thead><tbody>\n");
        for (uint32_t i = 0; i < v->n_differences; i++) {
            put_difference(p, &v->differences[i]);
        }
        pgb_put(p, "</tbody></table></div>\n");
    }
    if (v->n_notes > 0) {
        pgb_put(p, "<ul class=\"defs\">\n");
        for (uint32_t i = 0; i < v->n_notes; i++) {
            pgb_put(p, "<li>%s</li>\n", v->notes[i]);
        }
        pgb_put(p, "</ul>\n");
    }
}

void pgb_html_verification(pgb_page *p)
{
    for (uint32_t i = 0; i < p->r->n_verifications; i++) {
        put_verification(p, &p->r->verifications[i]);
    }
}

static void put_proof(pgb_page *p, const pgb_report_proof *proof)
{
    bool passed = strcmp(proof->result, "passed") == 0,
         failed = strcmp(proof->result, "failed") == 0;

    pgb_put(p, failed ? "<tr class=\"bad\">" : "<tr>");
    pgb_put(p, "<th scope=\"row\"><code>%s</code></th><td>%s</td><td>", proof->subject,
            proof->proof);
    pgb_put(p, passed   ? "<span class=\"good\">\u2713 passed</span>"
               : failed ? "<span class=\"bad\">\u2717 failed</span>"
                        : "<span class=\"warn\">! not probed</span>");
    pgb_put(p, "</td><td>%s</td></tr>\n", proof->reason);
}

void pgb_html_proofs(pgb_page *p)
{
    for (uint32_t i = 0; i < p->r->n_proofs; i++) {
        const pgb_report_proofs *proofs = &p->r->proofs[i];

        pgb_put(p,
                "<div class=\"scroll\"><table class=\"stack\"><caption>From <code>%s</code>"
                "</caption><thead><tr><th scope=\"col\">Subject</th><th scope=\"col\">Proof</th>"
                "<th scope=\"col\">Result</th><th scope=\"col\">Reason</th></tr></thead>"
                "<tbody>\n",
                proofs->source);
        for (uint32_t k = 0; k < proofs->n; k++) {
            put_proof(p, &proofs->at[k]);
        }
        pgb_put(p, "</tbody></table></div>\n");
    }
}

void pgb_html_backfills(pgb_page *p)
{
    for (uint32_t i = 0; i < p->r->n_backfills; i++) {
        const pgb_report_backfill *b = &p->r->backfills[i];

        pgb_put(p, "<h3><code>%s</code> <span class=\"tag\">%s</span></h3>\n<p class=\"soft\">",
                b->name, b->state);
        if (b->started != NULL) {
            pgb_put(p, "begun %t", b->started);
        }
        if (b->ended != NULL) {
            pgb_put(p, "; ended %t", b->ended);
        }
        if (b->duration_us >= 0) {
            pgb_put(p, "; %d", b->duration_us);
        }
        if (b->by != NULL) {
            pgb_put(p, "; by %s", b->by);
        }
        pgb_put(p, "</p>\n<ul class=\"defs\">\n");
        if (b->rows >= 0) {
            pgb_put(p, "<li>%n rows of the source</li>\n", b->rows);
        }
        for (uint32_t k = 0; k < b->n_outcomes; k++) {
            pgb_put(p, "<li>%n %s</li>\n", b->outcomes[k].count, b->outcomes[k].name);
        }
        if (b->errors > 0) {
            pgb_put(p, "<li class=\"bad\">%n rows at fault, rolled back alone</li>\n", b->errors);
        }
        pgb_put(p, "</ul>\n");
    }
}

void pgb_html_events(pgb_page *p)
{
    const pgb_report *r = p->r;
    bool messages = false;

    for (uint32_t i = 0; i < r->n_events; i++) {
        messages |= r->events[i].message != NULL || r->events[i].sqlstate != NULL;
    }

    pgb_put(p, "<div class=\"scroll\"><table class=\"stack\"><caption>From the database's own log, "
               "oldest first</caption><thead><tr><th scope=\"col\">When</th><th scope=\"col\">Event"
               "</th><th scope=\"col\">Revision</th><th scope=\"col\">How long</th>"
               "<th scope=\"col\">By</th>");
    pgb_put(p, messages ? "<th scope=\"col\">Message</th></tr></thead><tbody>\n"
                        : "</tr></thead><tbody>\n");
    for (uint32_t i = 0; i < r->n_events; i++) {
        const pgb_report_event *e = &r->events[i];

        pgb_put(p, e->failure ? "<tr class=\"bad\">" : "<tr>");
        pgb_put(p, "<td>%t</td><th scope=\"row\">%s%s</th><td>", e->at, e->failure ? "\u2717 " : "",
                e->event);
        if (e->id != NULL) {
            pgb_html_revision_link(p, e->id);
        }
        pgb_put(p, "</td><td>");
        if (e->duration_us >= 0) {
            pgb_put(p, "%d", e->duration_us);
        }
        pgb_put(p, "</td><td>%s", e->by);
        if (messages) {
            pgb_put(p, "</td><td>%s%s%s", e->sqlstate,
                    e->sqlstate != NULL && e->message != NULL ? ": " : "", e->message);
        }
        pgb_put(p, "</td></tr>\n");
    }
    pgb_put(p, "</tbody></table></div>\n");
}

void pgb_html_notes(pgb_page *p)
{
    pgb_put(p, "<ul class=\"defs\">\n");
    for (uint32_t i = 0; i < p->r->n_notes; i++) {
        pgb_put(p, "<li>%s</li>\n", p->r->notes[i]);
    }
    pgb_put(p, "</ul>\n");
}
