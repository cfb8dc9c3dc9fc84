#include "history/write.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "history/internal.h"
#include "history_sql.h"

void pgb_history_from(char *buf, size_t size)
{
    char host[256] = "", scratch[1024];
    struct passwd user, *found = NULL;

    gethostname(host, sizeof host - 1);
    if (getpwuid_r(getuid(), &user, scratch, sizeof scratch, &found) == 0 && found != NULL) {
        snprintf(buf, size, "%s@%s (process %d)", found->pw_name, host, (int)getpid());
    } else {
        snprintf(buf, size, "uid %u@%s (process %d)", (unsigned)getuid(), host, (int)getpid());
    }
}

/* Collects a statement; the first failure shows at the end. */
typedef struct composer {
    pgb_arena *arena;
    pgb_statement *statement;
    bool failed;
} composer;

static composer begin(const pgb_history_place *place, const char *sql, pgb_arena *arena,
                      pgb_statement *statement)
{
    composer c = {.arena = arena, .statement = statement};

    *statement = (pgb_statement){.sql = pgb_history_sql(arena, place->schema, sql)};
    c.failed = statement->sql == NULL;
    return c;
}

static void add(composer *c, const char *value)
{
    c->statement->values[c->statement->n++] = value;
}

static void add_copy(composer *c, const char *value)
{
    const char *copy = value != NULL ? pgb_arena_strdup(c->arena, value) : NULL;

    c->failed = c->failed || (value != NULL && copy == NULL);
    add(c, copy);
}

static void add_number(composer *c, int64_t n)
{
    const char *s = pgb_arena_printf(c->arena, "%lld", (long long)n);

    c->failed = c->failed || s == NULL;
    add(c, s);
}

static void add_duration(composer *c, int64_t us)
{
    if (us < 0) {
        add(c, NULL);
    } else {
        add_number(c, us);
    }
}

static void add_bool(composer *c, bool value)
{
    add(c, value ? "true" : "false");
}

static void add_list(composer *c, const char *const *items, uint32_t n)
{
    PGB_AUTO_BUF(b);
    const char *joined;

    for (uint32_t i = 0; i < n; i++) {
        if (i > 0) {
            pgb_buf_putc(&b, '\x1f');
        }
        pgb_buf_puts(&b, items[i]);
    }
    joined = b.failed ? NULL : pgb_arena_strdup(c->arena, pgb_buf_str(&b));
    c->failed = c->failed || joined == NULL;
    add(c, joined);
}

static pgb_status finish(composer *c, pgb_error *err)
{
    return c->failed ? pgb_error_nomem(err) : PGB_OK;
}

pgb_status pgb_history_insert(const pgb_history_place *place, const pgb_record *r, pgb_arena *arena,
                              pgb_statement *ret, pgb_error *err)
{
    composer c = begin(place, pgb_sql_insert_revision, arena, ret);

    add(&c, place->project);
    add(&c, r->id);
    add_list(&c, r->parents, r->n_parents);
    add_list(&c, r->depends, r->n_depends);
    add_list(&c, r->labels, r->n_labels);
    add(&c, r->title);
    add(&c, r->file);
    add(&c, r->header_text);
    add(&c, r->up_text);
    add(&c, r->down_text);
    add(&c, r->header_norm);
    add(&c, r->up_raw);
    add(&c, r->up_norm);
    add(&c, r->down_raw);
    add(&c, r->down_norm);
    add_number(&c, PGB_HASH_ALGORITHM);
    add_bool(&c, r->has_down);
    add(&c, r->irreversible);
    add_bool(&c, r->transaction_none);
    add_bool(&c, r->stamped);
    add(&c, r->incomplete ? "incomplete" : "applied");
    add(&c, place->run);
    add(&c, place->from);
    add_duration(&c, r->duration_us);
    add(&c, PGB_VERSION);
    return finish(&c, err);
}

pgb_status pgb_history_delete(const pgb_history_place *place, const char *id, pgb_arena *arena,
                              pgb_statement *ret, pgb_error *err)
{
    composer c = begin(place, pgb_sql_delete_revision, arena, ret);

    add(&c, place->project);
    add(&c, id);
    return finish(&c, err);
}

