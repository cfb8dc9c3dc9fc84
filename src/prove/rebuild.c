/*
 * The revisions are written, in the order in which they were applied, as a project of their own in
 * a temporary folder: each with the one before it as its only parent, its up section at the line
 * where the original has it. So everything that the runner does for a file it does here, too.
 */
#include "prove/rebuild.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/vec.h"
#include "pg/pg.h"
#include "prove/stage.h"
#include "run/run.h"

/* One revision to be run. */
typedef struct source {
    const char *id;
    const char *display;     /* where its text stands, for people */
    const pgb_revision *rev; /* the file it comes from; NULL: the text */
    const char *text;        /* stored */
    size_t len;
    uint32_t line; /* of the up section in the original */
    bool transaction_none;
    const char *by; /* role that applied it; NULL: nobody yet */
} source;

typedef struct work {
    const pgb_rebuild_options *o;
    pgb_rebuild *out;
    pgb_arena *arena;
    pgb_error *err;
    PGB_VEC(source) sources;
    PGB_VEC(const char *) notes;
    PGB_VEC(const char *) reasons;
    pgb_session *live; /* open only while sources are gathered */
    pgb_stage *stage;
    char *folder; /* temporary project; NULL: none */
    uint32_t done;
    const char *running; /* id of the revision under way */
    size_t n_before;     /* sources before those of `then` */
} work;

enum { MENDS_MAX = 256 };
static const char database[] = "rebuilt";

static pgb_status add_line(work *w, bool reason, const char *text)
{
    if (text == NULL ||
        !(reason ? pgb_vec_push(&w->reasons, text) : pgb_vec_push(&w->notes, text))) {
        return pgb_error_nomem(w->err);
    }
    return PGB_OK;
}

/* ---- what was applied ---- */

static pgb_status open_live(work *w)
{
    pgb_session_options to = {.conninfo = w->o->live, .connect_timeout_ms = -1, .read_only = true};
    pgb_status status;

    if (w->live != NULL) {
        return PGB_OK;
    }
    status = pgb_session_open(&to, &w->live, w->err);
    if (status == PGB_OK) {
        pgb_session_set_interrupt(w->live, w->o->interrupted);
    }
    return status;
}

static pgb_status stored(work *w, const char *id, pgb_text_kind kind, const char **ret_text,
                         size_t *ret_len)
{
    pgb_status status = open_live(w);

    *ret_text = NULL;
    return status == PGB_OK ? pgb_history_text(w->live, w->o->schema, w->o->project, id, kind,
                                               w->arena, ret_text, ret_len, w->err)
                            : status;
}

/* "-- pgbraid:transaction none" at the start of a line of a stored header. */
static bool says_transaction_none(const char *header)
{
    for (const char *at = header; at != NULL && *at != '\0';) {
        static const char words[] = "-- pgbraid:transaction";
        size_t n = sizeof words - 1;

        if (strncmp(at, words, n) == 0 && strncmp(at + n + strspn(at + n, " \t"), "none", 4) == 0) {
            return true;
        }
        at = strchr(at, '\n');
        at = at != NULL ? at + 1 : NULL;
    }
    return false;
}

static source from_file(const pgb_revision *rev, const char *by)
{
    return (source){.id = rev->id,
                    .display = rev->file,
                    .rev = rev,
                    .line = rev->up.line,
                    .transaction_none = rev->transaction_none,
                    .by = by};
}

static pgb_status from_history(work *w, const pgb_world_node *n)
{
    const pgb_applied *row = n->applied;
    const char *what = n->rev == NULL ? "its file is gone" : "its file was edited since";
    const char *header = NULL;
    size_t len;
    source s = {.id = row->id, .line = 1, .by = row->by};
    pgb_status status = stored(w, row->id, PGB_TEXT_UP, &s.text, &s.len);

    if (status == PGB_OK) {
        status = stored(w, row->id, PGB_TEXT_HEADER, &header, &len);
    }
    if (status != PGB_OK) {
        return status;
    }
    if (s.text == NULL) {
        return add_line(w, true,
                        pgb_arena_printf(w->arena,
                                         row->stamped && row->up_raw[0] == '\0'
                                             ? "revision %s was stamped without its text"
                                             : "what revision %s did is not known: %s, and its "
                                               "text is not stored (texts over 1 MiB are not)",
                                         row->id, what));
    }
    s.display = pgb_arena_printf(w->arena, "stored text of %s", row->id);
    s.transaction_none =
        header != NULL ? says_transaction_none(header) : n->rev != NULL && n->rev->transaction_none;
    if (s.display == NULL || !pgb_vec_push(&w->sources, s)) {
        return pgb_error_nomem(w->err);
    }
    return add_line(
        w, false,
        pgb_arena_printf(w->arena, "revision %s: %s; rebuilt from the stored text", row->id, what));
}

