/* Transaction control, found before a database is asked: only a parser tells for sure, so loading
 * notes which files have a statement that may be it, and those are looked at here. */
#include <string.h>

#include "rev/script.h"

bool pgb_revision_allows(const pgb_revision *rev, const char *rule)
{
    for (uint32_t i = 0; i < rev->n_allows; i++) {
        if (strcmp(rev->allows[i].rule, rule) == 0) {
            return true;
        }
    }
    return false;
}

static pgb_status look(const pgb_revset *set, const pgb_revision *rev, pgb_section section,
                       uint32_t nth, pgb_error *err)
{
    pgb_script *script = NULL;
    pgb_status status = pgb_script_open(set, rev, section, nth, &script, err);

    pgb_script_close(script);
    return status;
}

pgb_status pgb_revset_refuse_control(const pgb_revset *set, pgb_error *err)
{
    pgb_status status = PGB_OK;

    for (uint32_t v = 0; v < set->n && status == PGB_OK; v++) {
        const pgb_revision *rev = &set->revs[v];

        if (!rev->may_control || pgb_revision_allows(rev, "transaction-control")) {
            continue;
        }
        status = look(set, rev, PGB_SECTION_UP, 0, err);
        if (status == PGB_OK && rev->down_kind == PGB_DOWN_SQL) {
            status = look(set, rev, PGB_SECTION_DOWN, 0, err);
        }
        for (uint32_t i = 0; i < rev->n_verify && status == PGB_OK; i++) {
            status = look(set, rev, PGB_SECTION_VERIFY, i, err);
        }
    }
    return status;
}
