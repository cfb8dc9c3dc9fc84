/* One transaction for the whole plan: what can't be in it is refused beforehand, with the figures.
 */
#include <string.h>

#include "run/internal.h"

enum {
    OWN_LOCKS = 60 /* the history's and the catalogs' own */
};

static pgb_status refuse_none(const task_list *tasks, pgb_error *err)
{
    for (uint32_t i = 0; i < tasks->n; i++) {
        const task *t = &tasks->at[i];

        if (t->none && !t->record_only) {
            pgb_error_set(err, PGB_REFUSED,
                          "%s runs outside a transaction, so the plan can't be one "
                          "transaction",
                          t->node->id);
            pgb_error_at(err, task_file(t), 1, 0, NULL, 0);
            pgb_error_hint(err, "run without --one-transaction, or in parts: up to before it with "
                                "--one-transaction, then it alone");
            return PGB_REFUSED;
        }
    }
    return PGB_OK;
}

/* A new enum value can't be used in the transaction that added it. Who uses it is not seen in every
 * statement, so only as the last revision that has anything to say it is let through. */
static pgb_status refuse_enum(const task_list *tasks, pgb_error *err)
{
    for (uint32_t i = 0; i + 1 < tasks->n; i++) {
        const task *t = &tasks->at[i];

        if (t->adds_enum_value && t->up && !t->record_only) {
            pgb_error_set(err, PGB_REFUSED,
                          "%s adds a value to an enum, and revisions behind it could use "
                          "it",
                          t->node->id);
            pgb_error_at(err, task_file(t), 1, 0, NULL, 0);
            pgb_error_detail(err,
                             "PostgreSQL refuses a new value in the transaction that added it");
            pgb_error_hint(
                err, "run without --one-transaction, or in two parts: up to %s, then the rest",
                t->node->id);
            return PGB_REFUSED;
        }
    }
    return PGB_OK;
}

pgb_status one_refuse(pgb_runner *r, const task_list *tasks, pgb_error *err)
{
    static const char sql[] =
        "SELECT pg_catalog.current_setting('max_locks_per_transaction')::pg_catalog.int8 "
        "OPERATOR(pg_catalog.*) (pg_catalog.current_setting('max_connections')::pg_catalog.int8 "
        "OPERATOR(pg_catalog.+) "
        "pg_catalog.current_setting('max_prepared_transactions')::pg_catalog.int8), "
        "(SELECT pg_catalog.count(*) FROM pg_catalog.pg_locks l WHERE l.locktype "
        "OPERATOR(pg_catalog.=) 'relation'), "
        "pg_catalog.current_setting('max_locks_per_transaction')::pg_catalog.int8";
    AUTO_RESULT(got);
    int64_t have, taken, want = OWN_LOCKS;
    pgb_status status = refuse_none(tasks, err);

    if (status == PGB_OK) {
        status = refuse_enum(tasks, err);
    }
    if (status == PGB_OK) {
        status = pgb_exec(r->session, sql, &got, err);
    }
    if (status != PGB_OK) {
        return status;
    }
    have = pgb_result_int(got, 0, 0);
    taken = pgb_result_int(got, 0, 1);
    for (uint32_t i = 0; i < tasks->n; i++) {
        want += tasks->at[i].record_only ? 0 : tasks->at[i].lock_estimate;
    }
    if (want + taken > have) {
        int64_t needed = (want + taken) * pgb_result_int(got, 0, 2) / have * 6 / 5 + 1;

        pgb_error_set(
            err, PGB_REFUSED,
            "the plan of %u revisions locks about %lld relations at once, and the server's "
            "lock table holds %lld, of which %lld are taken",
            tasks->n, (long long)want, (long long)have, (long long)taken);
        pgb_error_detail(
            err, "past that it fails with \"out of shared memory\", and near it sessions of "
                 "other databases fail");
        pgb_error_hint(err,
                       "run without --one-transaction, or in parts, or raise "
                       "max_locks_per_transaction to %lld (needs a restart)",
                       (long long)needed);
        return PGB_REFUSED;
    }
    return PGB_OK;
}
