/*
 * LD_PRELOAD: fails the N-th allocation that the program or libpq makes, and accounts for what they
 * did not free.
 *
 * Only allocations whose direct caller lies in a wanted module count (see failsite.h; default: the
 * executable, libpq, jansson, inih). libpg_query's are left out: it is PostgreSQL's own parser with
 * a memory context allocator whose out-of-memory path is a longjmp that leaks by design, and its
 * results are checked by us only through its error member; so are libcrypto's and libc's own.
 *
 * FAILMALLOC_REPORT gets: `allocations N failed K outstanding M first SITE`, then a line for each
 * block not freed: `MODULE+OFFSET SIZE NUMBER`.
 */
#include "failsite.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <sys/mman.h>

#define CALLER __builtin_return_address(0)

static void *(*next_malloc)(size_t);
static void *(*next_calloc)(size_t, size_t);
static void *(*next_realloc)(void *, size_t);
static void (*next_free)(void *);
static int (*next_posix_memalign)(void **, size_t, size_t);
static void *(*next_aligned_alloc)(size_t, size_t);
static int (*next_vasprintf)(char **, const char *, va_list);
static ssize_t (*next_getdelim)(char **, size_t *, int, FILE *);
static DIR *(*next_fdopendir)(int);
static DIR *(*next_opendir)(const char *);
static char *(*next_realpath)(const char *, char *);

/* dlsym may allocate while we look for malloc. */
static char early[65536];
static size_t early_used;
static bool looking;

enum { SLOTS = 1 << 20 };
typedef struct block {
    void *at; /* NULL: never used, TOMB: freed */
    const void *site;
    size_t size;
    long n;
} block;
static block *blocks;
static atomic_flag blocks_lock = ATOMIC_FLAG_INIT;
static char tomb;

static bool is_early(const void *p)
{
    return (const char *)p >= early && (const char *)p < early + sizeof early;
}

static void *early_alloc(size_t n)
{
    void *p = early + early_used;

    n = (n + 15) & ~(size_t)15;
    if (early_used + n > sizeof early) {
        _exit(99);
    }
    early_used += n;
    return p;
}

static void find_next(void)
{
    if (next_realpath != NULL || looking) {
        return;
    }
    looking = true;
    *(void **)&next_malloc = dlsym(RTLD_NEXT, "malloc");
    *(void **)&next_calloc = dlsym(RTLD_NEXT, "calloc");
    *(void **)&next_realloc = dlsym(RTLD_NEXT, "realloc");
    *(void **)&next_free = dlsym(RTLD_NEXT, "free");
    *(void **)&next_posix_memalign = dlsym(RTLD_NEXT, "posix_memalign");
    *(void **)&next_aligned_alloc = dlsym(RTLD_NEXT, "aligned_alloc");
    *(void **)&next_vasprintf = dlsym(RTLD_NEXT, "vasprintf");
    *(void **)&next_getdelim = dlsym(RTLD_NEXT, "getdelim");
    *(void **)&next_fdopendir = dlsym(RTLD_NEXT, "fdopendir");
    *(void **)&next_opendir = dlsym(RTLD_NEXT, "opendir");
    *(void **)&next_realpath = dlsym(RTLD_NEXT, "realpath");
    looking = false;
}

