#include "prove/stage.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/vec.h"
#include "pg/pg.h"
#include "prove_sql.h"
#include "scratch/scratch.h"

/* A setting that sessions begin with. */
typedef struct setting {
    const char *role; /* NULL: all */
    bool in_database;
    const char *name, *value;
} setting;

struct pgb_stage {
    pgb_arena *arena;
    pgb_private *server;
    pgb_session *session; /* the superuser's, in database postgres */
    const char *encoding, *collate, *ctype, *owner, *bootstrap; /* NULL: no live database */
    setting *settings;
    uint32_t n_settings;
    PGB_VEC(const char *) notes;
};

static pgb_status note(pgb_stage *s, const char *text, pgb_error *err)
{
    return text != NULL && pgb_vec_push(&s->notes, text) ? PGB_OK : pgb_error_nomem(err);
}

static void put_literal(pgb_buf *b, const char *s)
{
    pgb_buf_puts(b, strchr(s, '\\') != NULL ? " E'" : "'");
    for (; *s != '\0'; s++) {
        if (*s == '\'' || *s == '\\') {
            pgb_buf_putc(b, *s);
        }
        pgb_buf_putc(b, *s);
    }
    pgb_buf_putc(b, '\'');
}

static void put_ident(pgb_buf *b, const char *s)
{
    pgb_buf_putc(b, '"');
    for (; *s != '\0'; s++) {
        if (*s == '"') {
            pgb_buf_putc(b, '"');
        }
        pgb_buf_putc(b, *s);
    }
    pgb_buf_putc(b, '"');
}

static pgb_status exec_buf(pgb_session *session, const pgb_buf *b, pgb_error *err)
{
    return b->failed ? pgb_error_nomem(err) : pgb_exec(session, pgb_buf_str(b), NULL, err);
}

/* For what may fail without harm: only that the session is whole counts. */
static pgb_status try_buf(pgb_session *session, const pgb_buf *b, bool *ret_done, pgb_error *err)
{
    pgb_error inner = PGB_ERROR_INIT;
    pgb_status status = exec_buf(session, b, &inner);

    *ret_done = status == PGB_OK;
    if (status != PGB_OK && status != PGB_SQL) {
        if (err != NULL) {
            *err = inner;
        }
        return status;
    }
    return PGB_OK;
}

/* A value of the live database, kept; NULL for null. */
static const char *keep(pgb_stage *s, const pgb_result *r, int row, int column, bool *nomem)
{
    const char *copy = NULL;

    if (!pgb_result_null(r, row, column)) {
        copy = pgb_arena_strdup(s->arena, pgb_result_value(r, row, column));
        *nomem |= copy == NULL;
    }
    return copy;
}

static pgb_status read_database(pgb_stage *s, pgb_session *live, pgb_error *err)
{
    pgb_result *r = NULL;
    pgb_status status = pgb_exec(live, pgb_sql_stage_database, &r, err);
    bool nomem = false;

    if (status == PGB_OK && pgb_result_rows(r) > 0) {
        s->encoding = keep(s, r, 0, 0, &nomem);
        s->collate = keep(s, r, 0, 1, &nomem);
        s->ctype = keep(s, r, 0, 2, &nomem);
        s->owner = keep(s, r, 0, 3, &nomem);
        s->bootstrap = keep(s, r, 0, 4, &nomem);
    }
    pgb_result_free(r);
    return nomem ? pgb_error_nomem(err) : status;
}

