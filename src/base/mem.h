/* Large pieces of memory. Floor 0. */
#ifndef PGB_BASE_MEM_H
#define PGB_BASE_MEM_H

#include <stddef.h>

/* Zeroed memory for free(); NULL: none. What is several megabytes is asked for in huge pages, as
 * far as the kernel gives them: with 100,000 revisions, page faults would be a tenth of all the
 * time. */
void *pgb_mem_zeroed(size_t count, size_t size);

#endif
