#include "cli/prove.h"

#include <stdio.h>
#include <string.h>

#include "cli/progress.h"

enum { BAR = 24, REPRODUCE_LINES = 14 };

/* ---- while it runs ---- */

static void on_step(void *data, const char *what, const char *id, uint32_t nth, uint32_t of)
{
    pgb_ctx *ctx = data;
    int width = pgb_out_width(ctx->talk);
    uint32_t full;
    char head[80];

    if (of > 0) {
        ctx->steps = of;
        ctx->steps_done = nth;
    }
    if (!ctx->progress) {
        return;
    }
    full = ctx->steps > 0 ? (uint32_t)((uint64_t)ctx->steps_done * BAR / ctx->steps) : 0;
    for (uint32_t i = 0; i < BAR; i++) {
        head[i] = i < full ? '#' : '.';
    }
    snprintf(head + BAR, sizeof head - BAR, " %u/%u %s ", ctx->steps_done, ctx->steps, what);
    pgb_out_raw(ctx->talk, "\r\033[K", 4);
    pgb_out_puts(ctx->talk, head);
    /* a byte takes at most one column, or two of three bytes: so the line can be cleared */
    if (strlen(head) + strlen(id) < (size_t)width) {
        pgb_out_styled(ctx->talk, PGB_STYLE_NAME, id);
    }
    pgb_out_flush(ctx->talk, NULL);
    ctx->line_open = true;
}

pgb_prove_events pgb_prove_progress(pgb_ctx *ctx)
{
    return (pgb_prove_events){.data = ctx, .step = on_step};
}

void pgb_prove_progress_end(pgb_ctx *ctx)
{
    if (ctx->line_open) {
        pgb_out_raw(ctx->talk, "\r\033[K", 4);
        pgb_out_flush(ctx->talk, NULL);
        ctx->line_open = false;
    }
}

/* ---- text ---- */

/* Lines behind an indentation; most 0: all of them. */
static void put_lines(pgb_ctx *ctx, const char *indent, const char *text, unsigned most)
{
    unsigned n = 0;

    while (*text != '\0') {
        size_t len = strcspn(text, "\n");

        if (most > 0 && n++ == most) {
            unsigned more = 1;

            for (const char *p = text; (p = strchr(p, '\n')) != NULL && p[1] != '\0'; p++) {
                more++;
            }
            pgb_out_printf(ctx->out, "%s... %u more lines (--format json has all)\n", indent, more);
            return;
        }
        pgb_out_puts(ctx->out, indent);
        pgb_out_text(ctx->out, text, len);
        pgb_out_raw(ctx->out, "\n", 1);
        text += len + (text[len] == '\n');
    }
}

static void put_failures(pgb_ctx *ctx, const pgb_proofs *proofs)
{
    for (size_t i = 0; i < proofs->n; i++) {
        const pgb_proof *p = &proofs->at[i];

        if (p->result != PGB_PROOF_FAILED) {
            continue;
        }
        pgb_out_styled(ctx->out, PGB_STYLE_BAD, "failed");
        pgb_out_puts(ctx->out, "  ");
        pgb_out_styled(ctx->out, PGB_STYLE_BOLD, p->subject);
        pgb_out_printf(ctx->out, ": %s\n", p->proof);
        put_lines(ctx, "  ", p->reason, 0);
        if (p->reproduce != NULL) {
            pgb_out_puts(ctx->out, "  to see it:\n");
            put_lines(ctx, "    ", p->reproduce, REPRODUCE_LINES);
        }
        pgb_out_raw(ctx->out, "\n", 1);
        pgb_out_turn(ctx->out);
    }
}

static void put_not_probed(pgb_ctx *ctx, const pgb_proofs *proofs)
{
    for (size_t i = 0; i < proofs->n; i++) {
        const pgb_proof *p = &proofs->at[i];

        if (p->result != PGB_PROOF_NOT_PROBED) {
            continue;
        }
        pgb_out_styled(ctx->out, PGB_STYLE_WARN, "not probed");
        pgb_out_puts(ctx->out, "  ");
        pgb_out_styled(ctx->out, PGB_STYLE_BOLD, p->subject);
        pgb_out_printf(ctx->out, ": %s\n", p->proof);
        put_lines(ctx, "  ", p->reason, 0);
        pgb_out_raw(ctx->out, "\n", 1);
        pgb_out_turn(ctx->out);
    }
}