static pgb_status read_settings(pgb_stage *s, pgb_session *live, pgb_error *err)
{
    pgb_result *r = NULL;
    pgb_status status = pgb_exec(live, pgb_sql_stage_settings, &r, err);
    int n = status == PGB_OK ? pgb_result_rows(r) : 0;
    bool nomem = false;

    s->settings = pgb_arena_array(s->arena, (size_t)n + 1, sizeof *s->settings);
    if (s->settings == NULL) {
        pgb_result_free(r);
        return pgb_error_nomem(err);
    }
    for (int i = 0; i < n; i++) {
        s->settings[i] = (setting){.role = keep(s, r, i, 0, &nomem),
                                   .in_database = pgb_result_bool(r, i, 1),
                                   .name = keep(s, r, i, 2, &nomem),
                                   .value = keep(s, r, i, 3, &nomem)};
    }
    s->n_settings = (uint32_t)n;
    pgb_result_free(r);
    return nomem ? pgb_error_nomem(err) : status;
}

/* A role that is there already (the private server's own superuser) stays as it is. */
static pgb_status make_role(pgb_stage *s, const char *name, bool applier, pgb_error *err)
{
    PGB_AUTO_BUF(b);
    bool done;

    if (name == NULL || strncmp(name, "pg_", 3) == 0) {
        return PGB_OK;
    }
    pgb_buf_puts(&b, "CREATE ROLE ");
    put_ident(&b, name);
    pgb_buf_puts(&b, applier ? " SUPERUSER LOGIN" : " NOLOGIN");
    return try_buf(s->session, &b, &done, err);
}

static pgb_status make_roles(pgb_stage *s, pgb_session *live, pgb_error *err)
{
    pgb_result *r = NULL;
    pgb_status status = pgb_exec(live, pgb_sql_stage_roles, &r, err);

    for (int i = 0; status == PGB_OK && i < pgb_result_rows(r); i++) {
        status = make_role(s, pgb_result_value(r, i, 0), false, err);
    }
    pgb_result_free(r);
    return status;
}

/* Tablespaces without a folder of their own, which servers from 10 on can have for tests. */
static pgb_status make_tablespaces(pgb_stage *s, pgb_session *live, pgb_error *err)
{
    pgb_result *r = NULL;
    pgb_status status = pgb_exec(live, pgb_sql_stage_tablespaces, &r, err);

    for (int i = 0; status == PGB_OK && i < pgb_result_rows(r); i++) {
        const char *name = pgb_result_value(r, i, 0);
        PGB_AUTO_BUF(allow);
        PGB_AUTO_BUF(b);
        bool done;

        pgb_buf_puts(&allow, "SET allow_in_place_tablespaces = on");
        status = try_buf(s->session, &allow, &done, err);
        pgb_buf_puts(&b, "CREATE TABLESPACE ");
        put_ident(&b, name);
        pgb_buf_puts(&b, " LOCATION ''");
        if (status == PGB_OK) {
            status = try_buf(s->session, &b, &done, err);
        }
        if (status == PGB_OK && !done) {
            status =
                note(s,
                     pgb_arena_printf(
                         s->arena, "tablespace %s could not be made on the private server", name),
                     err);
        }
    }
    pgb_result_free(r);
    return status;
}

static pgb_status open_server(pgb_stage *s, const char *bin, int major, pgb_error *err)
{
    pgb_error inner = PGB_ERROR_INIT;
    pgb_status status = pgb_private_open(bin, major, &s->server, &inner);
    int have;

    if (status != PGB_OK && major != 0) {
        pgb_error_clear(&inner);
        status = pgb_private_open(bin, 0, &s->server, &inner);
    }
    if (status == PGB_OK) {
        pgb_session_options options = {.conninfo = pgb_private_conninfo(s->server),
                                       .connect_timeout_ms = -1};

        status = pgb_session_open(&options, &s->session, &inner);
    }
    if (status == PGB_OK) {
        /* messages are looked into: pgb_stage_mend */
        status = pgb_exec(s->session, "ALTER ROLE ALL SET lc_messages = 'C'", NULL, &inner);
    }
    if (status != PGB_OK) {
        if (err != NULL) {
            *err = inner;
        }
        return status;
    }
    have = pgb_session_server_version(s->session) / 10000;
    if (major == 0 || have == major) {
        return PGB_OK;
    }
    return note(s,
                pgb_arena_printf(s->arena,
                                 "PostgreSQL %d is not installed here; the private server is "
                                 "PostgreSQL %d, and some definitions may only be written "
                                 "differently",
                                 major, have),
                err);
}

