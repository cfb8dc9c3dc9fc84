/* PQcancel blocks: on connecting, and on the server's closing. A thread of its own bears that, so
 * that a server which does not answer costs two seconds and no more. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "pg/internal.h"

enum { CANCEL_WAIT_MS = 2000 };

static void *request(void *data)
{
    PGcancel *cancel = data;
    char why[256];

    PQcancel(cancel, why, sizeof why);
    PQfreeCancel(cancel);
    return NULL;
}

void pgb_cancel(PGconn *conn)
{
    PGcancel *cancel = PQgetCancel(conn);
    pthread_t thread;
    struct timespec until;
    sigset_t all, old;
    int failed;

    if (cancel == NULL) {
        return;
    }
    /* signals are the program's, not this thread's */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    failed = pthread_create(&thread, NULL, request, cancel);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (failed != 0) {
        PQfreeCancel(cancel);
        return;
    }
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += CANCEL_WAIT_MS / 1000;
    if (pthread_timedjoin_np(thread, NULL, &until) != 0) {
        pthread_detach(thread);
    }
}
