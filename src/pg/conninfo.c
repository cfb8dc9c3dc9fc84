#include "pg/conninfo.h"

#include <libpq-fe.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/text.h"

/* What the settings say about where and how; NULL: nothing. */
typedef struct found {
    const char *host, *hostaddr, *port, *sslmode, *sslrootcert, *service, *target, *timeout;
} found;

static bool take(found *f, const char *key, const char *value)
{
    struct {
        const char *name;
        const char **at;
    } const known[] = {{"host", &f->host},
                       {"hostaddr", &f->hostaddr},
                       {"port", &f->port},
                       {"sslmode", &f->sslmode},
                       {"sslrootcert", &f->sslrootcert},
                       {"service", &f->service},
                       {"target_session_attrs", &f->target},
                       {"connect_timeout", &f->timeout}};

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(key, known[i].name) == 0 && *known[i].at == NULL) {
            *known[i].at = value;
            return true;
        }
    }
    return false;
}

/* libpq's complaint about a string that it can't parse quotes the part at fault, which may be a
 * piece of a password. */
static void mask_quoted(char *out, size_t size, const char *text)
{
    size_t n = 0;
    bool inside = false;

    for (const char *p = text; *p != '\0' && n + 6 < size; p++) {
        if (*p == '"') {
            if (!inside && strchr(p + 1, '"') != NULL) {
                n += (size_t)snprintf(out + n, size - n, "\"***\"");
                inside = true;
            } else {
                inside = false;
            }
        } else if (!inside && *p != '\n') {
            out[n++] = *p;
        }
    }
    out[n] = '\0';
}

static const char *after_scheme(const char *conninfo)
{
    static const char *const schemes[] = {"postgresql://", "postgres://"};

    for (size_t i = 0; i < 2; i++) {
        if (strncmp(conninfo, schemes[i], strlen(schemes[i])) == 0) {
            return conninfo + strlen(schemes[i]);
        }
    }
    return NULL;
}

/* A password written into a URL with @, / or ? in it is cut there, and its pieces would turn up as
 * host, port or database in every message. */
static pgb_status refuse_unescaped(const char *conninfo, const found *f, pgb_error *err)
{
    const char *rest = after_scheme(conninfo);
    const char *query, *slash;
    bool odd = false;

    if (rest == NULL) {
        return PGB_OK;
    }
    query = strchr(rest, '?');
    slash = strchr(rest, '/');
    if (slash != NULL && (query == NULL || slash < query)) {
        size_t len = query != NULL ? (size_t)(query - slash) : strlen(slash);

        odd = memchr(slash, '@', len) != NULL;
    }
    if (f->host != NULL && strchr(f->host, '@') != NULL && f->host[0] != '@') {
        odd = true;
    }
    if (f->port != NULL && f->port[strspn(f->port, "0123456789,")] != '\0') {
        odd = true;
    }
    if (!odd) {
        return PGB_OK;
    }
    pgb_error_set(err, PGB_CONNECT, "the database URL cannot be understood");
    pgb_error_detail(err, "a password, user or database name in it has a character that ends it");
    pgb_error_hint(err,
                   "write @ as %%40, / as %%2F, : as %%3A, ? as %%3F, # as %%23 and %% as %%25 "
                   "inside of names and passwords, or keep the password in ~/.pgpass");
    return err != NULL ? err->status : PGB_CONNECT;
}

static bool is_loopback(const char *host, size_t len)
{
    if (len == 0 || host[0] == '/' || host[0] == '@') {
        return true; /* a unix socket */
    }
    return (len == 9 && strncasecmp(host, "localhost", 9) == 0) ||
           (len >= 4 && strncmp(host, "127.", 4) == 0 && strspn(host, "0123456789.") >= len) ||
           (len == 3 && strncmp(host, "::1", 3) == 0);
}

static bool any_remote(const char *list)
{
    for (;;) {
        size_t len = strcspn(list, ",");

        if (!is_loopback(list, len)) {
            return true;
        }
        if (list[len] == '\0') {
            return false;
        }
        list += len + 1;
    }
}

static unsigned count_hosts(const char *list)
{
    unsigned n = 1;

    for (; list != NULL && *list != '\0'; list++) {
        n += *list == ',';
    }
    return n;
}

/* Reads one service of a service file; libpq has no call that tells its settings. Lines and files
 * that libpq would refuse are its to complain about. */
