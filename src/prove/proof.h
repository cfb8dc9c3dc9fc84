/*
 * What was proven: a plain list that round trips, probes and branches all add to.
 *
 * Guarantee: strings are copied, and live until pgb_proofs_done. A proof is passed only when what
 * it says was seen to hold; what could not be tried is not_probed, with the reason, and counts as
 * nothing. Floor 4 (base).
 *
 * Sequence: pgb_proofs_init, pgb_proofs_add…, look at `at` and `n`, pgb_proofs_done.
 */
#ifndef PGB_PROVE_PROOF_H
#define PGB_PROVE_PROOF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

typedef enum pgb_proof_result {
    PGB_PROOF_PASSED,
    PGB_PROOF_FAILED,
    PGB_PROOF_NOT_PROBED
} pgb_proof_result;

typedef struct pgb_proof {
    const char *subject; /* what it is about: "foreign key public.tasks.tasks_user_id_fkey" */
    const char *proof;   /* what was to be shown: "deleting from users deletes from tasks" */
    pgb_proof_result result;
    const char *reason;    /* why it failed or was not probed; NULL where there is none to give */
    const char *reproduce; /* SQL statements or commands, a line each; NULL: none */
    int64_t ms;            /* how long it took; -1: not measured on its own */
} pgb_proof;

typedef struct pgb_proofs {
    pgb_arena *arena;
    pgb_proof *at;
    size_t n, cap;
} pgb_proofs;

pgb_status pgb_proofs_init(pgb_proofs *proofs, pgb_error *err);
void pgb_proofs_done(pgb_proofs *proofs); /* a zeroed list is allowed */

/* `reason` and `reproduce` may be NULL; failed and not_probed need a reason. */
pgb_status pgb_proofs_add(pgb_proofs *proofs, const char *subject, const char *proof,
                          pgb_proof_result result, const char *reason, const char *reproduce,
                          pgb_error *err);
/* Of the proof added last. */
void pgb_proofs_took(pgb_proofs *proofs, int64_t ms);

/* Takes back what was added about the subject after the first `from` proofs. */
void pgb_proofs_drop(pgb_proofs *proofs, size_t from, const char *subject);

uint32_t pgb_proofs_count(const pgb_proofs *proofs, pgb_proof_result result);
const char *pgb_proof_result_name(pgb_proof_result result); /* "passed", "failed", "not_probed" */

#endif
