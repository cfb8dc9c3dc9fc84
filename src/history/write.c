#include "history/write.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "history/backfill.h"
#include "history/internal.h"
#include "history_sql.h"

/* The statement, giving the id of the transaction that it ran in. */
static const char *with_xid(pgb_arena *arena, const char *sql)
{
    const char *semicolon = strrchr(sql, ';');

    return pgb_arena_printf(arena, "%.*s RETURNING pg_catalog.txid_current()",
                            semicolon != NULL ? (int)(semicolon - sql) : (int)strlen(sql), sql);
}

pgb_status pgb_history_open(pgb_session *session, const char *schema, const char *project,
                            pgb_arena *arena, pgb_history **ret_history, pgb_error *err)
{
    const char *quoted = pgb_quote_ident(session, arena, schema != NULL ? schema : "pgbraid");
    pgb_history *h = pgb_arena_alloc(arena, sizeof *h);

    if (quoted == NULL || h == NULL) {
        return pgb_error_nomem(err);
    }
    {
        const struct {
            const char **at, *sql;
        } all[] = {
            {&h->record, pgb_sql_record},           {&h->forget, pgb_sql_forget},
            {&h->event, pgb_sql_add_event},         {&h->outcome, pgb_sql_outcome},
            {&h->read_steps, pgb_sql_read_steps},   {&h->set_step, pgb_sql_set_step},
            {&h->clear_steps, pgb_sql_clear_steps}, {&h->delete_step, pgb_sql_delete_step},
            {&h->ids, pgb_sql_applied_ids},         {&h->mark_incomplete, pgb_sql_mark_incomplete},
            {&h->accept_text, pgb_sql_accept_text}, {&h->accept_parents, pgb_sql_accept_parents}};

        for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
            *all[i].at = pgb_history_sql(arena, all[i].sql, quoted);
            if (*all[i].at == NULL) {
                return pgb_error_nomem(err);
            }
        }
    }
    h->record_xid = with_xid(arena, h->record);
    h->forget_xid = with_xid(arena, h->forget);
    if (h->record_xid == NULL || h->forget_xid == NULL) {
        return pgb_error_nomem(err);
    }
    h->quoted = quoted;
    h->project = pgb_arena_strdup(arena, project);
    if (h->project == NULL) {
        return pgb_error_nomem(err);
    }
    *ret_history = h;
    return PGB_OK;
}

/* {"a","b"} */
const char *pgb_history_array(pgb_arena *arena, const char *const *items, uint32_t n)
{
    PGB_AUTO_BUF(b);

    pgb_buf_putc(&b, '{');
    for (uint32_t i = 0; i < n; i++) {
        pgb_buf_puts(&b, i > 0 ? ",\"" : "\"");
        for (const char *p = items[i]; *p != '\0'; p++) {
            if (*p == '"' || *p == '\\') {
                pgb_buf_putc(&b, '\\');
            }
            pgb_buf_putc(&b, *p);
        }
        pgb_buf_putc(&b, '"');
    }
    pgb_buf_putc(&b, '}');
    return b.failed ? NULL : pgb_arena_strdup(arena, pgb_buf_str(&b));
}

/* A name or message that may hold what the server would refuse (file names are bytes). */
static const char *valid(pgb_arena *arena, const char *text)
{
    size_t len = strlen(text);
    PGB_AUTO_BUF(b);

    if (pgb_utf8_valid(text, len) == len) {
        return pgb_arena_strdup(arena, text);
    }
    pgb_text_display(&b, text, len, true);
    return b.failed ? NULL : pgb_arena_strdup(arena, pgb_buf_str(&b));
}

static pgb_statement *statement(pgb_arena *arena, const char *sql, int n)
{
    pgb_statement *s = pgb_arena_alloc(arena, sizeof *s);

    if (s != NULL) {
        s->sql = sql;
        s->n = n;
    }
    return s;
}

pgb_statement *pgb_history_record(const pgb_history *h, pgb_arena *arena, const pgb_record *record)
{
    pgb_statement *s = statement(arena, h->record, 27);
    const char *parents = pgb_history_array(arena, record->parents, record->n_parents);
    const char *depends = pgb_history_array(arena, record->depends, record->n_depends);
    const char *labels = pgb_history_array(arena, record->labels, record->n_labels);
    const char *title = valid(arena, record->title), *file = valid(arena, record->file);
    const char *algorithm = pgb_arena_printf(arena, "%d", PGB_HASH_ALGORITHM);

    if (s == NULL || parents == NULL || depends == NULL || labels == NULL || title == NULL ||
        file == NULL || algorithm == NULL) {
        return NULL;
    }
    {
        const char *const values[27] = {h->project,
                                        record->id,
                                        parents,
                                        depends,
                                        labels,
                                        title,
                                        file,
                                        record->header,
                                        record->up,
                                        record->down,
                                        record->header_raw,
                                        record->header_norm,
                                        record->up_raw,
                                        record->up_norm,
                                        record->down_raw,
                                        record->down_norm,
                                        algorithm,
                                        record->has_down ? "t" : "f",
                                        record->irreversible,
                                        record->stamped ? "t" : "f",
                                        record->run,
                                        record->from,
                                        PGB_VERSION,
                                        record->begins    ? "begin"
                                        : record->stamped ? "stamp"
                                                          : "upgrade",
                                        record->began,
                                        record->begins ? "incomplete" : "applied",
                                        record->transaction_none ? "t" : "f"};

        memcpy(s->values, values, sizeof values);
    }
    s->sql_xid = h->record_xid;
    return s;
}

