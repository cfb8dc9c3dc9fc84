#include "rev/script.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "rev/script_internal.h"
#include "sql/meta.h"

/* --- what the scripts of a set share -----------------------------------------------------------
 */

pgb_status rev_shared_new(int dir, struct pgb_revset_shared **ret_shared, pgb_error *err)
{
    struct pgb_revset_shared *shared = calloc(1, sizeof *shared);

    if (shared == NULL) {
        return pgb_error_nomem(err);
    }
    pthread_mutex_init(&shared->mutex, NULL);
    shared->dir = dir;
    *ret_shared = shared;
    return PGB_OK;
}

void rev_shared_free(struct pgb_revset_shared *shared)
{
    if (shared != NULL) {
        pgb_parser_free(shared->parser);
        pgb_fd_close(&shared->dir);
        free(shared->revs);
        for (int i = 0; i < REV_READERS_MAX; i++) {
            pgb_arena_free(shared->arenas[i]);
        }
        pthread_mutex_destroy(&shared->mutex);
        free(shared);
    }
}

/* Under the mutex. */
static pgb_status need_parser(struct pgb_revset_shared *shared, pgb_error *err)
{
    return shared->parser != NULL ? PGB_OK : pgb_parser_new(&shared->parser, err);
}

static pgb_status parse_with(pgb_parser *parser, const pgb_script *s, const char *text, size_t len,
                             pgb_arena *arena, pgb_facts *facts, pgb_objects *objects,
                             pgb_error *err)
{
    return objects == NULL && !s->transaction_none
               ? pgb_parse_brief(parser, text, len, arena, facts, err)
               : pgb_parse_facts(parser, text, len, arena, facts, objects, err);
}

pgb_status script_parse(pgb_script *s, const char *text, size_t len, pgb_arena *arena,
                        pgb_facts *facts, pgb_objects *objects, pgb_error *err)
{
    struct pgb_revset_shared *shared = s->shared;
    pgb_status status;

    if (pgb_parser_here() != NULL) {
        return parse_with(pgb_parser_here(), s, text, len, arena, facts, objects, err);
    }
    pthread_mutex_lock(&shared->mutex);
    status = need_parser(shared, err);
    if (status == PGB_OK) {
        status = parse_with(shared->parser, s, text, len, arena, facts, objects, err);
    }
    pthread_mutex_unlock(&shared->mutex);
    return status;
}

pgb_status pgb_revset_on_parser(const pgb_revset *set, void (*work)(void *data), void *data,
                                pgb_error *err)
{
    struct pgb_revset_shared *shared = set->shared;
    pgb_status status;

    pthread_mutex_lock(&shared->mutex);
    status = need_parser(shared, err);
    if (status == PGB_OK) {
        pgb_parser_start(shared->parser, work, data);
        pgb_parser_wait(shared->parser);
    }
    pthread_mutex_unlock(&shared->mutex);
    return status;
}

/* --- the first pass -----------------------------------------------------------------------------
 */

static pgb_status too_large(pgb_script *s, const pgb_scan_pos *at, pgb_error *err)
{
    pgb_error_set(err, PGB_PROJECT, "a statement is larger than %d MiB",
                  PGB_STATEMENT_MAX / (1024 * 1024));
    pgb_error_hint(err, "Load data with COPY … FROM stdin; and the data after it, which streams.");
    script_place(s, at, err);
    return PGB_PROJECT;
}

static pgb_status refuse_transaction(pgb_script *s, const pgb_scan_event *ev,
                                     const pgb_facts *facts, pgb_error *err)
{
    if (facts->kind == PGB_STMT_SAVEPOINT) {
        pgb_error_set(err, PGB_PROJECT,
                      "%s needs a transaction, and this revision runs without one", facts->command);
        pgb_error_hint(err, "Remove it, or remove -- pgbraid:transaction none.");
    } else {
        pgb_error_set(err, PGB_PROJECT, "a revision can't control transactions: %s",
                      facts->command);
        pgb_error_detail(err, "Its statements and the record that they were done are committed "
                              "together; a COMMIT in between would part them.");
        pgb_error_hint(err,
                       "Remove the statement: a revision is one transaction anyway. For statements "
                       "that refuse one, write -- pgbraid:transaction none into its header.");
    }
    script_place(s, &ev->token, err);
    return PGB_PROJECT;
}

static pgb_status keep_facts(pgb_script *s, const pgb_facts *facts, pgb_error *err)
{
    kept_facts kept = {.ordinal = s->ordinal};

    if (s->ordinal > s->keep_first && facts->kind == PGB_STMT_PLAIN) {
        return PGB_OK;
    }
    if (s->kept.n == KEPT_MAX) {
        s->kept_full = true;
        return PGB_OK;
    }
    kept.facts = pgb_arena_alloc(s->arena, sizeof *kept.facts);
    if (kept.facts == NULL || !pgb_vec_push(&s->kept, kept)) {
        return pgb_error_nomem(err);
    }
    *kept.facts = *facts;
    return PGB_OK;
}

