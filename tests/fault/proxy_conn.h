/*
 * One connection through the proxy: what is read of either side, cut into protocol 3's messages,
 * and for each message what a rule wants done. proxy.c has the sockets, the commands and the loop.
 *
 * A connection lies in conns[]; it is not used when its descriptors are closed. One that was cut
 * while its backend is stopped keeps pid and cont_at in a place of its own until SIGCONT is due.
 */
#ifndef PGB_TESTS_FAULT_PROXY_CONN_H
#define PGB_TESTS_FAULT_PROXY_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

enum { MAX_CONNS = 512, MAX_NUMBERED = 1024 };

typedef struct chunk {
    struct chunk *next;
    int64_t due;
    size_t len, off;
    char data[];
} chunk;

/* One direction of one connection. */
typedef struct flow {
    char name; /* F or B */
    char *in;  /* bytes that are no whole message yet */
    size_t in_len, in_cap;
    chunk *head, **tail; /* what is to be written to the other side */
    long n;              /* messages seen */
    bool eof;
} flow;

typedef struct conn {
    bool used, held, cancel, opaque;
    bool client_gone; /* half: the client's side has seen the end */
    int client, server;
    int number; /* 0 until the startup packet */
    int raw;    /* answers of one byte that are due from the server (to an SSL request) */
    bool started;
    pid_t pid;
    int64_t close_at; /* half: when the server's side goes */
    int64_t cont_at;  /* when the backend gets SIGCONT */
    flow f, b;
} conn;

extern conn conns[MAX_CONNS];
/* Since the last reset: connections, cancel requests, messages of each connection and direction. */
extern int n_numbered, n_cancels;
extern long counts[MAX_NUMBERED][2];
extern int64_t delay_ns;
extern FILE *log_file; /* NULL: none */

_Noreturn void die(const char *what);
int64_t now_ns(void);
/* A line, or a piece of one, to whoever gives the commands. */
void say(const char *line);

/* Both sides are connected and non-blocking; false: there is no room. */
bool conn_begin(int client, int server);
void conn_close(conn *c, bool rst);
/* Reads what has come from a side and handles each whole message. */
void flow_read(conn *c, flow *f, int from);
/* Of all that are held: on with them, or cut. */
void release(bool go);
/* Writes what is due, ends what has ended, and wakes what was stopped. */
void tend(conn *c, int64_t now);
/* When tend() has something to do: due, or earlier. */
int64_t earliest(const conn *c, int64_t due);

#endif
