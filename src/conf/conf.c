#include "conf/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/text.h"
#include "base/vec.h"

/* inih's own are 200 and 50 bytes; it cuts a longer section name silently, and reads the rest of a
 * longer line as the next one. Both are refused before it sees them. */
enum { LINE_MAX_BYTES = 4096, SECTION_MAX_BYTES = 49, FILE_MAX_BYTES = 1024 * 1024 };

const pgb_conf_key pgb_conf_keys[] = {
    {"project", "name", "NAME", "default", "the project's name in the history table"},
    {"project", "migrations", "FOLDER", "migrations", "where the revision files are"},
    {"project", "layout", "auto|native|numbered", "auto", "how revision files are named"},
    {"project", "heads", "one|many", "many", "one: check refuses a second head"},
    {"project", "late", "apply|refuse", "apply",
     "what upgrade does with a revision that is new below an applied one"},
    {"project", "lock_timeout", "TIME", "5s",
     "how long a statement waits for a lock before its revision is tried again; 0: for ever"},
    {"env NAME", "url", "URL", "", "the database of environment NAME, chosen with -d NAME"},
    {"database", "url", "URL", "", "the database when neither -d nor DATABASE_URL names one"},
    {"database", "env", "NAME", "", "the environment when neither -d nor DATABASE_URL names one"},
    {"server", "bin", "FOLDER", "",
     "where postgres and initdb are, for the embedded and the private server"},
    {"history", "schema", "NAME", "pgbraid", "the schema of the history tables"},
    {"verify", "ignore", "PATTERN # REASON", "",
     "what verify leaves out, as \"kind object\" or \"kind object property\", and why; may be "
     "given "
     "several times"},
    {NULL, NULL, NULL, NULL, NULL},
};
enum { KEY_COUNT = sizeof pgb_conf_keys / sizeof pgb_conf_keys[0] - 1 };

typedef struct reading {
    const char *at, *end;            /* what inih has not asked for yet */
    const char *line_at, *line_stop; /* the line it works on */
    int line;
    bool failed;
    const char *path;
    pgb_arena *arena;
    pgb_error *err;
    pgb_conf *conf;
    uint32_t set_at[KEY_COUNT]; /* line of each key, 0: not given */
    PGB_VEC(pgb_env) envs;
    PGB_VEC(pgb_conf_ignore) ignores;
} reading;

/* The line is shown only if it can't hold a secret: URLs may. */
static void fail_at(reading *r, bool show)
{
    pgb_error_at(r->err, r->path, r->line, 1, show ? r->line_at : NULL,
                 (size_t)(r->line_stop - r->line_at));
    r->failed = true;
}

static int fail_nomem(reading *r)
{
    pgb_error_nomem(r->err);
    r->failed = true;
    return 0;
}

/* fgets for inih: one line without leading blanks, so that an indented line is never taken as the
 * continuation of the value above it. */
static char *next_line(char *into, int size, void *stream)
{
    reading *r = stream;
    size_t len;
    const char *nl;

    if (r->failed || r->at == r->end) {
        return NULL;
    }
    nl = memchr(r->at, '\n', (size_t)(r->end - r->at));
    r->line++;
    r->line_at = r->at;
    r->line_stop = nl != NULL ? nl : r->end;
    r->at = nl != NULL ? nl + 1 : r->end;
    while (r->line_at < r->line_stop && (*r->line_at == ' ' || *r->line_at == '\t')) {
        r->line_at++;
    }
    len = (size_t)(r->line_stop - r->line_at);
    if (len + 2 > (size_t)size) {
        pgb_error_set(r->err, PGB_PROJECT, "line %d is too long: %zu bytes", r->line, len);
        pgb_error_hint(r->err, "A line of pgbraid.ini has at most %d bytes.", size - 2);
        fail_at(r, false);
        return NULL;
    }
    if (memchr(r->line_at, '\0', len) != NULL || pgb_utf8_valid(r->line_at, len) != len) {
        pgb_error_set(r->err, PGB_PROJECT, "line %d is not UTF-8 text", r->line);
        pgb_error_hint(r->err, "Save the file as UTF-8.");
        fail_at(r, false);
        return NULL;
    }
    if (len > 0 && r->line_at[0] == '[') {
        const char *close = memchr(r->line_at, ']', len);

        if (close != NULL && close - r->line_at - 1 > SECTION_MAX_BYTES) {
            pgb_error_set(r->err, PGB_PROJECT, "the section name is too long");
            pgb_error_hint(r->err, "A section name has at most %d bytes.", SECTION_MAX_BYTES);
            fail_at(r, true);
            return NULL;
        }
    }
    memcpy(into, r->line_at, len);
    into[len] = '\n';
    into[len + 1] = '\0';
    return into;
}

