/* Summary, states, graph and revisions. */
#include <string.h>

#include "report/html_internal.h"
#include "report/markup.h"
#include "report/svg.h"

enum { REVERTS_SHOWN = 24 };

static const char *tone_class(pgb_tone tone)
{
    return tone == PGB_TONE_GOOD ? "good" : tone == PGB_TONE_WARN ? "warn" : "bad";
}

/* A sign beside the colour. */
static const char *tone_word(pgb_tone tone)
{
    return tone == PGB_TONE_GOOD ? "\u2713" : tone == PGB_TONE_WARN ? "!" : "\u2717";
}

/* The first thing to be read: is it as it should be? Returns the fact that it tells, which need not
 * be told again; n: none. */
static uint32_t put_verdict(pgb_page *p, const pgb_fact *facts, uint32_t n)
{
    pgb_tone worst = PGB_TONE_PLAIN;
    uint32_t told = n;

    for (uint32_t i = 0; i < n; i++) {
        if (strcmp(facts[i].label, "Verified") == 0 || strcmp(facts[i].label, "Proven") == 0) {
            worst = facts[i].tone > worst ? facts[i].tone : worst;
            if (told == n || facts[i].tone > facts[told].tone) {
                told = i;
            }
        }
    }
    if (told == n) {
        return n;
    }
    pgb_put(p, "<div class=\"verdict %s\"><strong>%s %s</strong><p>%s</p></div>\n",
            tone_class(worst), tone_word(worst),
            worst == PGB_TONE_GOOD   ? "Applied, verified, as it should be"
            : worst == PGB_TONE_WARN ? "Applied, but not everything could be checked"
                                     : "The database is not as it should be",
            facts[told].text);
    return told;
}

/* What is there, in figures. */
static void put_tiles(pgb_page *p)
{
    const pgb_report *r = p->r;
    const struct {
        const char *what;
        uint32_t n;
    } tiles[] = {{"table", r->n_all_tables},
                 {"column", r->columns},
                 {"foreign key", r->foreign_keys},
                 {"index", r->indexes},
                 {"check", r->checks}};

    pgb_put(p, "<ul class=\"tiles\" aria-label=\"What is there\">\n");
    for (size_t i = 0; i < sizeof tiles / sizeof tiles[0]; i++) {
        PGB_AUTO_BUF(text);
        const char *word;

        pgb_words_count(&text, tiles[i].n, tiles[i].what);
        word = strchr(pgb_buf_str(&text), ' ');
        pgb_put(p, "<li><b>%u</b>%s</li>\n", tiles[i].n, word);
        p->out->failed |= text.failed;
    }
    pgb_put(p, "</ul>\n");
}

static void put_fact(pgb_page *p, const pgb_fact *f)
{
    pgb_put(p, "<dt>%s</dt><dd>", f->label);
    if (f->tone != PGB_TONE_PLAIN) {
        pgb_put(p, "<span class=\"%s\" aria-hidden=\"true\">%s </span>", tone_class(f->tone),
                tone_word(f->tone));
    }
    pgb_put(p, strcmp(f->label, "Run") == 0 ? "<code>%s</code>" : "%s", f->text);
    for (uint32_t i = 0; i < f->n_code; i++) {
        pgb_put(p,
                "<span class=\"cmdline\"><code class=\"cmd\">%s</code><button type=\"button\" "
                "hidden data-copy=\"%s\">copy</button></span>",
                f->code[i], f->code[i]);
    }
    pgb_put(p, "</dd>\n");
}

void pgb_html_summary(pgb_page *p)
{
    const pgb_fact *facts;
    uint32_t n, told;

    p->status = pgb_words_summary(p->r, p->arena, &facts, &n, p->err);
    if (p->status != PGB_OK) {
        return;
    }
    told = put_verdict(p, facts, n);
    if (p->r->n_all_tables > 0) {
        put_tiles(p);
    }
    pgb_put(p, "<dl class=\"facts\">\n");
    for (uint32_t i = 0; i < n; i++) {
        if (i != told && strcmp(facts[i].label, "What is there") != 0) {
            put_fact(p, &facts[i]);
        }
    }
    pgb_put(p, "</dl>\n");
}

