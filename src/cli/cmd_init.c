#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/cli.h"

struct values {
    const char *name;
    bool numbered;
};

static const pgb_option options[] = {
    {.name = "name",
     .arg = "NAME",
     PGB_OPT_STRING_AT(struct values, name),
     .help = "the project's name (default: the folder's)"},
    {.name = "numbered",
     PGB_OPT_FLAG_AT(struct values, numbered),
     .help = "numbered files (001_x.sql, 001_x.down.sql) instead of ids in headers"},
    {.name = NULL},
};

static const pgb_example examples[] = {
    {"pgbraid init", "start a project in this folder"},
    {"pgbraid init shop", "start one in the folder shop, which is made if it is not there"},
    {NULL, NULL},
};

/* Letters, digits, "_", "-" and "." of the folder's name; the rest becomes "_". */
static const char *name_of_folder(pgb_ctx *ctx, const char *root)
{
    const char *slash = strrchr(root, '/');
    char *name = pgb_arena_strdup(ctx->arena, slash == NULL ? root : slash + 1);

    for (char *c = name; c != NULL && *c != '\0'; c++) {
        if (!((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') ||
              strchr("_-.", *c) != NULL)) {
            *c = '_';
        }
    }
    return name != NULL && name[0] == '\0' ? "default" : name;
}

static bool good_name(const char *name)
{
    return name[0] != '\0' && strcspn(name, "\r\n;#") == strlen(name) && name[0] != ' ' &&
           strlen(name) < 200;
}

static void put_comment(pgb_buf *text, const char *help)
{
    pgb_buf_printf(text, "\n# %s\n", help);
}

/* Every setting, commented out with what holds without it, from the table that reads them. */
static void put_config(pgb_buf *text, const char *name, bool numbered)
{
    const char *section = "";

    pgb_buf_puts(text, "# Settings of pgbraid. None is required; what is commented out shows what "
                       "holds without it.\n");
    for (const pgb_conf_key *key = pgb_conf_keys; key->section != NULL; key++) {
        const char *value = key->preset;
        bool set = false;

        if (strcmp(key->section, section) != 0) {
            section = key->section;
            /* an environment that is only an example is commented out whole */
            pgb_buf_printf(text, "\n%s[%s]\n", strcmp(section, "env NAME") == 0 ? "# " : "",
                           strcmp(section, "env NAME") == 0 ? "env production" : section);
        }
        put_comment(text, key->help);
        if (strcmp(section, "project") == 0 && strcmp(key->key, "name") == 0) {
            value = name;
            set = true;
        } else if (numbered && strcmp(key->key, "layout") == 0) {
            value = "numbered";
            set = true;
        } else if (strcmp(key->key, "url") == 0) {
            value = "postgresql://app@db.example.com/app";
        } else if (strcmp(key->key, "env") == 0) {
            value = "production";
        } else if (strcmp(key->key, "bin") == 0) {
            value = "/usr/lib/postgresql/15/bin";
        }
        pgb_buf_printf(text, "%s%s = %s\n", set ? "" : "# ", key->key, value);
    }
}

/* Adds the folder of the embedded server to .gitignore, once. */
static pgb_status ignore_server(pgb_ctx *ctx, const char *root)
{
    static const char entry[] = "/.pgbraid/\n";
    const char *path = pgb_arena_printf(ctx->arena, "%s/.gitignore", root);
    PGB_AUTO_BUF(text);
    PGB_AUTO_FD(fd) = -1;
    const char *line;
    struct stat st;

    if (path == NULL) {
        return pgb_error_nomem(ctx->err);
    }
    fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0666);
    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        return pgb_error_set_errno(ctx->err, PGB_IO, fd < 0 ? errno : EINVAL, "cannot write %s",
                                   path);
    }
    if (pgb_file_read_fd(fd, path, 16 * 1024 * 1024, &text, ctx->err) != PGB_OK) {
        return ctx->err->status;
    }
    line = pgb_buf_str(&text);
    for (size_t n; *line != '\0'; line += n + (line[n] == '\n')) {
        n = strcspn(line, "\n");
        if ((n == 10 && strncmp(line, "/.pgbraid/", n) == 0) ||
            (n == 9 && strncmp(line, ".pgbraid/", n) == 0) ||
            (n == 8 && strncmp(line, ".pgbraid", n) == 0)) {
            return PGB_OK;
        }
    }
    if (text.len > 0 && text.p[text.len - 1] != '\n' && write(fd, "\n", 1) != 1) {
        return pgb_error_set_errno(ctx->err, PGB_IO, errno, "cannot write %s", path);
    }
    if (write(fd, entry, sizeof entry - 1) != (ssize_t)sizeof entry - 1) {
        return pgb_error_set_errno(ctx->err, PGB_IO, errno, "cannot write %s", path);
    }
    return PGB_OK;
}

