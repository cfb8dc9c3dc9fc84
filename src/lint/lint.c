#include "lint/lint.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "rev/script.h"
#include "sql/parse.h"

const pgb_lint_rule pgb_lint_rules[] = {
    {"bad-directive", PGB_ERROR, "a directive that is malformed"},
    {"bad-name", PGB_ERROR, "a file name that gives no id"},
    {"cannot-run-in-transaction", PGB_ERROR,
     "a statement that refuses a transaction, in a revision that runs in one"},
    {"copy-data", PGB_ERROR, "COPY data without its end, or where none may stand"},
    {"cycle", PGB_ERROR, "revisions that are their own ancestors"},
    {"drops-what-it-creates", PGB_WARNING,
     "a file that drops a table which it then creates: every row is deleted"},
    {"duplicate-id", PGB_ERROR, "two files that claim one revision id"},
    {"duplicate-parent", PGB_WARNING, "one parent named twice"},
    {"empty-down", PGB_WARNING, "a down section that does nothing, under an upgrade that does"},
    {"invalid-utf8", PGB_ERROR, "bytes that are no UTF-8"},
    {"label-clash", PGB_ERROR, "a label that stands twice, or is also an id"},
    {"misplaced-directive", PGB_ERROR, "a directive where it may not stand"},
    {"missing-depends", PGB_ERROR, "a dependency that no file has"},
    {"missing-id", PGB_ERROR, "a file without a revision directive"},
    {"missing-parent", PGB_ERROR, "a parent that no file has"},
    {"missing-up", PGB_ERROR, "a file without an up section"},
    {"name-mismatch", PGB_WARNING, "a file whose name begins with another id than its header"},
    {"no-way-back", PGB_WARNING, "an upgrade without a down section, and without saying why"},
    {"not-closed", PGB_ERROR, "a string, comment or body that does not end"},
    {"not-read", PGB_WARNING, "a file that is passed over, because its name does not end in .sql"},
    {"not-understood", PGB_NOTE, "SQL that the parser does not know: it runs, but is not analysed"},
    {"nul-byte", PGB_ERROR, "a NUL byte"},
    {"orphan-down", PGB_ERROR, "a way back without its way up"},
    {"psql-command", PGB_ERROR, "a psql command in a revision"},
    {"reserved-name", PGB_ERROR, "an id or label that means something else"},
    {"second-revision", PGB_ERROR, "a second revision directive"},
    {"second-section", PGB_ERROR, "a second up or down section"},
    {"several-heads", PGB_ERROR, "more than one head where the project wants one"},
    {"sql-outside-section", PGB_ERROR, "SQL in front of the sections"},
    {"transaction-control", PGB_ERROR, "BEGIN, COMMIT or ROLLBACK inside a revision"},
    {"unknown-directive", PGB_ERROR, "a directive that does not exist"},
    {"unknown-rule", PGB_WARNING, "an allow directive for a rule that does not exist"},
    {"unreadable", PGB_ERROR, "a file that can't be read as SQL"},
    {NULL, PGB_NOTE, NULL},
};

static const pgb_lint_rule *find_rule(const char *name)
{
    for (const pgb_lint_rule *r = pgb_lint_rules; r->name != NULL; r++) {
        if (strcmp(r->name, name) == 0) {
            return r;
        }
    }
    return NULL;
}

/* A share of the revisions, looked at on the thread of a parser of its own. */
typedef struct linter {
    const pgb_revset *set;
    const pgb_map *told; /* "file:line" of what loading reported */
    pgb_problems *problems;
    size_t from_problem; /* the first of the revision under way */
    pgb_parser *parser;
    pgb_error *err;
    uint32_t from, to;
    pgb_error own_error;
    pgb_status status;
} linter;

enum { LINTERS_MAX = 4, LINTERS_FROM = 200 };

static pgb_status nomem(linter *l, bool fine)
{
    return fine ? PGB_OK : pgb_error_nomem(l->err);
}

