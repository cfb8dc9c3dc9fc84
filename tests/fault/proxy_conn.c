#include "proxy_conn.h"

#include "proxy_rule.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { READ_SIZE = 65536 };
enum { SSL_REQUEST = 80877103, GSS_REQUEST = 80877104, CANCEL_REQUEST = 80877102 };

conn conns[MAX_CONNS];
int n_numbered, n_cancels;
long counts[MAX_NUMBERED][2];
int64_t delay_ns;
FILE *log_file;

_Noreturn void die(const char *what)
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

int64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

void say(const char *line)
{
    /* The reader may be gone; the end of standard input then ends us. */
    (void)!write(STDOUT_FILENO, line, strlen(line));
}

bool conn_begin(int client, int server)
{
    for (int i = 0; i < MAX_CONNS; i++) {
        conn *c = &conns[i];

        if (c->used || c->cont_at != 0) {
            continue;
        }
        c->used = true;
        c->client = client;
        c->server = server;
        c->f.name = 'F';
        c->f.tail = &c->f.head;
        c->b.name = 'B';
        c->b.tail = &c->b.head;
        return true;
    }
    return false;
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

void conn_close(conn *c, bool rst)
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

void flow_read(conn *c, flow *f, int from)
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

void release(bool go)
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

void tend(conn *c, int64_t now)
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

int64_t earliest(const conn *c, int64_t due)
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