static const char *nearest(const char *word, const char *const *known, size_t n)
{
    const char *best = NULL;
    unsigned best_distance = 4; /* farther is no likely slip */

    for (size_t i = 0; i < n; i++) {
        unsigned d = pgb_text_distance(word, known[i]);

        if (d < best_distance && d < strlen(known[i])) {
            best_distance = d;
            best = known[i];
        }
    }
    return best;
}

static int unknown_section(reading *r, const char *section)
{
    static const char *const known[] = {"project", "database", "server",
                                        "history", "verify",   "env"};
    char first[SECTION_MAX_BYTES + 1];
    size_t len = strcspn(section, " \t");
    const char *near;

    memcpy(first, section, len);
    first[len] = '\0';
    near = nearest(first, known, sizeof known / sizeof known[0]);
    if (section[0] == '\0') {
        pgb_error_set(r->err, PGB_PROJECT, "a key stands before the first section");
        pgb_error_hint(r->err, "Begin with a section, such as [project].");
    } else if (strcmp(first, "env") == 0) {
        pgb_error_set(r->err, PGB_PROJECT, "the section [%s] needs the environment's name",
                      section);
        pgb_error_hint(r->err, "Write [env production], for example.");
    } else {
        pgb_error_set(r->err, PGB_PROJECT, "unknown section [%s]", section);
        if (near != NULL) {
            pgb_error_hint(r->err, "Did you mean [%s%s]?", near,
                           strcmp(near, "env") == 0 ? " NAME" : "");
        } else {
            pgb_error_hint(r->err, "Sections are [project], [env NAME], [database], [server], "
                                   "[history] and [verify].");
        }
    }
    fail_at(r, section[0] != '\0' && r->line_at[0] == '[');
    return 0;
}

static int unknown_key(reading *r, const char *table, const char *section, const char *key)
{
    const char *known[KEY_COUNT];
    PGB_AUTO_BUF(all);
    size_t n = 0;
    const char *near;

    for (size_t i = 0; i < KEY_COUNT; i++) {
        if (strcmp(pgb_conf_keys[i].section, table) == 0) {
            known[n++] = pgb_conf_keys[i].key;
            pgb_buf_printf(&all, "%s%s", n > 1 ? ", " : "", pgb_conf_keys[i].key);
        }
    }
    near = nearest(key, known, n);
    pgb_error_set(r->err, PGB_PROJECT, "unknown key \"%s\" in section [%s]", key, section);
    if (near != NULL) {
        pgb_error_hint(r->err, "Did you mean \"%s\"?", near);
    } else {
        pgb_error_hint(r->err, "Known there: %s.", pgb_buf_str(&all));
    }
    fail_at(r, false);
    return 0;
}

static int bad_value(reading *r, const pgb_conf_key *key, const char *section, const char *why)
{
    pgb_error_set(r->err, PGB_PROJECT, "the value of \"%s\" in section [%s] %s", key->key, section,
                  why);
    pgb_error_hint(r->err, "It takes %s.", key->value);
    fail_at(r, strcmp(key->key, "url") != 0);
    return 0;
}

static bool is_one_of(const char *value, const char *choices)
{
    size_t len = strlen(value);

    for (const char *at = choices; len > 0;) {
        size_t n = strcspn(at, "|");

        if (n == len && memcmp(at, value, n) == 0) {
            return true;
        }
        if (at[n] == '\0') {
            break;
        }
        at += n + 1;
    }
    return false;
}