/* What went wrong with a script becomes a finding, unless loading said it already. */
static pgb_status from_error(linter *l, const pgb_revision *rev, const pgb_error *e)
{
    const char *rule = strstr(e->message, "control transactions") != NULL ||
                               strstr(e->message, "savepoint") != NULL
                           ? "transaction-control"
                       : strstr(e->message, "psql") != NULL ? "psql-command"
                                                            : "unreadable";
    pgb_problem like = {.rule = rule,
                        .severity = PGB_ERROR,
                        .file = e->file[0] != '\0' ? e->file : rev->file,
                        .line = e->line,
                        .column = e->column,
                        .source = e->source[0] != '\0' ? e->source : NULL,
                        .detail = e->detail[0] != '\0' ? e->detail : NULL,
                        .fix = e->hint[0] != '\0' ? e->hint : NULL,
                        .id = rev->id};
    char place[sizeof e->file + 32];
    int len;

    if (e->status == PGB_NOMEM) {
        return pgb_error_nomem(l->err);
    }
    len = snprintf(place, sizeof place, "%s:%d", like.file, like.line);
    if (len > 0 && pgb_map_get(l->told, place, (size_t)len, NULL)) {
        return PGB_OK;
    }
    for (size_t i = l->from_problem; i < l->problems->list.n; i++) {
        const pgb_problem *p = &l->problems->list.at[i];

        if (p->line == like.line && strcmp(p->file, like.file) == 0) {
            return PGB_OK;
        }
    }
    return nomem(l, pgb_problems_add(l->problems, &like, "%s", e->message));
}

static pgb_status from_item(linter *l, const pgb_revision *rev, pgb_script *script,
                            const pgb_item *item)
{
    pgb_error at = PGB_ERROR_INIT;
    pgb_problem like = {.file = rev->file, .id = rev->id};

    if (item->facts.kind == PGB_STMT_UNKNOWN) {
        at.status = PGB_PROJECT;
        pgb_script_locate(script, item, item->facts.parse_error_column, &at);
        like.rule = "not-understood";
        like.severity = PGB_NOTE;
        like.detail = "It runs as it stands; what it does is not analysed.";
    } else if (item->facts.needs_no_transaction && !rev->transaction_none) {
        at.status = PGB_PROJECT;
        pgb_script_locate(script, item, 0, &at);
        like.rule = "cannot-run-in-transaction";
        like.severity = PGB_ERROR;
        like.fix = "write \"-- pgbraid:transaction none\" into the header, best with this "
                   "statement alone in the "
                   "file";
    } else {
        return PGB_OK;
    }
    if (at.file[0] != '\0') {
        like.file = at.file;
    }
    like.line = at.line;
    like.column = at.column;
    like.source = at.source[0] != '\0' ? at.source : NULL;
    if (like.severity == PGB_NOTE) {
        return nomem(l, pgb_problems_add(l->problems, &like, "this statement is not understood: %s",
                                         item->facts.parse_error));
    }
    return nomem(l, pgb_problems_add(l->problems, &like, "%s cannot run inside a transaction",
                                     item->facts.command));
}

/* ---- the "safe to re-run" trap ---- */

typedef struct dropped {
    const char *schema, *name;
    pgb_error at;
} dropped;

typedef PGB_VEC(dropped) dropped_list;

static bool same_name(const char *schema, const char *name, const pgb_touch *t)
{
    /* unqualified on one side: by search_path, so it is taken for the same */
    return strcmp(name, t->name) == 0 &&
           (schema == NULL || t->schema == NULL || strcmp(schema, t->schema) == 0);
}

static pgb_status report_trap(linter *l, const pgb_revision *rev, const dropped *d)
{
    pgb_problem like = {
        .rule = "drops-what-it-creates",
        .severity = PGB_WARNING,
        .file = d->at.file,
        .line = d->at.line,
        .column = d->at.column,
        .source = d->at.source,
        .detail = "Where the table is there already, every row of it is deleted.",
        .fix = "leave the DROP out: what is applied is not run again, because the history says so",
        .id = rev->id};

    return nomem(l, pgb_problems_add(l->problems, &like,
                                     "table %s is dropped here and created further down", d->name));
}

static pgb_status look_for_trap(linter *l, const pgb_revision *rev, pgb_script *script,
                                const pgb_item *item, pgb_arena *arena, dropped_list *drops)
{
    pgb_objects objects = {0};
    pgb_facts facts;
    pgb_status status =
        pgb_parse_facts(l->parser, item->text, item->len, arena, &facts, &objects, l->err);

    for (size_t i = 0; i < objects.list.n && status == PGB_OK; i++) {
        const pgb_touch *t = &objects.list.at[i];

        if (t->kind != PGB_OBJECT_TABLE || t->column != NULL) {
            continue;
        }
        if (t->verb == PGB_VERB_DROP) {
            dropped d = {.schema = t->schema, .name = t->name, .at = {.status = PGB_PROJECT}};

            pgb_script_locate(script, item, 0, &d.at);
            status = nomem(l, pgb_vec_push(drops, d));
        } else if (t->verb == PGB_VERB_CREATE && facts.command != NULL &&
                   strncmp(facts.command, "CREATE TABLE", 12) == 0) {
            for (size_t k = 0; k < drops->n && status == PGB_OK; k++) {
                if (drops->at[k].name != NULL &&
                    same_name(drops->at[k].schema, drops->at[k].name, t)) {
                    status = report_trap(l, rev, &drops->at[k]);
                    drops->at[k].name = NULL;
                }
            }
        }
    }
    pgb_vec_done(&objects.list);
    return status;
}

