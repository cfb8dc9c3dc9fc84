/* The schema: picture, counts, tables, other objects. */
#include <string.h>

#include "report/html_internal.h"
#include "report/svg.h"

static void put_legend(pgb_page *p)
{
    const pgb_report *r = p->r;
    bool unknown = false;

    pgb_put(p, "<ul class=\"legend\">\n");
    for (uint32_t i = r->n_revisions; i-- > 0;) {
        uint32_t rev = r->order[i], n = 0;

        for (uint32_t k = 0; k < r->n_tables; k++) {
            n += r->tables[k].made_by == rev;
            unknown |= r->tables[k].made_by >= r->n_revisions;
        }
        if (n > 0) {
            pgb_put(p, "<li><span class=\"swatch ");
            pgb_buf_puts(p->out, pgb_svg_colour(r, rev));
            pgb_put(p,
                    "\" aria-hidden=\"true\"></span><a href=\"#rev-%i\"><code>%s</code></a> %s "
                    "(%u)</li>\n",
                    r->revisions[rev].id, r->revisions[rev].id, r->revisions[rev].title, n);
        }
    }
    if (unknown) {
        pgb_put(p, "<li><span class=\"swatch rx\" aria-hidden=\"true\"></span>made by no revision "
                   "that is known</li>\n");
    }
    pgb_put(p, "</ul>\n");
}

void pgb_html_schema(pgb_page *p)
{
    pgb_svg_options options = {.prefix = ""};

    pgb_put(p, "<figure data-picture>\n<figcaption>Tables with the columns of their keys. A line "
               "leads from a foreign key to the table that it references. When a row there is "
               "deleted, rows here are: deleted with it (CASCADE: full dot, solid line); kept, "
               "their reference cleared (SET NULL: hollow dot, dashed line); or keep it from being "
               "deleted (RESTRICT, NO ACTION: bar, dotted line). The colour is that of the "
               "revision that made the table, and a line has the colour of the table that it leads "
               "to.</figcaption>\n");
    put_legend(p);
    pgb_put(p,
            "<div class=\"tools\" hidden role=\"group\" aria-label=\"The diagram's view\">"
            "<button type=\"button\" data-do=\"out\" aria-label=\"Smaller\">\u2212</button>"
            "<button type=\"button\" data-do=\"in\" aria-label=\"Larger\">+</button>"
            "<button type=\"button\" data-do=\"one\">100%%</button>"
            "<button type=\"button\" data-do=\"whole\">Whole width</button>"
            "<input type=\"search\" placeholder=\"Find in the picture\" aria-label=\"Find in the "
            "picture; Enter goes to the next\"><output aria-live=\"polite\"></output></div>\n"
            "<div class=\"pan\" tabindex=\"0\" role=\"region\" aria-label=\"The diagram; arrow "
            "keys move it, + and - make it larger and smaller\">\n");
    p->status = pgb_svg_schema(p->r, &options, p->out, p->err);
    pgb_put(p, "</div>\n</figure>\n");
}

void pgb_html_counts(pgb_page *p)
{
    const pgb_report *r = p->r;

    pgb_put(p, "<div class=\"scroll\"><table><caption>Indexes are those beside the ones that back "
               "keys; NOT NULL is no check; what a partition has from its parent is not counted."
               "</caption><thead><tr><th scope=\"col\">Table</th><th scope=\"col\" class=\"n\">"
               "Columns</th><th scope=\"col\" class=\"n\">Foreign keys</th><th scope=\"col\" "
               "class=\"n\">Indexes</th><th scope=\"col\" class=\"n\">Checks</th><th scope=\"col\">"
               "Made by</th></tr></thead><tbody>\n");
    for (uint32_t i = 0; i < r->n_tables; i++) {
        const pgb_report_table *t = &r->tables[i];

        pgb_put(p,
                "<tr data-count><th scope=\"row\"><a href=\"#table-%i\"><code>%s</code></a></th>"
                "<td class=\"n\">%u</td><td class=\"n\">%u</td><td class=\"n\">%u</td>"
                "<td class=\"n\">%u</td><td>",
                t->identity, t->name, t->n_counted_columns, t->n_counted_foreign_keys,
                t->n_counted_indexes, t->n_counted_checks);
        if (t->made_by < r->n_revisions) {
            pgb_html_revision_link(p, r->revisions[t->made_by].id);
        }
        pgb_put(p, "</td></tr>\n");
    }
    pgb_put(p,
            "</tbody><tfoot><tr><th scope=\"row\">%s: %u tables</th><td class=\"n\">%u</td>"
            "<td class=\"n\">%u</td><td class=\"n\">%u</td><td class=\"n\">%u</td><td></td>"
            "</tr></tfoot></table></div>\n",
            r->n_tables < r->n_all_tables ? "The whole database" : "In all", r->n_all_tables,
            r->columns, r->foreign_keys, r->indexes, r->checks);
}

