/* Memory and the containers on it: arena, buf, vec, map, bits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/bits.h"
#include "base/buf.h"
#include "base/map.h"
#include "base/vec.h"

static void arena_blocks(void **state)
{
    static const size_t sizes[] = {0, 1, 7, 16, 100, 4095, 4096, 4097, 300000, 3, 1 << 20, 17};
    enum { N = sizeof sizes / sizeof sizes[0], ROUNDS = 40 };
    PGB_AUTO_ARENA(arena);
    char *at[N * ROUNDS];

    (void)state;
    assert_non_null(arena);
    for (size_t i = 0; i < N * ROUNDS; i++) {
        size_t size = sizes[i % N];

        at[i] = pgb_arena_alloc(arena, size);
        assert_non_null(at[i]);
        assert_int_equal((uintptr_t)at[i] % _Alignof(max_align_t), 0);
        for (size_t j = 0; j < size; j++) {
            assert_int_equal(at[i][j], 0);
        }
        memset(at[i], (int)(i % 251) + 1, size);
    }
    /* no block lies in another */
    for (size_t i = 0; i < N * ROUNDS; i++) {
        for (size_t j = 0; j < sizes[i % N]; j++) {
            assert_int_equal((unsigned char)at[i][j], i % 251 + 1);
        }
    }
    assert_true(pgb_arena_used(arena) >= ROUNDS * (size_t)(1 << 20));
    pgb_arena_free(NULL);
}

static void arena_small_blocks_are_cheap(void **state)
{
    PGB_AUTO_ARENA(arena);

    (void)state;
    for (int i = 0; i < 100000; i++) {
        assert_non_null(pgb_arena_alloc(arena, 16));
        if (i % 1000 == 0) {
            /* a large one now and then must not waste what is left of the block before it */
            assert_non_null(pgb_arena_alloc(arena, 200000));
        }
    }
    assert_true(pgb_arena_used(arena) < 100000 * 16 + 100 * 200000 + 1024 * 1024);
}

static void arena_refusals(void **state)
{
    PGB_AUTO_ARENA(arena);

    (void)state;
    assert_null(pgb_arena_alloc(arena, SIZE_MAX));
    assert_null(pgb_arena_alloc(arena, SIZE_MAX - 8));
    assert_null(pgb_arena_array(arena, SIZE_MAX / 2, 3));
    assert_null(pgb_arena_strndup(arena, "", SIZE_MAX));
    assert_non_null(pgb_arena_array(arena, 0, 0));
    assert_non_null(pgb_arena_alloc(arena, 10)); /* usable after a failure */
}

static void arena_strings(void **state)
{
    PGB_AUTO_ARENA(arena);
    char *long_one;

    (void)state;
    assert_string_equal(pgb_arena_strdup(arena, ""), "");
    assert_string_equal(pgb_arena_strdup(arena, "abc"), "abc");
    assert_string_equal(pgb_arena_strndup(arena, "abcdef", 3), "abc");
    assert_memory_equal(pgb_arena_strndup(arena, "a\0b", 3), "a\0b", 4);
    assert_string_equal(pgb_arena_printf(arena, "%d-%s", 7, "x"), "7-x");
    long_one = pgb_arena_printf(arena, "%*s|", 10000, "y");
    assert_int_equal(strlen(long_one), 10001);
}

static void buf_grows(void **state)
{
    PGB_AUTO_BUF(buf);
    char *taken;

    (void)state;
    assert_string_equal(pgb_buf_str(&buf), "");
    for (int i = 0; i < 10000; i++) {
        pgb_buf_putc(&buf, (char)('a' + i % 26));
    }
    assert_int_equal(buf.len, 10000);
    assert_int_equal(buf.p[10000], '\0');
    pgb_buf_clear(&buf);
    assert_string_equal(pgb_buf_str(&buf), "");
    pgb_buf_puts(&buf, "x=");
    pgb_buf_printf(&buf, "%05d", 42);
    pgb_buf_append(&buf, "\0y", 2);
    assert_int_equal(buf.len, 9);
    assert_memory_equal(buf.p, "x=00042\0y", 10);
    taken = pgb_buf_take(&buf);
    assert_memory_equal(taken, "x=00042\0y", 10);
    free(taken);
    assert_int_equal(buf.len, 0);
    taken = pgb_buf_take(&buf); /* nothing was appended: an empty string all the same */
    assert_string_equal(taken, "");
    free(taken);
    assert_false(buf.failed);
}

static void buf_maximum(void **state)
{
    static const struct {
        size_t max, first, second;
        bool fails;
    } cases[] = {{0, 1000, 1000, false}, {10, 5, 5, false}, {10, 5, 6, true},
                 {10, 10, 0, false},     {10, 11, 0, true}, {1, 0, 2, true}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        PGB_AUTO_BUF(buf);
        char bytes[1000];

        memset(bytes, 'z', sizeof bytes);
        buf.max = cases[i].max;
        pgb_buf_append(&buf, bytes, cases[i].first);
        pgb_buf_append(&buf, bytes, cases[i].second);
        assert_int_equal(buf.failed, cases[i].fails);
        if (cases[i].fails) {
            /* sticky: what would fit is not appended after a gap */
            size_t len = buf.len;

            pgb_buf_putc(&buf, 'q');
            pgb_buf_printf(&buf, "%d", 1);
            assert_int_equal(buf.len, len);
            assert_null(pgb_buf_take(&buf));
            pgb_buf_clear(&buf);
            pgb_buf_putc(&buf, 'q');
            assert_string_equal(pgb_buf_str(&buf), "q");
        } else {
            assert_int_equal(buf.len, cases[i].first + cases[i].second);
        }
    }
}