__attribute__((constructor)) static void start(void)
{
    find_next();
    blocks = mmap(NULL, SLOTS * sizeof *blocks, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (blocks == MAP_FAILED) {
        blocks = NULL;
    }
    site_init("FAILMALLOC", "exe:libpq:libjansson:libinih");
}

static size_t slot_of(const void *p)
{
    return (((uintptr_t)p >> 4) * 0x9E3779B97F4A7C15u) >> 44; /* 20 bits */
}

static void lock(void)
{
    while (atomic_flag_test_and_set(&blocks_lock)) {
        continue;
    }
}

static void remember(void *p, size_t size, long n, const void *site)
{
    if (p == NULL || n == 0 || blocks == NULL) {
        return;
    }
    lock();
    for (size_t i = slot_of(p), turns = 0; turns < SLOTS; i = (i + 1) % SLOTS, turns++) {
        if (blocks[i].at == NULL || blocks[i].at == &tomb) {
            blocks[i] = (block){p, site, size, n};
            break;
        }
    }
    atomic_flag_clear(&blocks_lock);
}

/* The block as it was, n = 0 if it was none of ours. */
static block forget(const void *p)
{
    block was = {0};

    if (p == NULL || blocks == NULL) {
        return was;
    }
    lock();
    for (size_t i = slot_of(p), turns = 0; turns < SLOTS && blocks[i].at != NULL;
         i = (i + 1) % SLOTS, turns++) {
        if (blocks[i].at == p) {
            was = blocks[i];
            blocks[i].at = &tomb;
            break;
        }
    }
    atomic_flag_clear(&blocks_lock);
    return was;
}

/* Forgotten first: once a block is free another thread may be given its address. */
static void *resize(void *old, size_t size, long n, const void *caller)
{
    block was = forget(old);
    void *p = next_realloc(old, size);

    if (p == NULL && size != 0) {
        remember(old, was.size, was.n, was.site);
    } else {
        remember(p, size, n, caller);
    }
    return p;
}

/* FAILMALLOC_LOG: a line for each counted allocation, "NUMBER MODULE+OFFSET". */
static void note(const void *caller, long n)
{
    static int fd = -2;
    const site_module *m = site_of(caller);
    char line[128];
    int len;

    if (fd == -2) {
        const char *path = getenv("FAILMALLOC_LOG");

        fd = path != NULL ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
    }
    if (fd >= 0 && m != NULL) {
        len = snprintf(line, sizeof line, "%ld %s+0x%lx\n", n, m->name,
                       (unsigned long)((uintptr_t)caller - m->base));
        (void)!write(fd, line, (size_t)len);
    }
}

static bool fails(const void *caller, const char *what, long *n)
{
    bool yes = site_fails(caller, what, n);

    if (*n != 0) {
        note(caller, *n);
    }
    if (!yes) {
        return false;
    }
    errno = ENOMEM;
    return true;
}

void *malloc(size_t size)
{
    void *p;
    long n;

    find_next();
    if (next_malloc == NULL) {
        return early_alloc(size);
    }
    if (fails(CALLER, "malloc", &n)) {
        return NULL;
    }
    p = next_malloc(size);
    remember(p, size, n, CALLER);
    return p;
}

void *calloc(size_t count, size_t size)
{
    void *p;
    long n;

    find_next();
    if (next_calloc == NULL) {
        return early_alloc(count * size);
    }
    if (fails(CALLER, "calloc", &n)) {
        return NULL;
    }
    p = next_calloc(count, size);
    remember(p, count * size, n, CALLER);
    return p;
}

void *realloc(void *old, size_t size)
{
    void *p;
    long n;

    find_next();
    if (is_early(old) || next_realloc == NULL) {
        p = next_malloc != NULL ? next_malloc(size) : early_alloc(size);
        if (p != NULL && old != NULL) {
            memcpy(p, old, size); /* within early[]: reads past the block, not past the array */
        }
        return p;
    }
    if (fails(CALLER, "realloc", &n)) {
        return NULL;
    }
    return resize(old, size, n, CALLER);
}

void *reallocarray(void *old, size_t count, size_t size)
{
    long n;

    find_next();
    if (size != 0 && count > SIZE_MAX / size) {
        errno = ENOMEM;
        return NULL;
    }
    if (fails(CALLER, "reallocarray", &n)) {
        return NULL;
    }
    return resize(old, count * size, n, CALLER);
}

void free(void *p)
{
    if (p == NULL || is_early(p)) {
        return;
    }
    find_next();
    forget(p);
    next_free(p);
}

int posix_memalign(void **ret, size_t align, size_t size)
{
    int status;
    long n;

    find_next();
    if (fails(CALLER, "posix_memalign", &n)) {
        return ENOMEM;
    }
    status = next_posix_memalign(ret, align, size);
    remember(status == 0 ? *ret : NULL, size, n, CALLER);
    return status;
}

void *aligned_alloc(size_t align, size_t size)
{
    void *p;
    long n;

    find_next();
    if (fails(CALLER, "aligned_alloc", &n)) {
        return NULL;
    }
    p = next_aligned_alloc(align, size);
    remember(p, size, n, CALLER);
    return p;
}

static char *copy_text(const char *text, size_t len, const void *caller, const char *what)
{
    char *p;
    long n;

    find_next();
    if (fails(caller, what, &n)) {
        return NULL;
    }
    p = next_malloc(len + 1);
    if (p != NULL) {
        memcpy(p, text, len);
        p[len] = 0;
    }
    remember(p, len + 1, n, caller);
    return p;
}

char *strdup(const char *text)
{
    return copy_text(text, strlen(text), CALLER, "strdup");
}

char *strndup(const char *text, size_t max)
{
    return copy_text(text, strnlen(text, max), CALLER, "strndup");
}

static int print_text(char **ret, const char *fmt, va_list ap, const void *caller)
{
    int len;
    long n;

    find_next();
    if (fails(caller, "asprintf", &n)) {
        return -1;
    }
    len = next_vasprintf(ret, fmt, ap);
    remember(len >= 0 ? *ret : NULL, (size_t)len + 1, n, caller);
    return len;
}

int vasprintf(char **ret, const char *fmt, va_list ap)
{
    return print_text(ret, fmt, ap, CALLER);
}

int asprintf(char **ret, const char *fmt, ...)
{
    va_list ap;
    int len;

    va_start(ap, fmt);
    len = print_text(ret, fmt, ap, CALLER);
    va_end(ap);
    return len;
}

int __vasprintf_chk(char **ret, int flag, const char *fmt, va_list ap);
int __vasprintf_chk(char **ret, int flag, const char *fmt, va_list ap)
{
    (void)flag;
    return print_text(ret, fmt, ap, CALLER);
}

int __asprintf_chk(char **ret, int flag, const char *fmt, ...);
int __asprintf_chk(char **ret, int flag, const char *fmt, ...)
{
    va_list ap;
    int len;

    (void)flag;
    va_start(ap, fmt);
    len = print_text(ret, fmt, ap, CALLER);
    va_end(ap);
    return len;
}

/* What libc allocates on behalf of the caller; failed before it begins. */

ssize_t getline(char **line, size_t *cap, FILE *file)
{
    long n;

    find_next();
    return fails(CALLER, "getline", &n) ? -1 : next_getdelim(line, cap, '\n', file);
}

DIR *fdopendir(int fd)
{
    long n;

    find_next();
    return fails(CALLER, "fdopendir", &n) ? NULL : next_fdopendir(fd);
}

DIR *opendir(const char *path)
{
    long n;

    find_next();
    return fails(CALLER, "opendir", &n) ? NULL : next_opendir(path);
}

char *realpath(const char *path, char *into)
{
    char *p;
    long n = 0;

    find_next();
    if (into == NULL && fails(CALLER, "realpath", &n)) {
        return NULL;
    }
    p = next_realpath(path, into);
    remember(into == NULL ? p : NULL, p != NULL ? strlen(p) + 1 : 0, n, CALLER);
    return p;
}

__attribute__((destructor)) static void finish(void)
{
    long left = 0;
    int fd;
    char line[256];

    if (site_report[0] == 0) {
        return;
    }
    fd = open(site_report, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) {
        return;
    }
    for (size_t i = 0; blocks != NULL && i < SLOTS; i++) {
        left += blocks[i].at != NULL && blocks[i].at != &tomb;
    }
    snprintf(line, sizeof line, "allocations %ld failed %ld outstanding %ld first %s\n",
             atomic_load(&site_count), atomic_load(&site_failed), left, site_first_failure);
    (void)!write(fd, line, strlen(line));
    for (size_t i = 0; blocks != NULL && i < SLOTS; i++) {
        const site_module *m;

        if (blocks[i].at == NULL || blocks[i].at == &tomb) {
            continue;
        }
        m = site_of(blocks[i].site);
        snprintf(line, sizeof line, "%s+0x%lx %zu %ld\n", m != NULL ? m->name : "?",
                 (unsigned long)((uintptr_t)blocks[i].site - (m != NULL ? m->base : 0)),
                 blocks[i].size, blocks[i].n);
        (void)!write(fd, line, strlen(line));
    }
    close(fd);
}