/* Everything that is learned from the live database, in one short visit. */
static pgb_status be_like(pgb_stage *s, const pgb_stage_options *options, pgb_error *err)
{
    pgb_session_options to = {
        .conninfo = options->live, .connect_timeout_ms = -1, .read_only = true};
    pgb_session *live = NULL;
    pgb_status status = pgb_session_open(&to, &live, err);

    if (status == PGB_OK) {
        pgb_session_set_interrupt(live, options->interrupted);
        status = read_database(s, live, err);
    }
    if (status == PGB_OK) {
        status = read_settings(s, live, err);
    }
    if (status == PGB_OK) {
        status = open_server(s, options->bin, pgb_session_server_version(live) / 10000, err);
    }
    for (uint32_t i = 0; status == PGB_OK && i < options->n_appliers; i++) {
        status = make_role(s, options->appliers[i], true, err);
    }
    if (status == PGB_OK) {
        status = make_roles(s, live, err);
    }
    if (status == PGB_OK) {
        status = make_tablespaces(s, live, err);
    }
    pgb_session_close(live);
    return status;
}

pgb_status pgb_stage_open(const pgb_stage_options *options, pgb_stage **ret_stage, pgb_error *err)
{
    pgb_arena *arena = pgb_arena_new();
    pgb_stage *s = arena != NULL ? pgb_arena_alloc(arena, sizeof *s) : NULL;
    pgb_status status;

    if (s == NULL) {
        pgb_arena_free(arena);
        return pgb_error_nomem(err);
    }
    s->arena = arena;
    if (options->live != NULL) {
        status = be_like(s, options, err);
    } else {
        status = open_server(s, options->bin, 0, err);
        for (uint32_t i = 0; status == PGB_OK && i < options->n_appliers; i++) {
            status = make_role(s, options->appliers[i], true, err);
        }
    }
    if (status != PGB_OK) {
        pgb_stage_close(s);
        return status;
    }
    pgb_session_set_interrupt(s->session, options->interrupted);
    *ret_stage = s;
    return PGB_OK;
}

void pgb_stage_close(pgb_stage *stage)
{
    if (stage != NULL) {
        pgb_session_close(stage->session);
        if (stage->server != NULL) {
            pgb_private_close(stage->server);
        }
        pgb_vec_done(&stage->notes);
        pgb_arena_free(stage->arena);
    }
}

/* Settings whose values are lists of names, kept as SQL would write them. */
static bool is_list(const char *name)
{
    /* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): each setting has a name */
    return strcmp(name, "search_path") == 0 || strcmp(name, "temp_tablespaces") == 0;
}

static pgb_status apply_settings(pgb_stage *s, const char *database, pgb_error *err)
{
    pgb_status status = PGB_OK;

    for (uint32_t i = 0; status == PGB_OK && i < s->n_settings; i++) {
        const setting *x = &s->settings[i];
        PGB_AUTO_BUF(b);
        bool done;

        pgb_buf_puts(&b, x->role != NULL ? "ALTER ROLE " : "ALTER DATABASE ");
        put_ident(&b, x->role != NULL ? x->role : database);
        if (x->role != NULL && x->in_database) {
            pgb_buf_puts(&b, " IN DATABASE ");
            put_ident(&b, database);
        }
        pgb_buf_puts(&b, " SET ");
        for (const char *at = x->name; at != NULL;
             at = strchr(at, '.') ? strchr(at, '.') + 1 : NULL) {
            size_t len = strcspn(at, ".");
            char *part = pgb_arena_strndup(s->arena, at, len);

            if (part == NULL) {
                return pgb_error_nomem(err);
            }
            put_ident(&b, part);
            pgb_buf_puts(&b, at[len] == '.' ? "." : " = ");
        }
        if (is_list(x->name) && x->value[0] != '\0') {
            pgb_buf_puts(&b, x->value);
        } else {
            put_literal(&b, x->value);
        }
        status = try_buf(s->session, &b, &done, err);
    }
    return status;
}

