/* What a report is about: revisions, run, events, and states before and after. */
#include "cli/report_gather.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/list.h"

enum { NOTES_MAX = 32, EVENTS_MAX = 1000 };

pgb_status pgb_gather_note(pgb_gathering *g, const char *text)
{
    if (text == NULL) {
        return pgb_error_nomem(g->ctx->err);
    }
    if (g->n_notes < NOTES_MAX) {
        g->notes[g->n_notes++] = text;
        g->report->notes = g->notes;
        g->report->n_notes = g->n_notes;
    }
    return PGB_OK;
}

bool pgb_gather_is_failure(const char *event)
{
    return strcmp(event, "fail") == 0;
}

/* ---- what is in scope ---- */

static pgb_status take_nodes(pgb_gathering *g, pgb_node_list nodes)
{
    for (uint32_t i = 0; i < nodes.n; i++) {
        pgb_bits_set(&g->scope, nodes.at[i]);
    }
    return PGB_OK;
}

/* The run that is meant: by the beginning of its UUID, else the last that upgraded something that
 * is still applied. NULL: there is none. */
static pgb_status choose_run(pgb_gathering *g, const char **ret_run)
{
    const pgb_applied_set *applied = g->ctx->applied;
    const char *found = NULL, *wanted = g->wish->run;

    for (uint32_t i = applied->n; i-- > 0;) {
        const pgb_applied *row = &applied->rows[i];

        if (row->run == NULL || row->run[0] == '\0' ||
            (wanted == NULL ? row->stamped : strncmp(row->run, wanted, strlen(wanted)) != 0)) {
            continue;
        }
        if (found == NULL) {
            found = row->run;
        } else if (wanted != NULL && strcmp(found, row->run) != 0) {
            pgb_error_set(g->ctx->err, PGB_IDENTIFIER, "%s begins more than one run", wanted);
            pgb_error_detail(g->ctx->err, "%s\n%s", found, row->run);
            pgb_error_hint(g->ctx->err, "give more of it: pgbraid report --run %s", found);
            return PGB_IDENTIFIER;
        }
    }
    if (found == NULL && wanted != NULL) {
        pgb_error_set(g->ctx->err, PGB_IDENTIFIER, "no applied revision is of a run %s", wanted);
        pgb_error_hint(g->ctx->err, "pgbraid report --all --format json tells the run of each");
        return PGB_IDENTIFIER;
    }
    *ret_run = found;
    return PGB_OK;
}

static pgb_status take_run(pgb_gathering *g)
{
    pgb_ctx *ctx = g->ctx;
    const char *run = NULL;
    pgb_status status = choose_run(g, &run);

    if (status != PGB_OK || run == NULL) {
        g->report->scope = PGB_SCOPE_PROJECT;
        return status;
    }
    g->report->scope = PGB_SCOPE_RUN;
    g->report->run = run;
    for (uint32_t i = 0; i < ctx->applied->n; i++) {
        const pgb_applied *row = &ctx->applied->rows[i];
        uint32_t node;

        if (row->run != NULL && strcmp(row->run, run) == 0 &&
            pgb_map_get(&ctx->world->by_id, row->id, strlen(row->id), &node)) {
            pgb_bits_set(&g->scope, node);
        }
    }
    return PGB_OK;
}

static pgb_status choose_scope(pgb_gathering *g)
{
    pgb_ctx *ctx = g->ctx;
    pgb_node_list nodes;
    pgb_status status = PGB_OK;

    if (!pgb_bits_init(&g->scope, ctx->arena, ctx->world->n)) {
        return pgb_error_nomem(ctx->err);
    }
    if (g->wish->range != NULL) {
        g->report->scope = PGB_SCOPE_RANGE;
        status = pgb_world_range(ctx->world, g->wish->range, &nodes, ctx->err);
        return status == PGB_OK ? take_nodes(g, nodes) : status;
    }
    if (!g->wish->all) {
        status = take_run(g);
    }
    if (status == PGB_OK && g->report->scope == PGB_SCOPE_PROJECT) {
        for (uint32_t i = 0; i < ctx->world->n; i++) {
            pgb_bits_set(&g->scope, i);
        }
    }
    return status;
}

/* ---- revisions ---- */

