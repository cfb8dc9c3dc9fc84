/* The command line's habits, on a small table of commands. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/opt.h"

struct values {
    pgb_run_values run;
    bool dry_run, all;
    const char *output;
    pgb_strings label;
    int64_t limit;
    int how, graph;
};

static const pgb_option up_options[] = {
    {.name = "dry-run", .letter = 'n', PGB_OPT_FLAG_AT(struct values, dry_run), .help = "x"},
    {.name = "all", .letter = 'a', PGB_OPT_FLAG_AT(struct values, all), .help = "x"},
    {.name = "output",
     .letter = 'o',
     .arg = "F",
     PGB_OPT_STRING_AT(struct values, output),
     .help = "x"},
    {.name = "label", .arg = "L", PGB_OPT_LIST_AT(struct values, label), .help = "x"},
    {.name = "limit", .arg = "N", PGB_OPT_INT_AT(struct values, limit), .preset = "7", .help = "x"},
    {.name = "how",
     .arg = "HOW",
     PGB_OPT_CHOICE_AT(struct values, how),
     .choices = "one|two",
     .help = "x"},
    {.name = "graph", PGB_OPT_MAYBE_AT(struct values, graph), .choices = "text|dot", .help = "x"},
    PGB_RUN_OPTIONS,
    {.name = NULL},
};
static const pgb_command up = {.name = "upgrade",
                               .summary = "x",
                               .operands = "[TARGET...]",
                               .max_operands = -1,
                               .options = up_options,
                               .values_size = sizeof(struct values)};
static const pgb_command show = {.name = "show",
                                 .summary = "x",
                                 .operands = "REV [OTHER]",
                                 .min_operands = 1,
                                 .max_operands = 2};
static const pgb_command start = {.name = "start", .summary = "x", .operands = ""};
static const pgb_command stop = {.name = "stop", .summary = "x", .operands = ""};
static const pgb_command *const db_subs[] = {&start, &stop, NULL};
static const pgb_command db = {.name = "db", .summary = "x", .operands = "", .subs = db_subs};
const pgb_command *const pgb_commands[] = {&up, &show, &db, NULL};

const pgb_option pgb_global_options[] = {
    {.name = "directory",
     .letter = 'C',
     .arg = "DIR",
     PGB_OPT_STRING_AT(pgb_globals, directory),
     .help = "x"},
    {.name = "database",
     .letter = 'd',
     .arg = "URL",
     PGB_OPT_STRING_AT(pgb_globals, database),
     .help = "x"},
    {.name = "format",
     .arg = "text|json",
     PGB_OPT_CHOICE_AT(pgb_globals, format),
     .choices = "text|json",
     .help = "x"},
    {.name = "quiet", .letter = 'q', PGB_OPT_FLAG_AT(pgb_globals, quiet), .help = "x"},
    {.name = "verbose", .letter = 'v', PGB_OPT_COUNT_AT(pgb_globals, verbose), .help = "x"},
    {.name = "help", .letter = 'h', PGB_OPT_FLAG_AT(pgb_globals, help), .help = "x"},
    {.name = "version", .letter = 'V', PGB_OPT_FLAG_AT(pgb_globals, version), .help = "x"},
    {.name = NULL},
};

static pgb_arena *arena;
static pgb_cmdline cmd;
static pgb_error err;

#define PARSE(...) parse((const char *const[]){"pgbraid", __VA_ARGS__, NULL})

static pgb_status parse(const char *const *argv)
{
    int argc = 0;

    while (argv[argc] != NULL) {
        argc++;
    }
    err = (pgb_error)PGB_ERROR_INIT;
    return pgb_cmdline_parse(argc, argv, arena, &cmd, &err);
}

static const struct values *up_values(void)
{
    return cmd.values;
}

static void globals_stand_anywhere(void **state)
{
    (void)state;
    assert_int_equal(
        PARSE("-C", "dir", "-vq", "upgrade", "--format=json", "-dpostgres://h/d", "a", "-v"),
        PGB_OK);
    assert_ptr_equal(cmd.command, &up);
    assert_string_equal(cmd.prog, "pgbraid upgrade");
    assert_string_equal(cmd.globals.directory, "dir");
    assert_string_equal(cmd.globals.database, "postgres://h/d");
    assert_int_equal(cmd.globals.verbose, 2);
    assert_true(cmd.globals.quiet);
    assert_int_equal(cmd.globals.format, 1);
    assert_int_equal(cmd.n_operands, 1);
    assert_string_equal(cmd.operands[0], "a");
}

static void values_come_in_all_forms(void **state)
{
    (void)state;
    assert_int_equal(PARSE("upgrade", "-naofile", "--label", "a,b", "--label=c", "--limit", "12",
                           "--how=two", "--graph=dot", "--lock-wait", "1.5"),
                     PGB_OK);
    assert_true(up_values()->dry_run && up_values()->all);
    assert_string_equal(up_values()->output, "file");
    assert_int_equal(up_values()->label.n, 3);
    assert_string_equal(up_values()->label.at[1], "b");
    assert_string_equal(up_values()->label.at[2], "c");
    assert_int_equal(up_values()->limit, 12);
    assert_int_equal(up_values()->how, 1);
    assert_int_equal(up_values()->graph, 2);
    assert_int_equal(up_values()->run.lock_wait_ms, 1500);
    assert_int_equal(up_values()->run.lock_timeout_ms, -1);
}

static void presets_hold(void **state)
{
    (void)state;
    assert_int_equal(PARSE("upgrade", "--graph", "x"), PGB_OK);
    assert_int_equal(up_values()->limit, 7);
    assert_int_equal(up_values()->graph, 1);
    assert_int_equal(up_values()->run.lock_wait_ms, -1);
    assert_int_equal(cmd.n_operands, 1); /* --graph took nothing */
}