static pgb_status create_database(pgb_stage *s, const char *name, const char *collate,
                                  const char *ctype, bool *ret_done, pgb_error *err)
{
    PGB_AUTO_BUF(b);

    pgb_buf_puts(&b, "CREATE DATABASE ");
    put_ident(&b, name);
    pgb_buf_puts(&b, " TEMPLATE template0 ENCODING ");
    put_literal(&b, s->encoding != NULL ? s->encoding : "UTF8");
    pgb_buf_puts(&b, " LC_COLLATE ");
    put_literal(&b, collate);
    pgb_buf_puts(&b, " LC_CTYPE ");
    put_literal(&b, ctype);
    if (s->owner != NULL) {
        pgb_buf_puts(&b, " OWNER ");
        put_ident(&b, s->owner);
    }
    if (ret_done != NULL) {
        return try_buf(s->session, &b, ret_done, err);
    }
    return exec_buf(s->session, &b, err);
}

/* Before 15, schema public belongs to the bootstrap superuser, who has another name here. */
static pgb_status hand_over_public(pgb_stage *s, const char *database, pgb_error *err)
{
    PGB_AUTO_BUF(b);
    pgb_session_options to = {.connect_timeout_ms = -1};
    pgb_session *session = NULL;
    pgb_status status;

    if (pgb_session_server_version(s->session) >= 150000 || s->bootstrap == NULL) {
        return PGB_OK;
    }
    to.conninfo = pgb_stage_conninfo(s, database, NULL, s->arena);
    if (to.conninfo == NULL) {
        return pgb_error_nomem(err);
    }
    status = pgb_session_open(&to, &session, err);
    pgb_buf_puts(&b, "ALTER SCHEMA public OWNER TO ");
    put_ident(&b, s->bootstrap);
    if (status == PGB_OK) {
        status = exec_buf(session, &b, err);
    }
    pgb_session_close(session);
    return status;
}

pgb_status pgb_stage_database(pgb_stage *s, const char *name, pgb_error *err)
{
    pgb_status status = PGB_OK;
    bool done = false;

    if (s->collate != NULL && s->ctype != NULL) {
        status = create_database(s, name, s->collate, s->ctype, &done, err);
    }
    if (status == PGB_OK && !done) {
        status = create_database(s, name, "C", "C", NULL, err);
    }
    if (status == PGB_OK) {
        status = apply_settings(s, name, err);
    }
    return status == PGB_OK ? hand_over_public(s, name, err) : status;
}

pgb_status pgb_stage_copy(pgb_stage *stage, const char *from, const char *name, pgb_error *err)
{
    PGB_AUTO_BUF(b);
    pgb_status status;

    pgb_buf_puts(&b, "CREATE DATABASE ");
    put_ident(&b, name);
    pgb_buf_puts(&b, " TEMPLATE ");
    put_ident(&b, from);
    if (stage->owner != NULL) {
        pgb_buf_puts(&b, " OWNER ");
        put_ident(&b, stage->owner);
    }
    status = exec_buf(stage->session, &b, err);
    return status == PGB_OK ? apply_settings(stage, name, err) : status;
}

/* A line of `keep` that begins with those words. */
static bool is_kept(const char *keep, const char *what)
{
    size_t len = strlen(what);

    for (const char *at = keep; at != NULL && *at != '\0';) {
        if (strncmp(at, what, len) == 0 && strchr(" \n", at[len]) != NULL) {
            return true;
        }
        at = strchr(at, '\n');
        at = at != NULL ? at + 1 : NULL;
    }
    return false;
}