static uint32_t find_revision(const pgb_report *r, const char *id)
{
    for (uint32_t i = 0; i < r->n_revisions; i++) {
        if (strcmp(r->revisions[i].id, id) == 0) {
            return i;
        }
    }
    return PGB_REPORT_NONE;
}

void pgb_html_revision_link(pgb_page *p, const char *id)
{
    if (id != NULL && find_revision(p->r, id) != PGB_REPORT_NONE) {
        pgb_put(p, "<a href=\"#rev-%i\"><code>%s</code></a>", id, id);
    } else {
        pgb_put(p, "<code>%s</code>", id);
    }
}

static void put_ids(pgb_page *p, const pgb_report_list *ids, const char *none)
{
    pgb_put(p, ids->n > 6 ? "<ul class=\"plain many\">\n" : "<ul class=\"plain\">\n");
    for (uint32_t i = 0; i < ids->n; i++) {
        uint32_t rev = find_revision(p->r, ids->at[i]);

        pgb_put(p, "<li>");
        pgb_html_revision_link(p, ids->at[i]);
        if (rev != PGB_REPORT_NONE) {
            pgb_put(p, " %s", p->r->revisions[rev].title);
        }
        pgb_put(p, "</li>\n");
    }
    if (ids->n == 0) {
        pgb_put(p, "<li>%s</li>\n", none);
    }
    pgb_put(p, "</ul>\n");
}

/* A long list is folded: it says what the revisions below say. */
static void put_reverts(pgb_page *p)
{
    const pgb_report_list *reverts = &p->r->downgrade_reverts;
    bool folds = reverts->n > REVERTS_SHOWN;

    if (folds) {
        pgb_put(p, "<details><summary>This reverts %u revisions, in this order</summary>\n",
                reverts->n);
    } else {
        pgb_put(p, "<p>This reverts, in this order:</p>\n");
    }
    put_ids(p, reverts, "");
    pgb_put(p, folds ? "</details>\n" : "");
}

void pgb_html_states(pgb_page *p)
{
    const pgb_report *r = p->r;

    pgb_put(p, "<div class=\"states\"><div><h3>Current before</h3>\n");
    put_ids(p, &r->before, "base: nothing was applied");
    pgb_put(p, "</div><div><h3>Current after</h3>\n");
    put_ids(p, &r->after, "base: nothing is applied");
    pgb_put(p, "</div></div>\n");
    if (r->now.n > 0) {
        pgb_put(p, "<h3>Current now</h3>\n");
        put_ids(p, &r->now, "");
    }
    if (r->pending.n > 0) {
        pgb_put(p, "<h3>Pending</h3>\n");
        put_ids(p, &r->pending, "");
    }
    if (r->why_no_way != NULL || r->downgrade.n > 0) {
        pgb_put(p, "<h3>The way back</h3>\n");
    }
    if (r->why_no_way != NULL) {
        pgb_put(p, "<p><span class=\"badge warn\">! none</span> %s</p>\n", r->why_no_way);
    } else if (r->downgrade.n > 0) {
        pgb_put(p, "<pre><code>");
        for (uint32_t i = 0; i < r->downgrade.n; i++) {
            pgb_put(p, i == 0 ? "%s" : "\n%s", r->downgrade.at[i]);
        }
        pgb_put(p, "</code></pre>\n");
        put_reverts(p);
    }
}

static void put_tools(pgb_page *p, const char *what, bool fold)
{
    pgb_put(p,
            "<div class=\"tools\" hidden role=\"group\" aria-label=\"%s\">"
            "<button type=\"button\" data-do=\"out\" aria-label=\"Smaller\">\u2212</button>"
            "<button type=\"button\" data-do=\"in\" aria-label=\"Larger\">+</button>"
            "<button type=\"button\" data-do=\"one\">100%%</button>"
            "<button type=\"button\" data-do=\"whole\">Whole width</button>",
            what);
    if (fold) {
        pgb_put(p, "<button type=\"button\" data-do=\"fold\" aria-pressed=\"false\">Fold runs"
                   "</button>");
    }
    pgb_put(p,
            "<input type=\"search\" placeholder=\"Find in the picture\" aria-label=\"Find in the "
            "picture; Enter goes to the next\"><output aria-live=\"polite\"></output></div>\n");
}