static void buf_overflow(void **state)
{
    PGB_AUTO_BUF(buf);

    (void)state;
    pgb_buf_putc(&buf, 'a');
    assert_false(pgb_buf_reserve(&buf, SIZE_MAX - 1));
    assert_true(buf.failed);
}

static void vectors(void **state)
{
    PGB_VEC(uint32_t) v = {0};

    (void)state;
    for (uint32_t i = 0; i < 10000; i++) {
        assert_true(pgb_vec_push(&v, i * 3));
    }
    assert_int_equal(v.n, 10000);
    for (uint32_t i = 0; i < 10000; i++) {
        assert_int_equal(v.at[i], i * 3);
    }
    assert_false(pgb_vec_grow_raw((void **)&v.at, &v.cap, SIZE_MAX / 2, 16));
    assert_int_equal(v.at[9999], 29997); /* as it was */
    pgb_vec_done(&v);
    assert_null(v.at);
    assert_int_equal(v.n + v.cap, 0);
}

static void map_many(void **state)
{
    enum { N = 20000 };
    pgb_map map = PGB_MAP_INIT;
    char(*keys)[16] = calloc(N, sizeof *keys);
    uint32_t value;

    (void)state;
    assert_false(pgb_map_get(&map, "x", 1, &value));
    for (uint32_t i = 0; i < N; i++) {
        bool added = false;
        int len = snprintf(keys[i], sizeof keys[i], "key%u", (unsigned)i);

        assert_true(pgb_map_add(&map, keys[i], (size_t)len, i, &added, NULL));
        assert_true(added);
    }
    assert_int_equal(map.n, N);
    for (uint32_t i = 0; i < N; i++) {
        assert_true(pgb_map_get(&map, keys[i], strlen(keys[i]), &value));
        assert_int_equal(value, i);
        assert_false(pgb_map_get(&map, keys[i], strlen(keys[i]) - 1, NULL) && i < 10);
    }
    assert_false(pgb_map_get(&map, "key20000", 8, &value));
    pgb_map_done(&map);
    free(keys);
    assert_int_equal(map.n, 0);
}

static void map_duplicates(void **state)
{
    pgb_map map = PGB_MAP_INIT;
    bool added = true;
    uint32_t old = 0, value;

    (void)state;
    assert_true(pgb_map_add(&map, "a", 1, 7, NULL, NULL));
    assert_true(pgb_map_add(&map, "a", 1, 8, &added, &old));
    assert_false(added);
    assert_int_equal(old, 7);
    assert_true(pgb_map_get(&map, "a", 1, &value));
    assert_int_equal(value, 7);
    /* keys are bytes: a prefix, an empty one and one with a NUL are others */
    assert_true(pgb_map_add(&map, "", 0, 1, &added, NULL));
    assert_true(added);
    assert_true(pgb_map_add(&map, "a\0b", 3, 2, &added, NULL));
    assert_true(added);
    assert_int_equal(map.n, 3);
    assert_true(pgb_map_get(&map, "", 0, &value));
    assert_int_equal(value, 1);
    pgb_map_done(&map);
}

static void bit_sets(void **state)
{
    static const uint32_t sizes[] = {0, 1, 63, 64, 65, 1000};
    PGB_AUTO_ARENA(arena);

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        pgb_bits bits;

        assert_true(pgb_bits_init(&bits, arena, sizes[i]));
        assert_int_equal(pgb_bits_count(&bits), 0);
        for (uint32_t b = 0; b < sizes[i]; b += 3) {
            pgb_bits_set(&bits, b);
        }
        for (uint32_t b = 0; b < sizes[i]; b++) {
            assert_int_equal(pgb_bits_get(&bits, b), b % 3 == 0);
        }
        assert_int_equal(pgb_bits_count(&bits), (sizes[i] + 2) / 3);
        for (uint32_t b = 0; b < sizes[i]; b += 6) {
            pgb_bits_unset(&bits, b);
        }
        assert_int_equal(pgb_bits_count(&bits), (sizes[i] + 2) / 3 - (sizes[i] + 5) / 6);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arena_blocks),   cmocka_unit_test(arena_small_blocks_are_cheap),
        cmocka_unit_test(arena_refusals), cmocka_unit_test(arena_strings),
        cmocka_unit_test(buf_grows),      cmocka_unit_test(buf_maximum),
        cmocka_unit_test(buf_overflow),   cmocka_unit_test(vectors),
        cmocka_unit_test(map_many),       cmocka_unit_test(map_duplicates),
        cmocka_unit_test(bit_sets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
