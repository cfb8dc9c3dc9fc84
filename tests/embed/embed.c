/* A program that embeds libpgbraid, as its users would write one: plain C11, or C++17, with nothing
 * but the public header. embed PROJECT CONNINFO: lists, upgrades, shows, and reverts everything. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <pgbraid/pgbraid.h>

static int fail(pgbraid_status status, const pgbraid_error *error)
{
    fprintf(stderr, "%s:%d:%d: %s: %s %s (%s)\n", pgbraid_error_file(error),
            pgbraid_error_line(error), pgbraid_error_column(error), pgbraid_error_code(error),
            pgbraid_error_message(error), pgbraid_error_hint(error), pgbraid_error_sqlstate(error));
    return (int)status;
}

static void step_end(void *data, const char *action, const char *id, int64_t duration_us)
{
    int *count = (int *)data;

    (void)duration_us;
    printf("%s %s\n", action, id);
    ++*count;
}

static pgbraid_status show(const pgbraid_project *project, const char *conninfo,
                           pgbraid_error *error)
{
    pgbraid_state *state = NULL;
    pgbraid_status status = pgbraid_state_read(project, conninfo, &state, error);

    if (status == PGBRAID_OK) {
        printf("applied %zu pending %zu edited %zu missing %zu\n",
               pgbraid_state_count(state, PGBRAID_APPLIED),
               pgbraid_state_count(state, PGBRAID_PENDING),
               pgbraid_state_count(state, PGBRAID_EDITED),
               pgbraid_state_count(state, PGBRAID_MISSING));
        for (size_t i = 0; i < pgbraid_state_count(state, PGBRAID_CURRENT); i++) {
            printf("current %s\n", pgbraid_state_id(state, PGBRAID_CURRENT, i));
        }
    }
    pgbraid_state_free(state);
    return status;
}

static pgbraid_status walk(const pgbraid_project *project, const char *conninfo,
                           pgbraid_error *error)
{
    pgbraid_options options;
    pgbraid_status status;
    size_t done = 0;
    int told = 0;

    pgbraid_options_init(&options, sizeof options);
    options.data = &told;
    options.step_end = step_end;
    status = show(project, conninfo, error);
    if (status == PGBRAID_OK) {
        status = pgbraid_upgrade(project, conninfo, NULL, 0, &options, &done, error);
        printf("done %zu told %d\n", done, told);
    }
    if (status == PGBRAID_OK) {
        status = show(project, conninfo, error);
    }
    if (status == PGBRAID_OK) {
        status = pgbraid_downgrade(project, conninfo, "base", NULL, &done, error);
        printf("reverted %zu\n", done);
    }
    return status == PGBRAID_OK ? show(project, conninfo, error) : status;
}

int main(int argc, char **argv)
{
    pgbraid_error *error = pgbraid_error_new();
    pgbraid_project *project = NULL;
    pgbraid_status status;
    size_t found;

    if (argc != 3 || error == NULL) {
        return 64;
    }
    status = pgbraid_project_open(argv[1], &project, error);
    if (status != PGBRAID_OK) {
        int code = fail(status, error);

        pgbraid_error_free(error);
        return code;
    }
    printf("pgbraid %s, project %s\n", pgbraid_version(), pgbraid_project_name(project));
    for (size_t i = 0; i < pgbraid_revision_count(project); i++) {
        printf("%s%s %s", pgbraid_revision_id(project, i),
               pgbraid_revision_is_head(project, i) ? "*" : "", pgbraid_revision_title(project, i));
        for (size_t p = 0; p < pgbraid_revision_parent_count(project, i); p++) {
            printf(" <- %s", pgbraid_revision_id(project, pgbraid_revision_parent(project, i, p)));
        }
        printf("\n");
    }
    if (pgbraid_revision_find(project, "no_such_revision", &found, error) != PGBRAID_INVALID ||
        strcmp(pgbraid_error_code(error), "identifier") != 0) {
        return 65;
    }
    status = walk(project, argv[2], error);
    if (status != PGBRAID_OK) {
        fail(status, error);
    }
    pgbraid_project_close(project);
    pgbraid_error_free(error);
    return (int)status;
}
