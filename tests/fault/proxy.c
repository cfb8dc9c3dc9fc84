/*
 * A fault proxy between a client and a PostgreSQL server. It knows the message boundaries of
 * protocol 3 in both directions, and at a message that a rule names it cuts the connection, holds
 * it, stops the backend, or changes a byte. It counts what it saw and says what it really did.
 *
 *   proxy [--listen DIR/.s.PGSQL.5432 | --tcp PORT] --upstream SOCKET|PORT
 *         [--delay-us N] [--log FILE] [--arm "RULE"]
 *
 * One command a line on standard input, one line or more on standard output for each; the end of
 * input ends the proxy.
 *
 *   arm RULE    adds a rule        reset       forgets rules, counters and the log's position
 *   go          lets a held connection go on          cut         cuts the held connection
 *   report      conns=2 cancels=0 1F=20 1B=33 …       delay US    from now on, each direction
 *   log FILE    one line a message: CONN DIR N TYPE LENGTH TEXT (log - : no more)
 *
 * A rule is words NAME=VALUE:
 *   conn=1      number of the connection since reset, cancel requests not counted; 0: any
 *   dir=F|B     F: client to server, B: server to client
 *   n=12        the message's number in that direction, from 1 (the startup packet is F's first)
 *   type=C      only messages of this type ('_': without one)
 *   match=TEXT  only messages whose bytes contain it ('+' stands for a blank)
 *   nth=2       the second message that fits all that (default 1)
 *   at=before|inside|after    what of the message is forwarded: nothing, k bytes, all
 *   k=5         bytes for inside, offset for mutate
 *   do=cut|pause|mutate|none  (default cut)            xor=255     what mutate does to the byte
 *   how=close|rst|half        close: both sides; rst: with RST where it is TCP; half: the client
 *                             sees the end, the server's side stays open for keep=MS
 *   stop=MS     SIGSTOP to the backend just before the message goes on, SIGCONT after MS
 * and when it is hit: `hit conn=1 dir=F n=12 type=Q len=30 pid=4711`.
 *
 * Delays keep pipelining: each piece is due a fixed time after it came, whatever came before it.
 */
#include "proxy_conn.h"
#include "proxy_rule.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static bool upstream_tcp;
static const char *upstream;
static bool listen_tcp;

static void nonblocking(int fd)
{
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
}

