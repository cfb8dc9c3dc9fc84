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

enum { MAX_CONNS = 512, READ_SIZE = 65536, MAX_NUMBERED = 1024 };
enum { SSL_REQUEST = 80877103, GSS_REQUEST = 80877104, CANCEL_REQUEST = 80877102 };

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

static conn conns[MAX_CONNS];
static int n_numbered, n_cancels;
static long counts[MAX_NUMBERED][2];
static int64_t delay_ns;
static FILE *log_file;
static bool upstream_tcp;
static const char *upstream;
static bool listen_tcp;

static void die(const char *what)
{
    fprintf(stderr, "proxy: %s: %s\n", what, strerror(errno));
    exit(2);
}

static void *grab(size_t n)
{
    void *p = malloc(n);

    if (p == NULL) {
        die("memory");
    }
    return p;
}

static int64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void say(const char *line)
{
    /* The reader may be gone; the end of standard input then ends us. */
    (void)!write(STDOUT_FILENO, line, strlen(line));
}

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

static void flow_done(flow *f)
{
    while (f->head != NULL) {
        chunk *c = f->head;

        f->head = c->next;
        free(c);
    }
    free(f->in);
}

static void conn_close(conn *c, bool rst)
{
    struct linger hard = {1, 0};

    if (rst) {
        (void)setsockopt(c->client, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
        (void)setsockopt(c->server, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    }
    close(c->client);
    close(c->server);
    if (c->cont_at != 0 && c->pid > 0) {
        kill(c->pid, SIGCONT);
    }
    flow_done(&c->f);
    flow_done(&c->b);
    memset(c, 0, sizeof *c);
}

/* Writes what is due (all: whatever is there); false: that side is gone. */
static bool flow_write(flow *f, int to, bool all)
{
    int64_t now = now_ns();

    while (f->head != NULL && (all || f->head->due <= now)) {
        chunk *c = f->head;
        ssize_t n = send(to, c->data + c->off, c->len - c->off, MSG_NOSIGNAL);

        if (n < 0) {
            return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
        }
        c->off += (size_t)n;
        if (c->off == c->len) {
            f->head = c->next;
            if (f->head == NULL) {
                f->tail = &f->head;
            }
            free(c);
        }
    }
    return true;
}

static void flow_push(flow *f, const char *data, size_t len)
{
    chunk *c;

    if (len == 0) {
        return;
    }
    c = grab(sizeof *c + len);
    c->next = NULL;
    c->due = now_ns() + delay_ns;
    c->len = len;
    c->off = 0;
    memcpy(c->data, data, len);
    *f->tail = c;
    f->tail = &c->next;
}

static void log_message(const conn *c, const flow *f, char type, const char *m, size_t len)
{
    size_t skip = type == '_' ? 8 : 5, end;

    if (log_file == NULL) {
        return;
    }
    fprintf(log_file, "%d %c %ld %c %zu ", c->number, f->name, f->n, type, len);
    if (strchr("QPCEdZ_", type) != NULL && !(type == 'd')) {
        end = len < skip + 100 ? len : skip + 100;
        for (size_t i = skip; i < end; i++) {
            fputc(m[i] >= 32 && m[i] < 127 ? m[i] : ' ', log_file);
        }
    }
    fputc('\n', log_file);
    fflush(log_file);
}

/* Cuts as the rule says. What was forwarded before is delivered first. */
static void cut(conn *c, const rule *r)
{
    bool ok = flow_write(&c->f, c->server, true);

    ok = flow_write(&c->b, c->client, true) && ok;
    if (r == NULL || r->how != HALF) {
        conn_close(c, r != NULL && r->how == RST);
        return;
    }
    shutdown(c->client, SHUT_WR);
    c->client_gone = true;
    c->close_at = now_ns() + r->keep * 1000000;
}

/* One whole message. False: the connection is gone, or held with the message taken care of. */
static bool handle(conn *c, flow *f, char type, char *m, size_t len)
{
    rule *r;
    char line[200];
    size_t forward;

    f->n++;
    if (c->number > 0 && c->number < MAX_NUMBERED) {
        counts[c->number][f->name == 'B'] = f->n;
    }
    if (f->name == 'B' && type == 'K' && len >= 9) {
        uint32_t pid;

        memcpy(&pid, m + 5, 4);
        c->pid = (pid_t)ntohl(pid);
    }
    log_message(c, f, type, m, len);
    r = c->cancel ? NULL : rule_hit(c->number, f->name, f->n, type, m, len);
    if (r == NULL) {
        flow_push(f, m, len);
        return true;
    }
    r->done = true;
    if (r->stop != 0 && c->pid > 0) {
        kill(c->pid, SIGSTOP);
        c->cont_at = now_ns() + r->stop * 1000000;
    }
    if (r->act == MUTATE) {
        m[(size_t)r->k % len] = (char)(m[(size_t)r->k % len] ^ r->flip);
    }
    forward = len;
    if (r->act == CUT) {
        forward = r->at == BEFORE ? 0 : r->at == INSIDE && (size_t)r->k < len ? (size_t)r->k : len;
    }
    snprintf(line, sizeof line, "hit conn=%d dir=%c n=%ld type=%c len=%zu pid=%d\n", c->number,
             f->name, f->n, type, len, (int)c->pid);
    if (r->act == PAUSE && r->at == BEFORE) {
        /* Whoever waits for the hit acts before the message is on its way. */
        flow_write(&c->f, c->server, true);
        flow_write(&c->b, c->client, true);
        c->held = true;
        flow_push(f, m, len);
        say(line);
        return false;
    }
    flow_push(f, m, forward);
    if (r->act == CUT && c->cont_at != 0) {
        /* The stopped backend must keep its SIGCONT after the connection is gone. */
        pid_t pid = c->pid;
        int64_t at = c->cont_at;

        c->cont_at = 0;
        cut(c, r);
        for (int i = 0; i < MAX_CONNS; i++) {
            if (!conns[i].used && conns[i].cont_at == 0) {
                conns[i].pid = pid;
                conns[i].cont_at = at;
                break;
            }
        }
    } else if (r->act == CUT) {
        cut(c, r);
    } else if (r->act == PAUSE) {
        flow_write(f, f->name == 'F' ? c->server : c->client, true);
        c->held = true;
    }
    say(line);
    return r->act != CUT && r->act != PAUSE;
}

/* The length of the message that begins at m, 0: not all of its head is here, -1: nonsense. */
static long message_size(const conn *c, const flow *f, const char *m, size_t have, char *type)
{
    bool bare = f->name == 'F' && !c->started;
    uint32_t n;

    if (f->name == 'B' && c->raw > 0) {
        *type = '_';
        return have >= 1 ? 1 : 0;
    }
    if (have < (bare ? 8 : 5)) {
        return 0;
    }
    memcpy(&n, m + (bare ? 0 : 1), 4);
    n = ntohl(n);
    *type = bare ? '_' : m[0];
    if (n < 4 || n > 0x3fffffff) {
        return -1;
    }
    return (long)n + (bare ? 0 : 1);
}

/* What the startup packets mean for what follows. */
static void note_startup(conn *c, const flow *f, const char *m)
{
    uint32_t code;

    if (f->name == 'B') {
        c->raw--;
        c->opaque = m[0] == 'S' || m[0] == 'G';
        return;
    }
    memcpy(&code, m + 4, 4);
    code = ntohl(code);
    if (code == CANCEL_REQUEST) {
        c->cancel = true;
        n_cancels++;
        return;
    }
    if (c->number == 0) {
        c->number = ++n_numbered;
    }
    if (code == SSL_REQUEST || code == GSS_REQUEST) {
        c->raw++;
    } else {
        c->started = true;
    }
}

static void parse(conn *c, flow *f)
{
    size_t at = 0;

    while (at < f->in_len) {
        char type = 0;
        long size = c->opaque ? (long)(f->in_len - at)
                              : message_size(c, f, f->in + at, f->in_len - at, &type);
        bool startup;

        if (size < 0) {
            c->opaque = true;
            continue;
        }
        if (size == 0 || (size_t)size > f->in_len - at) {
            break;
        }
        if (c->opaque) {
            flow_push(f, f->in + at, (size_t)size);
            at += (size_t)size;
            continue;
        }
        startup = type == '_';
        if (startup) {
            note_startup(c, f, f->in + at);
        }
        if (!handle(c, f, type, f->in + at, (size_t)size)) {
            if (!c->used || c->client_gone) {
                return;
            }
            at += (size_t)size;
            break;
        }
        at += (size_t)size;
    }
    memmove(f->in, f->in + at, f->in_len - at);
    f->in_len -= at;
}

static void flow_read(conn *c, flow *f, int from)
{
    ssize_t n;

    if (f->in_cap - f->in_len < READ_SIZE) {
        f->in_cap = f->in_len + 2 * READ_SIZE;
        f->in = realloc(f->in, f->in_cap);
        if (f->in == NULL) {
            die("memory");
        }
    }
    n = recv(from, f->in + f->in_len, READ_SIZE, 0);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
        return;
    }
    if (n <= 0) {
        f->eof = true;
        flow_push(f, f->in, f->in_len);
        f->in_len = 0;
        return;
    }
    if (c->client_gone) {
        return; /* nobody is told any more */
    }
    f->in_len += (size_t)n;
    parse(c, f);
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
    for (int i = 0; i < MAX_CONNS; i++) {
        conn *c = &conns[i];

        if (c->used || c->cont_at != 0) {
            continue;
        }
        nonblocking(client);
        nonblocking(server);
        if (listen_tcp) {
            no_nagle(client);
        }
        c->used = true;
        c->client = client;
        c->server = server;
        c->f.name = 'F';
        c->f.tail = &c->f.head;
        c->b.name = 'B';
        c->b.tail = &c->b.head;
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

static void release(bool go)
{
    for (int i = 0; i < MAX_CONNS; i++) {
        conn *c = &conns[i];

        if (!c->used || !c->held) {
            continue;
        }
        c->held = false;
        if (!go) {
            conn_close(c, false);
            continue;
        }
        parse(c, &c->f);
        if (c->used && !c->held) {
            parse(c, &c->b);
        }
    }
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

/* Writes what is due, ends what has ended, and wakes what was stopped. */
static void tend(conn *c, int64_t now)
{
    if (c->cont_at != 0 && c->cont_at <= now) {
        kill(c->pid, SIGCONT);
        c->cont_at = 0;
    }
    if (!c->used || c->held) {
        return;
    }
    if (c->client_gone) {
        if (c->close_at <= now || c->b.eof) {
            conn_close(c, false);
        }
        return;
    }
    if (!flow_write(&c->f, c->server, false) || !flow_write(&c->b, c->client, false)) {
        conn_close(c, false);
        return;
    }
    /* The server's last words (why it ends) still reach the client. */
    if ((c->b.eof && c->b.head == NULL) || (c->f.eof && c->f.head == NULL)) {
        conn_close(c, false);
    }
}

static int64_t earliest(const conn *c, int64_t due)
{
    if (c->cont_at != 0 && c->cont_at < due) {
        due = c->cont_at;
    }
    if (!c->used || c->held) {
        return due;
    }
    if (c->client_gone && c->close_at < due) {
        due = c->close_at;
    }
    if (c->f.head != NULL && c->f.head->due < due) {
        due = c->f.head->due;
    }
    if (c->b.head != NULL && c->b.head->due < due) {
        due = c->b.head->due;
    }
    return due;
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