static pgb_status labels_of(pgb_gathering *g, const pgb_world_node *n, pgb_report_list *ret_labels)
{
    uint32_t count = n->rev != NULL       ? n->rev->n_labels
                     : n->applied != NULL ? n->applied->n_labels
                                          : 0;
    const char **labels = pgb_arena_array(g->ctx->arena, count + 1, sizeof *labels);

    if (labels == NULL) {
        return pgb_error_nomem(g->ctx->err);
    }
    for (uint32_t i = 0; i < count; i++) {
        labels[i] = n->rev != NULL ? n->rev->labels[i].text : n->applied->labels[i];
    }
    *ret_labels = (pgb_report_list){labels, count};
    return PGB_OK;
}

static pgb_status take_revision(pgb_gathering *g, const pgb_lister *lister, uint32_t node,
                                pgb_report_revision *rev)
{
    const pgb_world_node *n = &g->ctx->world->nodes[node];

    *rev = (pgb_report_revision){.id = n->id,
                                 .title = n->title != NULL ? n->title : "",
                                 .state = pgb_lister_state(lister, node),
                                 .in_scope = pgb_bits_get(&g->scope, node),
                                 .current = pgb_bits_get(&lister->current, node),
                                 .duration_us = -1};
    if (n->rev != NULL) {
        rev->file = n->rev->file;
        rev->transaction_none = n->rev->transaction_none;
        rev->has_down = n->rev->down_kind == PGB_DOWN_SQL;
        rev->irreversible = n->rev->down_kind == PGB_DOWN_IRREVERSIBLE
                                ? (n->rev->irreversible_reason != NULL ? n->rev->irreversible_reason
                                                                       : "no reason given")
                                : NULL;
    }
    if (n->applied != NULL) {
        rev->stamped = n->applied->stamped;
        rev->at = n->applied->at;
        rev->by = n->applied->by;
        rev->from = n->applied->from;
        rev->run = n->applied->run;
        rev->tool_version = n->applied->tool_version;
        rev->duration_us = n->applied->duration_us;
        if (n->rev == NULL) {
            rev->has_down = n->applied->has_down;
            rev->irreversible = n->applied->irreversible;
        }
    }
    return labels_of(g, n, &rev->labels);
}

/* Places in the order of application: applied ones by their sequence, then the others as the plan
 * would take them. */
static void rank_revisions(const pgb_world *w, uint32_t *rank)
{
    uint32_t n = 0;

    for (uint32_t i = 0; w->applied_set != NULL && i < w->applied_set->n; i++) {
        const char *id = w->applied_set->rows[i].id;
        uint32_t node;

        if (pgb_map_get(&w->by_id, id, strlen(id), &node)) {
            rank[node] = n++;
        }
    }
    for (uint32_t i = 0; i < w->n; i++) {
        if (w->nodes[w->order[i]].applied == NULL) {
            rank[w->order[i]] = n++;
        }
    }
}

static pgb_status take_revisions(pgb_gathering *g)
{
    pgb_ctx *ctx = g->ctx;
    const pgb_world *w = ctx->world;
    pgb_report *r = g->report;
    pgb_report_revision *revisions = pgb_arena_array(ctx->arena, w->n + 1, sizeof *revisions);
    uint32_t *order = pgb_arena_array(ctx->arena, w->n + 1, sizeof *order);
    uint32_t *rank = pgb_arena_array(ctx->arena, w->n + 1, sizeof *rank);
    pgb_lister lister;
    pgb_status status = pgb_lister_init(&lister, ctx);

    if (revisions == NULL || order == NULL || rank == NULL) {
        return pgb_error_nomem(ctx->err);
    }
    for (uint32_t i = 0; status == PGB_OK && i < w->n; i++) {
        status = take_revision(g, &lister, i, &revisions[i]);
        order[i] = w->order[w->n - 1 - i];
        if (revisions[i].in_scope && pgb_bits_get(&w->applied, i)) {
            r->n_in_scope++;
        }
    }
    rank_revisions(w, rank);
    r->graph = w->graph;
    r->order = order;
    r->rank = rank;
    r->revisions = revisions;
    r->n_revisions = w->n;
    return status;
}

/* ---- states ---- */