void pgb_html_graph(pgb_page *p)
{
    const pgb_report *r = p->r;
    uint32_t cards = 0;
    bool fold;

    p->status = pgb_svg_graph_folds(r, &cards, p->err);
    fold = r->n_revisions >= 24 && cards * 4 <= r->n_revisions * 3;
    pgb_put(p, "<figure data-picture>\n<figcaption>Newest above. A tick is applied, a ring is "
               "pending; dashed lines are dependencies; a thick frame is current. Each revision "
               "has one colour in this page.</figcaption>\n");
    put_tools(p, "The graph's view", fold);
    pgb_put(p, "<div class=\"pan\" tabindex=\"0\" role=\"region\" aria-label=\"The graph; arrow "
               "keys move it, + and - make it larger and smaller\">\n");
    if (p->status == PGB_OK) {
        pgb_svg_options options = {.prefix = ""};

        p->status = pgb_svg_graph(r, &options, p->out, p->err);
    }
    if (p->status == PGB_OK && fold) {
        pgb_svg_options options = {.prefix = "", .folded = true};

        p->status = pgb_svg_graph(r, &options, p->out, p->err);
    }
    pgb_put(p, "</div>\n</figure>\n");
}

/* Changes of one kind and action: one list, or one line where there is nothing to say of each. */
static void put_change_name(pgb_page *p, const pgb_report_change *c)
{
    if (c->table < p->r->n_tables) {
        pgb_put(p, "<a href=\"#table-%i\"><code>%s</code></a>", p->r->tables[c->table].identity,
                c->object);
    } else {
        pgb_put(p, "<code>%s</code>", c->object);
    }
}

static bool same_kind(const pgb_report_change *a, const pgb_report_change *b)
{
    return a->within == b->within && strcmp(a->action, b->action) == 0 &&
           strcmp(a->kind, b->kind) == 0;
}

static void put_kind(pgb_page *p, const pgb_report_revision *rev, uint32_t first)
{
    const pgb_report_change *like = &rev->changes[first];
    uint32_t n = 0;
    bool details = false, comma = false;
    PGB_AUTO_BUF(text);

    for (uint32_t i = first; i < rev->n_changes; i++) {
        if (same_kind(&rev->changes[i], like)) {
            n++;
            details |= rev->changes[i].detail != NULL;
        }
    }
    pgb_words_count(&text, n, like->kind);
    pgb_put(p, "<li>%s %s: ", pgb_buf_str(&text), like->action);
    p->out->failed |= text.failed;
    if (details) {
        pgb_put(p, "<ul>\n");
    }
    for (uint32_t i = first; i < rev->n_changes; i++) {
        const pgb_report_change *c = &rev->changes[i];

        if (same_kind(c, like)) {
            pgb_put(p, details ? "<li>" : comma ? ", " : "");
            put_change_name(p, c);
            if (c->detail != NULL) {
                pgb_put(p, " <span class=\"soft\">%s</span>", c->detail);
            }
            pgb_put(p, details ? "</li>\n" : "");
            comma = true;
        }
    }
    pgb_put(p, details ? "</ul></li>\n" : "</li>\n");
}

static void put_changes(pgb_page *p, const pgb_report_revision *rev)
{
    uint32_t shown = 0;

    for (uint32_t i = 0; i < rev->n_changes; i++) {
        bool earlier = rev->changes[i].within;

        for (uint32_t k = 0; k < i && !earlier; k++) {
            earlier = same_kind(&rev->changes[k], &rev->changes[i]);
        }
        if (!earlier) {
            pgb_put(p, shown++ == 0 ? "<ul>\n" : "");
            put_kind(p, rev, i);
        }
    }
    pgb_put(p, shown > 0 ? "</ul>\n" : "");
    if (shown == 0 && rev->changes_known) {
        pgb_put(p, "<p>No object of the schema was created, changed or dropped.</p>\n");
    } else if (!rev->changes_known && rev->changes_unknown_why != NULL) {
        pgb_put(p, "<p class=\"soft\">%s</p>\n", rev->changes_unknown_why);
    }
}

static void put_neighbours(pgb_page *p, const char *what, pgb_nodes nodes)
{
    for (uint32_t i = 0; i < nodes.n; i++) {
        pgb_put(p, i == 0 ? "; %s " : ", ", what);
        pgb_html_revision_link(p, p->r->revisions[nodes.at[i]].id);
    }
}