static pgb_status gather_applied(work *w)
{
    const pgb_applied_set *applied = w->o->world->applied_set;
    pgb_status status = PGB_OK;

    for (uint32_t i = 0; applied != NULL && i < applied->n && status == PGB_OK; i++) {
        const pgb_applied *row = &applied->rows[i];
        uint32_t at;

        if (!pgb_map_get(&w->o->world->by_id, row->id, strlen(row->id), &at)) {
            return pgb_error_set(w->err, PGB_INTERNAL, "revision %s is not in the world", row->id);
        }
        if (w->o->without != NULL && pgb_bits_get(w->o->without, at)) {
            continue;
        }
        if (row->incomplete) {
            status = add_line(w, true,
                              pgb_arena_printf(w->arena,
                                               "revision %s is incomplete: pgbraid upgrade goes on "
                                               "with it",
                                               row->id));
        } else if (w->o->world->nodes[at].rev == NULL || w->o->world->nodes[at].edited ||
                   (row->stamped && row->up_raw[0] == '\0')) {
            status = from_history(w, &w->o->world->nodes[at]);
        } else {
            source s = from_file(w->o->world->nodes[at].rev, row->by);

            status = pgb_vec_push(&w->sources, s) ? PGB_OK : pgb_error_nomem(w->err);
        }
    }
    return status;
}

static pgb_status gather_nodes(work *w, const uint32_t *nodes, uint32_t n_nodes, const char *by)
{
    pgb_status status = PGB_OK;

    for (uint32_t i = 0; i < n_nodes && status == PGB_OK; i++) {
        const pgb_world_node *n = &w->o->world->nodes[nodes[i]];

        if (n->rev == NULL) {
            status =
                add_line(w, true, pgb_arena_printf(w->arena, "revision %s has no file", n->id));
        } else {
            source s = from_file(n->rev, by);

            status = pgb_vec_push(&w->sources, s) ? PGB_OK : pgb_error_nomem(w->err);
        }
    }
    return status;
}

/* What comes after is run as the role that would run it there. */
static pgb_status gather_then(work *w)
{
    pgb_result *result = NULL;
    const char *by = NULL;
    pgb_status status = open_live(w);

    if (status == PGB_OK) {
        status = pgb_exec(w->live, "SELECT current_user", &result, w->err);
    }
    if (status == PGB_OK) {
        by = pgb_arena_strdup(w->arena, pgb_result_value(result, 0, 0));
        status = by != NULL ? PGB_OK : pgb_error_nomem(w->err);
    }
    pgb_result_free(result);
    return status == PGB_OK ? gather_nodes(w, w->o->then, w->o->n_then, by) : status;
}

static pgb_status gather(work *w)
{
    pgb_status status =
        w->o->nodes == NULL ? gather_applied(w) : gather_nodes(w, w->o->nodes, w->o->n_nodes, NULL);

    w->n_before = w->sources.n;
    if (status == PGB_OK && w->o->then != NULL) {
        status = gather_then(w);
    }
    pgb_session_close(w->live);
    w->live = NULL;
    return status;
}

/* ---- the temporary project ---- */

static pgb_status write_all(int fd, const char *bytes, size_t len, pgb_error *err)
{
    while (len > 0) {
        ssize_t n = write(fd, bytes, len);

        if (n < 0 && errno != EINTR) {
            return pgb_error_set_errno(err, PGB_IO, errno, "cannot write a temporary file");
        }
        bytes += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
    }
    return PGB_OK;
}

/* A byte order mark is no SQL where other lines stand before it. */
static size_t mark(const char *bytes, size_t len)
{
    return len >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
}