static bool mentions(const char *text, uint64_t len, const char *word)
{
    size_t n = strlen(word);

    for (uint64_t i = 0; i + n <= len; i++) {
        if ((text[i] | 0x20) == word[0] && strncasecmp(text + i, word, n) == 0) {
            return true;
        }
    }
    return false;
}

/* Both words somewhere in it; only such files are parsed for their objects. */
static bool may_be_trap(const pgb_script_info *info)
{
    return info->text == NULL || (mentions(info->text, info->text_len, "drop") &&
                                  mentions(info->text, info->text_len, "create"));
}

static pgb_status section(linter *l, const pgb_revision *rev, pgb_section which, uint32_t nth,
                          uint32_t *ret_statements)
{
    PGB_AUTO_ARENA(arena);
    dropped_list drops = {0};
    pgb_script *script = NULL;
    pgb_error own;
    bool trap;
    pgb_status status;

    pgb_error_clear(&own);

    if (arena == NULL) {
        return pgb_error_nomem(l->err);
    }
    status = pgb_script_look(l->set, rev, which, nth, &script, &own);
    if (status != PGB_OK) {
        return from_error(l, rev, &own);
    }
    *ret_statements = pgb_script_get_info(script)->n_statements;
    trap = which == PGB_SECTION_UP && may_be_trap(pgb_script_get_info(script));
    /* opening looked at every statement; most often there is nothing to say about any */
    while (status == PGB_OK && (trap || pgb_script_get_info(script)->n_unknown > 0 ||
                                pgb_script_get_info(script)->first_no_transaction != NULL)) {
        pgb_item item = {0};

        if (pgb_script_next(script, &item, &own) != PGB_OK) {
            status = from_error(l, rev, &own);
            break;
        }
        if (item.kind == PGB_ITEM_END) {
            break;
        }
        if (item.kind != PGB_ITEM_STATEMENT) {
            continue;
        }
        status = from_item(l, rev, script, &item);
        if (status == PGB_OK && trap) {
            status = look_for_trap(l, rev, script, &item, arena, &drops);
        }
    }
    pgb_vec_done(&drops);
    pgb_script_close(script);
    return status;
}

static pgb_status way_back(linter *l, const pgb_revision *rev)
{
    char fix[400];
    pgb_problem like = {.rule = "no-way-back",
                        .severity = PGB_WARNING,
                        .file = rev->file,
                        .line = rev->up.line > 0 ? (int)rev->up.line : 1,
                        .column = 1,
                        .fix = fix,
                        .id = rev->id};

    if (rev->down_kind != PGB_DOWN_NONE) {
        return PGB_OK;
    }
    if (l->set->layout == PGB_LAYOUT_NUMBERED) {
        size_t len = strlen(rev->file);

        snprintf(fix, sizeof fix, "write %.*s.down.sql", (int)(len > 4 ? len - 4 : len), rev->file);
    } else {
        snprintf(fix, sizeof fix,
                 "add a section \"-- pgbraid:down\", or say why there is none: \"-- pgbraid:down "
                 "irreversible "
                 "REASON\"");
    }
    return nomem(l, pgb_problems_add(l->problems, &like, "%s has no way back", rev->id));
}

static pgb_status one_head(linter *l)
{
    const pgb_revset *set = l->set;
    char heads[512] = "";
    size_t used = 0;
    uint32_t n = 0, last = 0;
    pgb_problem like = {.rule = "several-heads",
                        .severity = PGB_ERROR,
                        .line = 1,
                        .column = 1,
                        .detail = heads,
                        .fix = "pgbraid merge heads"};

    if (set->graph == NULL) {
        return PGB_OK;
    }
    for (uint32_t v = 0; v < set->n; v++) {
        if (pgb_graph_children(set->graph, v).n == 0) {
            used += (size_t)snprintf(heads + used, used < sizeof heads ? sizeof heads - used : 0,
                                     "%s%s", n > 0 ? ", " : "The heads are ", set->revs[v].id);
            used = used < sizeof heads ? used : sizeof heads - 1;
            n++;
            last = v;
        }
    }
    if (n <= 1) {
        return PGB_OK;
    }
    like.file = set->revs[last].file;
    return nomem(l, pgb_problems_add(l->problems, &like,
                                     "there are %u heads, and the project wants one (heads = one)",
                                     n));
}