static void no_nagle(int fd)
{
    int one = 1;

    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

static int connect_upstream(void)
{
    int fd = socket(upstream_tcp ? AF_INET : AF_UNIX, SOCK_STREAM, 0), failed;

    if (upstream_tcp) {
        struct sockaddr_in in = {.sin_family = AF_INET,
                                 .sin_port = htons((uint16_t)atoi(upstream))};

        in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        no_nagle(fd);
        failed = connect(fd, (struct sockaddr *)&in, sizeof in);
    } else {
        struct sockaddr_un un = {.sun_family = AF_UNIX};

        snprintf(un.sun_path, sizeof un.sun_path, "%s", upstream);
        failed = connect(fd, (struct sockaddr *)&un, sizeof un);
    }
    if (failed) {
        close(fd);
        return -1;
    }
    return fd;
}

static void conn_accept(int listener)
{
    int client = accept(listener, NULL, NULL), server;

    if (client < 0) {
        return;
    }
    server = connect_upstream();
    if (server < 0) {
        close(client); /* as a server that is not there would */
        return;
    }
    nonblocking(client);
    nonblocking(server);
    if (listen_tcp) {
        no_nagle(client);
    }
    if (conn_begin(client, server)) {
        return;
    }
    fprintf(stderr, "proxy: too many connections\n");
    close(client);
    close(server);
}

static void report(void)
{
    char line[64];

    snprintf(line, sizeof line, "report conns=%d cancels=%d", n_numbered, n_cancels);
    say(line);
    for (int i = 1; i <= n_numbered && i < MAX_NUMBERED; i++) {
        snprintf(line, sizeof line, " %dF=%ld %dB=%ld", i, counts[i][0], i, counts[i][1]);
        say(line);
    }
    say("\n");
}

static void open_log(const char *path)
{
    if (log_file != NULL) {
        fclose(log_file);
    }
    log_file = strcmp(path, "-") == 0 ? NULL : fopen(path, "we");
}

static void command(char *line)
{
    line[strcspn(line, "\n")] = 0;
    if (strncmp(line, "arm ", 4) == 0) {
        say(rule_arm(line + 4) ? "ok\n" : "error: a rule that is not understood\n");
    } else if (strcmp(line, "reset") == 0) {
        n_rules = n_numbered = n_cancels = 0;
        memset(counts, 0, sizeof counts);
        say("ok\n");
    } else if (strcmp(line, "report") == 0) {
        report();
    } else if (strncmp(line, "log ", 4) == 0) {
        open_log(line + 4);
        say("ok\n");
    } else if (strncmp(line, "delay ", 6) == 0) {
        delay_ns = atoll(line + 6) * 1000;
        say("ok\n");
    } else if (strcmp(line, "go") == 0 || strcmp(line, "cut") == 0) {
        release(line[0] == 'g');
        say("ok\n");
    } else {
        say("error: no such command\n");
    }
}

/* False: the end of input. */
static bool read_commands(void)
{
    static char text[8192];
    static size_t have;
    ssize_t n = read(STDIN_FILENO, text + have, sizeof text - 1 - have);
    char *end;

    if (n <= 0) {
        return false;
    }
    have += (size_t)n;
    text[have] = 0;
    while ((end = memchr(text, '\n', have)) != NULL) {
        size_t used = (size_t)(end + 1 - text);

        *end = 0;
        command(text);
        memmove(text, text + used, have - used);
        have -= used;
    }
    return have < sizeof text - 1;
}

static void serve(int listener)
{
    static struct pollfd fds[2 + 2 * MAX_CONNS];
    static int index[2 + 2 * MAX_CONNS];

    for (;;) {
        int n = 2;
        int64_t now = now_ns(), due = INT64_MAX;
        struct timespec wait;

        fds[0] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
        fds[1] = (struct pollfd){.fd = listener, .events = POLLIN};
        for (int i = 0; i < MAX_CONNS; i++) {
            conn *c = &conns[i];

            if (!c->used && c->cont_at == 0) {
                continue;
            }
            due = earliest(c, due);
            if (!c->used || c->held) {
                continue;
            }
            for (int side = 0; side < 2; side++) {
                const flow *in = side == 0 ? &c->f : &c->b, *out = side == 0 ? &c->b : &c->f;
                short events = (short)(in->eof ? 0 : POLLIN);

                if (out->head != NULL && out->head->due <= now && !c->client_gone) {
                    events |= POLLOUT;
                }
                fds[n] = (struct pollfd){.fd = events == 0 ? -1
                                               : side == 0 ? c->client
                                                           : c->server,
                                         .events = events};
                index[n++] = i * 2 + side;
            }
        }
        if (due != INT64_MAX) {
            int64_t left = due > now ? due - now : 0;

            wait = (struct timespec){left / 1000000000, left % 1000000000};
        }
        /* A chunk that is due but does not fit waits for POLLOUT, not for its time. */
        if (due <= now) {
            wait = (struct timespec){0, 1000000};
        }
        if (ppoll(fds, (nfds_t)n, due == INT64_MAX ? NULL : &wait, NULL) < 0 && errno != EINTR) {
            die("poll");
        }
        if (fds[0].revents != 0 && !read_commands()) {
            return;
        }
        if (fds[1].revents != 0) {
            conn_accept(listener);
        }
        for (int i = 2; i < n; i++) {
            conn *c = &conns[index[i] / 2];

            if ((fds[i].revents & (POLLIN | POLLHUP | POLLERR)) == 0 || !c->used || c->held) {
                continue;
            }
            if (index[i] % 2 == 0) {
                flow_read(c, &c->f, c->client);
            } else {
                flow_read(c, &c->b, c->server);
            }
        }
        now = now_ns();
        for (int i = 0; i < MAX_CONNS; i++) {
            tend(&conns[i], now);
        }
    }
}

static int listen_on(const char *path, const char *port)
{
    int fd = socket(path != NULL ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    struct sockaddr_in in = {.sin_family = AF_INET};
    int failed;

    if (path != NULL) {
        if (strlen(path) >= sizeof un.sun_path) {
            errno = ENAMETOOLONG;
            die(path);
        }
        snprintf(un.sun_path, sizeof un.sun_path, "%s", path);
        unlink(path);
        failed = bind(fd, (struct sockaddr *)&un, sizeof un);
        chmod(path, 0777);
    } else {
        (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
        in.sin_port = htons((uint16_t)atoi(port));
        in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        failed = bind(fd, (struct sockaddr *)&in, sizeof in);
        listen_tcp = true;
    }
    if (failed || listen(fd, 128)) {
        die(path != NULL ? path : port);
    }
    return fd;
}

int main(int argc, char **argv)
{
    const char *path = NULL, *port = NULL;
    int listener;

    signal(SIGPIPE, SIG_IGN);
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--listen") == 0) {
            path = argv[i + 1];
        } else if (strcmp(argv[i], "--tcp") == 0) {
            port = argv[i + 1];
        } else if (strcmp(argv[i], "--upstream") == 0) {
            upstream = argv[i + 1];
            upstream_tcp = strchr(upstream, '/') == NULL;
        } else if (strcmp(argv[i], "--delay-us") == 0) {
            delay_ns = atoll(argv[i + 1]) * 1000;
        } else if (strcmp(argv[i], "--log") == 0) {
            open_log(argv[i + 1]);
        } else if (strcmp(argv[i], "--arm") != 0 || !rule_arm(argv[i + 1])) {
            fprintf(stderr, "proxy: what is %s %s?\n", argv[i], argv[i + 1]);
            return 2;
        }
    }
    if (upstream == NULL || (path == NULL) == (port == NULL)) {
        fprintf(stderr, "proxy: --upstream, and one of --listen and --tcp\n");
        return 2;
    }
    listener = listen_on(path, port);
    say("ready\n");
    serve(listener);
    for (int i = 0; i < MAX_CONNS; i++) {
        if (conns[i].used) {
            conn_close(&conns[i], false);
        } else if (conns[i].cont_at != 0) {
            kill(conns[i].pid, SIGCONT);
        }
    }
    if (path != NULL) {
        unlink(path);
    }
    return 0;
}