static pgb_status copy_section(work *w, const pgb_revision *rev, int to)
{
    enum { PIECE = 64 * 1024 };
    PGB_AUTO_FD(dir) = -1;
    PGB_AUTO_FD(from) = -1;
    PGB_AUTO_BUF(buf);
    const char *path =
        pgb_arena_printf(w->arena, "%s/%s", w->o->world->set->root, w->o->world->set->folder);
    uint64_t left = rev->up.len;
    pgb_status status;

    if (path == NULL || !pgb_buf_reserve(&buf, PIECE)) {
        return pgb_error_nomem(w->err);
    }
    status = pgb_dir_open(path, &dir, w->err);
    if (status == PGB_OK) {
        status = pgb_file_open_at(dir, rev->name, rev->file, &from, w->err);
    }
    if (status == PGB_OK && lseek(from, (off_t)rev->up.off, SEEK_SET) < 0) {
        status = pgb_error_set_errno(w->err, PGB_IO, errno, "cannot read %s", rev->file);
    }
    while (status == PGB_OK && left > 0) {
        ssize_t n = read(from, buf.p, left < PIECE ? (size_t)left : PIECE);
        size_t skip = 0;

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return n == 0 ? pgb_error_set(w->err, PGB_CHANGED, "%s became shorter", rev->file)
                          : pgb_error_set_errno(w->err, PGB_IO, errno, "cannot read %s", rev->file);
        }
        if (left == rev->up.len) {
            skip = mark(buf.p, (size_t)n);
        }
        status = write_all(to, buf.p + skip, (size_t)n - skip, w->err);
        left -= (uint64_t)n;
    }
    return status;
}

/* The header, padded so that the up section begins on its original line. */
static pgb_status write_source(work *w, const source *s, const source *parent)
{
    PGB_AUTO_BUF(head);
    PGB_AUTO_FD(fd) = -1;
    const char *path = pgb_arena_printf(w->arena, "%s/migrations/%s_rebuilt.sql", w->folder, s->id);
    pgb_status status;
    uint32_t line = 3;

    pgb_buf_printf(&head, "-- pgbraid:revision %s\n", s->id);
    if (parent != NULL) {
        pgb_buf_printf(&head, "-- pgbraid:parent %s\n", parent->id);
        line++;
    }
    if (s->transaction_none) {
        pgb_buf_puts(&head, "-- pgbraid:transaction none\n");
        line++;
    }
    for (; line < s->line; line++) {
        pgb_buf_putc(&head, '\n');
    }
    pgb_buf_puts(&head, "-- pgbraid:up\n");
    if (path == NULL || head.failed) {
        return pgb_error_nomem(w->err);
    }
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        return pgb_error_set_errno(w->err, PGB_IO, errno, "cannot make %s", path);
    }
    status = write_all(fd, head.p, head.len, w->err);
    if (status != PGB_OK) {
        return status;
    }
    if (s->rev != NULL) {
        return copy_section(w, s->rev, fd);
    }
    return write_all(fd, s->text + mark(s->text, s->len), s->len - mark(s->text, s->len), w->err);
}

static pgb_status write_project(work *w)
{
    const char *tmp = getenv("TMPDIR");
    char *folder = pgb_arena_printf(w->arena, "%s/pgbraid-rebuild-XXXXXX",
                                    tmp != NULL && tmp[0] != '\0' ? tmp : "/tmp");
    const char *migrations;
    pgb_status status;

    if (folder == NULL) {
        return pgb_error_nomem(w->err);
    }
    if (mkdtemp(folder) == NULL) {
        return pgb_error_set_errno(w->err, PGB_IO, errno, "cannot make a temporary folder");
    }
    w->folder = folder;
    migrations = pgb_arena_printf(w->arena, "%s/migrations", folder);
    if (migrations == NULL) {
        return pgb_error_nomem(w->err);
    }
    status = pgb_dir_make(migrations, 0700, w->err);
    for (size_t i = 0; i < w->sources.n && status == PGB_OK; i++) {
        status = write_source(w, &w->sources.at[i], i > 0 ? &w->sources.at[i - 1] : NULL);
    }
    return status;
}

/* ---- running it ---- */

static void on_step(void *data, const pgb_world *world, const pgb_step *step, uint32_t nth,
                    uint32_t of)
{
    work *w = data;

    (void)nth;
    (void)of;
    /* the world goes before the work does: the id is taken from the sources */
    for (size_t i = 0; i < w->sources.n; i++) {
        if (strcmp(w->sources.at[i].id, world->nodes[step->node].id) == 0) {
            w->running = w->sources.at[i].id;
            w->done = (uint32_t)i;
        }
    }
    if (w->o->step != NULL) {
        w->o->step(w->o->data, w->running, w->done + 1, (uint32_t)w->sources.n);
    }
}

