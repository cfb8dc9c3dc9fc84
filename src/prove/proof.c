#include "prove/proof.h"

#include <string.h>

#include "base/vec.h"

pgb_status pgb_proofs_init(pgb_proofs *proofs, pgb_error *err)
{
    *proofs = (pgb_proofs){.arena = pgb_arena_new()};
    return proofs->arena == NULL ? pgb_error_nomem(err) : PGB_OK;
}

void pgb_proofs_done(pgb_proofs *proofs)
{
    pgb_vec_done(proofs);
    pgb_arena_free(proofs->arena);
    proofs->arena = NULL;
}

static bool keep(pgb_proofs *proofs, const char *text, const char **ret)
{
    *ret = text == NULL ? NULL : pgb_arena_strdup(proofs->arena, text);
    return text == NULL || *ret != NULL;
}

pgb_status pgb_proofs_add(pgb_proofs *proofs, const char *subject, const char *proof,
                          pgb_proof_result result, const char *reason, const char *reproduce,
                          pgb_error *err)
{
    pgb_proof p = {.result = result, .ms = -1};

    if (result != PGB_PROOF_PASSED && (reason == NULL || reason[0] == '\0')) {
        return pgb_error_set(err, PGB_INTERNAL, "%s: \"%s\" is %s without a reason", subject, proof,
                             pgb_proof_result_name(result));
    }
    if (!keep(proofs, subject, &p.subject) || !keep(proofs, proof, &p.proof) ||
        !keep(proofs, reason, &p.reason) || !keep(proofs, reproduce, &p.reproduce) ||
        !pgb_vec_push(proofs, p)) {
        return pgb_error_nomem(err);
    }
    return PGB_OK;
}

void pgb_proofs_took(pgb_proofs *proofs, int64_t ms)
{
    if (proofs->n > 0) {
        proofs->at[proofs->n - 1].ms = ms;
    }
}

void pgb_proofs_drop(pgb_proofs *proofs, size_t from, const char *subject)
{
    size_t n = from;

    for (size_t i = from; i < proofs->n; i++) {
        if (strcmp(proofs->at[i].subject, subject) != 0) {
            proofs->at[n++] = proofs->at[i];
        }
    }
    proofs->n = n;
}

uint32_t pgb_proofs_count(const pgb_proofs *proofs, pgb_proof_result result)
{
    uint32_t n = 0;

    for (size_t i = 0; i < proofs->n; i++) {
        n += proofs->at[i].result == result;
    }
    return n;
}

const char *pgb_proof_result_name(pgb_proof_result result)
{
    static const char *const names[] = {"passed", "failed", "not_probed"};

    return names[result];
}