pgb_status pgb_history_complete(const pgb_history_place *place, const char *id, int64_t duration_us,
                                pgb_arena *arena, pgb_statement *ret, pgb_error *err)
{
    composer c = begin(place, pgb_sql_complete_revision, arena, ret);

    add(&c, place->project);
    add(&c, id);
    add_number(&c, duration_us);
    add(&c, place->run);
    return finish(&c, err);
}

pgb_status pgb_history_mark_incomplete(const pgb_history_place *place, const char *id,
                                       pgb_arena *arena, pgb_statement *ret, pgb_error *err)
{
    composer c = begin(place, pgb_sql_mark_incomplete, arena, ret);

    add(&c, place->project);
    add(&c, id);
    return finish(&c, err);
}

pgb_status pgb_history_add_event(const pgb_history_place *place, const pgb_event_record *e,
                                 pgb_arena *arena, pgb_statement *ret, pgb_error *err)
{
    composer c = begin(place, pgb_sql_insert_event, arena, ret);

    add(&c, place->project);
    add(&c, e->id);
    add(&c, e->event);
    add(&c, place->run);
    add(&c, place->from);
    add(&c, PGB_VERSION);
    add_duration(&c, e->duration_us);
    add(&c, e->sqlstate != NULL && e->sqlstate[0] != '\0' ? e->sqlstate : NULL);
    add_copy(&c, e->message);
    add_bool(&c, e->since_begin);
    return finish(&c, err);
}

pgb_status pgb_history_put_step(const pgb_history_place *place, const pgb_step_record *s,
                                pgb_arena *arena, pgb_statement *ret, pgb_error *err)
{
    composer c = begin(place, pgb_sql_put_step, arena, ret);

    add(&c, place->project);
    add(&c, s->id);
    add(&c, s->down ? "down" : "up");
    add_number(&c, s->ordinal);
    add(&c, s->done ? "done" : "intent");
    add_copy(&c, s->hash);
    add_copy(&c, s->kind);
    add_copy(&c, s->command);
    add_copy(&c, s->object);
    add_copy(&c, s->detail);
    add(&c, place->run);
    return finish(&c, err);
}

pgb_status pgb_history_delete_steps(const pgb_history_place *place, const char *id,
                                    pgb_arena *arena, pgb_statement *ret, pgb_error *err)
{
    composer c = begin(place, pgb_sql_delete_steps, arena, ret);

    add(&c, place->project);
    add(&c, id);
    return finish(&c, err);
}

pgb_status pgb_history_row_of_run(const pgb_history_place *place, const char *id, const char *event,
                                  pgb_arena *arena, pgb_statement *ret, pgb_error *err)
{
    composer c = begin(place, pgb_sql_row_of_run, arena, ret);

    add(&c, place->project);
    add(&c, id);
    add(&c, place->run);
    add(&c, event);
    return finish(&c, err);
}

pgb_status pgb_history_accept_text(const pgb_history_place *place, const pgb_record *r,
                                   pgb_arena *arena, pgb_statement *ret, pgb_error *err)
{
    composer c = begin(place, pgb_sql_update_up, arena, ret);

    add(&c, place->project);
    add(&c, r->id);
    add(&c, r->header_text);
    add(&c, r->up_text);
    add(&c, r->down_text);
    add(&c, r->header_norm);
    add(&c, r->up_raw);
    add(&c, r->up_norm);
    add(&c, r->down_raw);
    add(&c, r->down_norm);
    add_number(&c, PGB_HASH_ALGORITHM);
    add_bool(&c, r->has_down);
    add(&c, r->irreversible);
    return finish(&c, err);
}

pgb_status pgb_history_accept_parents(const pgb_history_place *place, const pgb_record *r,
                                      pgb_arena *arena, pgb_statement *ret, pgb_error *err)
{
    composer c = begin(place, pgb_sql_update_parents, arena, ret);

    add(&c, place->project);
    add(&c, r->id);
    add_list(&c, r->parents, r->n_parents);
    add_list(&c, r->depends, r->n_depends);
    add_list(&c, r->labels, r->n_labels);
    return finish(&c, err);
}