static void put_tags(pgb_page *p, uint32_t i)
{
    const pgb_report_revision *rev = &p->r->revisions[i];
    const char *const *tags = NULL;
    uint32_t n = 0;

    if (p->status == PGB_OK) {
        p->status = pgb_words_tags(p->r, i, p->arena, &tags, &n, p->err);
    }
    if (rev->current) {
        pgb_put(p, " <span class=\"tag\">current</span>");
    }
    for (uint32_t k = 0; p->status == PGB_OK && k < n; k++) {
        pgb_put(p, " <span class=\"tag\">%s</span>", tags[k]);
    }
    if (rev->state != NULL && strcmp(rev->state, "applied") != 0) {
        pgb_put(p, " <span class=\"tag %s\">%s</span>",
                strcmp(rev->state, "pending") == 0 || strcmp(rev->state, "late") == 0 ? "warn"
                                                                                      : "bad",
                rev->state);
    }
}

static void put_facts_of(pgb_page *p, uint32_t i)
{
    const pgb_report_revision *rev = &p->r->revisions[i];

    pgb_put(p, "<p class=\"soft\">");
    if (rev->at != NULL) {
        pgb_put(p, "%s %t", rev->stamped ? "stamped, not run," : "applied", rev->at);
        if (rev->duration_us >= 0 && !rev->stamped) {
            pgb_put(p, " in %d", rev->duration_us);
        }
        if (rev->by != NULL) {
            pgb_put(p, " by %s", rev->by);
        }
    } else {
        pgb_put(p, "not applied");
    }
    put_neighbours(p, "parent", pgb_graph_parents(p->r->graph, i));
    put_neighbours(p, "depends on", pgb_graph_depends(p->r->graph, i));
    if (rev->transaction_none) {
        pgb_put(p, "; outside a transaction");
    }
    if (rev->irreversible != NULL) {
        pgb_put(p, "; <span class=\"warn\">irreversible: %s</span>", rev->irreversible);
    } else if (!rev->has_down) {
        pgb_put(p, "; <span class=\"warn\">no way back</span>");
    }
    if (rev->file != NULL) {
        pgb_put(p, "; <code>%s</code>", rev->file);
    }
    pgb_put(p, "</p>\n");
}

static void put_revision(pgb_page *p, uint32_t i)
{
    const pgb_report_revision *rev = &p->r->revisions[i];

    pgb_put(p, "<article class=\"rev ");
    pgb_buf_puts(p->out, pgb_svg_colour(p->r, i));
    pgb_put(p, "\" id=\"rev-%i\" data-item>\n<h3><code>%s</code> %s", rev->id, rev->id, rev->title);
    put_tags(p, i);
    pgb_put(p, "</h3>\n");
    put_facts_of(p, i);
    put_changes(p, rev);
    pgb_put(p, "</article>\n");
}

/* Those that the report is not about have a line each, so that every link leads somewhere. */
static void put_others(pgb_page *p)
{
    const pgb_report *r = p->r;

    pgb_put(p, "<h3>Other revisions of the project</h3>\n<div class=\"scroll\"><table>"
               "<caption>Not part of this report, newest first</caption><thead><tr>"
               "<th scope=\"col\">Revision</th><th scope=\"col\">Title</th>"
               "<th scope=\"col\">State</th><th scope=\"col\">When</th></tr></thead><tbody>\n");
    for (uint32_t i = 0; i < r->n_revisions; i++) {
        const pgb_report_revision *rev = &r->revisions[r->order[i]];

        if (!rev->in_scope) {
            pgb_put(p,
                    "<tr id=\"rev-%i\"><th scope=\"row\"><code>%s</code></th><td>%s</td><td>%s"
                    "</td><td>%t</td></tr>\n",
                    rev->id, rev->id, rev->title, rev->state == NULL ? "" : rev->state, rev->at);
        }
    }
    pgb_put(p, "</tbody></table></div>\n");
}

void pgb_html_revisions(pgb_page *p)
{
    const pgb_report *r = p->r;
    uint32_t others = 0;

    for (uint32_t i = r->n_revisions; i-- > 0;) {
        if (r->revisions[r->order[i]].in_scope) {
            put_revision(p, r->order[i]);
        } else {
            others++;
        }
    }
    if (others > 0) {
        put_others(p);
    }
}
