/* The facade's reading half: errors, projects, revisions. */
#include <stdlib.h>
#include <string.h>

#include "lib/internal.h"

const char *pgbraid_version(void)
{
    return PGB_VERSION;
}

pgbraid_error *pgbraid_error_new(void)
{
    return calloc(1, sizeof(pgbraid_error));
}

void pgbraid_error_free(pgbraid_error *error)
{
    free(error);
}

const char *pgbraid_error_code(const pgbraid_error *error)
{
    return pgb_status_slug(error->err.status);
}

const char *pgbraid_error_message(const pgbraid_error *error)
{
    return error->err.message;
}

const char *pgbraid_error_detail(const pgbraid_error *error)
{
    return error->err.detail;
}

const char *pgbraid_error_hint(const pgbraid_error *error)
{
    return error->err.hint;
}

const char *pgbraid_error_sqlstate(const pgbraid_error *error)
{
    return error->err.sqlstate;
}

const char *pgbraid_error_file(const pgbraid_error *error)
{
    return error->err.file;
}

int pgbraid_error_line(const pgbraid_error *error)
{
    return error->err.line;
}

int pgbraid_error_column(const pgbraid_error *error)
{
    return error->err.column;
}

pgb_error *pgb_lib_error(pgbraid_error *error, pgb_error *unseen)
{
    pgb_error *err = error == NULL ? unseen : &error->err;

    pgb_error_clear(err);
    return err;
}

pgbraid_status pgb_lib_status(pgb_status status)
{
    return (pgbraid_status)pgb_status_exit(status);
}

static pgb_status read_project(const char *folder, pgbraid_project *project, pgb_error *err)
{
    pgb_rev_options options = {.root = folder};
    const pgb_conf *conf;
    pgb_status status;

    options.root = pgb_arena_strdup(project->arena, folder);
    if (options.root == NULL) {
        return pgb_error_nomem(err);
    }
    status = pgb_conf_read(options.root, project->arena, &project->conf, err);
    if (status != PGB_OK) {
        return status;
    }
    conf = project->conf;
    options.folder = conf->migrations;
    options.layout = strcmp(conf->layout, "native") == 0     ? PGB_LAYOUT_NATIVE
                     : strcmp(conf->layout, "numbered") == 0 ? PGB_LAYOUT_NUMBERED
                                                             : PGB_LAYOUT_AUTO;
    status = pgb_revset_load(&options, NULL, &project->set, err);
    if (status == PGB_OK) {
        status = pgb_world_build(project->set, NULL, NULL, &project->world, err);
    }
    if (status != PGB_OK) {
        return status;
    }
    project->place = pgb_arena_array(project->arena, project->world->n + 1, sizeof(uint32_t));
    if (project->place == NULL) {
        return pgb_error_nomem(err);
    }
    for (uint32_t i = 0; i < project->world->n; i++) {
        project->place[project->world->order[i]] = i;
    }
    return PGB_OK;
}

pgbraid_status pgbraid_project_open(const char *folder, pgbraid_project **ret_project,
                                    pgbraid_error *error)
{
    pgb_error unseen, *err = pgb_lib_error(error, &unseen);
    pgbraid_project *project = calloc(1, sizeof *project);
    pgb_status status = PGB_OK;

    if (project == NULL || (project->arena = pgb_arena_new()) == NULL) {
        status = pgb_error_nomem(err);
    }
    if (status == PGB_OK) {
        status = read_project(folder, project, err);
    }
    if (status != PGB_OK) {
        pgbraid_project_close(project);
        return pgb_lib_status(status);
    }
    *ret_project = project;
    return PGBRAID_OK;
}

void pgbraid_project_close(pgbraid_project *project)
{
    if (project == NULL) {
        return;
    }
    if (project->world != NULL) {
        pgb_world_free(project->world);
    }
    if (project->set != NULL) {
        pgb_revset_free(project->set);
    }
    pgb_arena_free(project->arena);
    free(project);
}

const char *pgbraid_project_name(const pgbraid_project *project)
{
    return project->conf->project;
}

size_t pgbraid_revision_count(const pgbraid_project *project)
{
    return project->world->n;
}

static const pgb_world_node *node_at(const pgbraid_project *project, size_t index)
{
    return &project->world->nodes[project->world->order[index]];
}

const char *pgbraid_revision_id(const pgbraid_project *project, size_t index)
{
    return node_at(project, index)->id;
}

const char *pgbraid_revision_title(const pgbraid_project *project, size_t index)
{
    return node_at(project, index)->title;
}

const char *pgbraid_revision_file(const pgbraid_project *project, size_t index)
{
    return node_at(project, index)->rev->file;
}

size_t pgbraid_revision_parent_count(const pgbraid_project *project, size_t index)
{
    return pgb_graph_parents(project->world->graph, project->world->order[index]).n;
}

size_t pgbraid_revision_parent(const pgbraid_project *project, size_t index, size_t nth)
{
    return project
        ->place[pgb_graph_parents(project->world->graph, project->world->order[index]).at[nth]];
}

int pgbraid_revision_is_head(const pgbraid_project *project, size_t index)
{
    return pgb_graph_children(project->world->graph, project->world->order[index]).n == 0;
}

pgbraid_status pgbraid_revision_find(const pgbraid_project *project, const char *identifier,
                                     size_t *ret_index, pgbraid_error *error)
{
    pgb_error unseen, *err = pgb_lib_error(error, &unseen);
    uint32_t node;
    pgb_status status = pgb_world_resolve_one(project->world, identifier, &node, err);

    if (status == PGB_OK) {
        *ret_index = project->place[node];
    }
    return pgb_lib_status(status);
}