/* Ids of those in `set` that are no parent of another in it: in the order of the world. */
static pgb_status current_of(pgb_gathering *g, const pgb_bits *set, pgb_report_list *ret_ids)
{
    const pgb_world *w = g->ctx->world;
    const char **ids = pgb_arena_array(g->ctx->arena, w->n + 1, sizeof *ids);
    uint32_t n = 0;

    if (ids == NULL) {
        return pgb_error_nomem(g->ctx->err);
    }
    for (uint32_t i = 0; i < w->n; i++) {
        uint32_t node = w->order[i];
        pgb_nodes children = pgb_graph_children(w->graph, node);
        bool parent = false;

        for (uint32_t k = 0; k < children.n; k++) {
            parent |= pgb_bits_get(set, children.at[k]);
        }
        if (pgb_bits_get(set, node) && !parent) {
            ids[n++] = w->nodes[node].id;
        }
    }
    *ret_ids = (pgb_report_list){ids, n};
    return PGB_OK;
}

/* What was applied when the run began and when it ended, by the log: it says what came and went. */
static void replay(pgb_gathering *g, pgb_bits *before, pgb_bits *after)
{
    const pgb_world *w = g->ctx->world;
    bool begun = false, ended = false;

    for (uint32_t i = 0; i < g->n_events && !ended; i++) {
        const pgb_event *e = &g->events[i];
        bool ours = e->run != NULL && strcmp(e->run, g->report->run) == 0;
        bool comes = strcmp(e->event, "upgrade") == 0 || strcmp(e->event, "stamp") == 0;
        bool goes = strcmp(e->event, "downgrade") == 0 || strcmp(e->event, "unstamp") == 0;
        uint32_t node;

        if (ours && !begun) {
            begun = true;
        } else if (begun && !ours && (comes || goes)) {
            ended = true;
        }
        if (ended || e->id == NULL || !(comes || goes) ||
            !pgb_map_get(&w->by_id, e->id, strlen(e->id), &node)) {
            continue;
        }
        for (int k = begun ? 1 : 0; k < 2; k++) {
            pgb_bits *set = k == 0 ? before : after;

            if (comes) {
                pgb_bits_set(set, node);
            } else {
                pgb_bits_unset(set, node);
            }
        }
    }
}

static pgb_status take_states(pgb_gathering *g)
{
    pgb_ctx *ctx = g->ctx;
    const pgb_world *w = ctx->world;
    pgb_report *r = g->report;
    pgb_bits before, after, gone;
    pgb_report_list now;
    pgb_status status = PGB_OK;

    if (!pgb_bits_init(&before, ctx->arena, w->n) || !pgb_bits_init(&after, ctx->arena, w->n) ||
        !pgb_bits_init(&gone, ctx->arena, w->n)) {
        return pgb_error_nomem(ctx->err);
    }
    if (r->scope == PGB_SCOPE_RUN) {
        replay(g, &before, &after);
    } else {
        for (uint32_t i = 0; i < w->n; i++) {
            if (pgb_bits_get(&g->scope, i)) {
                pgb_bits_set(&gone, i);
            }
        }
        status = pgb_graph_descendants(w->graph, &gone, true, ctx->err);
        for (uint32_t i = 0; i < w->n; i++) {
            if (pgb_bits_get(&w->applied, i)) {
                pgb_bits_set(&after, i);
                if (!pgb_bits_get(&gone, i)) {
                    pgb_bits_set(&before, i);
                }
            }
        }
    }
    if (status == PGB_OK) {
        status = current_of(g, &before, &r->before);
    }
    if (status == PGB_OK) {
        status = current_of(g, &after, &r->after);
    }
    if (status == PGB_OK) {
        status = current_of(g, &w->applied, &now);
    }
    for (uint32_t i = 0; status == PGB_OK && i < now.n; i++) {
        if (i >= r->after.n || now.n != r->after.n || strcmp(now.at[i], r->after.at[i]) != 0) {
            r->now = now;
        }
    }
    return status;
}

static pgb_status take_pending(pgb_gathering *g)
{
    const pgb_world *w = g->ctx->world;
    const char **ids = pgb_arena_array(g->ctx->arena, w->n + 1, sizeof *ids);
    uint32_t n = 0;

    if (ids == NULL) {
        return pgb_error_nomem(g->ctx->err);
    }
    for (uint32_t i = 0; i < w->n; i++) {
        if (!pgb_bits_get(&w->applied, w->order[i])) {
            ids[n++] = w->nodes[w->order[i]].id;
        }
    }
    g->report->pending = (pgb_report_list){ids, n};
    return PGB_OK;
}

