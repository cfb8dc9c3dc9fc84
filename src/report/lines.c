/* Plain text and CommonMark: the summary, the graph and the revisions. */
#include "report/lines.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "base/text.h"
#include "report/graph_text.h"
#include "report/markup.h"

static void put_text(pgb_lines *l, const char *text)
{
    if (l->mark) {
        pgb_mark_text(l->out, text);
    } else if (text != NULL) {
        pgb_text_display(l->out, text, strlen(text), false);
    }
}

static void put_code(pgb_lines *l, const char *text)
{
    if (l->mark) {
        pgb_mark_code(l->out, text);
    } else {
        put_text(l, text);
    }
}

static void put_format(pgb_lines *l, const char *format, va_list ap)
{
    for (const char *f = format; *f != '\0'; f++) {
        if (*f != '%') {
            pgb_buf_putc(l->out, *f);
            continue;
        }
        switch (*++f) {
        case 's':
            put_text(l, va_arg(ap, const char *));
            break;
        case 'c':
            put_code(l, va_arg(ap, const char *));
            break;
        case 'n':
            pgb_buf_printf(l->out, "%" PRId64, va_arg(ap, int64_t));
            break;
        case 'u':
            pgb_buf_printf(l->out, "%u", va_arg(ap, uint32_t));
            break;
        case 'd':
            pgb_words_duration(l->out, va_arg(ap, int64_t));
            break;
        case 't': {
            pgb_buf text = PGB_BUF_INIT;

            pgb_words_time(&text, va_arg(ap, const char *));
            put_text(l, pgb_buf_str(&text));
            l->out->failed |= text.failed;
            pgb_buf_done(&text);
            break;
        }
        default:
            pgb_buf_putc(l->out, '%');
        }
    }
}

void pgb_say_lines(pgb_lines *l, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    put_format(l, format, ap);
    va_end(ap);
}

void pgb_heading(pgb_lines *l, unsigned level, const char *format, ...)
{
    va_list ap;
    size_t from;

    pgb_buf_puts(l->out, level > 1 ? "\n" : "");
    if (l->mark) {
        pgb_buf_puts(l->out, level == 1 ? "# " : level == 2 ? "## " : "### ");
    }
    from = l->out->len;
    va_start(ap, format);
    put_format(l, format, ap);
    va_end(ap);
    if (!l->mark && level < 3 && !l->out->failed) {
        size_t wide = pgb_utf8_count(l->out->p + from, l->out->len - from);

        pgb_buf_putc(l->out, '\n');
        for (size_t i = 0; i < wide; i++) {
            pgb_buf_putc(l->out, level == 1 ? '=' : '-');
        }
    }
    pgb_buf_puts(l->out, l->mark || level == 1 ? "\n\n" : "\n");
}

void pgb_item(pgb_lines *l, unsigned depth)
{
    pgb_buf_puts(l->out, l->mark ? (depth == 0 ? "- " : "  - ") : (depth == 0 ? "  " : "      "));
}

void pgb_code_block(pgb_lines *l, const char *text)
{
    for (const char *at = text; *at != '\0';) {
        size_t len = strcspn(at, "\n");

        pgb_buf_puts(l->out, "    ");
        pgb_text_display(l->out, at, len, false);
        pgb_buf_putc(l->out, '\n');
        at += len + (at[len] == '\n');
    }
}

static void put_fact(pgb_lines *l, const pgb_fact *f)
{
    if (l->mark) {
        pgb_say_lines(l, "- **%s:** %s\n", f->label, f->text);
        for (uint32_t i = 0; i < f->n_code; i++) {
            pgb_say_lines(l, "  - %c\n", f->code[i]);
        }
        return;
    }
    pgb_say_lines(l, "%s:", f->label);
    for (size_t i = strlen(f->label); i < 14; i++) {
        pgb_buf_putc(l->out, ' ');
    }
    pgb_say_lines(l, "%s\n", f->text);
    for (uint32_t i = 0; i < f->n_code; i++) {
        pgb_say_lines(l, "               %s\n", f->code[i]);
    }
}

static void put_summary(pgb_lines *l)
{
    const pgb_report *r = l->r;
    PGB_AUTO_BUF(title);
    const pgb_fact *facts;
    uint32_t n;

    pgb_words_title(&title, r);
    pgb_heading(l, 1, "%s", pgb_buf_str(&title));
    pgb_say_lines(l, "%s%s made %t", r->scope_text != NULL ? r->scope_text : "The whole project",
                  r->scope_text != NULL ? ";" : ",", r->made_at);
    if (r->made_by != NULL) {
        pgb_say_lines(l, " by %s", r->made_by);
    }
    pgb_say_lines(l, " with pgbraid %s.\n\n", r->tool_version);
    l->status = pgb_words_summary(r, l->arena, &facts, &n, l->err);
    for (uint32_t i = 0; l->status == PGB_OK && i < n; i++) {
        put_fact(l, &facts[i]);
    }
    l->out->failed |= title.failed;
}