static pgb_status first_statement_pass(pgb_script *s, const pgb_scan_event *ev, pgb_error *err)
{
    pgb_facts facts = {0};
    const char *text = script_statement(s, ev);
    pgb_script_info *info = &s->info;
    pgb_status status;

    if (ev->len > PGB_STATEMENT_MAX || text == NULL) {
        return too_large(s, &ev->token, err);
    }
    s->ordinal++;
    status = script_parse(s, text, (size_t)ev->len,
                          s->kept.n < s->keep_first ? s->arena : s->scratch, &facts, NULL, err);
    if (status != PGB_OK) {
        return status;
    }
    if (facts.kind == PGB_STMT_TRANSACTION ||
        (facts.kind == PGB_STMT_SAVEPOINT && s->transaction_none)) {
        return refuse_transaction(s, ev, &facts, err);
    }
    if (ev->copy_in) {
        facts.kind = PGB_STMT_COPY_IN; /* data follows, whatever our parser thinks of the options */
        info->n_copies++;
        if (s->verify) {
            pgb_error_set(err, PGB_PROJECT, "a verify section can't load data");
            pgb_error_hint(err, "Its statements only look: each returns no row, or one true.");
            script_place(s, &ev->token, err);
            return PGB_PROJECT;
        }
    }
    info->n_statements = s->ordinal;
    info->n_unknown += facts.kind == PGB_STMT_UNKNOWN;
    info->inert = info->inert && facts.inert && !ev->copy_in;
    info->adds_enum_value = info->adds_enum_value || facts.kind == PGB_STMT_ADD_ENUM_VALUE;
    if (facts.needs_no_transaction && info->first_no_transaction == NULL) {
        info->first_no_transaction =
            pgb_arena_strdup(s->arena, facts.command != NULL ? facts.command : "a statement");
        info->first_no_transaction_line = ev->token.line;
        if (info->first_no_transaction == NULL) {
            return pgb_error_nomem(err);
        }
    }
    /* kept facts hold strings of the scratch memory only while that lives */
    if (s->kept.n >= s->keep_first && facts.kind != PGB_STMT_PLAIN && s->kept.n < KEPT_MAX) {
        status = script_parse(s, text, (size_t)ev->len, s->arena, &facts, NULL, err);
        if (status == PGB_OK && ev->copy_in) {
            facts.kind = PGB_STMT_COPY_IN;
        }
    }
    return status == PGB_OK ? keep_facts(s, &facts, err) : status;
}

static pgb_status refuse_meta(pgb_script *s, const pgb_scan_event *ev, pgb_error *err)
{
    const char *text = pgb_window_get(&s->window, ev->at.off, ev->len);
    size_t n;

    if (text != NULL && pgb_meta_is_harmless(text, (size_t)ev->len)) {
        return PGB_OK;
    }
    n = text != NULL ? pgb_meta_name_len(text, (size_t)ev->len) : 0;
    pgb_error_set(err, PGB_PROJECT, "%.*s is no SQL", (int)(n < 40 ? n : 40),
                  text != NULL ? text : "");
    pgb_error_detail(err, "It is a command of the psql program; the server does not know it.");
    pgb_error_hint(err, "%s", text != NULL ? pgb_meta_advice(text, (size_t)ev->len) : "Remove it.");
    script_place(s, &ev->at, err);
    return PGB_PROJECT;
}

static bool is_allow(const pgb_script *s, const pgb_scan_event *ev)
{
    static const char allow[] = "pgbraid:allow";
    const char *text = pgb_window_get(&s->window, ev->at.off, ev->len);
    size_t i = 2;

    while (text != NULL && i < ev->len && (text[i] == ' ' || text[i] == '\t')) {
        i++;
    }
    return text != NULL && ev->len - i >= sizeof allow - 1 &&
           memcmp(text + i, allow, sizeof allow - 1) == 0;
}

