/*
 * What failmalloc and failfile share: which module called us, the counter, the report.
 *
 *   NAME_MODULES   "exe:libpq:libjansson": whose calls count, by the beginning of the file's name
 *   NAME_AT        the call that fails, counted from 1; unset: none
 *   NAME_FOREVER   all from that one on fail
 *   NAME_REPORT    a file, written at the normal end of the program and only then
 *   NAME_WITHOUT   a file: parts of the executable that do not count (a library that is linked into
 *                  it), one "FROM TO" in hexadecimal a line, sorted, from its load address
 */
#ifndef PGB_TESTS_FAULT_FAILSITE_H
#define PGB_TESTS_FAULT_FAILSITE_H

#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SITE_MODULES = 16 };

typedef struct site_module {
    uintptr_t base, from, to;
    char name[64];
} site_module;

static site_module site_modules[SITE_MODULES];
enum { SITE_WITHOUT = 16384 };
static uintptr_t site_without[SITE_WITHOUT][2];
static int n_site_without;
static int n_site_modules;
static char site_wanted[256];
static bool site_ready;
static atomic_long site_count, site_failed;
static long site_at;
static bool site_forever;
static char site_report[512];
static char site_first_failure[128];

static bool site_is_wanted(const char *name)
{
    for (const char *w = site_wanted; *w != 0;) {
        size_t n = strcspn(w, ":");

        if (n > 0 && strncmp(name, w, n) == 0) {
            return true;
        }
        w += n + (w[n] == ':');
    }
    return false;
}

static int site_module_seen(struct dl_phdr_info *info, size_t size, void *data)
{
    const char *slash = strrchr(info->dlpi_name, '/');
    const char *name = info->dlpi_name[0] == 0 ? "exe"
                       : slash != NULL         ? slash + 1
                                               : info->dlpi_name;

    (void)size;
    (void)data;
    if (!site_is_wanted(name)) {
        return 0;
    }
    for (int i = 0; i < info->dlpi_phnum && n_site_modules < SITE_MODULES; i++) {
        const ElfW(Phdr) *p = &info->dlpi_phdr[i];

        if (p->p_type == PT_LOAD && (p->p_flags & PF_X) != 0) {
            site_module *m = &site_modules[n_site_modules++];

            m->base = info->dlpi_addr;
            m->from = info->dlpi_addr + p->p_vaddr;
            m->to = m->from + p->p_memsz;
            snprintf(m->name, sizeof m->name, "%s", name);
        }
    }
    return 0;
}

static const char *site_env(const char *prefix, const char *name)
{
    char full[64];

    snprintf(full, sizeof full, "%s_%s", prefix, name);
    return getenv(full);
}

/* No stdio: it would allocate. */
static void site_read_without(const char *path)
{
    static char text[1 << 20];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n, have = 0;
    char *at = text, *end;

    while (fd >= 0 && (n = read(fd, text + have, sizeof text - 1 - (size_t)have)) > 0) {
        have += n;
    }
    if (fd >= 0) {
        close(fd);
    }
    text[have] = 0;
    while (*at != 0 && n_site_without < SITE_WITHOUT) {
        site_without[n_site_without][0] = strtoull(at, &end, 16);
        site_without[n_site_without][1] = strtoull(end, &end, 16);
        n_site_without++;
        at = end + strspn(end, "\n");
    }
}

static bool site_is_without(uintptr_t off)
{
    int from = 0, to = n_site_without;

    while (from < to) {
        int mid = from + (to - from) / 2;

        if (off >= site_without[mid][1]) {
            from = mid + 1;
        } else if (off < site_without[mid][0]) {
            to = mid;
        } else {
            return true;
        }
    }
    return false;
}

static void site_init(const char *prefix, const char *modules)
{
    const char *v = site_env(prefix, "MODULES");

    snprintf(site_wanted, sizeof site_wanted, "%s", v != NULL ? v : modules);
    v = site_env(prefix, "AT");
    site_at = v != NULL ? atol(v) : 0;
    site_forever = site_env(prefix, "FOREVER") != NULL;
    v = site_env(prefix, "REPORT");
    snprintf(site_report, sizeof site_report, "%s", v != NULL ? v : "");
    v = site_env(prefix, "WITHOUT");
    if (v != NULL) {
        site_read_without(v);
    }
    dl_iterate_phdr(site_module_seen, NULL);
    site_ready = true;
}

static const site_module *site_of(const void *caller)
{
    uintptr_t a = (uintptr_t)caller;

    for (int i = 0; i < n_site_modules; i++) {
        if (a >= site_modules[i].from && a < site_modules[i].to) {
            const site_module *m = &site_modules[i];

            return strcmp(m->name, "exe") == 0 && site_is_without(a - m->base) ? NULL : m;
        }
    }
    return NULL;
}

/* Counts a call of a wanted module; whether it is to fail. *ret_n is its number, 0: not counted. */
static bool site_fails(const void *caller, const char *what, long *ret_n)
{
    const site_module *m = site_ready ? site_of(caller) : NULL;
    long n;

    *ret_n = 0;
    if (m == NULL) {
        return false;
    }
    n = atomic_fetch_add(&site_count, 1) + 1;
    *ret_n = n;
    if (site_at == 0 || (site_forever ? n < site_at : n != site_at)) {
        return false;
    }
    if (atomic_fetch_add(&site_failed, 1) == 0) {
        snprintf(site_first_failure, sizeof site_first_failure, "%s %s+0x%lx", what, m->name,
                 (unsigned long)((uintptr_t)caller - m->base));
    }
    return true;
}

#endif