/* 500ms, 5s, 2min, 1h, or a bare number of seconds, as on the command line */
static bool parse_time(const char *value, int64_t *ret_ms)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"", 1000}, {"s", 1000}, {"ms", 1}, {"min", 60000}, {"h", 3600000}};
    int64_t n = 0;
    const char *at = value;

    for (; *at >= '0' && *at <= '9'; at++) {
        n = n * 10 + (*at - '0');
        if (n > 1000000000) {
            return false;
        }
    }
    for (size_t i = 0; at > value && i < sizeof units / sizeof units[0]; i++) {
        /* the server takes it as a 32-bit number of milliseconds */
        if (strcmp(at, units[i].unit) == 0 && n * units[i].ms <= INT32_MAX) {
            *ret_ms = n * units[i].ms;
            return true;
        }
    }
    return false;
}

static int set_value(reading *r, size_t i, const char *section, const char *value)
{
    const pgb_conf_key *key = &pgb_conf_keys[i];
    pgb_conf *c = r->conf;
    const char *other = NULL; /* not a plain string */
    /* in the order of the table */
    const char **const strings[] = {&c->project,
                                    &c->migrations,
                                    &c->layout,
                                    &other,
                                    &other,
                                    &other,
                                    &other,
                                    &c->default_url,
                                    &c->default_env,
                                    &c->server_bin,
                                    &c->history_schema,
                                    &other};
    const char *copy;

    _Static_assert(sizeof strings / sizeof strings[0] == KEY_COUNT, "one of each key");
    if (value[0] == '\0') {
        return bad_value(r, key, section, "is empty");
    }
    if (strchr(key->value, '|') != NULL && !is_one_of(value, key->value)) {
        return bad_value(r, key, section, "is not known");
    }
    copy = pgb_arena_strdup(r->arena, value);
    if (copy == NULL) {
        return fail_nomem(r);
    }
    *strings[i] = copy;
    if (strcmp(key->key, "heads") == 0) {
        c->heads_one = strcmp(value, "one") == 0;
    } else if (strcmp(key->key, "late") == 0) {
        c->late_refused = strcmp(value, "refuse") == 0;
    } else if (strcmp(key->key, "lock_timeout") == 0) {
        if (!parse_time(value, &c->lock_timeout_ms)) {
            return bad_value(r, key, section, "is not a time, such as 500ms, 5s, 2min or 1h");
        }
    } else if (strcmp(key->key, "schema") == 0 &&
               (strlen(value) > 63 || strncmp(value, "pg_", 3) == 0)) {
        return bad_value(r, key, section,
                         "can't be a schema's name: over 63 bytes, or it begins with pg_");
    }
    return 1;
}

static int given_twice(reading *r, const char *key, const char *section, uint32_t line)
{
    pgb_error_set(r->err, PGB_PROJECT, "\"%s\" is given twice in section [%s]", key, section);
    pgb_error_detail(r->err, "The first stands on line %u.", (unsigned)line);
    pgb_error_hint(r->err, "Remove one of the two.");
    fail_at(r, false);
    return 0;
}

static int set_env(reading *r, const char *section, const char *key, const char *value)
{
    const char *name = section + 3 + strspn(section + 3, " \t");
    pgb_env env = {.line = (uint32_t)r->line};

    if (strcmp(key, "url") != 0) {
        return unknown_key(r, "env NAME", section, key);
    }
    if (strpbrk(name, ":/=@ \t") != NULL) {
        pgb_error_set(r->err, PGB_PROJECT, "\"%s\" can't be the name of an environment", name);
        pgb_error_hint(r->err, "A name has no blank, \":\", \"/\", \"=\" or \"@\", so that -d can "
                               "tell it from a URL.");
        fail_at(r, false);
        return 0;
    }
    for (size_t i = 0; i < r->envs.n; i++) {
        if (strcmp(r->envs.at[i].name, name) == 0) {
            return given_twice(r, key, section, r->envs.at[i].line);
        }
    }
    if (value[0] == '\0') {
        return bad_value(r, &pgb_conf_keys[6], section, "is empty");
    }
    env.name = pgb_arena_strdup(r->arena, name);
    env.url = pgb_arena_strdup(r->arena, value);
    if (env.name == NULL || env.url == NULL || !pgb_vec_push(&r->envs, env)) {
        return fail_nomem(r);
    }
    return 1;
}