const char *pgb_history_record_sql(const pgb_history *h)
{
    return h->record_xid;
}

pgb_statement *pgb_history_forget(const pgb_history *h, pgb_arena *arena, const char *id,
                                  const char *event, const char *run, const char *from,
                                  const char *began)
{
    pgb_statement *s = statement(arena, h->forget, 7);
    const char *const values[7] = {h->project, id, event, run, from, PGB_VERSION, began};

    if (s != NULL) {
        s->sql_xid = h->forget_xid;
        memcpy(s->values, values, sizeof values);
    }
    return s;
}

pgb_statement *pgb_history_event(const pgb_history *h, pgb_arena *arena, const char *id,
                                 const char *event, const char *run, const char *from,
                                 int64_t duration_us, const char *sqlstate, const char *message)
{
    pgb_statement *s = statement(arena, h->event, 9);
    const char *duration = pgb_arena_printf(arena, "%lld", (long long)duration_us);
    const char *text = valid(arena, message);
    const char *const values[9] = {h->project, id,          event,    run, from,
                                   duration,   PGB_VERSION, sqlstate, text};

    if (s == NULL || duration == NULL || text == NULL) {
        return NULL;
    }
    memcpy(s->values, values, sizeof values);
    return s;
}

pgb_statement *pgb_history_mark_incomplete(const pgb_history *h, pgb_arena *arena, const char *id)
{
    pgb_statement *s = statement(arena, h->mark_incomplete, 2);

    if (s != NULL) {
        s->values[0] = h->project;
        s->values[1] = id;
    }
    return s;
}

pgb_statement *pgb_history_accept_text(const pgb_history *h, pgb_arena *arena,
                                       const pgb_record *record)
{
    pgb_statement *s = statement(arena, h->accept_text, 14);
    const char *algorithm = pgb_arena_printf(arena, "%d", PGB_HASH_ALGORITHM);
    const char *const values[14] = {h->project,
                                    record->id,
                                    record->header,
                                    record->up,
                                    record->down,
                                    record->header_raw,
                                    record->header_norm,
                                    record->up_raw,
                                    record->up_norm,
                                    record->down_raw,
                                    record->down_norm,
                                    algorithm,
                                    record->has_down ? "t" : "f",
                                    record->irreversible};

    if (s == NULL || algorithm == NULL) {
        return NULL;
    }
    memcpy(s->values, values, sizeof values);
    return s;
}

pgb_statement *pgb_history_accept_parents(const pgb_history *h, pgb_arena *arena,
                                          const pgb_record *record)
{
    pgb_statement *s = statement(arena, h->accept_parents, 5);
    const char *const values[5] = {h->project, record->id,
                                   pgb_history_array(arena, record->parents, record->n_parents),
                                   pgb_history_array(arena, record->depends, record->n_depends),
                                   pgb_history_array(arena, record->labels, record->n_labels)};

    if (s == NULL || values[2] == NULL || values[3] == NULL || values[4] == NULL) {
        return NULL;
    }
    memcpy(s->values, values, sizeof values);
    return s;
}

pgb_statement *pgb_history_outcome(const pgb_history *h, pgb_arena *arena, const char *id,
                                   const char *event, const char *run)
{
    pgb_statement *s = statement(arena, h->outcome, 4);
    const char *const values[4] = {h->project, id, run, event};

    if (s != NULL) {
        memcpy(s->values, values, sizeof values);
    }
    return s;
}

pgb_statement *pgb_history_ids(const pgb_history *h, pgb_arena *arena)
{
    pgb_statement *s = statement(arena, h->ids, 1);

    if (s != NULL) {
        s->values[0] = h->project;
    }
    return s;
}

/* ---- statements outside a transaction ---- */