static bool read_service(const char *path, const char *service, pgb_arena *arena, found *f,
                         bool *nomem)
{
    FILE *file = fopen(path, "re");
    char line[1024];
    bool inside = false, seen = false;

    if (file == NULL) {
        return false;
    }
    while (fgets(line, sizeof line, file) != NULL) {
        char *p = line, *value;
        size_t len = strlen(p);

        while (len > 0 && strchr(" \t\r\n", p[len - 1]) != NULL) {
            p[--len] = '\0';
        }
        p += strspn(p, " \t");
        if (*p == '[') {
            char *end = strchr(p, ']');

            if (seen) {
                break;
            }
            inside = end != NULL && (size_t)(end - p - 1) == strlen(service) &&
                     strncmp(p + 1, service, strlen(service)) == 0;
            seen = seen || inside;
        } else if (inside && *p != '#' && (value = strchr(p, '=')) != NULL) {
            *value++ = '\0';
            value = pgb_arena_strdup(arena, value);
            if (value == NULL) {
                *nomem = true;
                break;
            }
            take(f, p, value);
        }
    }
    fclose(file);
    return seen;
}

static pgb_status read_services(pgb_arena *arena, found *f, pgb_error *err)
{
    const char *service = f->service != NULL ? f->service : getenv("PGSERVICE");
    const char *named = getenv("PGSERVICEFILE"), *folder = getenv("PGSYSCONFDIR");
    const char *home = getenv("HOME");
    const char *paths[4];
    size_t n = 0;
    bool nomem = false;

    if (service == NULL || *service == '\0') {
        return PGB_OK;
    }
    if (named != NULL) {
        paths[n++] = named;
    } else {
        struct passwd *pw;

        if (home == NULL || *home == '\0') {
            pw = getpwuid(geteuid());
            home = pw != NULL ? pw->pw_dir : "/";
        }
        paths[n++] = pgb_arena_printf(arena, "%s/.pg_service.conf", home);
    }
    if (folder != NULL) {
        paths[n++] = pgb_arena_printf(arena, "%s/pg_service.conf", folder);
    } else {
        paths[n++] = "/etc/postgresql-common/pg_service.conf";
        paths[n++] = "/etc/pg_service.conf";
    }
    for (size_t i = 0; i < n; i++) {
        if (paths[i] == NULL) {
            return pgb_error_nomem(err);
        }
        if (read_service(paths[i], service, arena, f, &nomem)) {
            break;
        }
    }
    return nomem ? pgb_error_nomem(err) : PGB_OK;
}

static const char *env(const char *name)
{
    const char *value = getenv(name);

    return value != NULL && *value != '\0' ? value : NULL;
}

/* The user's own root.crt would be used by libpq without being told. */
static bool has_own_root_file(void)
{
    const char *home = env("HOME");
    char path[1024];

    if (home == NULL ||
        snprintf(path, sizeof path, "%s/.postgresql/root.crt", home) >= (int)sizeof path) {
        return false;
    }
    return access(path, R_OK) == 0;
}

static const char *system_ca_file(void)
{
    static const char *const files[] = {
        "/etc/ssl/certs/ca-certificates.crt", /* Debian, Ubuntu, Arch, Alpine */
        "/etc/pki/tls/certs/ca-bundle.crt",   /* Fedora, RHEL */
        "/etc/ssl/ca-bundle.pem",             /* SUSE */
        "/etc/ssl/cert.pem",                  /* BSD, macOS */
    };

    if (PQlibVersion() >= 160000) {
        return "system";
    }
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        if (access(files[i], R_OK) == 0) {
            return files[i];
        }
    }
    return files[0];
}

static pgb_status parse(const char *conninfo, pgb_arena *arena, found *f, pgb_error *err)
{
    char *why = NULL;
    PQconninfoOption *options;
    pgb_status status = PGB_OK;

    if (after_scheme(conninfo) == NULL && strchr(conninfo, '=') == NULL) {
        return PGB_OK; /* a bare database name */
    }
    options = PQconninfoParse(conninfo, &why);
    if (options == NULL) {
        char masked[512];

        if (why == NULL) {
            return pgb_error_nomem(err);
        }
        mask_quoted(masked, sizeof masked, why);
        PQfreemem(why);
        if (strncmp(masked, "out of memory", 13) == 0) {
            return pgb_error_nomem(err);
        }
        pgb_error_set(err, PGB_CONNECT, "the database URL cannot be understood");
        pgb_error_detail(err, "%s", masked);
        pgb_error_hint(err, "write it as postgresql://USER@HOST:PORT/DATABASE, with special "
                            "characters of names and passwords as %%XX");
        return err != NULL ? err->status : PGB_CONNECT;
    }
    for (PQconninfoOption *o = options; o->keyword != NULL; o++) {
        if (o->val != NULL) {
            const char *copy = pgb_arena_strdup(arena, o->val);

            if (copy == NULL) {
                status = pgb_error_nomem(err);
                break;
            }
            take(f, o->keyword, copy);
        }
    }
    PQconninfoFree(options);
    return status;
}