/* ---- by whom, when, how long ---- */

static void add_once(const char **list, uint32_t *n, const char *text)
{
    for (uint32_t i = 0; i < *n; i++) {
        if (strcmp(list[i], text) == 0) {
            return;
        }
    }
    if (text[0] != '\0') {
        list[(*n)++] = text;
    }
}

/* "user@host" of "user@host (process 12)": runs are told apart by their UUID. */
static const char *without_process(pgb_arena *arena, const char *from)
{
    const char *end = from == NULL ? NULL : strstr(from, " (process ");
    const char *copy = end == NULL ? from : pgb_arena_strndup(arena, from, (size_t)(end - from));

    return copy == NULL ? "" : copy;
}

static pgb_status take_people(pgb_gathering *g)
{
    pgb_report *r = g->report;
    const char **by = pgb_arena_array(g->ctx->arena, r->n_revisions + 1, sizeof *by);
    const char **from = pgb_arena_array(g->ctx->arena, r->n_revisions + 1, sizeof *from);
    uint32_t n_by = 0, n_from = 0;
    int64_t sum = 0;

    if (by == NULL || from == NULL) {
        return pgb_error_nomem(g->ctx->err);
    }
    for (uint32_t i = 0; i < r->n_revisions; i++) {
        const pgb_report_revision *rev = &r->revisions[i];

        if (!rev->in_scope || rev->at == NULL) {
            continue;
        }
        add_once(by, &n_by, rev->by != NULL ? rev->by : "");
        add_once(from, &n_from, without_process(g->ctx->arena, rev->from));
        sum += rev->duration_us > 0 ? rev->duration_us : 0;
        if (r->started == NULL || strcmp(rev->at, r->started) < 0) {
            r->started = rev->at;
        }
        if (r->ended == NULL || strcmp(rev->at, r->ended) > 0) {
            r->ended = rev->at;
        }
    }
    r->applied_by = (pgb_report_list){by, n_by};
    r->applied_from = (pgb_report_list){from, n_from};
    r->duration_us = r->n_in_scope > 0 ? sum : -1;
    return PGB_OK;
}

static bool event_wanted(const pgb_gathering *g, const pgb_event *e)
{
    uint32_t node;

    switch (g->report->scope) {
    case PGB_SCOPE_RUN:
        return e->run != NULL && strcmp(e->run, g->report->run) == 0;
    case PGB_SCOPE_RANGE:
        return e->id != NULL && pgb_map_get(&g->ctx->world->by_id, e->id, strlen(e->id), &node) &&
               pgb_bits_get(&g->scope, node);
    case PGB_SCOPE_PROJECT:
        break;
    }
    return true;
}

/* Failures before the run that then went through belong to its story: the last upgrade's report
 * tells of attempts at the same revisions. */
static bool event_of_attempt(const pgb_gathering *g, const pgb_event *e)
{
    uint32_t node;

    return g->report->scope == PGB_SCOPE_RUN && pgb_gather_is_failure(e->event) && e->id != NULL &&
           pgb_map_get(&g->ctx->world->by_id, e->id, strlen(e->id), &node) &&
           pgb_bits_get(&g->scope, node);
}

static pgb_status take_events(pgb_gathering *g)
{
    pgb_report_event *events = pgb_arena_array(g->ctx->arena, g->n_events + 1, sizeof *events);
    uint32_t n = 0, skipped;

    if (events == NULL) {
        return pgb_error_nomem(g->ctx->err);
    }
    for (uint32_t i = 0; i < g->n_events; i++) {
        const pgb_event *e = &g->events[i];

        if (event_wanted(g, e) || event_of_attempt(g, e)) {
            events[n++] = (pgb_report_event){
                .at = e->at,
                .event = e->event,
                .id = e->id != NULL && e->id[0] != '\0' ? e->id : NULL,
                .by = e->by,
                .from = e->from,
                .run = e->run,
                .sqlstate = e->sqlstate != NULL && e->sqlstate[0] != '\0' ? e->sqlstate : NULL,
                .message = e->message != NULL && e->message[0] != '\0' ? e->message : NULL,
                .duration_us = e->duration_us > 0 ? e->duration_us : -1,
                .failure = pgb_gather_is_failure(e->event)};
        }
    }
    skipped = n > EVENTS_MAX ? n - EVENTS_MAX : 0;
    g->report->events = events + skipped;
    g->report->n_events = n - skipped;
    return skipped == 0
               ? PGB_OK
               : pgb_gather_note(g, pgb_arena_printf(g->ctx->arena,
                                                     "the oldest %u events are left out", skipped));
}