/* "PATTERN # REASON": what is left out has to be accounted for. */
static int add_ignore(reading *r, const pgb_conf_key *key, const char *section, const char *value)
{
    pgb_conf_ignore ignore = {.line = (uint32_t)r->line};
    const char *mark = strstr(value, " #"), *reason = mark != NULL ? mark + 2 : "";
    size_t len = mark != NULL ? (size_t)(mark - value) : 0;

    reason += strspn(reason, " \t");
    while (len > 0 && (value[len - 1] == ' ' || value[len - 1] == '\t')) {
        len--;
    }
    if (len == 0 || reason[0] == '\0') {
        return bad_value(r, key, section, "has no reason");
    }
    ignore.pattern = pgb_arena_strndup(r->arena, value, len);
    ignore.reason = pgb_arena_strdup(r->arena, reason);
    return ignore.pattern != NULL && ignore.reason != NULL && pgb_vec_push(&r->ignores, ignore)
               ? 1
               : fail_nomem(r);
}

/* Called by inih for every key; 0 stops. */
static int on_key(void *data, const char *section, const char *key, const char *value)
{
    reading *r = data;
    bool known = false;

    if (r->failed) {
        return 0;
    }
    if (strncmp(section, "env", 3) == 0 && (section[3] == ' ' || section[3] == '\t') &&
        section[3 + strspn(section + 3, " \t")] != '\0') {
        return set_env(r, section, key, value);
    }
    for (size_t i = 0; i < KEY_COUNT; i++) {
        if (strcmp(pgb_conf_keys[i].section, section) == 0) {
            known = true;
            if (strcmp(pgb_conf_keys[i].key, key) == 0) {
                if (strcmp(section, "verify") == 0) {
                    return add_ignore(r, &pgb_conf_keys[i], section, value);
                }
                if (r->set_at[i] != 0) {
                    return given_twice(r, key, section, r->set_at[i]);
                }
                r->set_at[i] = (uint32_t)r->line;
                return set_value(r, i, section, value);
            }
        }
    }
    return known ? unknown_key(r, section, section, key) : unknown_section(r, section);
}

static pgb_status no_section(reading *r)
{
    pgb_error_set(r->err, PGB_PROJECT, "line %d is no section and no \"key = value\"", r->line);
    pgb_error_hint(r->err, "A section is written [NAME]; begin a comment with \"#\".");
    pgb_error_at(r->err, r->path, r->line, 1, NULL, 0);
    return PGB_PROJECT;
}

/* inih tells of a section only with its first key: an empty unknown one would pass unseen, so
 * section lines are looked at here. */
static bool sections_known(reading *r, const char *text, size_t len)
{
    reading look = {.at = text, .end = text + len, .path = r->path, .err = r->err};
    char line[LINE_MAX_BYTES];
    bool ok = true;

    while (ok && next_line(line, sizeof line, &look) != NULL) {
        char *close = line[0] == '[' ? strchr(line, ']') : NULL;
        const char *name = line + 1;

        if (line[0] == '[' && close == NULL) {
            no_section(&look);
            ok = false;
        }
        if (close != NULL) {
            *close = '\0';
            ok = strcmp(name, "project") == 0 || strcmp(name, "database") == 0 ||
                 strcmp(name, "server") == 0 || strcmp(name, "history") == 0 ||
                 strcmp(name, "verify") == 0 ||
                 (strncmp(name, "env", 3) == 0 && (name[3] == ' ' || name[3] == '\t') &&
                  name[3 + strspn(name + 3, " \t")] != '\0');
            if (!ok) {
                unknown_section(&look, name);
            }
        }
    }
    return ok && !look.failed;
}

static pgb_status check_whole(reading *r)
{
    pgb_conf *c = r->conf;

    if (c->default_env != NULL && pgb_conf_env(c, c->default_env) == NULL) {
        const char **names = pgb_arena_array(r->arena, c->n_envs + 1, sizeof *names);
        const char *near;

        if (names == NULL) {
            return pgb_error_nomem(r->err);
        }
        for (uint32_t i = 0; i < c->n_envs; i++) {
            names[i] = c->envs[i].name;
        }
        near = nearest(c->default_env, names, c->n_envs);
        pgb_error_set(r->err, PGB_PROJECT, "there is no environment \"%s\"", c->default_env);
        if (near != NULL) {
            pgb_error_hint(r->err, "Did you mean \"%s\"?", near);
        } else {
            pgb_error_hint(r->err, "Add a section [env %s] with its url.", c->default_env);
        }
    } else if (c->default_env != NULL && c->default_url != NULL) {
        pgb_error_set(r->err, PGB_PROJECT, "[database] has both url and env");
        pgb_error_hint(r->err, "Keep the one that is meant.");
    } else {
        return PGB_OK;
    }
    r->line = (int)r->set_at[8];
    pgb_error_at(r->err, r->path, r->line, 1, NULL, 0);
    return PGB_PROJECT;
}

