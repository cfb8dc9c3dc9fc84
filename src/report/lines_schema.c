/* Plain text and CommonMark: what is there, what was verified, what happened. */
#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "report/lines.h"
#include "report/markup.h"

static void put_padded(pgb_lines *l, const char *text, unsigned width)
{
    pgb_text_display(l->out, text, strlen(text), false);
    for (unsigned i = pgb_markup_columns(text, &l->out->failed); i < width; i++) {
        pgb_buf_putc(l->out, ' ');
    }
}

/* A table of figures for people at a terminal; CommonMark has no tables: a list. */
static void put_figures(pgb_lines *l)
{
    const pgb_report *r = l->r;
    unsigned width = 14;

    for (uint32_t i = 0; i < r->n_tables; i++) {
        unsigned n = pgb_markup_columns(r->tables[i].name, &l->out->failed);

        width = n > width ? n : width;
    }
    pgb_buf_puts(l->out, "  ");
    put_padded(l, "", width);
    pgb_buf_puts(l->out, "  columns  foreign keys  indexes  checks\n");
    for (uint32_t i = 0; i < r->n_tables; i++) {
        const pgb_report_table *t = &r->tables[i];

        pgb_buf_puts(l->out, "  ");
        put_padded(l, t->name, width);
        pgb_buf_printf(l->out, "  %7u  %12u  %7u  %6u\n", t->n_counted_columns,
                       t->n_counted_foreign_keys, t->n_counted_indexes, t->n_counted_checks);
    }
    pgb_buf_puts(l->out, "  ");
    put_padded(l, "whole database", width);
    pgb_buf_printf(l->out, "  %7u  %12u  %7u  %6u\n", r->columns, r->foreign_keys, r->indexes,
                   r->checks);
}

void pgb_lines_counts(pgb_lines *l)
{
    const pgb_report *r = l->r;
    PGB_AUTO_BUF(text);

    pgb_heading(l, 2, "Counts");
    if (!l->mark) {
        put_figures(l);
        return;
    }
    for (uint32_t i = 0; i < r->n_tables; i++) {
        pgb_words_table(&text, &r->tables[i]);
        pgb_say_lines(l, "- %c: %s\n", r->tables[i].name, pgb_buf_str(&text));
        l->out->failed |= text.failed;
        pgb_buf_clear(&text);
    }
    pgb_say_lines(l, "- **%u tables in all:** %u columns, %u foreign keys, %u indexes, %u checks\n",
                  r->n_all_tables, r->columns, r->foreign_keys, r->indexes, r->checks);
    l->out->failed |= text.failed;
}

static void put_column(pgb_lines *l, const pgb_report_column *c)
{
    pgb_item(l, 1);
    pgb_say_lines(l, "%c %c", c->name, c->type);
    pgb_say_lines(l, "%s", c->not_null ? " not null" : "");
    if (c->preset != NULL) {
        pgb_say_lines(l, " default %c", c->preset);
    }
    if (c->generated != NULL) {
        pgb_say_lines(l, " %c", c->generated);
    }
    if (c->collation != NULL) {
        pgb_say_lines(l, " collate %c", c->collation);
    }
    if (c->comment != NULL) {
        pgb_say_lines(l, ": %s", c->comment);
    }
    pgb_say_lines(l, "\n");
}

static void put_items(pgb_lines *l, const char *heading, const char *bad,
                      const pgb_report_item *items, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        if (i == 0) {
            pgb_item(l, 0);
            pgb_say_lines(l, "%s\n", heading);
        }
        pgb_item(l, 1);
        pgb_say_lines(l, "%c %c", items[i].name, items[i].definition);
        if (items[i].bad) {
            pgb_say_lines(l, " (%s)", bad);
        }
        if (items[i].comment != NULL) {
            pgb_say_lines(l, ": %s", items[i].comment);
        }
        pgb_say_lines(l, "\n");
    }
}