/* ---- the head ---- */

/* The session's place without its database, which is told apart. */
static const char *where(const pgb_session *session)
{
    const char *text = pgb_session_describe(session), *name = pgb_session_database(session);
    size_t n = strlen(name);

    return strncmp(text, "database ", 9) == 0 && strncmp(text + 9, name, n) == 0 &&
                   (strncmp(text + 9 + n, " at ", 4) == 0 || strncmp(text + 9 + n, " on ", 4) == 0)
               ? text + 9 + n + 4
               : text;
}

static const char *user_and_host(pgb_arena *arena)
{
    struct passwd *user = getpwuid(geteuid());
    char host[256] = "";

    if (gethostname(host, sizeof host - 1) != 0 || user == NULL) {
        return NULL;
    }
    return pgb_arena_printf(arena, "%s@%s", user->pw_name, host);
}

static pgb_status take_head(pgb_gathering *g)
{
    pgb_ctx *ctx = g->ctx;
    pgb_report *r = g->report;
    pgb_session *session = pgb_runner_session(ctx->runner);
    int version = pgb_session_server_version(session);
    time_t now = time(NULL);
    struct tm utc;
    char text[32] = "";

    if (gmtime_r(&now, &utc) != NULL) {
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S+00:00", &utc);
    }
    r->made_at = pgb_arena_strdup(ctx->arena, text);
    r->made_by = user_and_host(ctx->arena);
    r->project = ctx->conf->project;
    r->tool_version = PGB_VERSION;
    r->asked = true;
    r->duration_us = -1;
    r->database = pgb_arena_strdup(ctx->arena, pgb_session_database(session));
    r->host = ctx->server != NULL ? "the project's own embedded server" : where(session);
    r->server = pgb_arena_printf(ctx->arena, "PostgreSQL %d.%d", version / 10000, version % 10000);
    return r->made_at == NULL || r->database == NULL || r->server == NULL
               ? pgb_error_nomem(ctx->err)
               : PGB_OK;
}

static pgb_status name_scope(pgb_gathering *g)
{
    pgb_report *r = g->report;
    pgb_arena *arena = g->ctx->arena;

    if (r->scope == PGB_SCOPE_RANGE) {
        r->scope_text = pgb_arena_printf(arena, "Revisions %s", g->wish->range);
    } else if (r->scope == PGB_SCOPE_RUN) {
        r->scope_text = g->wish->run != NULL ? pgb_arena_printf(arena, "The upgrade %s", r->run)
                                             : pgb_arena_strdup(arena, "The last upgrade");
    } else {
        return PGB_OK;
    }
    return r->scope_text == NULL ? pgb_error_nomem(g->ctx->err) : PGB_OK;
}

pgb_status pgb_report_gather(pgb_ctx *ctx, const pgb_report_wish *wish, pgb_report *ret_report)
{
    static pgb_status (*const steps[])(pgb_gathering * g) = {
        take_head,        choose_scope, take_revisions, take_states,          take_pending,
        take_people,      take_events,  name_scope,     pgb_gather_backfills, pgb_gather_way_back,
        pgb_gather_proof,
    };
    pgb_gathering g = {.ctx = ctx, .wish = wish, .report = ret_report};
    pgb_event *events = NULL;
    pgb_status status = PGB_OK;

    *ret_report = (pgb_report){0};
    g.notes = pgb_arena_array(ctx->arena, NOTES_MAX + 1, sizeof *g.notes);
    if (g.notes == NULL) {
        return pgb_error_nomem(ctx->err);
    }
    if (ctx->applied->exists) {
        status =
            pgb_history_events(pgb_runner_session(ctx->runner), ctx->conf->history_schema,
                               ctx->conf->project, 0, ctx->arena, &events, &g.n_events, ctx->err);
    }
    g.events = events;
    for (size_t i = 0; status == PGB_OK && i < sizeof steps / sizeof steps[0]; i++) {
        status = steps[i](&g);
    }
    return status;
}
