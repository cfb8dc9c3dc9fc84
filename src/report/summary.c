/* The summary: what changed, verified how, proven how, in how long, by whom, where, how to go back.
 */
#include <inttypes.h>
#include <string.h>

#include "report/words.h"

enum { FACTS_MAX = 16 };

typedef struct summing {
    const pgb_report *r;
    pgb_arena *arena;
    pgb_fact *facts;
    uint32_t n;
    bool failed;
} summing;

/* Adds what the buffer holds, if anything, and empties it. */
static pgb_fact *add(summing *s, const char *label, pgb_tone tone, pgb_buf *text)
{
    pgb_fact *fact = &s->facts[s->n];

    if (text->failed || s->n >= FACTS_MAX) {
        s->failed = true;
        return fact;
    }
    *fact = (pgb_fact){
        .label = label, .tone = tone, .text = pgb_arena_strdup(s->arena, pgb_buf_str(text))};
    s->failed |= fact->text == NULL;
    s->n++;
    pgb_buf_clear(text);
    return fact;
}

static uint64_t count_changes(const pgb_report *r, const char *action, const char *kind)
{
    uint64_t n = 0;

    for (uint32_t i = 0; i < r->n_revisions; i++) {
        const pgb_report_revision *rev = &r->revisions[i];

        for (uint32_t k = 0; rev->in_scope && k < rev->n_changes; k++) {
            n += strcmp(rev->changes[k].action, action) == 0 &&
                 strcmp(rev->changes[k].kind, kind) == 0;
        }
    }
    return n;
}

static uint32_t count_failures(const pgb_report *r)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < r->n_events; i++) {
        n += r->events[i].failure;
    }
    return n;
}

static void sum_changes(summing *s, pgb_buf *text)
{
    static const char *const kinds[] = {"table", "column", "foreign key", "index", "check"};
    static const char *const actions[] = {"created", "changed", "dropped"};
    const pgb_report *r = s->r;

    if (!r->asked) {
        pgb_words_count(text, r->n_revisions, "revision");
        pgb_buf_puts(text, " in the files; no database was asked");
        add(s, "What changed", PGB_TONE_WARN, text);
        return;
    }
    if (r->n_in_scope == 0) {
        pgb_buf_puts(text, "nothing: no revision is applied");
        add(s, "What changed", PGB_TONE_PLAIN, text);
        return;
    }
    pgb_words_count(text, r->n_in_scope, "revision");
    pgb_buf_puts(text, " applied");
    for (size_t a = 0; a < sizeof actions / sizeof actions[0]; a++) {
        bool first = true;

        for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
            uint64_t n = count_changes(r, actions[a], kinds[k]);

            if (n > 0) {
                pgb_buf_puts(text, first ? "; " : ", ");
                pgb_words_count(text, n, kinds[k]);
                first = false;
            }
        }
        pgb_buf_puts(text, first ? "" : " ");
        pgb_buf_puts(text, first ? "" : actions[a]);
    }
    add(s, "What changed", PGB_TONE_PLAIN, text);
}

static void sum_schema(summing *s, pgb_buf *text)
{
    const pgb_report *r = s->r;

    if (r->n_all_tables == 0) {
        return;
    }
    pgb_words_count(text, r->n_all_tables, "table");
    pgb_buf_puts(text, " with ");
    pgb_words_count(text, r->columns, "column");
    pgb_buf_puts(text, ", ");
    pgb_words_count(text, r->foreign_keys, "foreign key");
    pgb_buf_puts(text, ", ");
    pgb_words_count(text, r->indexes, "index");
    pgb_buf_puts(text, " beside those of keys, ");
    pgb_words_count(text, r->checks, "check");
    add(s, "What is there", PGB_TONE_PLAIN, text);
}

static void sum_verified(summing *s, pgb_buf *text)
{
    const pgb_report *r = s->r;

    for (uint32_t i = 0; i < r->n_verifications && i < 4; i++) {
        const pgb_report_verification *v = &r->verifications[i];
        bool now = strcmp(v->source, "now") == 0;
        pgb_tone tone = PGB_TONE_GOOD;

        if (!v->verified) {
            tone = PGB_TONE_WARN;
            pgb_buf_puts(text, "not verified");
            pgb_buf_printf(text, "%s%s", v->n_notes > 0 ? ": " : "",
                           v->n_notes > 0 ? v->notes[0] : "");
        } else if (v->n_differences > 0) {
            tone = PGB_TONE_BAD;
            pgb_words_count(text, v->n_differences, "difference");
            pgb_buf_printf(text, " from %s", v->against);
        } else {
            pgb_buf_printf(text, "the database is equal to %s: no difference", v->against);
        }
        pgb_buf_puts(text, now ? "" : " (read from ");
        pgb_buf_puts(text, now ? "" : v->source);
        pgb_buf_puts(text, now ? "" : ")");
        add(s, "Verified", tone, text);
    }
}