pgb_status pgb_conninfo_read(const pgb_session_options *options, pgb_arena *arena,
                             pgb_conninfo *ret_info, pgb_error *err)
{
    const char *conninfo = options->conninfo != NULL ? options->conninfo : "";
    found f = {0};
    pgb_conninfo info = {0};
    size_t n = 0;
    const char *where;
    pgb_status status;

    status = parse(conninfo, arena, &f, err);
    if (status != PGB_OK) {
        return status;
    }
    status = refuse_unescaped(conninfo, &f, err);
    if (status != PGB_OK) {
        return status;
    }
    status = read_services(arena, &f, err);
    if (status != PGB_OK) {
        return status;
    }
    /* the environment comes after the service, as in libpq */
    f.host = f.host != NULL ? f.host : env("PGHOST");
    f.hostaddr = f.hostaddr != NULL ? f.hostaddr : env("PGHOSTADDR");
    f.sslmode = f.sslmode != NULL ? f.sslmode : env("PGSSLMODE");
    f.sslrootcert = f.sslrootcert != NULL ? f.sslrootcert : env("PGSSLROOTCERT");
    f.target = f.target != NULL ? f.target : env("PGTARGETSESSIONATTRS");
    f.timeout = f.timeout != NULL ? f.timeout : env("PGCONNECT_TIMEOUT");

    where = f.hostaddr != NULL && *f.hostaddr != '\0' ? f.hostaddr : f.host;
    info.remote = where != NULL && any_remote(where);
    info.hosts = count_hosts(where);
    info.timeout_ms = f.timeout != NULL ? 1000 * strtol(f.timeout, NULL, 10) : 0;

#define PUT(key, value) (info.keys[n] = (key), info.values[n++] = (value))
    PUT("fallback_application_name",
        options->application_name != NULL ? options->application_name : "pgbraid");
    /* An orphan of ours, or a server that is gone, must be noticed soon. */
    PUT("keepalives", "1");
    PUT("keepalives_idle", "30");
    PUT("keepalives_interval", "10");
    PUT("keepalives_count", "3");
    PUT("tcp_user_timeout", "30000");
    if (options->writable && info.hosts > 1 && f.target == NULL) {
        PUT("target_session_attrs", "read-write");
    }
    if (info.remote && f.sslmode == NULL) {
        PUT("sslmode", "verify-full");
        info.tls_by_us = true;
        if (f.sslrootcert == NULL && !has_own_root_file()) {
            info.ca_file = system_ca_file();
            PUT("sslrootcert", info.ca_file);
        }
    }
    PUT("dbname", conninfo);
#undef PUT
    *ret_info = info;
    return PGB_OK;
}

static size_t match_secret(const char *at, const char *secret)
{
    size_t n = 0;

    /* as it is, or percent-encoded in any part */
    for (; *secret != '\0'; secret++) {
        unsigned char c = (unsigned char)*secret;
        char upper[4], lower[4];

        if (at[n] == *secret) {
            n++;
            continue;
        }
        snprintf(upper, sizeof upper, "%%%02X", c);
        snprintf(lower, sizeof lower, "%%%02x", c);
        if (strncmp(at + n, upper, 3) == 0 || strncmp(at + n, lower, 3) == 0) {
            n += 3;
            continue;
        }
        return 0;
    }
    return n;
}

void pgb_conninfo_scrub(char *out, size_t size, const char *text, const char *secret)
{
    size_t n = 0;

    /* a very short one would make every message unreadable, and hides nothing */
    if (secret != NULL && strlen(secret) < 3) {
        secret = NULL;
    }
    while (*text != '\0' && n + 4 < size) {
        size_t len = secret != NULL ? match_secret(text, secret) : 0;

        if (len > 0) {
            memcpy(out + n, "***", 3);
            n += 3;
            text += len;
        } else {
            out[n++] = *text++;
        }
    }
    while (n > 0 && (out[n - 1] == '\n' || out[n - 1] == ' ')) {
        n--;
    }
    out[n] = '\0';
}
