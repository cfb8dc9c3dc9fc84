#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rev/rev.h"

pgb_problems *pgb_problems_new(void)
{
    pgb_problems *problems = calloc(1, sizeof *problems);

    if (problems == NULL) {
        return NULL;
    }
    problems->arena = pgb_arena_new();
    if (problems->arena == NULL) {
        free(problems);
        return NULL;
    }
    return problems;
}

void pgb_problems_free(pgb_problems *problems)
{
    if (problems != NULL) {
        pgb_vec_done(&problems->list);
        pgb_arena_free(problems->arena);
        free(problems);
    }
}

static bool copy(pgb_arena *arena, const char **s)
{
    if (*s != NULL) {
        *s = pgb_arena_strdup(arena, *s);
        return *s != NULL;
    }
    return true;
}

bool pgb_problems_add(pgb_problems *problems, const pgb_problem *like, const char *fmt, ...)
{
    pgb_problem p = *like;
    char message[1024];
    va_list ap;
    int len;

    va_start(ap, fmt);
    len = vsnprintf(message, sizeof message, fmt, ap);
    va_end(ap);
    if (len < 0) {
        return false;
    }
    p.message = message;
    if (!copy(problems->arena, &p.rule) || !copy(problems->arena, &p.file) ||
        !copy(problems->arena, &p.source) || !copy(problems->arena, &p.message) ||
        !copy(problems->arena, &p.detail) || !copy(problems->arena, &p.fix) ||
        !copy(problems->arena, &p.id)) {
        return false;
    }
    return pgb_vec_push(&problems->list, p);
}

pgb_status pgb_problem_to_error(const pgb_problem *problem, pgb_error *err)
{
    pgb_error_set(err, PGB_PROJECT, "%s", problem->message);
    if (problem->detail != NULL) {
        pgb_error_detail(err, "%s", problem->detail);
    }
    if (problem->fix != NULL) {
        pgb_error_hint(err, "%s", problem->fix);
    }
    pgb_error_at(err, problem->file, problem->line, problem->column, problem->source,
                 problem->source != NULL ? strlen(problem->source) : 0);
    return PGB_PROJECT;
}