static void put_passed(pgb_ctx *ctx, const pgb_proofs *proofs)
{
    const char *subject = NULL;

    for (size_t i = 0; i < proofs->n; i++) {
        const pgb_proof *p = &proofs->at[i];

        if (p->result != PGB_PROOF_PASSED) {
            continue;
        }
        if (subject == NULL || strcmp(subject, p->subject) != 0) {
            pgb_out_styled(ctx->out, PGB_STYLE_BOLD, p->subject);
            pgb_out_raw(ctx->out, "\n", 1);
        }
        subject = p->subject;
        pgb_out_puts(ctx->out, "  ");
        pgb_out_styled(ctx->out, PGB_STYLE_GOOD, "passed");
        pgb_out_printf(ctx->out, "  %s", p->proof);
        if (p->reason != NULL) {
            pgb_out_printf(ctx->out, " (%s)", p->reason);
        }
        pgb_out_raw(ctx->out, "\n", 1);
        pgb_out_turn(ctx->out);
    }
    if (subject != NULL) {
        pgb_out_raw(ctx->out, "\n", 1);
    }
}

void pgb_prove_show_text(pgb_ctx *ctx, const pgb_prove *prove)
{
    const pgb_proofs *proofs = &prove->proofs;
    uint32_t failed = pgb_proofs_count(proofs, PGB_PROOF_FAILED);
    uint32_t not_probed = pgb_proofs_count(proofs, PGB_PROOF_NOT_PROBED);
    uint32_t passed = pgb_proofs_count(proofs, PGB_PROOF_PASSED);

    put_failures(ctx, proofs);
    put_not_probed(ctx, proofs);
    if (!ctx->quiet) {
        put_passed(ctx, proofs);
    }
    for (uint32_t i = 0; i < prove->n_notes; i++) {
        pgb_out_printf(ctx->out, "note: %s\n", prove->notes[i]);
    }
    if (failed > 0) {
        pgb_out_style(ctx->out, PGB_STYLE_BAD);
    } else if (not_probed == 0 && passed > 0) {
        pgb_out_style(ctx->out, PGB_STYLE_GOOD);
    }
    pgb_out_printf(ctx->out, "%u failed, %u not probed, %u passed", failed, not_probed, passed);
    pgb_out_style(ctx->out, PGB_STYLE_NONE);
    pgb_out_raw(ctx->out, "\n", 1);
}

/* ---- JSON ---- */

static void put_array(pgb_json *json, const char *key, const char *lines)
{
    pgb_json_key(json, key);
    pgb_json_array(json);
    while (lines != NULL && *lines != '\0') {
        size_t len = strcspn(lines, "\n");
        PGB_AUTO_BUF(line);

        pgb_buf_append(&line, lines, len);
        json->out->failed |= line.failed;
        pgb_json_string(json, pgb_buf_str(&line));
        lines += len + (lines[len] == '\n');
    }
    pgb_json_end(json);
}

void pgb_prove_json(pgb_json *json, const pgb_prove *prove)
{
    char version[24];

    snprintf(version, sizeof version, "%d.%d", prove->server_version / 10000,
             prove->server_version % 10000);
    pgb_json_key(json, "proofs");
    pgb_json_array(json);
    for (size_t i = 0; i < prove->proofs.n; i++) {
        const pgb_proof *p = &prove->proofs.at[i];

        pgb_json_object(json);
        pgb_json_key_string(json, "subject", p->subject);
        pgb_json_key_string(json, "proof", p->proof);
        pgb_json_key_string(json, "result", pgb_proof_result_name(p->result));
        pgb_json_key_string(json, "reason", p->reason);
        put_array(json, "reproduce", p->reproduce);
        if (p->ms >= 0) {
            pgb_json_key_int(json, "duration_us", p->ms * 1000);
        } else {
            pgb_json_key(json, "duration_us");
            pgb_json_null(json);
        }
        pgb_json_end(json);
    }
    pgb_json_end(json);
    pgb_json_key(json, "counts");
    pgb_json_object(json);
    pgb_json_key_int(json, "passed", pgb_proofs_count(&prove->proofs, PGB_PROOF_PASSED));
    pgb_json_key_int(json, "failed", pgb_proofs_count(&prove->proofs, PGB_PROOF_FAILED));
    pgb_json_key_int(json, "not_probed", pgb_proofs_count(&prove->proofs, PGB_PROOF_NOT_PROBED));
    pgb_json_end(json);
    pgb_json_key_int(json, "revisions", prove->n_revisions);
    pgb_json_key_bool(json, "complete", prove->complete);
    pgb_json_key_string(json, "server", version);
    pgb_json_key(json, "notes");
    pgb_json_array(json);
    for (uint32_t i = 0; i < prove->n_notes; i++) {
        pgb_json_string(json, prove->notes[i]);
    }
    pgb_json_end(json);
}

void pgb_prove_show_json(pgb_ctx *ctx, const pgb_prove *prove)
{
    pgb_json json;

    pgb_json_init(&json, pgb_out_json(ctx->out));
    pgb_json_object(&json);
    pgb_prove_json(&json, prove);
    pgb_json_end(&json);
    pgb_out_raw(ctx->out, "\n", 1);
}