static pgb_status parse(reading *r, const char *text, size_t len)
{
    int rc;

    if (len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) {
        text += 3;
        len -= 3;
    }
    ini_max_line = LINE_MAX_BYTES;
    if (!sections_known(r, text, len)) {
        return r->err != NULL ? r->err->status : PGB_PROJECT;
    }
    r->at = text;
    r->end = text + len;
    rc = ini_parse_stream(next_line, r, on_key, r);
    if (r->failed) {
        return r->err != NULL ? r->err->status : PGB_PROJECT;
    }
    if (rc > 0) {
        r->line = rc;
        return no_section(r);
    }
    if (rc < 0) {
        return pgb_error_nomem(r->err);
    }
    if (r->envs.n > 0) {
        pgb_env *envs = pgb_arena_array(r->arena, r->envs.n, sizeof *envs);

        if (envs == NULL) {
            return pgb_error_nomem(r->err);
        }
        memcpy(envs, r->envs.at, r->envs.n * sizeof *envs);
        r->conf->envs = envs;
        r->conf->n_envs = (uint32_t)r->envs.n;
    }
    if (r->ignores.n > 0) {
        pgb_conf_ignore *ignores = pgb_arena_array(r->arena, r->ignores.n, sizeof *ignores);

        if (ignores == NULL) {
            return pgb_error_nomem(r->err);
        }
        memcpy(ignores, r->ignores.at, r->ignores.n * sizeof *ignores);
        r->conf->ignores = ignores;
        r->conf->n_ignores = (uint32_t)r->ignores.n;
    }
    return check_whole(r);
}

/* A link is followed here: a config that a deployment mounts often is one, and it only has
 * settings. */
static pgb_status read_text(const char *path, bool *ret_there, pgb_buf *buf, pgb_error *err)
{
    PGB_AUTO_FD(fd) = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    struct stat st;

    *ret_there = fd >= 0 || errno != ENOENT;
    if (!*ret_there) {
        return PGB_OK;
    }
    if (fd < 0) {
        pgb_error_set_errno(err, PGB_PROJECT, errno, "cannot open %s", path);
    } else if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
        return pgb_file_read_fd(fd, path, FILE_MAX_BYTES, buf, err);
    } else {
        pgb_error_set(err, PGB_PROJECT, "%s is not a regular file", path);
    }
    pgb_error_at(err, path, 0, 0, NULL, 0);
    return PGB_PROJECT;
}

pgb_status pgb_conf_read(const char *root, pgb_arena *arena, pgb_conf **ret_conf, pgb_error *err)
{
    PGB_AUTO_BUF(text);
    pgb_conf *conf = pgb_arena_alloc(arena, sizeof *conf);
    char *path = pgb_arena_printf(arena, "%s/pgbraid.ini", root);
    reading r = {.path = path, .arena = arena, .err = err, .conf = conf};
    pgb_status status;
    bool there;

    if (conf == NULL || path == NULL) {
        return pgb_error_nomem(err);
    }
    *conf = (pgb_conf){.project = "default",
                       .migrations = "migrations",
                       .layout = "auto",
                       .history_schema = "pgbraid",
                       .lock_timeout_ms = -1};
    status = read_text(path, &there, &text, err);
    if (status == PGB_OK && there) {
        conf->path = path;
        status = parse(&r, pgb_buf_str(&text), text.len);
    }
    pgb_vec_done(&r.envs);
    pgb_vec_done(&r.ignores);
    if (status == PGB_OK) {
        *ret_conf = conf;
    }
    return status;
}

const pgb_env *pgb_conf_env(const pgb_conf *conf, const char *name)
{
    for (uint32_t i = 0; i < conf->n_envs; i++) {
        if (strcmp(conf->envs[i].name, name) == 0) {
            return &conf->envs[i];
        }
    }
    return NULL;
}