static pgb_status first_pass(pgb_script *s, pgb_error *err)
{
    pgb_status status = script_begin_pass(s, true, err);

    s->info.inert = true; /* until a statement is not */
    while (status == PGB_OK && !s->ended) {
        pgb_scan_event ev;

        status = script_event(s, &ev, err);
        if (status != PGB_OK) {
            break;
        }
        switch (ev.kind) {
        case PGB_SCAN_STATEMENT:
            if (!ev.empty) {
                status = first_statement_pass(s, &ev, err);
            }
            break;
        case PGB_SCAN_META:
            status = refuse_meta(s, &ev, err);
            break;
        case PGB_SCAN_DIRECTIVE:
            if (s->fd >= 0 && !is_allow(s, &ev)) {
                status = script_changed(s, err);
            }
            break;
        case PGB_SCAN_ERROR:
            pgb_error_set(err, PGB_PROJECT, "%s", pgb_scan_error_message(ev.error));
            pgb_error_hint(err, "%s", pgb_scan_error_hint(ev.error));
            script_place(s, &ev.at, err);
            status = PGB_PROJECT;
            break;
        default:
            break;
        }
    }
    if (status == PGB_OK) {
        s->info.bytes = s->end - s->start.off;
    }
    if (status == PGB_OK && s->image == NULL) {
        status = pgb_norm_hex(&s->norm, s->info.hash_raw, s->info.hash_norm, err);
    }
    if (status == PGB_OK && (s->text != NULL || s->image != NULL)) {
        s->info.text = s->image != NULL ? s->image + s->start.off : s->text;
        s->info.text_len = s->info.bytes;
    }
    return status;
}

/* --- opening ------------------------------------------------------------------------------------
 */

static pgb_script *make(const char *display)
{
    pgb_script *s = malloc(sizeof *s);

    if (s == NULL) {
        return NULL;
    }
    memset(s, 0, offsetof(pgb_script, scan));
    s->norm.raw = s->norm.norm = (pgb_hash){0};
    s->norm.with_norm = false;
    s->keep_first = KEPT_FIRST;
    s->fd = -1;
    s->window = (pgb_window)PGB_WINDOW_INIT;
    s->arena = pgb_arena_new();
    s->scratch = pgb_arena_new();
    if (s->arena != NULL) {
        s->display = pgb_arena_strdup(s->arena, display);
    }
    if (s->display == NULL || s->scratch == NULL) {
        pgb_script_close(s);
        return NULL;
    }
    return s;
}

void pgb_script_close(pgb_script *s)
{
    if (s == NULL) {
        return;
    }
    script_take_back_cut(s);
    if (s->own_shared) {
        rev_shared_free(s->shared);
    }
    pgb_fd_close(&s->fd);
    pgb_window_done(&s->window);
    pgb_norm_done(&s->norm);
    pgb_vec_done(&s->kept);
    free(s->text);
    free(s->work);
    free(s->header);
    pgb_arena_free(s->scratch);
    pgb_arena_free(s->arena);
    free(s);
}

static bool is_directive(const char *line, size_t len)
{
    static const char word[] = "pgbraid:";
    size_t i = 2;

    if (len < 2 || line[0] != '-' || line[1] != '-') {
        return false;
    }
    while (i < len && (line[i] == ' ' || line[i] == '\t')) {
        i++;
    }
    return len - i >= sizeof word - 1 && memcmp(line + i, word, sizeof word - 1) == 0;
}

/* The set was loaded from this file a moment ago. That its sections are still where they were is
 * seen from their edges: a directive ends right before, and one begins, or the file ends, right
 * after. */
static pgb_status check_edges(pgb_script *s, pgb_error *err)
{
    char before[512], after[512];
    size_t n, from;

    n = script_read_at(s, s->end, after, sizeof after);
    if (s->whole_file ? n != 0 : n != 0 && !is_directive(after, n)) {
        return script_changed(s, err);
    }
    if (s->start.off == 0) {
        return PGB_OK;
    }
    n = s->start.off < sizeof before ? (size_t)s->start.off : sizeof before;
    if (script_read_at(s, s->start.off - n, before, n) != n) {
        return script_changed(s, err);
    }
    n -= n > 0 && before[n - 1] == '\n';
    n -= n > 0 && before[n - 1] == '\r';
    for (from = n; from > 0 && before[from - 1] != '\n' && before[from - 1] != '\r'; from--) {
    }
    if (from == 0 && n >= 3 && s->start.off <= sizeof before &&
        memcmp(before, "\xEF\xBB\xBF", 3) == 0) {
        from = 3;
    }
    return is_directive(before + from, n - from) ? PGB_OK : script_changed(s, err);
}

static pgb_status read_header(pgb_script *s, const pgb_revision *rev, pgb_error *err)
{
    char raw[PGB_HASH_HEX];
    uint64_t len = rev->header.len;

    if (len == 0 || len > PGB_STORED_TEXT_MAX) {
        return PGB_OK;
    }
    s->header = malloc((size_t)len + 1);
    if (s->header == NULL) {
        return pgb_error_nomem(err);
    }
    if (script_read_at(s, rev->header.off, s->header, (size_t)len) != len) {
        return script_changed(s, err);
    }
    s->header[len] = '\0';
    s->info.header = s->header;
    s->info.header_len = len;
    return pgb_section_hash(s->header, (size_t)len, raw, s->info.header_norm, err);
}

