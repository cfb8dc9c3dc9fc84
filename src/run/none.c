#include "run/internal.h"

pgb_status none_run(pgb_runner *r, task_list *tasks, task *t, pgb_error *err)
{
    (void)r, (void)tasks;
    return pgb_error_set(err, PGB_REFUSED,
                         "%s runs outside a transaction, which is not possible yet", t->node->id);
}