/* Runs up to and with sources[last], as the role that applied them. */
static pgb_status run_to(work *w, const pgb_revset *set, size_t last, pgb_error *err)
{
    pgb_run_options how = {.project = "rebuilt",
                           .schema = w->o->schema,
                           .lock_wait_ms = -1,
                           .lock_timeout_ms = 0,
                           .lock_deadline_ms = -1,
                           .statement_timeout_ms = -1,
                           .resolve_deadline_ms = -1,
                           .interrupted = w->o->interrupted,
                           .events = {.data = w, .step_begin = on_step}};
    pgb_runner *runner = NULL;
    pgb_applied_set *applied = NULL;
    pgb_world *world = NULL;
    pgb_plan plan;
    pgb_run_summary summary;
    pgb_status status;

    how.conninfo = pgb_stage_conninfo(w->stage, database, w->sources.at[last].by, w->arena);
    if (how.conninfo == NULL) {
        return pgb_error_nomem(err);
    }
    status = pgb_runner_open(&how, &runner, err);
    if (status == PGB_OK) {
        status = pgb_runner_lock(runner, err);
    }
    if (status == PGB_OK) {
        status = pgb_runner_read(runner, w->arena, &applied, err);
    }
    if (status == PGB_OK) {
        status = pgb_world_build(set, applied, NULL, &world, err);
    }
    if (status == PGB_OK) {
        status = pgb_plan_upgrade(world, &w->sources.at[last].id, 1, &plan, err);
    }
    if (status == PGB_OK) {
        status = pgb_runner_execute(runner, world, &plan, &summary, err);
    }
    if (world != NULL) {
        pgb_world_free(world);
    }
    if (applied != NULL) {
        pgb_applied_set_done(applied);
    }
    pgb_runner_close(runner);
    return status;
}

/* What has to do with the revision, not with us. */
static bool is_reason(pgb_status status)
{
    return status == PGB_SQL || status == PGB_PROJECT || status == PGB_REFUSED ||
           status == PGB_FAILED;
}

static pgb_status give_reason(work *w, const pgb_error *failure)
{
    const source *s = &w->sources.at[w->done < w->sources.n ? w->done : 0];
    PGB_AUTO_BUF(b);

    pgb_buf_printf(&b, "revision %s could not be run on the private server (%s", s->id, s->display);
    if (failure->line > 0) {
        pgb_buf_printf(&b, ":%d", failure->line);
    }
    pgb_buf_printf(&b, "): %s", failure->message);
    if (failure->detail[0] != '\0') {
        pgb_buf_printf(&b, " (%s)", failure->detail);
    }
    return add_line(w, true, b.failed ? NULL : pgb_arena_strdup(w->arena, pgb_buf_str(&b)));
}

