#include <string.h>

#include "base/file.h"
#include "cli/report_gather.h"

enum {
    FORMAT_NONE,
    FORMAT_TEXT,
    FORMAT_MARKDOWN,
    FORMAT_JSON,
    FORMAT_HTML,
    FORMAT_GRAPH,
    FORMAT_SCHEMA
};

struct values {
    const char *format; /* NULL: by the file's name */
    const char *output;
    const char *picture; /* NULL: the report */
    bool all, no_verify;
    const char *run;
    pgb_strings with;
};

static const pgb_option options[] = {
    {.name = "format",
     .arg = "FORMAT",
     PGB_OPT_STRING_AT(struct values, format),
     .help = "text, markdown, json or html (default: by the name of the file that\n-o names, else "
             "text)"},
    {.name = "output",
     .letter = 'o',
     .arg = "FILE",
     PGB_OPT_STRING_AT(struct values, output),
     .help = "write to FILE instead of stdout"},
    {.name = "picture",
     .arg = "WHICH",
     PGB_OPT_STRING_AT(struct values, picture),
     .help = "graph or schema: instead of the report that picture of it alone,\nas SVG"},
    {.name = "all",
     .letter = 'a',
     PGB_OPT_FLAG_AT(struct values, all),
     .help = "the whole project instead of the last upgrade"},
    {.name = "run",
     .arg = "UUID",
     PGB_OPT_STRING_AT(struct values, run),
     .help = "that upgrade instead of the last one; the beginning is enough"},
    {.name = "with",
     .arg = "FILE",
     PGB_OPT_LIST_AT(struct values, with),
     .help = "add what an earlier `verify` or `prove` found: its --format json"},
    {.name = "no-verify",
     PGB_OPT_FLAG_AT(struct values, no_verify),
     .help = "do not compare the database with its revisions; what each of them\ndid is not known "
             "then"},
    {.name = NULL},
};

static const pgb_example examples[] = {
    {"pgbraid report -o report.html", "the last upgrade, as a page to sign and send on"},
    {"pgbraid report --all --format markdown", "the whole project"},
    {"pgbraid report c3d4:heads", "what came after c3d4"},
    {"pgbraid report --all --picture graph -o graph.svg", "the graph, for a README"},
    {"pgbraid report --with proofs.json -o report.html", "with what `prove` found before"},
    {NULL, NULL},
};

static int format_of(const char *name)
{
    static const char *const names[] = {"text", "markdown", "json", "html"};

    for (int i = 0; i < 4; i++) {
        if (strcmp(names[i], name) == 0) {
            return i + 1;
        }
    }
    return FORMAT_NONE;
}

static int format_of_file(const char *file)
{
    static const struct {
        const char *end;
        int format;
    } ends[] = {{".html", FORMAT_HTML},
                {".htm", FORMAT_HTML},
                {".md", FORMAT_MARKDOWN},
                {".markdown", FORMAT_MARKDOWN},
                {".json", FORMAT_JSON}};
    size_t len = strlen(file);

    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        size_t n = strlen(ends[i].end);

        if (len > n && strcasecmp(file + len - n, ends[i].end) == 0) {
            return ends[i].format;
        }
    }
    return FORMAT_TEXT;
}

static pgb_status choose_picture(pgb_ctx *ctx, const struct values *v, int *ret_format)
{
    if (v->format != NULL || ctx->json) {
        return pgb_error_set(ctx->err, PGB_USAGE, "--picture is always SVG: leave --format out");
    }
    if (strcmp(v->picture, "graph") != 0 && strcmp(v->picture, "schema") != 0) {
        pgb_error_set(ctx->err, PGB_USAGE, "there is no picture \"%s\"", v->picture);
        pgb_error_hint(ctx->err, "--picture graph or schema");
        return PGB_USAGE;
    }
    *ret_format = v->picture[0] == 'g' ? FORMAT_GRAPH : FORMAT_SCHEMA;
    return PGB_OK;
}

static pgb_status choose_format(pgb_ctx *ctx, const struct values *v, int *ret_format)
{
    if (v->picture != NULL) {
        return choose_picture(ctx, v, ret_format);
    }
    if (v->format != NULL) {
        *ret_format = format_of(v->format);
        if (*ret_format == FORMAT_NONE) {
            pgb_error_set(ctx->err, PGB_USAGE, "there is no format \"%s\"", v->format);
            pgb_error_hint(ctx->err, "--format text, markdown, json or html");
            return PGB_USAGE;
        }
        return PGB_OK;
    }
    *ret_format = ctx->json           ? FORMAT_JSON
                  : v->output != NULL ? format_of_file(v->output)
                                      : FORMAT_TEXT;
    return PGB_OK;
}