static void put_ids(pgb_lines *l, const char *what, const pgb_report_list *ids, const char *none)
{
    pgb_item(l, 0);
    pgb_say_lines(l, "%s: ", what);
    for (uint32_t i = 0; i < ids->n; i++) {
        pgb_say_lines(l, i == 0 ? "%c" : ", %c", ids->at[i]);
    }
    pgb_say_lines(l, "%s\n", ids->n == 0 ? none : "");
}

static void put_states(pgb_lines *l)
{
    const pgb_report *r = l->r;

    pgb_heading(l, 2, "Before and after");
    put_ids(l, "Current before", &r->before, "base");
    put_ids(l, "Current after", &r->after, "base");
    if (r->now.n > 0) {
        put_ids(l, "Current now", &r->now, "base");
    }
    if (r->pending.n > 0) {
        put_ids(l, "Pending", &r->pending, "");
    }
    if (r->downgrade_reverts.n > 0) {
        put_ids(l, "The way back reverts", &r->downgrade_reverts, "");
    }
}

static const char *mark_of(const char *state)
{
    return state == NULL || strcmp(state, "applied") == 0 ? ""
           : strcmp(state, "pending") == 0                ? "o"
           : strcmp(state, "failed") == 0                 ? "x"
                                                          : "!";
}

static void draw_node(void *data, uint32_t node, pgb_buf *mark, pgb_buf *text)
{
    const pgb_lines *l = data;
    const pgb_report_revision *rev = &l->r->revisions[node];
    const char *const *tags;
    uint32_t n;

    pgb_buf_puts(mark, mark_of(rev->state));
    pgb_text_display(text, rev->id, strlen(rev->id), false);
    if (pgb_words_tags(l->r, node, l->arena, &tags, &n, NULL) != PGB_OK) {
        text->failed = true;
        return;
    }
    if (rev->state != NULL && strcmp(rev->state, "applied") != 0) {
        pgb_buf_printf(text, " (%s)", rev->state);
    }
    for (uint32_t i = 0; i < n; i++) {
        pgb_buf_puts(text, " (");
        pgb_text_display(text, tags[i], strlen(tags[i]), false);
        pgb_buf_putc(text, ')');
    }
    pgb_buf_puts(text, rev->current ? " (current), " : ", ");
    pgb_text_display(text, rev->title, strlen(rev->title), false);
}

static void put_graph(pgb_lines *l)
{
    PGB_AUTO_BUF(text);
    pgb_graph_drawing drawing = {.graph = l->r->graph,
                                 .nodes = l->r->order,
                                 .n = l->r->n_revisions,
                                 .data = l,
                                 .node = draw_node};

    pgb_heading(l, 2, "The graph");
    l->status = pgb_graph_text(&drawing, &text, l->err);
    pgb_code_block(l, pgb_buf_str(&text));
}

static bool same_kind(const pgb_report_change *a, const pgb_report_change *b)
{
    return a->within == b->within && strcmp(a->action, b->action) == 0 &&
           strcmp(a->kind, b->kind) == 0;
}

static void put_kind(pgb_lines *l, const pgb_report_revision *rev, uint32_t first)
{
    const pgb_report_change *like = &rev->changes[first];
    PGB_AUTO_BUF(text);
    uint32_t n = 0, put = 0;

    for (uint32_t i = first; i < rev->n_changes; i++) {
        n += same_kind(&rev->changes[i], like);
    }
    pgb_words_count(&text, n, like->kind);
    pgb_item(l, 0);
    pgb_say_lines(l, "%s %s: ", pgb_buf_str(&text), like->action);
    for (uint32_t i = first; i < rev->n_changes; i++) {
        const pgb_report_change *c = &rev->changes[i];

        if (same_kind(c, like)) {
            pgb_say_lines(l, put++ == 0 ? "%c" : ", %c", c->object);
            if (c->detail != NULL) {
                pgb_say_lines(l, " (%s)", c->detail);
            }
        }
    }
    pgb_say_lines(l, "\n");
    l->out->failed |= text.failed;
}