static pgb_status choose_range(const pgb_revision *rev, pgb_section section, uint32_t nth,
                               pgb_range *ret_range, pgb_error *err)
{
    switch (section) {
    case PGB_SECTION_UP:
        *ret_range = rev->up;
        return PGB_OK;
    case PGB_SECTION_VERIFY:
        if (nth >= rev->n_verify) {
            return pgb_error_set(err, PGB_INTERNAL, "%s has no verify section %u", rev->file, nth);
        }
        *ret_range = rev->verify[nth];
        return PGB_OK;
    default:
        break;
    }
    if (rev->down_kind == PGB_DOWN_SQL) {
        *ret_range = rev->down;
        return PGB_OK;
    }
    pgb_error_set(err, PGB_REFUSED, "revision %s has no way back", rev->id);
    if (rev->down_kind == PGB_DOWN_IRREVERSIBLE) {
        pgb_error_detail(err, "Its file says: %s", rev->irreversible_reason);
    } else {
        pgb_error_hint(err, "Write a section -- pgbraid:down into it.");
    }
    pgb_error_at(err, rev->file, 0, 0, NULL, 0);
    return PGB_REFUSED;
}

/* Its descriptor and hashes, for a script that may be run. */
static pgb_status open_file(pgb_script *s, const pgb_revision *rev, pgb_section section,
                            pgb_error *err)
{
    pgb_status status = pgb_file_open_at(s->shared->dir, s->name, s->display, &s->fd, err);

    if (status == PGB_OK) {
        status = check_edges(s, err);
    }
    return status == PGB_OK && section == PGB_SECTION_UP ? read_header(s, rev, err) : status;
}

static pgb_status open_script(const pgb_revset *set, const pgb_revision *rev, pgb_section section,
                              uint32_t nth, bool look, pgb_script **ret_script, pgb_error *err)
{
    bool other_file = section == PGB_SECTION_DOWN && rev->down_name != NULL;
    pgb_range range = {0};
    pgb_script *s;
    pgb_status status = choose_range(rev, section, nth, &range, err);

    if (status != PGB_OK) {
        return status;
    }
    s = make(rev->file);
    if (s == NULL) {
        return pgb_error_nomem(err);
    }
    s->shared = set->shared;
    s->name = other_file ? rev->down_name : rev->name;
    if (other_file) {
        s->display = pgb_arena_printf(s->arena, "%s/%s", set->folder, s->name);
    }
    s->start = (pgb_scan_pos){.off = range.off, .line = range.line, .column = 1};
    s->end = range.off + range.len;
    s->transaction_none = rev->transaction_none;
    s->verify = section == PGB_SECTION_VERIFY;
    s->whole_file = other_file;
    if (look && !other_file && rev->text != NULL) {
        s->image = rev->text;
        s->keep_first = 0;
        s->image_len = rev->text_len;
    }
    status = s->display == NULL ? pgb_error_nomem(err)
             : s->image != NULL ? PGB_OK
                                : open_file(s, rev, section, err);
    if (status == PGB_OK) {
        status = first_pass(s, err);
    }
    if (status == PGB_OK) {
        status = pgb_script_rewind(s, err);
    }
    if (status != PGB_OK) {
        pgb_script_close(s);
        return status;
    }
    *ret_script = s;
    return PGB_OK;
}

pgb_status pgb_script_open(const pgb_revset *set, const pgb_revision *rev, pgb_section section,
                           uint32_t nth, pgb_script **ret_script, pgb_error *err)
{
    return open_script(set, rev, section, nth, false, ret_script, err);
}

pgb_status pgb_script_look(const pgb_revset *set, const pgb_revision *rev, pgb_section section,
                           uint32_t nth, pgb_script **ret_script, pgb_error *err)
{
    return open_script(set, rev, section, nth, true, ret_script, err);
}

pgb_status pgb_script_open_text(const char *name, const char *text, size_t len,
                                pgb_script **ret_script, pgb_error *err)
{
    pgb_script *s = make(name);
    pgb_status status;

    if (s == NULL) {
        return pgb_error_nomem(err);
    }
    s->start = (pgb_scan_pos){.off = 0, .line = 1, .column = 1};
    s->end = len;
    s->text = malloc(len + 1);
    s->work = malloc(len + 1);
    status = s->text != NULL && s->work != NULL ? rev_shared_new(-1, &s->shared, err)
                                                : pgb_error_nomem(err);
    if (status == PGB_OK) {
        s->own_shared = true;
        if (len > 0) {
            memcpy(s->text, text, len);
            memcpy(s->work, text, len);
        }
        s->text[len] = s->work[len] = '\0';
        status = first_pass(s, err);
    }
    if (status == PGB_OK) {
        status = pgb_script_rewind(s, err);
    }
    if (status != PGB_OK) {
        pgb_script_close(s);
        return status;
    }
    *ret_script = s;
    return PGB_OK;
}

const pgb_script_info *pgb_script_get_info(const pgb_script *script)
{
    return &script->info;
}