static pgb_status unknown_rules(linter *l, const pgb_revision *rev)
{
    for (uint32_t i = 0; i < rev->n_allows; i++) {
        const char *nearest = NULL;
        unsigned best = 1000;
        char fix[120];
        pgb_problem like = {.rule = "unknown-rule",
                            .severity = PGB_WARNING,
                            .file = rev->file,
                            .line = (int)rev->allows[i].line,
                            .column = 1,
                            .fix = fix,
                            .id = rev->id};

        if (find_rule(rev->allows[i].rule) != NULL) {
            continue;
        }
        for (const pgb_lint_rule *r = pgb_lint_rules; r->name != NULL; r++) {
            unsigned d = pgb_text_distance(r->name, rev->allows[i].rule);

            if (d < best) {
                best = d;
                nearest = r->name;
            }
        }
        snprintf(fix, sizeof fix, "the nearest rule is %s", nearest);
        if (!pgb_problems_add(l->problems, &like, "there is no rule %s", rev->allows[i].rule)) {
            return pgb_error_nomem(l->err);
        }
    }
    return PGB_OK;
}

/* A way back that does nothing undoes nothing: the next upgrade would meet what is still there. */
static pgb_status empty_down(linter *l, const pgb_revision *rev)
{
    pgb_problem like = {.rule = "empty-down",
                        .severity = PGB_WARNING,
                        .file = rev->file,
                        .line = rev->down.line > 0 ? (int)rev->down.line : 1,
                        .column = 1,
                        .fix = "write what undoes the upgrade, or say why nothing does: \"-- "
                               "pgbraid:down irreversible "
                               "REASON\"",
                        .id = rev->id};

    return nomem(l, pgb_problems_add(l->problems, &like,
                                     "the way back of %s is empty, though its upgrade is not",
                                     rev->id));
}

static pgb_status revision(linter *l, const pgb_revision *rev)
{
    uint32_t up = 0, down = 1, ignored = 0;
    pgb_status status = section(l, rev, PGB_SECTION_UP, 0, &up);

    if (status == PGB_OK && rev->down_kind == PGB_DOWN_SQL) {
        status = section(l, rev, PGB_SECTION_DOWN, 0, &down);
    }
    for (uint32_t i = 0; i < rev->n_verify && status == PGB_OK; i++) {
        status = section(l, rev, PGB_SECTION_VERIFY, i, &ignored);
    }
    if (status == PGB_OK && up > 0 && down == 0) {
        status = empty_down(l, rev);
    }
    if (status == PGB_OK) {
        status = way_back(l, rev);
    }
    return status == PGB_OK ? unknown_rules(l, rev) : status;
}

static bool is_allowed(const pgb_revset *set, const pgb_problem *p)
{
    uint32_t first = 0;

    if (p->id == NULL || !pgb_map_get(&set->by_id, p->id, strlen(p->id), &first)) {
        return false;
    }
    /* two files may claim the id; then there is no graph */
    for (uint32_t v = first; v < (set->graph != NULL ? first + 1 : set->n); v++) {
        const pgb_revision *rev = &set->revs[v];

        if (strcmp(rev->file, p->file) != 0 || strcmp(rev->id, p->id) != 0) {
            continue;
        }
        if (pgb_revision_allows(rev, p->rule)) {
            return true;
        }
    }
    return false;
}

static int by_place(const void *a, const void *b)
{
    const pgb_problem *x = a, *y = b;
    int by = strcmp(x->file, y->file);

    if (by == 0) {
        by = x->line != y->line ? (x->line > y->line) - (x->line < y->line)
                                : (x->column > y->column) - (x->column < y->column);
    }
    return by != 0 ? by : strcmp(x->rule, y->rule);
}

static bool index_told(const pgb_problems *problems, pgb_arena *arena, pgb_map *told)
{
    for (size_t i = 0; i < problems->list.n; i++) {
        const pgb_problem *p = &problems->list.at[i];
        const char *place =
            pgb_arena_printf(arena, "%s:%d", p->file != NULL ? p->file : "", p->line);

        if (place == NULL || !pgb_map_add(told, place, strlen(place), 0, NULL, NULL)) {
            return false;
        }
    }
    return true;
}