static void put_changes(pgb_lines *l, const pgb_report_revision *rev)
{
    uint32_t shown = 0;

    for (uint32_t i = 0; i < rev->n_changes; i++) {
        bool earlier = rev->changes[i].within;

        for (uint32_t k = 0; k < i && !earlier; k++) {
            earlier = same_kind(&rev->changes[k], &rev->changes[i]);
        }
        if (!earlier) {
            put_kind(l, rev, i);
            shown++;
        }
    }
    if (shown == 0 && rev->changes_known) {
        pgb_item(l, 0);
        pgb_say_lines(l, "no object of the schema was created, changed or dropped\n");
    } else if (!rev->changes_known && rev->changes_unknown_why != NULL) {
        pgb_item(l, 0);
        pgb_say_lines(l, "%s\n", rev->changes_unknown_why);
    }
}

static void put_neighbours(pgb_lines *l, const char *what, pgb_nodes nodes)
{
    for (uint32_t i = 0; i < nodes.n; i++) {
        pgb_say_lines(l, i == 0 ? "; %s " : ", ", what);
        pgb_say_lines(l, "%c", l->r->revisions[nodes.at[i]].id);
    }
}

static void put_revision(pgb_lines *l, uint32_t i)
{
    const pgb_report_revision *rev = &l->r->revisions[i];

    pgb_heading(l, 3, "%c %s", rev->id, rev->title);
    pgb_item(l, 0);
    if (rev->at == NULL) {
        pgb_say_lines(l, "%s", rev->state == NULL ? "not asked whether it is applied" : rev->state);
    } else {
        pgb_say_lines(l, "%s %t", rev->stamped ? "stamped, not run," : "applied", rev->at);
        if (rev->duration_us >= 0 && !rev->stamped) {
            pgb_say_lines(l, " in %d", rev->duration_us);
        }
        if (rev->by != NULL) {
            pgb_say_lines(l, " by %s", rev->by);
        }
        if (strcmp(rev->state, "applied") != 0) {
            pgb_say_lines(l, "; %s", rev->state);
        }
    }
    put_neighbours(l, "parent", pgb_graph_parents(l->r->graph, i));
    put_neighbours(l, "depends on", pgb_graph_depends(l->r->graph, i));
    if (rev->transaction_none) {
        pgb_say_lines(l, "; outside a transaction");
    }
    if (rev->irreversible != NULL) {
        pgb_say_lines(l, "; irreversible: %s", rev->irreversible);
    } else if (!rev->has_down) {
        pgb_say_lines(l, "; no way back");
    }
    pgb_say_lines(l, "\n");
    put_changes(l, rev);
}

static void put_revisions(pgb_lines *l)
{
    const pgb_report *r = l->r;

    pgb_heading(l, 2, "Revisions");
    for (uint32_t i = r->n_revisions; i-- > 0;) {
        if (r->revisions[r->order[i]].in_scope) {
            put_revision(l, r->order[i]);
        }
    }
}

static pgb_status render(pgb_lines *l)
{
    const pgb_report *r = l->r;

    put_summary(l);
    if (l->status == PGB_OK && r->asked && r->n_revisions > 0) {
        put_states(l);
    }
    if (r->n_notes > 0) {
        pgb_heading(l, 2, "Notes");
        for (uint32_t i = 0; i < r->n_notes; i++) {
            pgb_item(l, 0);
            pgb_say_lines(l, "%s\n", r->notes[i]);
        }
    }
    if (l->status == PGB_OK && r->n_revisions > 0) {
        put_graph(l);
        put_revisions(l);
    }
    pgb_lines_verification(l);
    pgb_lines_proofs(l);
    pgb_lines_backfills(l);
    pgb_lines_events(l);
    if (r->n_tables > 0) {
        pgb_lines_counts(l);
        pgb_lines_tables(l);
    }
    pgb_lines_objects(l);
    return l->status == PGB_OK && l->out->failed ? pgb_error_nomem(l->err) : l->status;
}

static pgb_status begin(const pgb_report *r, bool mark, pgb_buf *out, pgb_error *err)
{
    PGB_AUTO_ARENA(arena);
    pgb_lines l = {.r = r, .out = out, .arena = arena, .err = err, .mark = mark};

    return arena == NULL ? pgb_error_nomem(err) : render(&l);
}

pgb_status pgb_report_text(const pgb_report *r, pgb_buf *out, pgb_error *err)
{
    return begin(r, false, out, err);
}

pgb_status pgb_report_markdown(const pgb_report *r, pgb_buf *out, pgb_error *err)
{
    return begin(r, true, out, err);
}