static pgb_status find_root(pgb_ctx *ctx, const char **ret_root)
{
    const char *wanted = ctx->n_operands > 0 ? ctx->operands[0] : ".";
    char real[PATH_MAX];
    pgb_status status = PGB_OK;

    if (ctx->n_operands > 0) {
        status = pgb_dir_make(wanted, 0777, ctx->err);
    }
    if (status == PGB_OK && realpath(wanted, real) == NULL) {
        status = pgb_error_set_errno(ctx->err, PGB_IO, errno, "cannot work in %s", wanted);
    }
    if (status == PGB_OK) {
        *ret_root = pgb_arena_strdup(ctx->arena, real);
        status = *ret_root == NULL ? pgb_error_nomem(ctx->err) : PGB_OK;
    }
    return status;
}

static pgb_status write_project(pgb_ctx *ctx, const char *root, const char *name, bool numbered)
{
    const char *path = pgb_arena_printf(ctx->arena, "%s/pgbraid.ini", root);
    const char *folder = pgb_arena_printf(ctx->arena, "%s/migrations", root);
    PGB_AUTO_BUF(text);
    pgb_status status;

    put_config(&text, name, numbered);
    if (text.failed || path == NULL || folder == NULL) {
        return pgb_error_nomem(ctx->err);
    }
    if (access(path, F_OK) == 0) {
        pgb_error_set(ctx->err, PGB_REFUSED, "%s is there already: this is a project", path);
        pgb_error_hint(ctx->err, "Go on with: pgbraid new \"MESSAGE\"");
        return PGB_REFUSED;
    }
    status = pgb_file_write(path, pgb_buf_str(&text), text.len, true, ctx->err);
    if (status == PGB_OK) {
        status = pgb_dir_make(folder, 0777, ctx->err);
    }
    if (status == PGB_OK) {
        status = ignore_server(ctx, root);
    }
    return status;
}

static pgb_status run(pgb_ctx *ctx)
{
    const struct values *v = ctx->values;
    const char *root = NULL, *name;
    pgb_status status = find_root(ctx, &root);

    if (status != PGB_OK) {
        return status;
    }
    name = v->name != NULL ? v->name : name_of_folder(ctx, root);
    if (name == NULL) {
        return pgb_error_nomem(ctx->err);
    }
    if (!good_name(name)) {
        pgb_error_set(ctx->err, PGB_USAGE, "'%s' can't be the name of a project", name);
        pgb_error_hint(ctx->err, "A name is one line without \";\" and \"#\": --name=NAME");
        return PGB_USAGE;
    }
    status = write_project(ctx, root, name, v->numbered);
    if (status != PGB_OK) {
        return status;
    }
    if (ctx->json) {
        pgb_json json;

        pgb_json_init(&json, pgb_out_json(ctx->out));
        pgb_json_object(&json);
        pgb_json_key_string(&json, "project", name);
        pgb_json_key_string(&json, "root", root);
        pgb_json_end(&json);
        pgb_out_raw(ctx->out, "\n", 1);
        return PGB_OK;
    }
    pgb_out_printf(ctx->out, "%s/pgbraid.ini\n%s/migrations\n%s/.gitignore\n", root, root, root);
    pgb_say(ctx, "project %s is begun; next: pgbraid new \"first tables\"", name);
    return PGB_OK;
}

const pgb_command pgb_command_init = {
    .name = "init",
    .group = "Start",
    .summary = "start a project",
    .operands = "[DIR]",
    .max_operands = 1,
    .about = "Writes pgbraid.ini with every setting explained, the folder migrations, and an entry "
             "for the embedded server's folder in .gitignore. Overwrites nothing.",
    .options = options,
    .values_size = sizeof(struct values),
    .examples = examples,
    .run = run,
};
