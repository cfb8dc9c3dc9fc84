/* Files: nothing but regular files below a folder is ever read; what is written is whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/file.h"

static char top[64];
static int dir = -1;

static int setup(void **state)
{
    (void)state;
    strcpy(top, "/tmp/pgbraid-test-file-XXXXXX");
    assert_non_null(mkdtemp(top));
    assert_int_equal(pgb_dir_open(top, &dir, NULL), PGB_OK);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    pgb_fd_close(&dir);
    assert_int_equal(dir, -1);
    pgb_fd_close(&dir);
    return pgb_dir_remove(top, NULL) == PGB_OK ? 0 : -1;
}

static const char *in(const char *name)
{
    static char path[4][256];
    static int turn;
    char *at = path[turn++ % 4];

    snprintf(at, sizeof path[0], "%s/%s", top, name);
    return at;
}

static void refused(void **state)
{
    static const struct {
        const char *name, *reason;
    } cases[] = {
        {"missing", "No such file"},  {"link", "symbolic link"},
        {"outside", "symbolic link"}, {"folder", "regular file"},
        {"fifo", "regular file"},     {"socket", "cannot open"},
        {"..", "not a file name"},    {"folder/x", "not a file name"},
        {"", "not a file name"},      {"dangling", "symbolic link"},
        {".", "regular file"},
    };
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int s = socket(AF_UNIX, SOCK_STREAM, 0);

    (void)state;
    assert_int_equal(pgb_file_write(in("good"), "x", 1, false, NULL), PGB_OK);
    assert_int_equal(symlink("good", in("link")), 0);
    assert_int_equal(symlink("/etc/passwd", in("outside")), 0);
    assert_int_equal(symlink("nowhere", in("dangling")), 0);
    assert_int_equal(mkdir(in("folder"), 0700), 0);
    assert_int_equal(mkfifo(in("fifo"), 0600), 0);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", in("socket"));
    assert_int_equal(bind(s, (struct sockaddr *)&address, sizeof address), 0);
    close(s);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        pgb_error err = PGB_ERROR_INIT;
        int fd = -7;

        print_message("# %s\n", cases[i].name);
        assert_int_equal(pgb_file_open_at(dir, cases[i].name, "shown.sql", &fd, &err), PGB_PROJECT);
        assert_int_equal(fd, -7);
        assert_non_null(strstr(err.message, cases[i].reason));
        assert_non_null(strstr(err.message, "shown.sql"));
        assert_true(strstr(err.message, "symbolic link") == NULL || err.hint[0] != '\0');
    }
}

static void read_whole(void **state)
{
    static const size_t sizes[] = {0, 1, 126, 127, 128, 4096, 65535, 65536, 200000};

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        PGB_AUTO_BUF(buf);
        PGB_AUTO_BUF(again);
        PGB_AUTO_BUF(small);
        pgb_error err = PGB_ERROR_INIT;
        char *bytes = malloc(sizes[i] + 1);
        int fd;

        for (size_t j = 0; j < sizes[i]; j++) {
            bytes[j] = (char)(j * 7 + i);
        }
        assert_int_equal(pgb_file_write(in("data"), bytes, sizes[i], false, &err), PGB_OK);
        assert_int_equal(pgb_file_read(in("data"), sizes[i], &buf, &err), PGB_OK);
        assert_int_equal(buf.len, sizes[i]);
        assert_memory_equal(pgb_buf_str(&buf), bytes, sizes[i]);
        /* from the start each time, whatever was read before */
        assert_int_equal(pgb_file_open_at(dir, "data", "data", &fd, &err), PGB_OK);
        assert_int_equal(pgb_file_read_fd(fd, "data", 1 << 20, &again, &err), PGB_OK);
        pgb_buf_clear(&again);
        assert_int_equal(pgb_file_read_fd(fd, "data", 1 << 20, &again, &err), PGB_OK);
        assert_int_equal(again.len, sizes[i]);
        pgb_fd_close(&fd);
        if (sizes[i] > 0) {
            assert_int_equal(pgb_file_read(in("data"), sizes[i] - 1, &small, &err), PGB_PROJECT);
            assert_non_null(strstr(err.message, "larger than"));
        }
        free(bytes);
    }
}

