#include "run/internal.h"

pgb_status one_refuse(pgb_runner *r, const task_list *tasks, pgb_error *err)
{
    (void)r, (void)tasks;
    return pgb_error_set(err, PGB_REFUSED, "--one-transaction is not possible yet");
}
