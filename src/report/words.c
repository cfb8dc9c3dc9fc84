#include "report/words.h"

#include <inttypes.h>
#include <string.h>

void pgb_words_count(pgb_buf *out, uint64_t n, const char *singular)
{
    size_t len = strlen(singular);
    bool y = len > 1 && singular[len - 1] == 'y' && strchr("aeiou", singular[len - 2]) == NULL;

    if (n == 1) {
        pgb_buf_printf(out, "1 %s", singular);
    } else if (y) {
        pgb_buf_printf(out, "%" PRIu64 " %.*sies", n, (int)len - 1, singular);
    } else {
        bool hiss = len > 0 && strchr("sx", singular[len - 1]) != NULL;

        pgb_buf_printf(out, "%" PRIu64 " %s%s", n, singular, hiss ? "es" : "s");
    }
}

void pgb_words_duration(pgb_buf *out, int64_t us)
{
    if (us < 1000) {
        pgb_buf_printf(out, "%" PRId64 " \u00B5s", us);
    } else if (us < 1000000) {
        pgb_buf_printf(out, "%" PRId64 ".%" PRId64 " ms", us / 1000, us % 1000 / 100);
    } else if (us < 60 * INT64_C(1000000)) {
        pgb_buf_printf(out, "%" PRId64 ".%02" PRId64 " s", us / 1000000, us % 1000000 / 10000);
    } else if (us < 3600 * INT64_C(1000000)) {
        pgb_buf_printf(out, "%" PRId64 " min %" PRId64 " s", us / 60000000,
                       us % 60000000 / 1000000);
    } else {
        pgb_buf_printf(out, "%" PRId64 " h %02" PRId64 " min", us / INT64_C(3600000000),
                       us % INT64_C(3600000000) / 60000000);
    }
}

static bool is_time(const char *at)
{
    static const char shape[] = "0000-00-00T00:00:00";

    for (size_t i = 0; i + 1 < sizeof shape; i++) {
        bool digit = at[i] >= '0' && at[i] <= '9';

        if (shape[i] == '0' ? !digit : at[i] != shape[i]) {
            return false;
        }
    }
    return true;
}

void pgb_words_time(pgb_buf *out, const char *at)
{
    const char *zone;

    if (at == NULL || !is_time(at)) {
        pgb_buf_puts(out, at == NULL ? "" : at);
        return;
    }
    zone = at + 19;
    zone += strspn(zone, ".0123456789");
    pgb_buf_printf(out, "%.10s %.8s", at, at + 11);
    if (strcmp(zone, "+00:00") == 0 || strcmp(zone, "Z") == 0) {
        pgb_buf_puts(out, " UTC");
    } else {
        pgb_buf_printf(out, "%s%s", zone[0] == '\0' ? "" : " ", zone);
    }
}

void pgb_words_list(pgb_buf *out, const pgb_report_list *list)
{
    for (uint32_t i = 0; i < list->n; i++) {
        pgb_buf_puts(out, i == 0 ? "" : i + 1 == list->n ? " and " : ", ");
        pgb_buf_puts(out, list->at[i]);
    }
}

void pgb_words_title(pgb_buf *out, const pgb_report *r)
{
    pgb_buf_printf(out, "Migration report: %s", r->project);
}

const char *pgb_words_on_delete(const char *on_delete)
{
    return strcmp(on_delete, "CASCADE") == 0       ? "deleted with it"
           : strcmp(on_delete, "SET NULL") == 0    ? "kept, the reference cleared"
           : strcmp(on_delete, "SET DEFAULT") == 0 ? "kept, the reference set to its default"
           : strcmp(on_delete, "RESTRICT") == 0    ? "keeps it from being deleted"
                                                   : "keeps it from being deleted (checked at the "
                                                     "statement's end)";
}

void pgb_words_foreign_key(pgb_buf *out, const pgb_report_foreign_key *fk, const char *arrow)
{
    pgb_buf_printf(out, "%s %s %s (%s) ON DELETE %s", fk->columns, arrow, fk->references,
                   fk->referenced, fk->on_delete);
    if (strcmp(fk->on_update, "NO ACTION") != 0) {
        pgb_buf_printf(out, " ON UPDATE %s", fk->on_update);
    }
    if (fk->deferrable != NULL) {
        pgb_buf_printf(out, ", deferrable, %s", fk->deferrable);
    }
    if (fk->not_valid) {
        pgb_buf_puts(out, ", not validated");
    }
}

void pgb_words_table(pgb_buf *out, const pgb_report_table *t)
{
    pgb_words_count(out, t->n_counted_columns, "column");
    pgb_buf_puts(out, ", ");
    pgb_words_count(out, t->n_counted_foreign_keys, "foreign key");
    pgb_buf_puts(out, ", ");
    pgb_words_count(out, t->n_counted_indexes, "index");
    pgb_buf_puts(out, ", ");
    pgb_words_count(out, t->n_counted_checks, "check");
}

void pgb_words_changes(pgb_buf *out, const pgb_report_revision *rev)
{
    static const char *const actions[] = {"created", "changed", "dropped"};
    bool first = true;

    for (size_t a = 0; a < sizeof actions / sizeof actions[0]; a++) {
        for (uint32_t i = 0; i < rev->n_changes; i++) {
            const pgb_report_change *c = &rev->changes[i];
            uint64_t n = 0;
            bool earlier = false;

            if (c->within || strcmp(c->action, actions[a]) != 0) {
                continue;
            }
            for (uint32_t k = 0; k < rev->n_changes; k++) {
                bool same = !rev->changes[k].within &&
                            strcmp(rev->changes[k].action, c->action) == 0 &&
                            strcmp(rev->changes[k].kind, c->kind) == 0;

                n += same;
                earlier |= same && k < i;
            }
            if (!earlier) {
                pgb_buf_puts(out, first ? "" : ", ");
                pgb_words_count(out, n, c->kind);
                pgb_buf_printf(out, " %s", actions[a]);
                first = false;
            }
        }
    }
}

pgb_status pgb_words_tags(const pgb_report *r, uint32_t revision, pgb_arena *arena,
                          const char *const **ret_tags, uint32_t *ret_n, pgb_error *err)
{
    const pgb_report_revision *rev = &r->revisions[revision];
    const char **tags = pgb_arena_array(arena, rev->labels.n + 4, sizeof *tags);
    uint32_t n = 0, children = pgb_graph_children(r->graph, revision).n;

    if (tags == NULL) {
        return pgb_error_nomem(err);
    }
    for (uint32_t i = 0; i < rev->labels.n; i++) {
        tags[n++] = rev->labels.at[i];
    }
    if (children != 1) {
        tags[n++] = children == 0 ? "head" : "branch point";
    }
    if (pgb_graph_parents(r->graph, revision).n > 1) {
        tags[n++] = "merge point";
    }
    *ret_tags = tags;
    *ret_n = n;
    return PGB_OK;
}