static void write_exclusive(void **state)
{
    PGB_AUTO_BUF(buf);
    PGB_AUTO_ARENA(arena);
    pgb_error err = PGB_ERROR_INIT;
    char **names;
    size_t n;

    (void)state;
    assert_int_equal(pgb_dir_make(in("w/x"), 0755, &err), PGB_OK);
    assert_int_equal(pgb_file_write(in("w/f"), "one", 3, true, &err), PGB_OK);
    assert_int_equal(pgb_file_write(in("w/f"), "two", 3, true, &err), PGB_REFUSED);
    assert_int_equal(pgb_file_read(in("w/f"), 100, &buf, NULL), PGB_OK);
    assert_string_equal(pgb_buf_str(&buf), "one");
    assert_int_equal(pgb_file_write(in("w/f"), "three", 5, false, NULL), PGB_OK);
    pgb_buf_clear(&buf);
    assert_int_equal(pgb_file_read(in("w/f"), 100, &buf, NULL), PGB_OK);
    assert_string_equal(pgb_buf_str(&buf), "three");
    /* a link's target is not written to: the name gets a file of its own */
    assert_int_equal(symlink("f", in("w/l")), 0);
    assert_int_equal(pgb_file_write(in("w/l"), "four", 4, false, NULL), PGB_OK);
    pgb_buf_clear(&buf);
    assert_int_equal(pgb_file_read(in("w/f"), 100, &buf, NULL), PGB_OK);
    assert_string_equal(pgb_buf_str(&buf), "three");
    pgb_error_clear(&err);
    assert_int_equal(pgb_file_write(in("w/none/f"), "x", 1, false, &err), PGB_IO);
    assert_int_equal(pgb_file_write(in("w/x"), "x", 1, false, NULL), PGB_IO); /* a folder */
    /* no temporary file stays */
    {
        PGB_AUTO_FD(fd) = open(in("w"), O_RDONLY | O_DIRECTORY);

        assert_int_equal(pgb_dir_list(fd, "w", arena, &names, &n, NULL), PGB_OK);
    }
    assert_int_equal(n, 3);
    assert_string_equal(names[0], "f");
    assert_string_equal(names[1], "l");
    assert_string_equal(names[2], "x");
}

static void listing(void **state)
{
    static const char *const sorted[] = {".hidden", "10", "9", "B", "a", "a.b", "\xC3\xA9"};
    enum { N = sizeof sorted / sizeof sorted[0] };
    PGB_AUTO_ARENA(arena);
    PGB_AUTO_FD(fd) = -1;
    char **names = NULL;
    size_t n = 99;

    (void)state;
    assert_int_equal(pgb_dir_make(in("list"), 0755, NULL), PGB_OK);
    assert_int_equal(pgb_dir_open(in("list"), &fd, NULL), PGB_OK);
    assert_int_equal(pgb_dir_list(fd, "list", arena, &names, &n, NULL), PGB_OK);
    assert_int_equal(n, 0);
    for (size_t i = N; i-- > 0;) {
        char name[64];

        snprintf(name, sizeof name, "list/%s", sorted[i]);
        assert_int_equal(pgb_file_write(in(name), "", 0, true, NULL), PGB_OK);
    }
    for (int round = 0; round < 2; round++) {
        assert_int_equal(pgb_dir_list(fd, "list", arena, &names, &n, NULL), PGB_OK);
        assert_int_equal(n, N);
        for (size_t i = 0; i < n; i++) {
            assert_string_equal(names[i], sorted[i]);
        }
    }
}

static void folders(void **state)
{
    pgb_error err = PGB_ERROR_INIT;
    struct stat st;
    int fd;

    (void)state;
    assert_int_equal(pgb_dir_make(in("a/b/c"), 0700, &err), PGB_OK);
    assert_int_equal(pgb_dir_make(in("a/b/c"), 0700, &err), PGB_OK);
    assert_int_equal(stat(in("a/b/c"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    assert_int_equal(pgb_file_write(in("a/b/file"), "x", 1, false, &err), PGB_OK);
    assert_int_equal(pgb_dir_make(in("a/b/file/d"), 0700, &err), PGB_IO);
    assert_int_equal(pgb_dir_make("", 0700, NULL), PGB_IO);
    assert_int_equal(pgb_dir_open(in("nowhere"), &fd, NULL), PGB_PROJECT);
    assert_int_equal(pgb_dir_open(in("a/b/file"), &fd, NULL), PGB_PROJECT);
    /* what a link leads to stays */
    assert_int_equal(pgb_dir_make(in("kept"), 0700, NULL), PGB_OK);
    assert_int_equal(pgb_file_write(in("kept/f"), "x", 1, false, NULL), PGB_OK);
    assert_int_equal(symlink("../../kept", in("a/b/link")), 0);
    assert_int_equal(pgb_dir_remove(in("a"), NULL), PGB_OK);
    assert_int_equal(stat(in("a"), &st), -1);
    assert_int_equal(stat(in("kept/f"), &st), 0);
    assert_int_equal(pgb_dir_remove(in("a"), NULL), PGB_OK); /* missing is fine */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refused), cmocka_unit_test(read_whole), cmocka_unit_test(write_exclusive),
        cmocka_unit_test(listing), cmocka_unit_test(folders),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