pgb_status pgb_stage_drop(pgb_stage *stage, const char *name, const char *keep, pgb_error *err)
{
    static const char leave[] = "SELECT pg_catalog.pg_terminate_backend(pid) FROM "
                                "pg_catalog.pg_stat_activity WHERE datname = $1";
    bool force = pgb_session_server_version(stage->session) >= 130000;
    const char *const params[] = {name};
    PGB_AUTO_BUF(b);
    pgb_result *r = NULL;
    pgb_status status =
        force ? PGB_OK : pgb_exec_params(stage->session, leave, 1, params, NULL, err);
    bool done;

    pgb_buf_puts(&b, "DROP DATABASE IF EXISTS ");
    put_ident(&b, name);
    pgb_buf_puts(&b, force ? " WITH (FORCE)" : "");
    if (status == PGB_OK) {
        status = exec_buf(stage->session, &b, err);
    }
    if (status == PGB_OK && keep != NULL) {
        status = pgb_exec(stage->session, pgb_sql_site_roles, &r, err);
    }
    for (int i = 0; status == PGB_OK && r != NULL && i < pgb_result_rows(r); i++) {
        const char *what = pgb_result_value(r, i, 0);

        if (!is_kept(keep, what)) {
            /* "role x" and "tablespace x" are what DROP wants; one that another database needs
             * stays */
            pgb_buf_clear(&b);
            pgb_buf_printf(&b, "DROP %s", what);
            status = try_buf(stage->session, &b, &done, err);
        }
    }
    pgb_result_free(r);
    return status;
}

static void put_uri(pgb_buf *b, const char *s)
{
    for (; *s != '\0'; s++) {
        if ((*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') || (*s >= '0' && *s <= '9') ||
            *s == '_' || *s == '-' || *s == '.' || *s == '~') {
            pgb_buf_putc(b, *s);
        } else {
            pgb_buf_printf(b, "%%%02X", (unsigned char)*s);
        }
    }
}

const char *pgb_stage_conninfo(const pgb_stage *stage, const char *database, const char *role,
                               pgb_arena *arena)
{
    const char *rest = strchr(pgb_private_conninfo(stage->server), '?');
    PGB_AUTO_BUF(b);

    pgb_buf_puts(&b, "postgresql://");
    put_uri(&b, role != NULL ? role : "postgres");
    pgb_buf_puts(&b, "@/");
    put_uri(&b, database);
    pgb_buf_puts(&b, rest != NULL ? rest : "");
    return b.failed ? NULL : pgb_arena_strdup(arena, pgb_buf_str(&b));
}

pgb_status pgb_stage_mend(pgb_stage *stage, const pgb_error *failure, bool *ret_again,
                          pgb_error *err)
{
    const char *from = strstr(failure->message, "role \""), *to;
    bool lacks = strcmp(failure->sqlstate, "42704") == 0;
    PGB_AUTO_BUF(b);
    char *name;

    *ret_again = false;
    if ((!lacks && strcmp(failure->sqlstate, "42710") != 0) || from == NULL) {
        return PGB_OK;
    }
    from += strlen("role \"");
    to = strrchr(from, '"');
    if (to == NULL) {
        return PGB_OK;
    }
    name = pgb_arena_strndup(stage->arena, from, (size_t)(to - from));
    if (name == NULL) {
        return pgb_error_nomem(err);
    }
    pgb_buf_puts(&b, lacks ? "CREATE ROLE " : "DROP ROLE ");
    put_ident(&b, name);
    return try_buf(stage->session, &b, ret_again, err);
}

int pgb_stage_version(const pgb_stage *stage)
{
    return pgb_session_server_version(stage->session);
}

const char *pgb_stage_note(const pgb_stage *stage, uint32_t nth)
{
    return nth < stage->notes.n ? stage->notes.at[nth] : NULL;
}

const char *pgb_stage_log(const pgb_stage *stage)
{
    return pgb_private_log(stage->server);
}