static void put_foreign_key(pgb_lines *l, const pgb_report_foreign_key *fk)
{
    pgb_item(l, 1);
    pgb_say_lines(l, "%c: %c references %c %c ON DELETE %s", fk->name, fk->columns, fk->references,
                  fk->referenced, fk->on_delete);
    if (strcmp(fk->on_update, "NO ACTION") != 0) {
        pgb_say_lines(l, " ON UPDATE %s", fk->on_update);
    }
    if (fk->deferrable != NULL) {
        pgb_say_lines(l, ", deferrable, %s", fk->deferrable);
    }
    pgb_say_lines(l, "%s\n", fk->not_valid ? ", not validated" : "");
}

static void put_table(pgb_lines *l, const pgb_report_table *t)
{
    const pgb_report *r = l->r;
    PGB_AUTO_BUF(text);

    pgb_words_table(&text, t);
    pgb_heading(l, 3, "%c", t->name);
    pgb_item(l, 0);
    pgb_say_lines(l, "%s", pgb_buf_str(&text));
    if (t->made_by < r->n_revisions) {
        pgb_say_lines(l, "; made by %c", r->revisions[t->made_by].id);
    }
    if (t->partition_of != NULL) {
        pgb_say_lines(l, "; of %c", t->partition_of);
    }
    pgb_say_lines(l, "\n");
    if (t->comment != NULL) {
        pgb_item(l, 0);
        pgb_say_lines(l, "%s\n", t->comment);
    }
    if (t->n_columns > 0) {
        pgb_item(l, 0);
        pgb_say_lines(l, "columns\n");
    }
    for (uint32_t i = 0; i < t->n_columns; i++) {
        put_column(l, &t->columns[i]);
    }
    for (uint32_t i = 0; i < t->n_keys; i++) {
        if (i == 0) {
            pgb_item(l, 0);
            pgb_say_lines(l, "keys\n");
        }
        pgb_item(l, 1);
        pgb_say_lines(l, "%c %c\n", t->keys[i].name, t->keys[i].definition);
    }
    for (uint32_t i = 0; i < t->n_foreign_keys; i++) {
        if (i == 0) {
            pgb_item(l, 0);
            pgb_say_lines(l, "foreign keys\n");
        }
        put_foreign_key(l, &t->foreign_keys[i]);
    }
    put_items(l, "checks", "not validated", t->checks, t->n_checks);
    put_items(l, "indexes", "not valid", t->indexes, t->n_indexes);
    put_items(l, "also", "disabled", t->others, t->n_others);
    l->out->failed |= text.failed;
}

void pgb_lines_tables(pgb_lines *l)
{
    pgb_heading(l, 2, "Tables");
    for (uint32_t i = 0; i < l->r->n_tables && !l->out->failed; i++) {
        put_table(l, &l->r->tables[i]);
    }
}

void pgb_lines_objects(pgb_lines *l)
{
    const pgb_report *r = l->r;

    if (r->n_objects > 0) {
        pgb_heading(l, 2, "Other objects");
    }
    for (uint32_t i = 0; i < r->n_objects; i++) {
        pgb_item(l, 0);
        pgb_say_lines(l, "%s %c", r->objects[i].kind, r->objects[i].name);
        if (r->objects[i].detail != NULL) {
            pgb_say_lines(l, ": %c", r->objects[i].detail);
        }
        pgb_say_lines(l, "\n");
    }
}

static void put_difference(pgb_lines *l, const pgb_report_difference *d)
{
    pgb_item(l, 1);
    pgb_say_lines(l, "%s %c: %s%s", d->kind, d->object, d->change, d->property != NULL ? ", " : "");
    pgb_say_lines(l, "%s", d->property);
    if (d->expected != NULL) {
        pgb_say_lines(l, "; expected %c", d->expected);
    }
    if (d->actual != NULL) {
        pgb_say_lines(l, "; there %c", d->actual);
    }
    if (d->sql != NULL) {
        pgb_say_lines(l, "; mended by %c", d->sql);
    }
    pgb_say_lines(l, "\n");
}

