/* Text and what is made of it: UTF-8, display, distance, JSON, hashes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/json.h"
#include "base/text.h"

static void utf8(void **state)
{
    static const struct {
        const char *text;
        size_t len, valid;
    } cases[] = {
        {"", 0, 0},
        {"abc", 3, 3},
        {"a\0b", 3, 3},
        {"12345678é", 10, 10},
        {"1234567\xC3", 8, 7},
        {"\xC3\xA9", 2, 2},
        {"\xC3", 1, 0},
        {"\xC0\x80", 2, 0},         /* overlong */
        {"\xC1\xBF", 2, 0},         /* overlong */
        {"\xE0\x9F\xBF", 3, 0},     /* overlong */
        {"\xE0\xA0\x80", 3, 3},     /* U+0800 */
        {"\xED\x9F\xBF", 3, 3},     /* U+D7FF */
        {"\xED\xA0\x80", 3, 0},     /* surrogate */
        {"\xEF\xBF\xBD", 3, 3},     /* U+FFFD */
        {"\xF0\x8F\xBF\xBF", 4, 0}, /* overlong */
        {"\xF0\x90\x80\x80", 4, 4}, /* U+10000 */
        {"\xF4\x8F\xBF\xBF", 4, 4}, /* U+10FFFF */
        {"\xF4\x90\x80\x80", 4, 0}, /* beyond */
        {"\xF5\x80\x80\x80", 4, 0}, /* beyond */
        {"\xE2\x82", 2, 0},         /* cut */
        {"\x80", 1, 0},             /* alone */
        {"ab\xFF"
         "cd",
         5, 2},
        {"12345678\xE2\x82\xAC"
         "12345678",
         19, 19},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("# case %zu\n", i);
        assert_int_equal(pgb_utf8_valid(cases[i].text, cases[i].len), cases[i].valid);
    }
    assert_int_equal(pgb_utf8_count("", 0), 0);
    assert_int_equal(pgb_utf8_count("aé€\xF0\x9F\x98\x80", 10), 4);
}

static void display(void **state)
{
    static const struct {
        const char *text;
        size_t len;
        bool newlines;
        const char *shown;
    } cases[] = {
        {"plain é €", 12, false, "plain é €"},
        {"a\nb\tc\rd", 7, false, "a\\nb\\tc\\rd"},
        {"a\nb\tc\rd", 7, true, "a\nb\tc\\rd"},
        {"\x1B[31m", 5, true, "\\x1B[31m"},
        {"a\0b", 3, true, "a\\x00b"},
        {"\x7F", 1, false, "\\x7F"},
        {"\xC2\x9B", 2, false, "\\u009B"},     /* C1: a CSI to some terminals */
        {"\xE2\x80\xAE", 3, false, "\\u202E"}, /* right-to-left override */
        {"\xE2\x81\xA6", 3, false, "\\u2066"},
        {"\xE2\x80\xA8", 3, false, "\\u2028"},
        {"\xFFz", 2, false, "\\xFFz"},
        {"\xC3", 1, false, "\\xC3"},
        {"\xF0\x9F\x98\x80", 4, false, "\xF0\x9F\x98\x80"},
        {"\xC2\xA0", 2, false, "\xC2\xA0"}, /* U+00A0 is no control character */
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        PGB_AUTO_BUF(buf);

        print_message("# case %zu\n", i);
        pgb_text_display(&buf, cases[i].text, cases[i].len, cases[i].newlines);
        assert_string_equal(pgb_buf_str(&buf), cases[i].shown);
    }
}

/* Whatever the bytes: valid UTF-8 without control characters comes out. */
static void display_any_bytes(void **state)
{
    unsigned seed = 1;

    (void)state;
    for (int round = 0; round < 2000; round++) {
        PGB_AUTO_BUF(buf);
        char bytes[64];

        for (size_t i = 0; i < sizeof bytes; i++) {
            seed = seed * 1103515245u + 12345u;
            bytes[i] = (char)(seed >> 16);
        }
        pgb_text_display(&buf, bytes, sizeof bytes, false);
        assert_int_equal(pgb_utf8_valid(buf.p, buf.len), buf.len);
        for (size_t i = 0; i < buf.len; i++) {
            assert_true((unsigned char)buf.p[i] >= 0x20 && buf.p[i] != 0x7F);
        }
    }
}