static void look_at_share(void *data)
{
    linter *l = data;

    for (uint32_t v = l->from; v < l->to && l->status == PGB_OK; v++) {
        l->from_problem = l->problems->list.n;
        l->status = revision(l, &l->set->revs[v]);
    }
}

/* As many as there are processors, if it is worth it. */
static pgb_status start_linters(linter *linters, uint32_t *ret_n, const pgb_revset *set,
                                const pgb_map *told, pgb_error *err)
{
    cpu_set_t cpus;
    uint32_t n = 0, from = 0;
    int want = set->n >= LINTERS_FROM && sched_getaffinity(0, sizeof cpus, &cpus) == 0
                   ? CPU_COUNT(&cpus)
                   : 1;
    pgb_status status = PGB_OK;

    while (n < LINTERS_MAX && (int)n < (want > 0 ? want : 1)) {
        linter *l = &linters[n];

        status = pgb_parser_new(&l->parser, err);
        l->problems = status == PGB_OK ? pgb_problems_new() : NULL;
        if (l->problems == NULL) {
            pgb_parser_free(l->parser);
            l->parser = NULL;
            status = pgb_error_nomem(err);
            break;
        }
        n++;
    }
    *ret_n = n;
    if (status != PGB_OK) {
        return status;
    }
    for (uint32_t i = 0; i < n; i++) {
        linter *l = &linters[i];

        l->set = set;
        l->told = told;
        l->err = &l->own_error;
        l->from = from;
        l->to = from = (uint32_t)((uint64_t)set->n * (i + 1) / n);
        pgb_parser_start(l->parser, look_at_share, l);
    }
    return PGB_OK;
}

/* The findings of a share become the list's, in order. */
static pgb_status take_share(pgb_problems *problems, const linter *l, pgb_error *err)
{
    if (l->status != PGB_OK) {
        return pgb_error_set(err, l->status, "%s", l->own_error.message);
    }
    for (size_t i = 0; i < l->problems->list.n; i++) {
        const pgb_problem *p = &l->problems->list.at[i];

        if (!pgb_problems_add(problems, p, "%s", p->message)) {
            return pgb_error_nomem(err);
        }
    }
    return PGB_OK;
}

static pgb_status look_at_all(const pgb_revset *set, pgb_problems *problems, pgb_error *err)
{
    PGB_AUTO_ARENA(arena);
    pgb_map told = PGB_MAP_INIT;
    linter *linters = calloc(LINTERS_MAX, sizeof *linters);
    uint32_t n = 0;
    bool started = false;
    pgb_status status = arena != NULL && linters != NULL && index_told(problems, arena, &told)
                            ? PGB_OK
                            : pgb_error_nomem(err);

    if (status == PGB_OK) {
        status = start_linters(linters, &n, set, &told, err);
        started = status == PGB_OK;
    }
    for (uint32_t i = 0; i < n; i++) {
        if (started) {
            pgb_parser_wait(linters[i].parser);
        }
        pgb_parser_free(linters[i].parser);
        if (status == PGB_OK) {
            status = take_share(problems, &linters[i], err);
        }
        pgb_problems_free(linters[i].problems);
    }
    free(linters);
    pgb_map_done(&told);
    return status;
}

pgb_status pgb_lint(const pgb_revset *set, const pgb_lint_options *options, pgb_problems *problems,
                    uint32_t *ret_allowed, pgb_error *err)
{
    linter l = {.set = set, .problems = problems, .err = err};
    bool any_allowed = false;
    uint32_t allowed = 0;
    size_t kept = 0;
    pgb_status status = look_at_all(set, problems, err);

    for (uint32_t v = 0; v < set->n; v++) {
        any_allowed = any_allowed || set->revs[v].n_allows > 0;
    }
    if (status == PGB_OK && options->heads_one) {
        status = one_head(&l);
    }
    if (status != PGB_OK) {
        return status;
    }
    for (size_t i = 0; i < problems->list.n; i++) {
        if (any_allowed && is_allowed(set, &problems->list.at[i])) {
            allowed++;
        } else {
            problems->list.at[kept++] = problems->list.at[i];
        }
    }
    problems->list.n = kept;
    if (kept > 1) {
        qsort(problems->list.at, kept, sizeof problems->list.at[0], by_place);
    }
    if (ret_allowed != NULL) {
        *ret_allowed = allowed;
    }
    return PGB_OK;
}
