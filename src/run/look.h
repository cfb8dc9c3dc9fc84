/* What is really there: before a statement that no transaction protects, and after one whose
 * outcome is not known. */
#ifndef PGB_RUN_LOOK_H
#define PGB_RUN_LOOK_H

#include "run/internal.h"

typedef enum finding {
    LOOK_NOT_DONE, /* nothing of it is there: run it */
    LOOK_DONE,     /* it is there, whole */
    LOOK_HALF,     /* a part of it is there, and `mend` clears it away (or finishes it) */
    LOOK_UNDECIDED /* a person has to look */
} finding;

typedef struct look {
    finding finding;
    const char *mend;    /* LOOK_HALF: the statement that clears it away */
    bool finishes;       /* the mend completes the statement, which is done then */
    const char *what;    /* for messages: "index public.i is invalid" */
    const char *examine; /* LOOK_UNDECIDED: a query for whoever looks */
} look;

/* Has this kind of statement anything that can be looked at, or can it simply be run again? */
bool look_knows(const pgb_facts *facts);
/* The quoted, qualified name of what the statement makes, drops or changes; "" when it has none. */
pgb_status look_object(pgb_runner *r, const pgb_facts *facts, pgb_arena *arena,
                       const char **ret_object, pgb_error *err);
/* A mark of what is there now, for the intent row: it tells before from after. */
pgb_status look_before(pgb_runner *r, const pgb_facts *facts, pgb_arena *arena,
                       const char **ret_before, pgb_error *err);
/* After an attempt whose mark was `before`: what is there? ran: the server said that it worked. */
pgb_status look_after(pgb_runner *r, const pgb_facts *facts, const char *object, const char *before,
                      bool ran, pgb_arena *arena, look *ret_look, pgb_error *err);

#endif
