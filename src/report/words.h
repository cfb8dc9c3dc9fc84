/* The words of a report: what all its forms say the same way. Floor 4. */
#ifndef PGB_REPORT_WORDS_H
#define PGB_REPORT_WORDS_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "report/model.h"

/* "12 tables", "1 table"; the plural of kinds that end in "index", "y" or "s" too. */
void pgb_words_count(pgb_buf *out, uint64_t n, const char *singular);
/* "850 µs", "12.4 ms", "1.20 s", "3 min 20 s", "2 h 05 min". */
void pgb_words_duration(pgb_buf *out, int64_t us);
/* "2026-01-02 03:04:05 UTC" of "2026-01-02T03:04:05.123456+00:00"; other texts as they are. */
void pgb_words_time(pgb_buf *out, const char *at);
/* "a, b and c" */
void pgb_words_list(pgb_buf *out, const pgb_report_list *list);

/* The title: "Migration report: therapy". */
void pgb_words_title(pgb_buf *out, const pgb_report *r);

typedef enum pgb_tone { PGB_TONE_PLAIN, PGB_TONE_GOOD, PGB_TONE_WARN, PGB_TONE_BAD } pgb_tone;

/* One line of the summary. */
typedef struct pgb_fact {
    const char *label, *text;
    pgb_tone tone;
    const char *const *code; /* commands or ids that belong to it */
    uint32_t n_code;
} pgb_fact;

/* The summary, the most important first. In the arena. */
pgb_status pgb_words_summary(const pgb_report *r, pgb_arena *arena, const pgb_fact **ret_facts,
                             uint32_t *ret_n, pgb_error *err);

/* What is said of a revision besides its state: "head", "branch point", "merge point", labels. */
pgb_status pgb_words_tags(const pgb_report *r, uint32_t revision, pgb_arena *arena,
                          const char *const **ret_tags, uint32_t *ret_n, pgb_error *err);

/* How a foreign key acts, for people: "deleted with it", "kept, reference cleared", … */
const char *pgb_words_on_delete(const char *on_delete);

/* "patient_id → users (id) ON DELETE CASCADE", with what else it has. arrow: what stands for it. */
void pgb_words_foreign_key(pgb_buf *out, const pgb_report_foreign_key *fk, const char *arrow);

/* "14 columns, 2 foreign keys, 2 indexes, 2 checks" of a table. */
void pgb_words_table(pgb_buf *out, const pgb_report_table *t);

/* The kinds of a revision's changes, counted: "4 tables created, 2 columns added to users". */
void pgb_words_changes(pgb_buf *out, const pgb_report_revision *rev);

#endif