/* Whether a column of comments has anything to say. */
static bool comments(const pgb_report_table *t)
{
    for (uint32_t i = 0; i < t->n_columns; i++) {
        if (t->columns[i].collation != NULL || t->columns[i].comment != NULL) {
            return true;
        }
    }
    return false;
}

static void put_column(pgb_page *p, const pgb_report_table *t, uint32_t i, bool comment)
{
    const pgb_report_column *c = &t->columns[i];
    const char *between = "";

    pgb_put(p, "<tr><th scope=\"row\"><code>%s</code></th><td><code>%s</code>", c->name, c->type);
    pgb_put(p, c->primary_key ? " <span class=\"tag\">key</span>" : "");
    pgb_put(p, "</td><td>%s</td><td>", c->not_null ? "not null" : "null");
    if (c->preset != NULL) {
        pgb_put(p, "<code>%s</code>", c->preset);
        between = "; ";
    }
    if (c->generated != NULL) {
        pgb_put(p, "%s<code>%s</code>", between, c->generated);
    }
    if (comment) {
        pgb_put(p, "</td><td>%s%s%s", c->collation != NULL ? c->collation : "",
                c->collation != NULL && c->comment != NULL ? "; " : "", c->comment);
    }
    pgb_put(p, "</td></tr>\n");
}

static void put_columns(pgb_page *p, const pgb_report_table *t)
{
    bool comment = comments(t);

    pgb_put(
        p,
        "<div class=\"scroll\"><table class=\"stack wide cols\"><caption>Columns of %s</caption>"
        "<thead><tr><th scope=\"col\">Column</th><th scope=\"col\">Type</th>"
        "<th scope=\"col\">Null</th><th scope=\"col\">Default</th>",
        t->name);
    pgb_put(p, comment ? "<th scope=\"col\">Comment</th></tr></thead><tbody>\n"
                       : "</tr></thead><tbody>\n");
    for (uint32_t i = 0; i < t->n_columns; i++) {
        put_column(p, t, i, comment);
    }
    pgb_put(p, "</tbody></table></div>\n");
}

static void put_foreign_keys(pgb_page *p, const pgb_report_table *t)
{
    const pgb_report *r = p->r;

    if (t->n_foreign_keys == 0) {
        return;
    }
    pgb_put(p,
            "<div class=\"scroll\"><table class=\"stack wide fks\"><caption>Foreign keys of "
            "%s</caption>"
            "<thead><tr><th scope=\"col\">Foreign key</th><th scope=\"col\">Columns</th>"
            "<th scope=\"col\">References</th><th scope=\"col\">ON DELETE</th>"
            "<th scope=\"col\">So a row here is</th></tr></thead><tbody>\n",
            t->name);
    for (uint32_t i = 0; i < t->n_foreign_keys; i++) {
        const pgb_report_foreign_key *fk = &t->foreign_keys[i];

        pgb_put(p,
                "<tr data-foreign-key=\"%s.%s\"><th scope=\"row\"><code>%s</code></th>"
                "<td><code>%s</code></td><td>",
                t->name, fk->name, fk->name, fk->columns);
        if (fk->target < r->n_tables) {
            pgb_put(p, "<a href=\"#table-%i\"><code>%s</code></a>", r->tables[fk->target].identity,
                    fk->references);
        } else {
            pgb_put(p, "<code>%s</code>", fk->references);
        }
        pgb_put(p,
                " <code>(%s)</code></td><td>%s</td><td>%s%s%s%s%s</td>"
                "</tr>\n",
                fk->referenced, fk->on_delete, pgb_words_on_delete(fk->on_delete),
                strcmp(fk->on_update, "NO ACTION") == 0 ? "" : "; ON UPDATE ",
                strcmp(fk->on_update, "NO ACTION") == 0 ? "" : fk->on_update,
                fk->deferrable != NULL ? "; deferrable, " : "",
                fk->deferrable != NULL ? fk->deferrable : "");
        if (fk->not_valid) {
            pgb_put(p, "<tr class=\"bad\"><td></td><td colspan=\"4\">not validated: rows from "
                       "before may break it</td></tr>\n");
        }
    }
    pgb_put(p, "</tbody></table></div>\n");
}