pgb_status pgb_history_steps(pgb_session *session, const pgb_history *h, const char *id, bool up,
                             pgb_arena *arena, pgb_step_row **ret_rows, uint32_t *ret_n,
                             pgb_error *err)
{
    const char *const values[3] = {h->project, id, up ? "up" : "down"};
    AUTO_RESULT(r);
    pgb_status status = pgb_exec_params(session, h->read_steps, 3, values, &r, err);
    pgb_step_row *rows;
    int n;

    if (status != PGB_OK) {
        return status;
    }
    n = pgb_result_rows(r);
    rows = pgb_arena_array(arena, (size_t)n + 1, sizeof *rows);
    if (rows == NULL) {
        return pgb_error_nomem(err);
    }
    for (int i = 0; i < n; i++) {
        const struct {
            const char **at;
            int column;
        } texts[] = {{&rows[i].hash, 1},   {&rows[i].kind, 2}, {&rows[i].object, 3},
                     {&rows[i].before, 5}, {&rows[i].run, 6},  {&rows[i].at, 7}};

        rows[i].ordinal = (uint32_t)pgb_result_int(r, i, 0);
        rows[i].done = strcmp(pgb_result_value(r, i, 4), "done") == 0;
        for (size_t t = 0; t < sizeof texts / sizeof texts[0]; t++) {
            *texts[t].at = pgb_arena_strdup(arena, pgb_result_value(r, i, texts[t].column));
            if (*texts[t].at == NULL) {
                return pgb_error_nomem(err);
            }
        }
    }
    *ret_rows = rows;
    *ret_n = (uint32_t)n;
    return PGB_OK;
}

pgb_statement *pgb_history_set_step(const pgb_history *h, pgb_arena *arena, const char *id, bool up,
                                    const pgb_step_row *row, const char *run)
{
    pgb_statement *s = statement(arena, h->set_step, 10);
    const char *ordinal = pgb_arena_printf(arena, "%u", row->ordinal);
    const char *const values[10] = {
        h->project,  id,        up ? "up" : "down", ordinal,
        row->hash,   row->kind, row->object,        row->done ? "done" : "intent",
        row->before, run};

    if (s == NULL || ordinal == NULL) {
        return NULL;
    }
    memcpy(s->values, values, sizeof values);
    return s;
}

pgb_statement *pgb_history_delete_step(const pgb_history *h, pgb_arena *arena, const char *id,
                                       bool up, uint32_t ordinal)
{
    pgb_statement *s = statement(arena, h->delete_step, 4);
    const char *number = pgb_arena_printf(arena, "%u", ordinal);
    const char *const values[4] = {h->project, id, up ? "up" : "down", number};

    if (s == NULL || number == NULL) {
        return NULL;
    }
    memcpy(s->values, values, sizeof values);
    return s;
}

pgb_statement *pgb_history_clear_steps(const pgb_history *h, pgb_arena *arena, const char *id,
                                       bool up)
{
    pgb_statement *s = statement(arena, h->clear_steps, 3);
    const char *const values[3] = {h->project, id, up ? "up" : "down"};

    if (s != NULL) {
        memcpy(s->values, values, sizeof values);
    }
    return s;
}

/* ---- as text ---- */

/* An escape string constant: the same under any standard_conforming_strings. */
static void literal(pgb_buf *buf, const char *value)
{
    if (value == NULL) {
        pgb_buf_puts(buf, "NULL");
        return;
    }
    pgb_buf_puts(buf, strchr(value, '\\') != NULL ? " E'" : "'");
    for (; *value != '\0'; value++) {
        if (*value == '\'' || *value == '\\') {
            pgb_buf_putc(buf, *value);
        }
        pgb_buf_putc(buf, *value);
    }
    pgb_buf_putc(buf, '\'');
}

void pgb_statement_render(const pgb_statement *statement_, pgb_buf *buf)
{
    const char *p = statement_->sql;
    size_t len = strlen(p);

    while (len > 0 && strchr("; \n", p[len - 1]) != NULL) {
        len--;
    }
    while (len > 0) {
        if (*p == '$' && len > 1 && p[1] >= '1' && p[1] <= '9') {
            char *end;
            long n = strtol(p + 1, &end, 10);

            literal(buf, n <= statement_->n ? statement_->values[n - 1] : NULL);
            len -= (size_t)(end - p);
            p = end;
        } else {
            pgb_buf_putc(buf, *p++);
            len--;
        }
    }
    pgb_buf_puts(buf, ";\n");
}

const char *pgb_history_from(pgb_arena *arena)
{
    char host[256] = "";
    struct passwd *pw = getpwuid(geteuid());
    const char *raw;

    if (gethostname(host, sizeof host - 1) != 0) {
        host[0] = '\0';
    }
    raw = pw != NULL ? pgb_arena_printf(arena, "%s@%s (process %d)", pw->pw_name, host, getpid())
                     : pgb_arena_printf(arena, "uid %u@%s (process %d)", (unsigned)geteuid(), host,
                                        getpid());
    return raw != NULL ? valid(arena, raw) : NULL;
}
