#ifndef PGB_PROVE_VALUE_INTERNAL_H
#define PGB_PROVE_VALUE_INTERNAL_H

#include "prove/value.h"

/* Of the server's own base types, and of well-known extensions'. */
bool pgb_value_make_base(pgb_values *v, const pgb_shape_type *t, int32_t typmod, pgb_flavor flavor,
                         pgb_buf *buf);
/* Two values of which the first is smaller; false: not known for that type. */
bool pgb_value_make_span(pgb_values *v, const pgb_shape_type *t, pgb_buf *low, pgb_buf *high);

#endif