static bool same_role(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static pgb_status read_state(work *w, pgb_catalog **ret_catalog)
{
    const char *conninfo = pgb_stage_conninfo(w->stage, database, NULL, w->arena);

    return conninfo == NULL ? pgb_error_nomem(w->err)
                            : pgb_catalog_read_at(conninfo, w->o->schema, w->o->interrupted,
                                                  ret_catalog, w->err);
}

static bool is_watched(const work *w, const char *id)
{
    return w->o->watched != NULL && w->o->seen != NULL && w->o->watched(w->o->data, id);
}

/* Shows the caller what there is after a revision, where that is wanted. */
static pgb_status show(work *w, const char *id)
{
    pgb_catalog *catalog;
    pgb_status status;

    if (!is_watched(w, id)) {
        return PGB_OK;
    }
    status = read_state(w, &catalog);
    return status == PGB_OK ? w->o->seen(w->o->data, id, catalog, w->err) : status;
}

static pgb_status run_all(work *w, const pgb_revset *set)
{
    size_t last = 0;
    pgb_status shown = show(w, NULL);

    if (shown != PGB_OK) {
        return shown;
    }

    for (uint32_t mends = 0; last < w->sources.n;) {
        pgb_error failure = PGB_ERROR_INIT;
        bool again = false;
        pgb_status status;

        if (w->o->then != NULL && last == w->n_before && w->out->before == NULL) {
            status = read_state(w, &w->out->before);
            if (status != PGB_OK) {
                return status;
            }
        }
        while (last + 1 < w->sources.n && !is_watched(w, w->sources.at[last].id) &&
               (w->o->then == NULL || last + 1 != w->n_before) &&
               same_role(w->sources.at[last].by, w->sources.at[last + 1].by)) {
            last++;
        }
        status = run_to(w, set, last, &failure);
        if (status == PGB_OK) {
            shown = show(w, w->sources.at[last].id);
            if (shown != PGB_OK) {
                return shown;
            }
            last++;
            continue;
        }
        if (mends++ < MENDS_MAX && status == PGB_SQL) {
            pgb_status asked = pgb_stage_mend(w->stage, &failure, &again, w->err);

            if (asked != PGB_OK) {
                return asked;
            }
        }
        if (!again) {
            if (!is_reason(status)) {
                if (w->err != NULL) {
                    *w->err = failure;
                }
                return status;
            }
            return give_reason(w, &failure);
        }
    }
    return PGB_OK;
}

static pgb_status run_project(work *w)
{
    pgb_rev_options where = {.root = w->folder, .layout = PGB_LAYOUT_NATIVE};
    pgb_error failure = PGB_ERROR_INIT;
    pgb_revset *set = NULL;
    pgb_status status = pgb_revset_load(&where, NULL, &set, &failure);

    if (status == PGB_OK) {
        status = run_all(w, set);
        pgb_revset_free(set);
        return status;
    }
    if (is_reason(status)) {
        return give_reason(w, &failure);
    }
    if (w->err != NULL) {
        *w->err = failure;
    }
    return status;
}

static pgb_status open_stage(work *w)
{
    pgb_stage_options how = {
        .bin = w->o->bin, .live = w->o->live, .interrupted = w->o->interrupted};
    const char **appliers = pgb_arena_array(w->arena, w->sources.n + 1, sizeof *appliers);
    const char *note;
    pgb_status status;

    if (appliers == NULL) {
        return pgb_error_nomem(w->err);
    }
    for (size_t i = 0; i < w->sources.n; i++) {
        appliers[i] = w->sources.at[i].by;
    }
    how.appliers = appliers;
    how.n_appliers = (uint32_t)w->sources.n;
    status = pgb_stage_open(&how, &w->stage, w->err);
    if (status == PGB_OK) {
        status = pgb_stage_database(w->stage, database, w->err);
    }
    for (uint32_t i = 0; status == PGB_OK && (note = pgb_stage_note(w->stage, i)) != NULL; i++) {
        status = add_line(w, false, pgb_arena_strdup(w->arena, note));
    }
    return status;
}

static pgb_status rebuild(work *w)
{
    pgb_status status = gather(w);

    /* what can't be run whole is not run at all: it would show nothing */
    if (status == PGB_OK && w->reasons.n == 0) {
        status = write_project(w);
        if (status == PGB_OK) {
            status = open_stage(w);
        }
        if (status == PGB_OK && w->sources.n > 0) {
            status = run_project(w);
        }
        if (status == PGB_OK && w->reasons.n == 0) {
            status = read_state(w, &w->out->catalog);
        }
    }
    return status;
}

static pgb_status hand_over(work *w)
{
    const char **notes = pgb_arena_array(w->arena, w->notes.n + 1, sizeof *notes);
    const char **reasons = pgb_arena_array(w->arena, w->reasons.n + 1, sizeof *reasons);

    if (notes == NULL || reasons == NULL) {
        return pgb_error_nomem(w->err);
    }
    for (size_t i = 0; i < w->notes.n; i++) {
        notes[i] = w->notes.at[i];
    }
    for (size_t i = 0; i < w->reasons.n; i++) {
        reasons[i] = w->reasons.at[i];
    }
    w->out->notes = notes;
    w->out->n_notes = (uint32_t)w->notes.n;
    w->out->reasons = reasons;
    w->out->n_reasons = (uint32_t)w->reasons.n;
    w->out->n_revisions = (uint32_t)w->sources.n;
    w->out->complete = w->reasons.n == 0;
    return PGB_OK;
}

pgb_status pgb_rebuild_run(const pgb_rebuild_options *options, pgb_rebuild **ret_rebuild,
                           pgb_error *err)
{
    pgb_arena *arena = pgb_arena_new();
    work w = {.o = options,
              .out = arena != NULL ? pgb_arena_alloc(arena, sizeof(pgb_rebuild)) : NULL,
              .arena = arena,
              .err = err};
    pgb_status status;

    if (w.out == NULL) {
        pgb_arena_free(arena);
        return pgb_error_nomem(err);
    }
    w.out->arena = arena;
    status = rebuild(&w);
    pgb_session_close(w.live);
    pgb_stage_close(w.stage);
    if (w.folder != NULL) {
        pgb_error ignored = PGB_ERROR_INIT;

        pgb_dir_remove(w.folder, &ignored);
    }
    if (status == PGB_OK) {
        status = hand_over(&w);
    }
    pgb_vec_done(&w.sources);
    pgb_vec_done(&w.notes);
    pgb_vec_done(&w.reasons);
    if (status != PGB_OK) {
        pgb_rebuild_free(w.out);
        return status;
    }
    *ret_rebuild = w.out;
    return PGB_OK;
}

void pgb_rebuild_free(pgb_rebuild *rebuild)
{
    if (rebuild != NULL) {
        pgb_catalog_free(rebuild->catalog);
        pgb_catalog_free(rebuild->before);
        pgb_arena_free(rebuild->arena);
    }
}