static void numbers_with_a_minus_are_operands(void **state)
{
    (void)state;
    assert_int_equal(PARSE("upgrade", "-1", "+2", "-12", "--", "-n", "--all"), PGB_OK);
    assert_int_equal(cmd.n_operands, 5);
    assert_string_equal(cmd.operands[0], "-1");
    assert_string_equal(cmd.operands[2], "-12");
    assert_string_equal(cmd.operands[4], "--all");
    assert_false(up_values()->dry_run);
    assert_int_equal(PARSE("upgrade", "-"), PGB_OK);
    assert_int_equal(cmd.n_operands, 1);
}

static void sub_commands(void **state)
{
    (void)state;
    assert_int_equal(PARSE("db", "-q", "stop"), PGB_OK);
    assert_ptr_equal(cmd.command, &stop);
    assert_ptr_equal(cmd.parent, &db);
    assert_string_equal(cmd.prog, "pgbraid db stop");
    assert_int_equal(PARSE("db"), PGB_USAGE);
    assert_int_equal(PARSE("db", "--help"), PGB_OK);
    assert_ptr_equal(cmd.command, &db);
    assert_int_equal(PARSE("db", "stat"), PGB_USAGE);
    assert_non_null(strstr(err.hint, "pgbraid db start"));
}

static void mistakes_are_named(void **state)
{
    static const struct {
        const char *argv[6];
        const char *message, *hint;
    } cases[] = {
        {{"pgbraid", "upgrade", "--dry-rum"}, "unknown option '--dry-rum'", "--dry-run"},
        {{"pgbraid", "upgrade", "--dry"}, "unknown option '--dry'", "--dry-run"},
        {{"pgbraid", "upgrade", "--zzzzzz"}, "unknown option", "pgbraid upgrade --help"},
        {{"pgbraid", "upgrade", "-x"}, "unknown option '-x'", "--help"},
        {{"pgbraid", "--dry-run", "upgrade"}, "unknown option", "pgbraid upgrade --dry-run"},
        {{"pgbraid", "upgrad"}, "unknown command 'upgrad'", "pgbraid upgrade"},
        {{"pgbraid", "up"}, "unknown command 'up'", "pgbraid upgrade"},
        {{"pgbraid", "zzz"}, "unknown command 'zzz'", "pgbraid help"},
        {{"pgbraid", "show"},
         "show: REV is missing",
         "usage: pgbraid show [OPTION...] REV [OTHER]"},
        {{"pgbraid", "show", "a", "b", "c"}, "unexpected argument 'c'", "usage"},
        {{"pgbraid", "upgrade", "--limit"}, "option --limit needs a value", ""},
        {{"pgbraid", "upgrade", "-o"}, "option --output needs a value", ""},
        {{"pgbraid", "upgrade", "--all=1"}, "takes no value", ""},
        {{"pgbraid", "upgrade", "--limit=-3"}, "takes a number", ""},
        {{"pgbraid", "upgrade", "--limit=99999999999999999999"}, "takes a number", ""},
        {{"pgbraid", "upgrade", "--how=three"}, "one of one, two", ""},
        {{"pgbraid", "upgrade", "--lock-wait=soon"}, "takes a time", "500ms"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(parse(cases[i].argv), PGB_USAGE);
        assert_int_equal(err.status, PGB_USAGE);
        if (strstr(err.message, cases[i].message) == NULL ||
            strstr(err.hint, cases[i].hint) == NULL) {
            fail_msg("case %zu: '%s' hint '%s'", i, err.message, err.hint);
        }
    }
}

static void json_is_known_before_the_mistake(void **state)
{
    (void)state;
    assert_int_equal(PARSE("upgrade", "--nonsense", "--format", "json"), PGB_USAGE);
    assert_int_equal(cmd.globals.format, 1);
    assert_int_equal(PARSE("upgrade", "--nonsense", "--", "--format=json"), PGB_USAGE);
    assert_int_equal(cmd.globals.format, 0);
}

static void durations(void **state)
{
    static const struct {
        const char *text;
        int64_t ms; /* -2: refused */
    } cases[] = {{"0", 0},         {"5", 5000},     {"5s", 5000}, {"250ms", 250},
                 {"2min", 120000}, {"1h", 3600000}, {".5", 500},  {"none", -1},
                 {"-1", -2},       {"", -2},        {"5 s", -2},  {"inf", -2},
                 {"nan", -2},      {"0x10", -2},    {"5x", -2},   {"1e300h", -2}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t ms = -2;
        bool good = pgb_parse_duration(cases[i].text, &ms);

        assert_int_equal(good ? ms : -2, cases[i].ms);
    }
}

static int set_up(void **state)
{
    (void)state;
    arena = pgb_arena_new();
    return arena == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    pgb_arena_free(arena);
    return 0;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(globals_stand_anywhere),
        cmocka_unit_test(values_come_in_all_forms),
        cmocka_unit_test(presets_hold),
        cmocka_unit_test(numbers_with_a_minus_are_operands),
        cmocka_unit_test(sub_commands),
        cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(json_is_known_before_the_mistake),
        cmocka_unit_test(durations),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