static pgb_status choose_scope(pgb_ctx *ctx, const struct values *v, pgb_report_wish *wish)
{
    wish->range = ctx->n_operands > 0 ? ctx->operands[0] : NULL;
    if ((wish->range != NULL) + v->all + (v->run != NULL) > 1) {
        return pgb_error_set(ctx->err, PGB_USAGE, "a range, --all and --run exclude each other");
    }
    if (v->run != NULL && v->run[0] == '\0') {
        return pgb_error_set(ctx->err, PGB_USAGE, "--run needs the beginning of a UUID");
    }
    if (wish->range != NULL && strchr(wish->range, ':') == NULL) {
        pgb_error_set(ctx->err, PGB_USAGE, "\"%s\" is no range", wish->range);
        pgb_error_hint(ctx->err,
                       "A:B, A: or :B, both ends included: pgbraid report %s:", wish->range);
        return PGB_USAGE;
    }
    return PGB_OK;
}

static pgb_status render(int format, const pgb_report *report, pgb_buf *out, pgb_error *err)
{
    switch (format) {
    case FORMAT_MARKDOWN:
        return pgb_report_markdown(report, out, err);
    case FORMAT_JSON:
        return pgb_report_json(report, out, err);
    case FORMAT_HTML:
        return pgb_report_html(report, out, err);
    case FORMAT_GRAPH:
        return pgb_report_graph(report, out, err);
    case FORMAT_SCHEMA:
        return pgb_report_schema(report, out, err);
    default:
        return pgb_report_text(report, out, err);
    }
}

static pgb_status write_out(pgb_ctx *ctx, const struct values *v, const pgb_buf *text)
{
    pgb_status status;

    if (v->output == NULL || strcmp(v->output, "-") == 0) {
        pgb_out_raw(ctx->out, pgb_buf_str(text), text->len);
        return PGB_OK;
    }
    status = pgb_file_write(v->output, pgb_buf_str(text), text->len, false, ctx->err);
    if (status == PGB_OK && ctx->json) {
        pgb_json json;

        pgb_json_init(&json, pgb_out_json(ctx->out));
        pgb_json_object(&json);
        pgb_json_key_string(&json, "file", v->output);
        pgb_json_end(&json);
        pgb_out_raw(ctx->out, "\n", 1);
    } else if (status == PGB_OK) {
        pgb_say(ctx, "wrote %s", v->output);
    }
    return status;
}

static pgb_status run(pgb_ctx *ctx)
{
    const struct values *v = ctx->values;
    pgb_report_wish wish = {.all = v->all, .run = v->run, .verify = !v->no_verify, .with = v->with};
    PGB_AUTO_BUF(text);
    pgb_report report;
    int format;
    pgb_status status = choose_format(ctx, v, &format);

    if (status == PGB_OK) {
        status = choose_scope(ctx, v, &wish);
    }
    if (status == PGB_OK) {
        status = pgb_report_gather(ctx, &wish, &report);
    }
    if (status == PGB_OK) {
        status = render(format, &report, &text, ctx->err);
    }
    return status == PGB_OK ? write_out(ctx, v, &text) : status;
}

const pgb_command pgb_command_report = {
    .name = "report",
    .summary = "write what was done and what is there, to sign and send on",
    .operands = "[A:B]",
    .max_operands = 1,
    .about =
        "Tells of the last upgrade, of the revisions from A to B, or with --all of the whole "
        "project: what changed, how it was verified, by whom, how long it took, and the exact "
        "command that goes back; the graph; what each revision created, changed and dropped; "
        "every table with its columns, keys, foreign keys, checks and indexes; events with "
        "failures.\n\n"
        "It verifies first: what was applied is run again on a private server, and the database "
        "is compared with that. What it finds is told in the report and is no error.\n\n"
        "HTML is one file without any outside reference, for screens, phones and paper.",
    .options = options,
    .values_size = sizeof(struct values),
    .examples = examples,
    .needs = PGB_NEED_CONF | PGB_NEED_REVISIONS | PGB_NEED_DATABASE | PGB_NEED_HASHES,
    .embedded = PGB_EMBEDDED_START,
    .run = run,
};
