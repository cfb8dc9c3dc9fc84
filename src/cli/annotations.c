#include "cli/annotations.h"

#include <string.h>

#include "base/json.h"
#include "cli/worktree.h"

const char *pgb_severity_name(pgb_severity severity)
{
    return severity == PGB_ERROR ? "error" : severity == PGB_WARNING ? "warning" : "note";
}

static void put_text(pgb_json *json, const char *key, const char *text)
{
    pgb_json_key(json, key);
    pgb_json_object(json);
    pgb_json_key_string(json, "text", text);
    pgb_json_end(json);
}

/* ---- SARIF 2.1.0 (OASIS): what code scanning services take ---- */

/* RFC 3986: what is not unreserved or a slash is written as %XX. */
static void put_uri(pgb_json *json, const char *prefix, const char *file)
{
    PGB_AUTO_BUF(uri);

    for (int part = 0; part < 2; part++) {
        for (const char *s = part > 0 ? file : file[0] != '/' ? prefix : ""; *s != '\0'; s++) {
            unsigned char c = (unsigned char)*s;

            if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                strchr("-._~/", c) != NULL) {
                pgb_buf_putc(&uri, (char)c);
            } else {
                pgb_buf_printf(&uri, "%%%02X", c);
            }
        }
    }
    pgb_json_key(json, "artifactLocation");
    pgb_json_object(json);
    pgb_json_key_string(json, "uri", pgb_buf_str(&uri));
    pgb_json_end(json);
}

static void put_rules(pgb_json *json)
{
    pgb_json_key(json, "rules");
    pgb_json_array(json);
    for (const pgb_lint_rule *r = pgb_lint_rules; r->name != NULL; r++) {
        pgb_json_object(json);
        pgb_json_key_string(json, "id", r->name);
        put_text(json, "shortDescription", r->about);
        pgb_json_key(json, "defaultConfiguration");
        pgb_json_object(json);
        pgb_json_key_string(json, "level", pgb_severity_name(r->severity));
        pgb_json_end(json);
        pgb_json_end(json);
    }
    pgb_json_end(json);
}

static void put_result(pgb_json *json, const pgb_problem *p, const char *prefix)
{
    PGB_AUTO_BUF(text);

    pgb_buf_printf(&text, "%s%s%s%s%s", p->message, p->detail != NULL ? "\n" : "",
                   p->detail != NULL ? p->detail : "", p->fix != NULL ? "\n" : "",
                   p->fix != NULL ? p->fix : "");
    pgb_json_object(json);
    pgb_json_key_string(json, "ruleId", p->rule);
    pgb_json_key_string(json, "level", pgb_severity_name(p->severity));
    put_text(json, "message", pgb_buf_str(&text));
    pgb_json_key(json, "locations");
    pgb_json_array(json);
    pgb_json_object(json);
    pgb_json_key(json, "physicalLocation");
    pgb_json_object(json);
    put_uri(json, prefix, p->file);
    pgb_json_key(json, "region");
    pgb_json_object(json);
    pgb_json_key_int(json, "startLine", p->line > 0 ? p->line : 1);
    pgb_json_key_int(json, "startColumn", p->column > 0 ? p->column : 1);
    while (json->depth > 4) { /* down to the list of results */
        pgb_json_end(json);
    }
}

pgb_status pgb_annotate_sarif(pgb_ctx *ctx, const pgb_problems *problems)
{
    bool found;
    const char *prefix = pgb_worktree_prefix(ctx->root, ctx->arena, &found);
    pgb_json json;

    if (prefix == NULL) {
        return pgb_error_nomem(ctx->err);
    }
    pgb_json_init(&json, pgb_out_json(ctx->out));
    pgb_json_object(&json);
    pgb_json_key_string(&json, "$schema", "https://json.schemastore.org/sarif-2.1.0.json");
    pgb_json_key_string(&json, "version", "2.1.0");
    pgb_json_key(&json, "runs");
    pgb_json_array(&json);
    pgb_json_object(&json);
    pgb_json_key(&json, "tool");
    pgb_json_object(&json);
    pgb_json_key(&json, "driver");
    pgb_json_object(&json);
    pgb_json_key_string(&json, "name", "pgbraid");
    pgb_json_key_string(&json, "version", PGB_VERSION);
    put_rules(&json);
    pgb_json_end(&json);
    pgb_json_end(&json);
    pgb_json_key_string(&json, "columnKind", "unicodeCodePoints"); /* the default is UTF-16 */
    pgb_json_key(&json, "results");
    pgb_json_array(&json);
    for (size_t i = 0; i < problems->list.n; i++) {
        put_result(&json, &problems->list.at[i], prefix);
    }
    while (json.depth > 0) {
        pgb_json_end(&json);
    }
    pgb_out_raw(ctx->out, "\n", 1);
    return PGB_OK;
}

/* ---- GitHub ---- */

/* "%", line ends, and in properties ":" and "," are written as %XX. */
static void github_text(pgb_buf *b, const char *s, bool property)
{
    for (; *s != '\0'; s++) {
        if (*s == '%' || *s == '\r' || *s == '\n' || (property && (*s == ':' || *s == ','))) {
            pgb_buf_printf(b, "%%%02X", (unsigned char)*s);
        } else {
            pgb_buf_putc(b, *s);
        }
    }
}

pgb_status pgb_annotate_github(pgb_ctx *ctx, const pgb_problems *problems)
{
    bool found;
    const char *prefix = pgb_worktree_prefix(ctx->root, ctx->arena, &found);

    if (prefix == NULL) {
        return pgb_error_nomem(ctx->err);
    }
    for (size_t i = 0; i < problems->list.n; i++) {
        const pgb_problem *p = &problems->list.at[i];
        PGB_AUTO_BUF(b);

        pgb_buf_printf(
            &b, "::%s file=", p->severity == PGB_NOTE ? "notice" : pgb_severity_name(p->severity));
        github_text(&b, p->file[0] != '/' ? prefix : "", true);
        github_text(&b, p->file, true);
        pgb_buf_printf(&b, ",line=%d,col=%d,title=%s::", p->line > 0 ? p->line : 1,
                       p->column > 0 ? p->column : 1, p->rule);
        github_text(&b, p->message, false);
        if (p->fix != NULL) {
            pgb_buf_puts(&b, "%0A");
            github_text(&b, p->fix, false);
        }
        pgb_out_printf(ctx->out, "%s\n", pgb_buf_str(&b));
    }
    return PGB_OK;
}
