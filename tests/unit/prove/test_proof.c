/* The list of proofs, and what reaches beyond the database. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "prove/outside.h"
#include "prove/proof.h"

static void test_list(void **state)
{
    pgb_proofs proofs;
    char subject[] = "revision a";
    pgb_error err = PGB_ERROR_INIT;

    (void)state;
    assert_int_equal(pgb_proofs_init(&proofs, &err), PGB_OK);
    assert_int_equal(
        pgb_proofs_add(&proofs, subject, "it runs", PGB_PROOF_PASSED, NULL, NULL, &err), PGB_OK);
    subject[0] = 'X'; /* strings are copied */
    pgb_proofs_took(&proofs, 12);
    assert_int_equal(
        pgb_proofs_add(&proofs, subject, "it runs", PGB_PROOF_FAILED, "why", "SELECT 1", &err),
        PGB_OK);
    /* what is not shown needs a reason */
    assert_int_equal(
        pgb_proofs_add(&proofs, subject, "it runs", PGB_PROOF_NOT_PROBED, NULL, NULL, &err),
        PGB_INTERNAL);
    pgb_error_clear(&err);
    assert_int_equal(pgb_proofs_add(&proofs, subject, "it runs", PGB_PROOF_FAILED, "", NULL, &err),
                     PGB_INTERNAL);
    assert_int_equal(proofs.n, 2);
    assert_string_equal(proofs.at[0].subject, "revision a");
    assert_int_equal(proofs.at[0].ms, 12);
    assert_int_equal(proofs.at[1].ms, -1);
    assert_int_equal(pgb_proofs_count(&proofs, PGB_PROOF_PASSED), 1);
    assert_int_equal(pgb_proofs_count(&proofs, PGB_PROOF_NOT_PROBED), 0);
    assert_string_equal(pgb_proof_result_name(PGB_PROOF_NOT_PROBED), "not_probed");
    pgb_proofs_done(&proofs);
}

static void test_outside(void **state)
{
    static const struct {
        const char *sql, *call;
    } cases[] = {
        {"COPY t FROM PROGRAM 'curl x'", "COPY ... PROGRAM"},
        {"-- fetch\ncopy t to program 'x'", "COPY ... PROGRAM"},
        {"COPY t FROM stdin", NULL},
        {"COPY t (\"program\") FROM stdin", NULL},
        {"COPY (SELECT 'program') TO stdout", NULL},
        {"CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p", "CREATE SUBSCRIPTION"},
        {"ALTER SYSTEM SET work_mem = '1MB'", "ALTER SYSTEM"},
        {"IMPORT FOREIGN SCHEMA a FROM SERVER b INTO c", "IMPORT FOREIGN SCHEMA"},
        {"SELECT dblink_exec('x', 'y')", "dblink_exec"},
        {"SELECT public.http_get ('x')", "http_get"},
        {"DO $$ BEGIN PERFORM dblink('x', 'y'); END $$", "dblink"},
        {"CREATE FUNCTION f() RETURNS void AS $$ SELECT dblink('x') $$ LANGUAGE sql", NULL},
        {"SELECT 'dblink(1)'", NULL},
        {"SELECT 1 /* dblink(1) /* nested */ */", NULL},
        {"CREATE TABLE program (dblink text)", NULL},
        {"SELECT dblink FROM t", NULL},
        {"", NULL},
        {"'unterminated", NULL},
        {"/* unterminated", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *call = pgb_outside_call(cases[i].sql);

        if (cases[i].call == NULL) {
            assert_null(call);
        } else {
            assert_non_null(call);
            assert_string_equal(call, cases[i].call);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_list), cmocka_unit_test(test_outside)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