static void distance(void **state)
{
    static const struct {
        const char *a, *b;
        unsigned d;
    } cases[] = {
        {"", "", 0},      {"", "abc", 3},  {"abc", "abc", 0},        {"abc", "abd", 1},
        {"abc", "ac", 1}, {"ab", "ba", 2}, {"kitten", "sitting", 3}, {"upgrade", "upgrad", 1},
    };
    char a[80], b[80];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(pgb_text_distance(cases[i].a, cases[i].b), cases[i].d);
        assert_int_equal(pgb_text_distance(cases[i].b, cases[i].a), cases[i].d);
    }
    /* at the limit of what is compared, and over it */
    memset(a, 'a', sizeof a);
    memset(b, 'b', sizeof b);
    a[64] = b[64] = '\0';
    assert_int_equal(pgb_text_distance(a, b), 64);
    a[64] = 'a';
    a[70] = '\0';
    assert_int_equal(pgb_text_distance(a, b), 6);
}

static void json_nesting(void **state)
{
    PGB_AUTO_BUF(out);
    pgb_json json;

    (void)state;
    pgb_json_init(&json, &out);
    pgb_json_object(&json);
    pgb_json_key_string(&json, "s", "a\"b\\c/\n\x01é");
    pgb_json_key_string(&json, "none", NULL);
    pgb_json_key_int(&json, "min", INT64_MIN);
    pgb_json_key_bool(&json, "yes", true);
    pgb_json_key(&json, "list");
    pgb_json_array(&json);
    pgb_json_int(&json, 1);
    pgb_json_object(&json);
    pgb_json_end(&json);
    pgb_json_array(&json);
    pgb_json_string(&json, "");
    pgb_json_null(&json);
    pgb_json_bool(&json, false);
    pgb_json_end(&json);
    pgb_json_end(&json);
    pgb_json_key_int(&json, "after", 0);
    pgb_json_end(&json);
    assert_false(out.failed);
    assert_string_equal(pgb_buf_str(&out), "{\"s\":\"a\\\"b\\\\c/\\n\\u0001é\",\"none\":null,"
                                           "\"min\":-9223372036854775808,\"yes\":true,"
                                           "\"list\":[1,{},[\"\",null,false]],\"after\":0}");
}

static void json_odd(void **state)
{
    PGB_AUTO_BUF(out);
    PGB_AUTO_BUF(deep);
    pgb_json json;

    (void)state;
    pgb_json_init(&json, &out);
    pgb_json_array(&json);
    pgb_json_string(&json, "\xFF\x1B"); /* not UTF-8: shown */
    pgb_json_end(&json);
    assert_string_equal(pgb_buf_str(&out), "[\"\\\\xFF\\\\x1B\"]");
    pgb_json_end(&json); /* one too many is nothing */
    assert_false(out.failed);

    pgb_json_init(&json, &deep);
    for (int i = 0; i < 40; i++) {
        pgb_json_array(&json);
    }
    assert_true(deep.failed); /* never past the end of what it keeps */
}

static void hashes(void **state)
{
    static const struct {
        const char *text, *hex;
    } cases[] = {
        /* FIPS 180-4 */
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };
    pgb_hash hash = {0};
    char hex[PGB_HASH_HEX];

    (void)state;
    pgb_hash_done(&hash); /* a zeroed one is allowed */
    assert_int_equal(pgb_hash_init(&hash, NULL), PGB_OK);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        /* byte by byte, on a state that was used before */
        for (const char *c = cases[i].text; *c != '\0'; c++) {
            assert_int_equal(pgb_hash_update(&hash, c, 1, NULL), PGB_OK);
        }
        assert_int_equal(pgb_hash_update(&hash, "", 0, NULL), PGB_OK);
        assert_int_equal(pgb_hash_hex(&hash, hex, NULL), PGB_OK);
        assert_string_equal(hex, cases[i].hex);
    }
    pgb_hash_done(&hash);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utf8),     cmocka_unit_test(display),
        cmocka_unit_test(distance), cmocka_unit_test(display_any_bytes),
        cmocka_unit_test(hashes),   cmocka_unit_test(json_nesting),
        cmocka_unit_test(json_odd),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