static void put_items(pgb_page *p, const char *heading, const char *bad,
                      const pgb_report_item *items, uint32_t n)
{
    if (n == 0) {
        return;
    }
    pgb_put(p, "<h4>%s</h4>\n<ul class=\"items\">\n", heading);
    for (uint32_t i = 0; i < n; i++) {
        pgb_put(p, "<li><code>%s</code> <span><code>%s</code>%s", items[i].name,
                items[i].definition, items[i].comment != NULL ? " \u2013 " : "");
        pgb_put(p, "%s", items[i].comment);
        if (items[i].bad) {
            pgb_put(p, " <span class=\"badge bad\">%s</span>", bad);
        }
        pgb_put(p, "</span></li>\n");
    }
    pgb_put(p, "</ul>\n");
}

static void put_keys(pgb_page *p, const pgb_report_table *t)
{
    if (t->n_keys == 0) {
        pgb_put(p, "<p class=\"warn\">No primary key.</p>\n");
        return;
    }
    pgb_put(p, "<h4>Keys</h4>\n<ul class=\"items\">\n");
    for (uint32_t i = 0; i < t->n_keys; i++) {
        const pgb_report_key *k = &t->keys[i];

        pgb_put(p, "<li><code>%s</code> <code>%s</code></li>\n", k->name, k->definition);
    }
    pgb_put(p, "</ul>\n");
}

static void put_table(pgb_page *p, const pgb_report_table *t)
{
    const pgb_report *r = p->r;
    PGB_AUTO_BUF(text);

    pgb_words_table(&text, t);
    pgb_put(p, "<article class=\"tab ");
    pgb_buf_puts(p->out, pgb_svg_colour(r, t->made_by));
    pgb_put(p, "\" id=\"table-%i\" data-item data-table=\"%s\">\n<h3><code>%s</code></h3>\n",
            t->identity, t->name, t->name);
    if (t->comment != NULL) {
        pgb_put(p, "<p>%s</p>\n", t->comment);
    }
    pgb_put(p, "<p class=\"soft\">%s", pgb_buf_str(&text));
    if (t->made_by < r->n_revisions) {
        pgb_put(p, "; made by ");
        pgb_html_revision_link(p, r->revisions[t->made_by].id);
    }
    if (t->partition_of != NULL) {
        pgb_put(p, "; of <code>%s</code>", t->partition_of);
    }
    pgb_put(p, "</p>\n");
    put_columns(p, t);
    put_foreign_keys(p, t);
    put_keys(p, t);
    put_items(p, "Checks", "not validated", t->checks, t->n_checks);
    put_items(p, "Indexes", "not valid", t->indexes, t->n_indexes);
    put_items(p, "Also", "disabled", t->others, t->n_others);
    pgb_put(p, "</article>\n");
    p->out->failed |= text.failed;
}

void pgb_html_tables(pgb_page *p)
{
    for (uint32_t i = 0; i < p->r->n_tables && !p->out->failed; i++) {
        put_table(p, &p->r->tables[i]);
    }
}

void pgb_html_objects(pgb_page *p)
{
    const pgb_report *r = p->r;

    pgb_put(p, "<div class=\"scroll\"><table class=\"stack\"><caption>What is no table nor part of "
               "one</caption><thead><tr><th scope=\"col\">Object</th><th scope=\"col\">Kind</th>"
               "<th scope=\"col\">What it is</th></tr></thead><tbody>\n");
    for (uint32_t i = 0; i < r->n_objects; i++) {
        pgb_put(p,
                "<tr><th scope=\"row\"><code>%s</code></th><td>%s</td><td><code>%s</code></td>"
                "</tr>\n",
                r->objects[i].name, r->objects[i].kind, r->objects[i].detail);
    }
    pgb_put(p, "</tbody></table></div>\n");
}