void pgb_lines_verification(pgb_lines *l)
{
    const pgb_report *r = l->r;

    if (r->n_verifications > 0) {
        pgb_heading(l, 2, "Verification");
    }
    for (uint32_t i = 0; i < r->n_verifications; i++) {
        const pgb_report_verification *v = &r->verifications[i];

        pgb_item(l, 0);
        pgb_say_lines(l, "%s: compared with %s: ", v->source, v->against);
        if (!v->verified) {
            pgb_say_lines(l, "not verified\n");
        } else if (v->n_differences == 0) {
            pgb_say_lines(l, "equal\n");
        } else {
            pgb_say_lines(l, "%u %s\n", v->n_differences,
                          v->n_differences == 1 ? "difference" : "differences");
        }
        for (uint32_t k = 0; k < v->n_differences; k++) {
            put_difference(l, &v->differences[k]);
        }
        for (uint32_t k = 0; k < v->n_notes; k++) {
            pgb_item(l, 1);
            pgb_say_lines(l, "note: %s\n", v->notes[k]);
        }
    }
}

void pgb_lines_proofs(pgb_lines *l)
{
    const pgb_report *r = l->r;

    if (r->n_proofs > 0) {
        pgb_heading(l, 2, "Proofs");
    }
    for (uint32_t i = 0; i < r->n_proofs; i++) {
        pgb_item(l, 0);
        pgb_say_lines(l, "from %c\n", r->proofs[i].source);
        for (uint32_t k = 0; k < r->proofs[i].n; k++) {
            const pgb_report_proof *p = &r->proofs[i].at[k];

            pgb_item(l, 1);
            pgb_say_lines(l, "%s: %c, %s",
                          strcmp(p->result, "not_probed") == 0 ? "not probed" : p->result,
                          p->subject, p->proof);
            pgb_say_lines(l, p->reason != NULL ? ": %s\n" : "\n", p->reason);
        }
    }
}

void pgb_lines_backfills(pgb_lines *l)
{
    const pgb_report *r = l->r;

    if (r->n_backfills > 0) {
        pgb_heading(l, 2, "Backfills");
    }
    for (uint32_t i = 0; i < r->n_backfills; i++) {
        const pgb_report_backfill *b = &r->backfills[i];

        pgb_item(l, 0);
        pgb_say_lines(l, "%c: %s", b->name, b->state);
        if (b->started != NULL) {
            pgb_say_lines(l, "; begun %t", b->started);
        }
        if (b->duration_us >= 0) {
            pgb_say_lines(l, "; %d", b->duration_us);
        }
        pgb_say_lines(l, "\n");
        if (b->rows >= 0) {
            pgb_item(l, 1);
            pgb_say_lines(l, "%n rows of the source\n", b->rows);
        }
        for (uint32_t k = 0; k < b->n_outcomes; k++) {
            pgb_item(l, 1);
            pgb_say_lines(l, "%n %s\n", b->outcomes[k].count, b->outcomes[k].name);
        }
        if (b->errors > 0) {
            pgb_item(l, 1);
            pgb_say_lines(l, "%n rows at fault, rolled back alone\n", b->errors);
        }
    }
}

void pgb_lines_events(pgb_lines *l)
{
    const pgb_report *r = l->r;

    if (r->n_events > 0) {
        pgb_heading(l, 2, "Events");
    }
    for (uint32_t i = 0; i < r->n_events; i++) {
        const pgb_report_event *e = &r->events[i];

        pgb_item(l, 0);
        pgb_say_lines(l, "%t %s", e->at, e->event);
        if (e->id != NULL && e->id[0] != '\0') {
            pgb_say_lines(l, " %c", e->id);
        }
        if (e->duration_us >= 0) {
            pgb_say_lines(l, " in %d", e->duration_us);
        }
        if (e->by != NULL) {
            pgb_say_lines(l, " by %s", e->by);
        }
        if (e->sqlstate != NULL && e->sqlstate[0] != '\0') {
            pgb_say_lines(l, ", SQLSTATE %s", e->sqlstate);
        }
        if (e->message != NULL && e->message[0] != '\0') {
            pgb_say_lines(l, ": %s", e->message);
        }
        pgb_say_lines(l, "\n");
    }
}