static void sum_proven(summing *s, pgb_buf *text)
{
    const pgb_report *r = s->r;
    uint32_t passed = 0, failed = 0, not_probed = 0;

    for (uint32_t i = 0; i < r->n_proofs; i++) {
        for (uint32_t k = 0; k < r->proofs[i].n; k++) {
            const char *result = r->proofs[i].at[k].result;

            passed += strcmp(result, "passed") == 0;
            failed += strcmp(result, "failed") == 0;
            not_probed += strcmp(result, "not_probed") == 0;
        }
    }
    if (r->n_proofs == 0) {
        return;
    }
    pgb_words_count(text, passed, "proof");
    pgb_buf_puts(text, " passed");
    if (failed > 0) {
        pgb_buf_printf(text, ", %u failed", failed);
    }
    if (not_probed > 0) {
        pgb_buf_printf(text, ", %u not probed", not_probed);
    }
    pgb_buf_puts(text, " on a private server");
    add(s, "Proven",
        failed > 0       ? PGB_TONE_BAD
        : not_probed > 0 ? PGB_TONE_WARN
                         : PGB_TONE_GOOD,
        text);
}

static void sum_run(summing *s, pgb_buf *text)
{
    const pgb_report *r = s->r;

    if (r->started != NULL) {
        pgb_words_time(text, r->started);
        if (r->ended != NULL && strcmp(r->ended, r->started) != 0) {
            pgb_buf_puts(text, " to ");
            pgb_words_time(text, r->ended);
        }
        add(s, "When", PGB_TONE_PLAIN, text);
    }
    if (r->duration_us >= 0) {
        pgb_words_duration(text, r->duration_us);
        pgb_buf_puts(text, " at work");
        add(s, "How long", PGB_TONE_PLAIN, text);
    }
    if (r->applied_by.n > 0) {
        pgb_words_list(text, &r->applied_by);
        if (r->applied_from.n > 0) {
            pgb_buf_puts(text, " from ");
            pgb_words_list(text, &r->applied_from);
        }
        add(s, "By whom", PGB_TONE_PLAIN, text);
    }
    if (r->server != NULL) {
        pgb_buf_puts(text, r->database == NULL ? "" : "database ");
        pgb_buf_puts(text, r->database == NULL ? "" : r->database);
        pgb_buf_puts(text, r->database == NULL ? "" : ", ");
        pgb_buf_puts(text, r->server);
        if (r->host != NULL) {
            pgb_buf_printf(text, ", %s", r->host);
        }
        add(s, "Where", PGB_TONE_PLAIN, text);
    }
    if (r->run != NULL) {
        pgb_buf_puts(text, r->run);
        add(s, "Run", PGB_TONE_PLAIN, text);
    }
}

static void sum_open(summing *s, pgb_buf *text)
{
    const pgb_report *r = s->r;
    uint32_t failures = count_failures(r);

    if (r->pending.n > 0) {
        pgb_words_count(text, r->pending.n, "revision");
        pgb_buf_puts(text, r->pending.n == 1 ? " is pending" : " are pending");
        add(s, "Still open", PGB_TONE_WARN, text);
    }
    if (failures > 0) {
        pgb_words_count(text, failures, "failure");
        pgb_buf_puts(text, " on the way: see the events");
        add(s, "Failures", PGB_TONE_WARN, text);
    }
}

static void sum_way_back(summing *s, pgb_buf *text)
{
    const pgb_report *r = s->r;

    if (r->why_no_way != NULL) {
        pgb_buf_puts(text, r->why_no_way);
        add(s, "Way back", PGB_TONE_WARN, text);
    } else if (r->downgrade.n > 0) {
        pgb_fact *fact;

        pgb_buf_puts(text, "reverts ");
        pgb_words_count(text, r->downgrade_reverts.n, "revision");
        pgb_buf_puts(text, ", newest first");
        fact = add(s, "Way back", PGB_TONE_PLAIN, text);
        fact->code = r->downgrade.at;
        fact->n_code = r->downgrade.n;
    }
}

pgb_status pgb_words_summary(const pgb_report *r, pgb_arena *arena, const pgb_fact **ret_facts,
                             uint32_t *ret_n, pgb_error *err)
{
    PGB_AUTO_BUF(text);
    summing s = {.r = r, .arena = arena};

    s.facts = pgb_arena_array(arena, FACTS_MAX + 1, sizeof *s.facts);
    if (s.facts == NULL) {
        return pgb_error_nomem(err);
    }
    sum_changes(&s, &text);
    sum_verified(&s, &text);
    sum_proven(&s, &text);
    sum_open(&s, &text);
    sum_way_back(&s, &text);
    sum_schema(&s, &text);
    sum_run(&s, &text);
    if (s.failed) {
        return pgb_error_nomem(err);
    }
    *ret_facts = s.facts;
    *ret_n = s.n;
    return PGB_OK;
}
