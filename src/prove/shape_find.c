/* Looking things up in a shape. */
#include <string.h>

#include "prove/shape.h"

void pgb_shape_free(pgb_shape *shape)
{
    if (shape != NULL) {
        pgb_arena_free(shape->arena);
    }
}

const pgb_shape_table *pgb_shape_find(const pgb_shape *shape, const char *name)
{
    for (uint32_t i = 0; i < shape->n_tables; i++) {
        if (strcmp(shape->tables[i].name, name) == 0) {
            return &shape->tables[i];
        }
    }
    return NULL;
}

const pgb_shape_type *pgb_shape_base(const pgb_shape_type *type, int32_t *typmod)
{
    while (type != NULL && type->kind == 'd' && type->of != NULL) {
        *typmod = type->typmod;
        type = type->of;
    }
    return type;
}

bool pgb_shape_names(const char *name, const char *aliases, const char *wanted)
{
    size_t len = strlen(wanted);

    if (strcmp(name, wanted) == 0) {
        return true;
    }
    while (aliases != NULL) {
        const char *end = strchr(aliases, '\x01');
        size_t n = end != NULL ? (size_t)(end - aliases) : strlen(aliases);

        if (n == len && memcmp(aliases, wanted, len) == 0) {
            return true;
        }
        aliases = end != NULL ? end + 1 : NULL;
    }
    return false;
}
