#!/usr/bin/python3
"""The two example projects against their specification.

What stands here as data is the specification: tables per revision, and every column, constraint and
index of the tables that it gives column by column. It is compared with pg_catalog of a real server,
after the pgbraid program has applied the projects to it. The check_* functions take a psycopg2
connection, so they can be pointed at any database that holds an example.
"""

import json
import os
import re
import sys
import unittest
import uuid

import psycopg2

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import harness  # noqa: E402
from harness import PgbraidTest  # noqa: E402

EXAMPLES = os.path.join(str(harness.ROOT), "examples")
THERAPY = os.path.join(EXAMPLES, "therapy")
CONFLICT = os.path.join(EXAMPLES, "therapy-conflict")
CHAT = os.path.join(EXAMPLES, "chat")

# -------------------------------------------------------------------------------------------------
# The therapy practice: the graph

# id, title, parent, label, tables that it creates; in an order in which they can be applied
REVISIONS = [
    ("7cce0565853d", "auth tables", None, None,
     ["users", "auth_sessions", "password_reset_tokens", "therapy_sessions"]),
    ("808b6192c57c", "auth schema and user columns", "7cce0565853d", None,
     ["email_verification_tokens"]),
    ("42ef48f739a4", "auth schema and refresh tokens", "808b6192c57c", None, ["refresh_tokens"]),
    ("b2c3d4e5f6g7", "user columns and therapist_patients junction", "42ef48f739a4", None,
     ["therapist_patients"]),
    ("c3d4e5f6g7h8", "analytics tables (feature 2)", "b2c3d4e5f6g7", None,
     ["session_metrics", "patient_progress", "therapist_metrics", "analytics_events"]),
    ("d4e5f6g7h8i9", "timeline events (feature 5)", "c3d4e5f6g7h8", "timeline",
     ["timeline_events"]),
    ("d5e6f7g8h9i0", "treatment goals (feature 6)", "d4e5f6g7h8i9", None, ["treatment_goals"]),
    ("e5f6g7h8i9j0", "goal tracking tables (feature 6)", "d5e6f7g8h9i0", None,
     ["goal_tracking_config", "progress_entries", "assessment_scores", "progress_milestones",
      "goal_reminders"]),
    ("f6g7h8i9j0k1", "note templates (feature 3)", "e5f6g7h8i9j0", None,
     ["note_templates", "note_template_sections", "session_notes"]),
    ("4da5acd78939", "treatment plan tables (feature 4)", "f6g7h8i9j0k1", "treatment_plans",
     ["treatment_plans", "plan_goals", "plan_interventions", "intervention_library",
      "plan_progress", "plan_reviews"]),
    ("g7h8i9j0k1l2", "security and compliance tables (feature 8)", "f6g7h8i9j0k1", "compliance",
     ["audit_logs", "user_mfa", "emergency_access", "patient_consents", "access_requests",
      "encryption_keys", "retention_policies", "security_events"]),
    ("e4f5g6h7i8j9", "export tables (feature 7)", "c3d4e5f6g7h8", "exports",
     ["export_templates", "export_jobs", "export_audit_log", "scheduled_reports"]),
]
HEADS = {"4da5acd78939", "g7h8i9j0k1l2", "e4f5g6h7i8j9"}
TABLES = {table for revision in REVISIONS for table in revision[4]}

# -------------------------------------------------------------------------------------------------
# The tables that are given column by column

UUID_ID = ("id", "uuid", False, "gen_random_uuid()")
NOW = ("timestamp without time zone", False, "now()")


def null(name, kind):
    return (name, kind, True, None)


def need(name, kind, default=None):
    return (name, kind, False, default)


def one_of(column, *values):
    """The condition "column IN (values)" as the server writes it."""
    return "(%s)::text = ANY ((ARRAY[%s])::text[])" % (
        column, ", ".join("'%s'::character varying" % value for value in values))


def null_or(column, condition):
    return "(%s IS NULL) OR (%s)" % (column, condition)


# table: columns (name, type, may be null, default), foreign keys (column, parent, action),
# indexes beside the primary key (name, definition after "USING"), checks (name, condition).
GIVEN = {
    "timeline_events": {
        "columns": [
            UUID_ID,
            need("patient_id", "uuid"),
            null("therapist_id", "uuid"),
            need("event_type", "character varying(50)"),
            null("event_subtype", "character varying(50)"),
            need("event_date", "timestamp without time zone"),
            need("title", "character varying(200)"),
            null("description", "text"),
            null("metadata", "jsonb"),
            null("related_entity_type", "character varying(50)"),
            null("related_entity_id", "uuid"),
            need("importance", "character varying(20)", "'normal'::character varying"),
            need("is_private", "boolean", "false"),
            ("created_at",) + NOW,
        ],
        "foreign keys": [
            ("fk_timeline_events_patient_id", "patient_id", "users", "CASCADE"),
            ("fk_timeline_events_therapist_id", "therapist_id", "users", "SET NULL"),
        ],
        "indexes": {
            "idx_timeline_patient_date": "btree (patient_id, event_date DESC)",
            "idx_timeline_type": "btree (event_type)",
        },
        "checks": {
            "ck_timeline_events_type": one_of(
                "event_type", "session", "milestone", "note", "diagnosis", "treatment_plan",
                "medication", "assessment", "external_event"),
            "ck_timeline_events_importance": one_of(
                "importance", "low", "normal", "high", "critical"),
        },
    },
    "treatment_goals": {
        "columns": [
            UUID_ID,
            need("patient_id", "uuid"),
            need("therapist_id", "uuid"),
            null("session_id", "uuid"),
            need("description", "text"),
            null("category", "character varying(50)"),
            need("status", "character varying(20)", "'assigned'::character varying"),
            null("baseline_value", "numeric(10,2)"),
            null("target_value", "numeric(10,2)"),
            null("target_date", "date"),
            ("created_at",) + NOW,
            ("updated_at",) + NOW,
            null("completed_at", "timestamp without time zone"),
        ],
        "foreign keys": [
            ("fk_treatment_goals_patient_id", "patient_id", "users", "CASCADE"),
            ("fk_treatment_goals_therapist_id", "therapist_id", "users", "CASCADE"),
            ("fk_treatment_goals_session_id", "session_id", "therapy_sessions", "SET NULL"),
        ],
        "indexes": {
            "idx_treatment_goals_patient_created": "btree (patient_id, created_at DESC)",
            "idx_treatment_goals_therapist_status": "btree (therapist_id, status)",
        },
        "checks": {},
    },
    "goal_tracking_config": {
        "columns": [
            UUID_ID,
            need("goal_id", "uuid"),
            need("tracking_method", "character varying(50)"),
            need("tracking_frequency", "character varying(20)", "'session'::character varying"),
            null("custom_frequency_days", "integer"),
            need("scale_min", "integer", "1"),
            need("scale_max", "integer", "10"),
            null("scale_labels", "jsonb"),
            null("frequency_unit", "character varying(20)"),
            null("duration_unit", "character varying(20)"),
            null("target_direction", "character varying(10)"),
            need("reminder_enabled", "boolean", "true"),
            ("created_at",) + NOW,
        ],
        "foreign keys": [
            ("fk_goal_tracking_config_goal_id", "goal_id", "treatment_goals", "CASCADE"),
        ],
        "indexes": {"idx_goal_tracking_config_goal": "btree (goal_id)"},
        "checks": {
            "ck_goal_tracking_config_method": one_of(
                "tracking_method", "scale", "frequency", "duration", "binary", "assessment"),
            "ck_goal_tracking_config_scale_order": "scale_min < scale_max",
            "ck_goal_tracking_config_scale_min": "scale_min >= 1",
            "ck_goal_tracking_config_scale_max": "scale_max <= 10",
            "ck_goal_tracking_config_frequency": one_of(
                "tracking_frequency", "daily", "weekly", "session", "custom"),
            "ck_goal_tracking_config_direction": null_or(
                "target_direction", one_of("target_direction", "increase", "decrease", "maintain")),
        },
    },
    "progress_entries": {
        "columns": [
            UUID_ID,
            need("goal_id", "uuid"),
            null("tracking_config_id", "uuid"),
            need("entry_date", "date"),
            null("entry_time", "time without time zone"),
            need("value", "numeric(10,2)"),
            null("value_label", "character varying(100)"),
            null("notes", "text"),
            null("context", "character varying(50)"),
            null("session_id", "uuid"),
            null("recorded_by", "uuid"),
            ("recorded_at",) + NOW,
        ],
        "foreign keys": [
            ("fk_progress_entries_goal_id", "goal_id", "treatment_goals", "CASCADE"),
            ("fk_progress_entries_tracking_config_id", "tracking_config_id", "goal_tracking_config",
             "SET NULL"),
            ("fk_progress_entries_session_id", "session_id", "therapy_sessions", "SET NULL"),
            ("fk_progress_entries_recorded_by", "recorded_by", "users", "SET NULL"),
        ],
        "indexes": {
            "idx_progress_entries_goal_date": "btree (goal_id, entry_date DESC)",
            "idx_progress_entries_session": "btree (session_id)",
        },
        "checks": {
            "ck_progress_entries_context": null_or(
                "context", one_of("context", "session", "self_report", "assessment")),
        },
    },
    "assessment_scores": {
        "columns": [
            UUID_ID,
            need("patient_id", "uuid"),
            null("goal_id", "uuid"),
            need("assessment_type", "character varying(50)"),
            need("score", "integer"),
            null("severity", "character varying(20)"),
            null("subscores", "jsonb"),
            need("administered_date", "date"),
            null("administered_by", "uuid"),
            null("notes", "text"),
            ("created_at",) + NOW,
        ],
        "foreign keys": [
            ("fk_assessment_scores_patient_id", "patient_id", "users", "CASCADE"),
            ("fk_assessment_scores_goal_id", "goal_id", "treatment_goals", "SET NULL"),
            ("fk_assessment_scores_administered_by", "administered_by", "users", "SET NULL"),
        ],
        "indexes": {
            "idx_assessment_scores_patient_date": "btree (patient_id, administered_date DESC)",
            "idx_assessment_scores_type": "btree (assessment_type)",
        },
        "checks": {"ck_assessment_scores_score": "score >= 0"},
    },
    "progress_milestones": {
        "columns": [
            UUID_ID,
            need("goal_id", "uuid"),
            null("milestone_type", "character varying(50)"),
            need("title", "character varying(200)"),
            null("description", "text"),
            null("target_value", "numeric(10,2)"),
            null("achieved_at", "timestamp without time zone"),
            ("created_at",) + NOW,
        ],
        "foreign keys": [
            ("fk_progress_milestones_goal_id", "goal_id", "treatment_goals", "CASCADE"),
        ],
        "indexes": {
            "idx_progress_milestones_goal": "btree (goal_id)",
            "idx_progress_milestones_goal_achieved":
                "btree (goal_id, achieved_at DESC) WHERE (achieved_at IS NOT NULL)",
        },
        "checks": {
            "ck_progress_milestones_type": null_or(
                "milestone_type",
                one_of("milestone_type", "percentage", "value", "streak", "custom")),
        },
    },
    "goal_reminders": {
        "columns": [
            UUID_ID,
            need("goal_id", "uuid"),
            need("patient_id", "uuid"),
            null("reminder_type", "character varying(20)"),
            null("scheduled_time", "time without time zone"),
            null("scheduled_days", "integer[]"),
            null("message", "text"),
            need("is_active", "boolean", "true"),
            null("last_sent_at", "timestamp without time zone"),
            ("created_at",) + NOW,
        ],
        "foreign keys": [
            ("fk_goal_reminders_goal_id", "goal_id", "treatment_goals", "CASCADE"),
            ("fk_goal_reminders_patient_id", "patient_id", "users", "CASCADE"),
        ],
        "indexes": {
            "idx_goal_reminders_patient": "btree (patient_id)",
            "idx_goal_reminders_goal_active": "btree (goal_id, is_active)",
        },
        "checks": {
            "ck_goal_reminders_type": null_or(
                "reminder_type", one_of("reminder_type", "check_in", "progress", "motivation")),
        },
    },
}

# columns, foreign keys, indexes beside the primary key, checks
FIGURES = {
    "timeline_events": (14, 2, 2, 2),
    "treatment_goals": (13, 3, 2, 0),
    "goal_tracking_config": (13, 1, 1, 6),
    "progress_entries": (12, 4, 2, 1),
    "assessment_scores": (11, 3, 2, 1),
    "progress_milestones": (8, 1, 2, 1),
    "goal_reminders": (10, 2, 2, 1),
}
GOAL_TRACKING_FIGURES = (67, 14, 11)

# -------------------------------------------------------------------------------------------------
# The chat

TZ_NOW = ("timestamp with time zone", False, "CURRENT_TIMESTAMP")

CHAT_FILES = ["000_create_users_table", "001_create_tasks_table", "002_add_conversations_table",
              "003_add_messages_table"]

CHAT_GIVEN = {
    "users": {
        "columns": [
            UUID_ID,
            need("email", "character varying(255)"),
            need("password_hash", "character varying(255)"),
            ("created_at",) + TZ_NOW,
            ("updated_at",) + TZ_NOW,
        ],
        "foreign keys": [],
        "uniques": {"uq_users_email": "UNIQUE (email)"},
        "indexes": {"idx_users_email": "btree (email)"},
        "checks": {},
    },
    "tasks": {
        "columns": [
            UUID_ID,
            need("user_id", "uuid"),
            need("title", "character varying(255)"),
            null("description", "text"),
            need("completed", "boolean", "false"),
            ("created_at",) + TZ_NOW,
            ("updated_at",) + TZ_NOW,
            null("completed_at", "timestamp with time zone"),
        ],
        "foreign keys": [("fk_tasks_user_id", "user_id", "users", "CASCADE")],
        "indexes": {
            "idx_tasks_user_id": "btree (user_id)",
            "idx_tasks_user_id_created_at": "btree (user_id, created_at DESC)",
        },
        "checks": {},
    },
    "conversations": {
        "columns": [
            UUID_ID,
            need("user_id", "uuid"),
            need("title", "character varying(255)"),
            ("created_at",) + TZ_NOW,
            ("updated_at",) + TZ_NOW,
        ],
        "foreign keys": [("fk_conversations_user_id", "user_id", "users", "CASCADE")],
        "indexes": {
            "idx_conversations_user_id": "btree (user_id)",
            "idx_conversations_user_id_updated_at": "btree (user_id, updated_at DESC)",
        },
        "checks": {},
    },
    "messages": {
        "columns": [
            UUID_ID,
            need("conversation_id", "uuid"),
            need("user_id", "uuid"),
            need("role", "character varying(20)"),
            need("content", "text"),
            null("tool_calls", "jsonb"),
            ("created_at",) + TZ_NOW,
            ("updated_at",) + TZ_NOW,
        ],
        "foreign keys": [
            ("fk_messages_conversation_id", "conversation_id", "conversations", "CASCADE"),
            ("fk_messages_user_id", "user_id", "users", "CASCADE"),
        ],
        "indexes": {
            "idx_messages_conversation_id": "btree (conversation_id)",
            "idx_messages_user_id": "btree (user_id)",
            "idx_messages_conversation_id_created_at": "btree (conversation_id, created_at)",
        },
        "checks": {"ck_messages_role": one_of("role", "user", "assistant", "system", "tool")},
    },
}
CHAT_FIGURES = {"users": (5, 0, 1, 0), "tasks": (8, 1, 2, 0), "conversations": (5, 1, 2, 0),
                "messages": (8, 2, 3, 1)}

# -------------------------------------------------------------------------------------------------
# Values that must be refused: table, assignment, the check that refuses it

BAD_VALUES = [
    ("timeline_events", "event_type = 'party'", "ck_timeline_events_type"),
    ("timeline_events", "importance = 'huge'", "ck_timeline_events_importance"),
    ("goal_tracking_config", "tracking_method = 'guess'", "ck_goal_tracking_config_method"),
    ("goal_tracking_config", "tracking_frequency = 'yearly'", "ck_goal_tracking_config_frequency"),
    ("goal_tracking_config", "target_direction = 'sideways'", "ck_goal_tracking_config_direction"),
    ("goal_tracking_config", "scale_min = 5, scale_max = 5", "ck_goal_tracking_config_scale_order"),
    ("goal_tracking_config", "scale_min = 7, scale_max = 3", "ck_goal_tracking_config_scale_order"),
    ("goal_tracking_config", "scale_min = 0", "ck_goal_tracking_config_scale_min"),
    ("goal_tracking_config", "scale_max = 11", "ck_goal_tracking_config_scale_max"),
    ("progress_entries", "context = 'hearsay'", "ck_progress_entries_context"),
    ("assessment_scores", "score = -1", "ck_assessment_scores_score"),
    ("progress_milestones", "milestone_type = 'luck'", "ck_progress_milestones_type"),
    ("goal_reminders", "reminder_type = 'threat'", "ck_goal_reminders_type"),
    ("users", "role = 'ghost'", "ck_users_role"),
]

# Values at the edge that must be taken
GOOD_VALUES = [
    ("goal_tracking_config", "scale_min = 1, scale_max = 2, target_direction = NULL"),
    ("goal_tracking_config", "scale_min = 9, scale_max = 10"),
    ("progress_entries", "context = NULL"),
    ("assessment_scores", "score = 0"),
    ("progress_milestones", "milestone_type = NULL"),
    ("goal_reminders", "reminder_type = NULL"),
    ("timeline_events", "therapist_id = NULL"),
]

# -------------------------------------------------------------------------------------------------
# Reading a database


def rows(conn, sql, *args):
    with conn.cursor() as cur:
        cur.execute(sql, args or None)
        return cur.fetchall()


def one(conn, sql, *args):
    return rows(conn, sql, *args)[0][0]


def run(conn, sql, *args):
    with conn.cursor() as cur:
        cur.execute(sql, args or None)


def tables(conn):
    return {name for name, in rows(conn, """
        SELECT relname FROM pg_catalog.pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')""")}


def columns(conn, table):
    return rows(conn, """
        SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), NOT a.attnotnull,
               pg_catalog.pg_get_expr(d.adbin, d.adrelid)
        FROM pg_catalog.pg_attribute a
        LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped
        ORDER BY a.attnum""", "public." + table)


def constraints(conn, table, kind):
    return dict(rows(conn, """
        SELECT conname, pg_catalog.pg_get_constraintdef(oid)
        FROM pg_catalog.pg_constraint WHERE conrelid = %s::regclass AND contype = %s""",
                     "public." + table, kind))


def indexes(conn, table):
    """Indexes that no constraint owns: name -> (unique, definition from the access method on)."""
    found = rows(conn, """
        SELECT c.relname, i.indisunique, pg_catalog.pg_get_indexdef(i.indexrelid)
        FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
        WHERE i.indrelid = %s::regclass
          AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint k
                          WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))""",
                 "public." + table)
    return {name: (unique, text.split(" USING ", 1)[1]) for name, unique, text in found}


def shape(conn):
    """Everything in public that a round trip must bring back, as comparable rows."""
    return {
        "relations": rows(conn, """
            SELECT relname, relkind, pg_catalog.obj_description(oid, 'pg_class')
            FROM pg_catalog.pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1, 2"""),
        "columns": {table: columns(conn, table) for table in tables(conn)},
        "column comments": rows(conn, """
            SELECT attrelid::regclass::text, attname, pg_catalog.col_description(attrelid, attnum)
            FROM pg_catalog.pg_attribute JOIN pg_catalog.pg_class c ON c.oid = attrelid
            WHERE relnamespace = 'public'::regnamespace AND attnum > 0 AND NOT attisdropped
            ORDER BY 1, 2"""),
        "constraints": rows(conn, """
            SELECT conrelid::regclass::text, conname, contype, convalidated,
                   pg_catalog.pg_get_constraintdef(oid),
                   pg_catalog.obj_description(oid, 'pg_constraint')
            FROM pg_catalog.pg_constraint WHERE connamespace = 'public'::regnamespace
            ORDER BY 1, 2"""),
        "indexes": rows(conn, """
            SELECT tablename, indexname, indexdef FROM pg_catalog.pg_indexes
            WHERE schemaname = 'public' ORDER BY 1, 2"""),
        "triggers, rules, policies": rows(conn, """
            SELECT tgrelid::regclass::text, tgname FROM pg_catalog.pg_trigger WHERE NOT tgisinternal
            UNION ALL SELECT schemaname || '.' || tablename, policyname FROM pg_catalog.pg_policies
            ORDER BY 1, 2"""),
        "functions, types": rows(conn, """
            SELECT 'function', proname FROM pg_catalog.pg_proc
            WHERE pronamespace = 'public'::regnamespace
            UNION ALL SELECT 'type', typname FROM pg_catalog.pg_type
            WHERE typnamespace = 'public'::regnamespace AND typtype IN ('d', 'e', 'r')
            ORDER BY 1, 2"""),
    }


# -------------------------------------------------------------------------------------------------
# Checking a database; `t` is the test case


def check_table(t, conn, table, given):
    t.assertEqual(columns(conn, table), given["columns"], table)
    t.assertEqual(list(constraints(conn, table, "p").values()), ["PRIMARY KEY (id)"], table)
    t.assertEqual(
        constraints(conn, table, "f"),
        {name: "FOREIGN KEY (%s) REFERENCES %s(id) ON DELETE %s" % (column, parent, action)
         for name, column, parent, action in given["foreign keys"]}, table)
    t.assertEqual(constraints(conn, table, "u"), given.get("uniques", {}), table)
    t.assertEqual(constraints(conn, table, "x"), {}, table)
    t.assertEqual(constraints(conn, table, "t"), {}, table)
    t.assertEqual(indexes(conn, table),
                  {name: (False, text) for name, text in given["indexes"].items()}, table)
    t.assertEqual(constraints(conn, table, "c"),
                  {name: "CHECK ((%s))" % condition
                   for name, condition in given["checks"].items()}, table)


def figures(conn, table):
    return (len(columns(conn, table)), len(constraints(conn, table, "f")),
            len(indexes(conn, table)), len(constraints(conn, table, "c")))


def check_therapy(t, conn):
    """A database at all three heads is what the specification says."""
    t.assertEqual(len(TABLES), 39)
    t.assertEqual(tables(conn), TABLES)
    for table, given in GIVEN.items():
        with t.subTest(table=table):
            check_table(t, conn, table, given)
            t.assertEqual(figures(conn, table), FIGURES[table])
    goals = [figures(conn, table) for table in GIVEN if table != "timeline_events"]
    t.assertEqual(tuple(map(sum, zip(*goals)))[:3], GOAL_TRACKING_FIGURES)

    sessions = {c[0]: c for c in columns(conn, "therapy_sessions")}
    t.assertEqual(sessions["id"], UUID_ID)
    t.assertEqual(sessions["patient_id"], need("patient_id", "uuid"))
    t.assertEqual(sessions["therapist_id"], null("therapist_id", "uuid"))
    t.assertEqual(sessions["session_date"], need("session_date", "timestamp without time zone"))
    t.assertEqual(sessions["extracted_notes"], null("extracted_notes", "jsonb"))
    t.assertLessEqual({"FOREIGN KEY (patient_id) REFERENCES users(id) ON DELETE CASCADE",
                       "FOREIGN KEY (therapist_id) REFERENCES users(id) ON DELETE SET NULL"},
                      set(constraints(conn, "therapy_sessions", "f").values()))
    t.assertIn("role", [c[0] for c in columns(conn, "users")])

    # The house's habits for the tables that were ours to design
    for table in sorted(TABLES):
        with t.subTest(table=table):
            t.assertEqual(list(constraints(conn, table, "p")), ["pk_" + table])
            for kind, prefix in (("f", "fk_"), ("c", "ck_"), ("u", "uq_")):
                for name in constraints(conn, table, kind):
                    t.assertTrue(name.startswith(prefix + table + "_"), name)
            for name in indexes(conn, table):
                t.assertTrue(name.startswith("idx_"), name)
            t.assertTrue(one(conn, "SELECT pg_catalog.obj_description(%s::regclass, 'pg_class')",
                             "public." + table), "no comment on " + table)
    t.assertEqual(rows(conn, """
        SELECT conrelid::regclass, conname, confdeltype FROM pg_catalog.pg_constraint
        WHERE connamespace = 'public'::regnamespace AND contype = 'f'
          AND confrelid = 'users'::regclass AND confdeltype NOT IN ('c', 'n')"""), [],
                  "a user could not be deleted")


def check_chat(t, conn):
    t.assertEqual(tables(conn), set(CHAT_GIVEN))
    for table, given in CHAT_GIVEN.items():
        with t.subTest(table=table):
            check_table(t, conn, table, given)
            t.assertEqual(figures(conn, table), CHAT_FIGURES[table])
    total = tuple(map(sum, zip(*(figures(conn, table) for table in CHAT_GIVEN))))
    t.assertEqual(total, (26, 4, 8, 1))


# -------------------------------------------------------------------------------------------------
# Rows for every table, from the catalog alone


def parents_first(conn, names):
    edges = rows(conn, """
        SELECT c.relname, p.relname FROM pg_catalog.pg_constraint k
        JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
        JOIN pg_catalog.pg_class p ON p.oid = k.confrelid
        WHERE k.contype = 'f' AND k.connamespace = 'public'::regnamespace
          AND k.conrelid <> k.confrelid""")
    order, left = [], set(names)
    while left:
        ready = sorted(n for n in left if not any(c == n and p in left for c, p in edges))
        assert ready, "foreign keys go in a circle among %s" % sorted(left)
        order += ready
        left -= set(ready)
    return order


def a_value(kind, allowed, day):
    if allowed:
        return allowed[0]
    match = re.match(r"character varying\((\d+)\)", kind)
    if match:
        return uuid.uuid4().hex[:int(match.group(1))]
    return {
        "uuid": str(uuid.uuid4()), "text": "a text", "jsonb": "{}", "bytea": "\\x00",
        "inet": "192.0.2.1", "boolean": True, "date": day, "time without time zone": "08:30",
        "timestamp without time zone": day + " 08:30",
        "timestamp with time zone": day + " 08:30+00",
        "text[]": "{}", "integer[]": "{1,3}",
    }.get(kind, 1)


def fill(conn, patient, therapist, other, day="2025-03-04"):
    """One row in every table but users, every column given; columns that point to users are
    `patient`, `therapist`, or else `other`. Returns table -> id."""
    made = {}
    for table in parents_first(conn, tables(conn) - {"users"}):
        to = dict(rows(conn, """
            SELECT a.attname, k.confrelid::regclass::text
            FROM pg_catalog.pg_constraint k
            JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
            WHERE k.contype = 'f' AND k.conrelid = %s::regclass""", "public." + table))
        allowed = {}
        for text in constraints(conn, table, "c").values():
            match = re.search(r"\(\(?([a-z_]+)\)::text = ANY", text)
            if match:
                allowed[match.group(1)] = re.findall(r"'([^']*)'", text)
        row, to_itself = {}, []
        for name, kind, _, default in columns(conn, table):
            if name == "id" or (kind in ("integer", "smallint") and default):
                continue
            if to.get(name) == "users":
                row[name] = {"patient_id": patient, "therapist_id": therapist}.get(name, other)
            elif to.get(name) == table:
                to_itself.append(name)
            elif name in to:
                row[name] = made[to[name]]
            else:
                row[name] = a_value(kind, allowed.get(name), day)
        made[table] = one(conn, "INSERT INTO %s (%s) VALUES (%s) RETURNING id" % (
            table, ", ".join(row), ", ".join(["%s"] * len(row))), *row.values())
        for name in to_itself:
            run(conn, "UPDATE %s SET %s = id WHERE id = %%s" % (table, name), made[table])
    return made


def a_user(conn, role):
    return one(conn, "INSERT INTO users (email, role) VALUES (%s, %s) RETURNING id",
               uuid.uuid4().hex + "@example.com", role)


def counts(conn):
    return {table: one(conn, "SELECT count(*) FROM " + table) for table in tables(conn)}


EVIDENCE = {"audit_logs", "emergency_access", "security_events", "export_audit_log"}
NOBODYS = {"users", "intervention_library", "encryption_keys", "retention_policies",
           "note_templates", "note_template_sections", "export_templates", "analytics_events"}


def check_deletions(t, conn):
    """What goes, stays, and is cleared when a session, a therapist, a patient is deleted."""
    patient, therapist, colleague = (a_user(conn, r) for r in ("patient", "therapist", "therapist"))
    made = fill(conn, patient, therapist, therapist)
    mine = fill(conn, patient, colleague, patient, "2025-04-01")
    conn.commit()
    t.assertEqual({table for table, n in counts(conn).items() if n == 0}, set())

    # A session goes: goals and entries stay, their reference is cleared.
    run(conn, "DELETE FROM therapy_sessions WHERE id = %s", made["therapy_sessions"])
    for table in ("treatment_goals", "progress_entries"):
        t.assertEqual(rows(conn, "SELECT session_id FROM %s WHERE id = %%s" % table, made[table]),
                      [(None,)], table)
        t.assertEqual(rows(conn, "SELECT session_id FROM %s WHERE id = %%s" % table, mine[table]),
                      [(mine["therapy_sessions"],)], table)
    conn.rollback()

    # A therapist goes: the timeline stays, the reference is cleared; the patient's sessions stay.
    run(conn, "DELETE FROM users WHERE id = %s", therapist)
    for table in ("timeline_events", "therapy_sessions", "treatment_plans", "patient_progress"):
        t.assertEqual(set(rows(conn, "SELECT patient_id, therapist_id FROM " + table)),
                      {(patient, None), (patient, colleague)}, table)
    t.assertEqual(rows(conn, "SELECT therapist_id FROM treatment_goals"), [(colleague,)])
    conn.rollback()

    # A patient goes, with everything that is theirs; evidence stays, and names nobody.
    run(conn, "DELETE FROM users WHERE id = %s", patient)
    left = {table for table, n in counts(conn).items() if n}
    t.assertLessEqual(left, EVIDENCE | NOBODYS | {
        "auth_sessions", "password_reset_tokens", "email_verification_tokens", "refresh_tokens",
        "therapist_metrics", "user_mfa"})
    for table in ("timeline_events", "treatment_goals", "assessment_scores", "goal_reminders"):
        t.assertNotIn(table, left)
    for table in EVIDENCE:
        t.assertEqual(one(conn, "SELECT count(*) FROM " + table), 2, table)
    conn.rollback()

    # All at once; and rows made and deleted in one transaction.
    run(conn, "DELETE FROM users")
    t.assertLessEqual({table for table, n in counts(conn).items() if n}, EVIDENCE | NOBODYS)
    patient, therapist = a_user(conn, "patient"), a_user(conn, "therapist")
    fill(conn, patient, therapist, patient)
    run(conn, "DELETE FROM users WHERE id = %s", patient)
    run(conn, "DELETE FROM users WHERE id = %s", therapist)
    conn.rollback()


def check_values(t, conn):
    """Bad values are refused by the check that is there for them, values at the edge are taken."""
    fill(conn, a_user(conn, "patient"), a_user(conn, "therapist"), a_user(conn, "admin"))
    for table, assignment in GOOD_VALUES:
        with t.subTest(table=table, assignment=assignment):
            run(conn, "SAVEPOINT s")
            run(conn, "UPDATE %s SET %s" % (table, assignment))
            run(conn, "ROLLBACK TO s")
    for table, assignment, name in BAD_VALUES:
        with t.subTest(table=table, assignment=assignment):
            run(conn, "SAVEPOINT s")
            with t.assertRaises(psycopg2.IntegrityError) as caught:
                run(conn, "UPDATE %s SET %s" % (table, assignment))
            t.assertEqual(caught.exception.pgcode, "23514")
            t.assertEqual(caught.exception.diag.constraint_name, name)
            run(conn, "ROLLBACK TO s")
    conn.rollback()


def check_chat_behaviour(t, conn):
    user = one(conn, """
        INSERT INTO users (email, password_hash) VALUES ('a@example.com', 'x') RETURNING id""")
    run(conn, "INSERT INTO tasks (user_id, title) VALUES (%s, 'a task')", user)
    talk = one(conn, """
        INSERT INTO conversations (user_id, title) VALUES (%s, 'a talk') RETURNING id""", user)
    for role in ("user", "assistant", "system", "tool"):
        run(conn, """
            INSERT INTO messages (conversation_id, user_id, role, content)
            VALUES (%s, %s, %s, '')""", talk, user, role)
    for code, sql in (
            ("23514", "UPDATE messages SET role = 'robot'"),
            ("23505", "INSERT INTO users (email, password_hash) VALUES ('a@example.com', 'y')"),
            ("23502", "UPDATE tasks SET title = NULL")):
        run(conn, "SAVEPOINT s")
        with t.assertRaises(psycopg2.IntegrityError) as caught:
            run(conn, sql)
        t.assertEqual(caught.exception.pgcode, code, sql)
        run(conn, "ROLLBACK TO s")
    run(conn, "SAVEPOINT s")
    run(conn, "DELETE FROM conversations")
    t.assertEqual(counts(conn), {"users": 1, "tasks": 1, "conversations": 0, "messages": 0})
    run(conn, "ROLLBACK TO s")
    run(conn, "DELETE FROM users")
    t.assertEqual(set(counts(conn).values()), {0})
    conn.rollback()


# -------------------------------------------------------------------------------------------------
# The queries, and rows enough for the planner to have a reason

THERAPY_ROWS = """
INSERT INTO users (email, role)
    SELECT n || '@example.com', CASE WHEN n % 10 = 0 THEN 'therapist' ELSE 'patient' END
    FROM generate_series(1, 200) n;
CREATE TEMP TABLE pair AS
    SELECT p.id AS patient_id, (array_agg(t.id))[1 + abs(hashtext(p.id::text)) % 20] AS therapist_id
    FROM users p, users t WHERE p.role = 'patient' AND t.role = 'therapist' GROUP BY p.id;
INSERT INTO timeline_events (patient_id, therapist_id, event_type, event_date, title)
    SELECT patient_id, therapist_id, 'note', now() - n * interval '1 day', 'x'
    FROM pair, generate_series(1, 50) n;
INSERT INTO treatment_goals (patient_id, therapist_id, description, status)
    SELECT patient_id, therapist_id, 'x', (ARRAY['assigned', 'in_progress', 'completed'])[1 + n % 3]
    FROM pair, generate_series(1, 20) n;
INSERT INTO progress_entries (goal_id, entry_date, value)
    SELECT id, current_date - n, n FROM treatment_goals, generate_series(1, 5) n;
INSERT INTO assessment_scores (patient_id, assessment_type, score, administered_date)
    SELECT patient_id, 'PHQ-9', n, current_date - n FROM pair, generate_series(1, 50) n;
INSERT INTO goal_reminders (goal_id, patient_id, is_active)
    SELECT id, patient_id, n = 1 FROM treatment_goals, generate_series(1, 2) n;
"""

CHAT_ROWS = """
INSERT INTO users (email, password_hash)
    SELECT n || '@example.com', 'x' FROM generate_series(1, 2000) n;
INSERT INTO tasks (user_id, title, created_at)
    SELECT id, 'x', now() - n * interval '1 hour'
    FROM (SELECT * FROM users LIMIT 200) u, generate_series(1, 60) n;
INSERT INTO conversations (user_id, title, updated_at)
    SELECT id, 'x', now() - n * interval '1 hour'
    FROM (SELECT * FROM users LIMIT 200) u, generate_series(1, 40) n;
INSERT INTO messages (conversation_id, user_id, role, content, created_at)
    SELECT id, user_id, 'user', 'x', now() - n * interval '1 minute'
    FROM (SELECT * FROM conversations LIMIT 200) c, generate_series(1, 200) n;
"""


def queries(project):
    """(file, index that it names, SQL) of each query of a project."""
    folder = os.path.join(project, "queries")
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            text = file.read()
        yield name, re.match(r"-- [^\n]+\n-- pgbraid:uses (\w+)\n", text).group(1), text


def indexes_of_plan(node):
    found = {node["Index Name"]} if "Index Name" in node else set()
    for child in node.get("Plans", []):
        found |= indexes_of_plan(child)
    return found


def check_queries(t, conn, project, filling):
    """Each query uses the index that its file names, with rows and statistics and no coaxing."""
    run(conn, filling)
    run(conn, "ANALYZE")
    for name, index, text in queries(project):
        with t.subTest(query=name):
            plan = one(conn, "EXPLAIN (FORMAT JSON) " + text)[0]["Plan"]
            t.assertEqual(indexes_of_plan(plan), {index}, json.dumps(plan, indent=1))
    conn.rollback()


# -------------------------------------------------------------------------------------------------
# The files


def read(path):
    with open(path, "rb") as file:
        return file.read()


def tree(folder):
    found = {}
    for base, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(base, name)
            found[os.path.relpath(path, folder)] = read(path)
    return found


class Files(unittest.TestCase):
    """What can be said of the examples without a server and without the program."""

    def test_headers(self):
        folder = os.path.join(THERAPY, "migrations")
        names = os.listdir(folder)
        self.assertEqual(len(names), len(REVISIONS))
        self.assertIn("e4f5g6h7i8j9_add_export_tables.sql", names)
        for ident, title, parent, label, _ in REVISIONS:
            name, = [n for n in names if n.startswith(ident + "_")]
            text = read(os.path.join(folder, name)).decode()
            self.assertEqual(text.splitlines()[0], "-- " + title)

            def directive(word):
                return re.findall(r"^-- pgbraid:%s(?: (.*))?$" % word, text, re.M)
            self.assertEqual(directive("revision"), [ident])
            self.assertEqual(directive("parent"), [parent] if parent else [])
            self.assertEqual(directive("label"), [label] if label else [])
            self.assertEqual(directive("up"), [""])
            self.assertEqual(directive("down"), [""])

    def test_nothing_is_forced(self):
        for project in (THERAPY, CONFLICT, CHAT):
            for path, content in tree(os.path.join(project, "migrations")).items():
                self.assertNotRegex(
                    content.decode(),
                    r"(?im)\bIF (NOT )?EXISTS\b|^(BEGIN|COMMIT|ROLLBACK)\b", path)

    def test_conflict_differs_by_one_name_and_one_line(self):
        before, after = tree(CONFLICT), tree(THERAPY)
        before.pop("README.md"), after.pop("README.md")
        export = before.pop("migrations/d4e5f6g7h8i9_add_export_tables.sql")
        self.assertEqual(export.count(b"d4e5f6g7h8i9"), 1)
        before["migrations/e4f5g6h7i8j9_add_export_tables.sql"] = export.replace(
            b"-- pgbraid:revision d4e5f6g7h8i9\n", b"-- pgbraid:revision e4f5g6h7i8j9\n")
        self.assertEqual(before, after)

    def test_chat_files(self):
        self.assertEqual(sorted(os.listdir(os.path.join(CHAT, "migrations"))),
                         sorted(n + e for n in CHAT_FILES for e in (".sql", ".down.sql")))


# -------------------------------------------------------------------------------------------------
# The projects, applied by the program


class Therapy(PgbraidTest):
    def apply(self, *args, db):
        return self.pgbraid(*args, cwd=THERAPY, db=db, check=True)

    def at_heads(self):
        db = self.new_database()
        self.apply("upgrade", "heads", db=db)
        conn = self.connect(db)
        conn.autocommit = False
        return db, conn

    def test_heads(self):
        db, conn = self.at_heads()
        current = json.loads(self.apply("current", "--format", "json", db=db).stdout)
        self.assertEqual(set(current["current"]), HEADS)
        check_therapy(self, conn)

    def test_tables_of_each_revision(self):
        db = self.new_database()
        conn = self.connect(db)
        conn.autocommit = False
        for ident, _, _, _, created in REVISIONS:
            with self.subTest(revision=ident):
                before = tables(conn)
                conn.rollback()
                self.apply("upgrade", ident, db=db)
                self.assertEqual(tables(conn) - before, set(created))
                self.assertLessEqual(before, tables(conn))
                conn.rollback()
        check_therapy(self, conn)

    def test_deletions(self):
        check_deletions(self, self.at_heads()[1])

    def test_values(self):
        check_values(self, self.at_heads()[1])

    def test_queries(self):
        check_queries(self, self.at_heads()[1], THERAPY, THERAPY_ROWS)

    def round_trip(self, target, left):
        db, conn = self.at_heads()
        before = shape(conn)
        conn.rollback()
        self.apply("downgrade", "--yes", target, db=db)
        self.assertEqual(tables(conn), left)
        conn.rollback()
        self.apply("upgrade", "heads", db=db)
        self.assertEqual(shape(conn), before)

    def without(self, *idents):
        return {table for r in REVISIONS if r[0] not in idents for table in r[4]}

    def test_back_to_before_goal_tracking(self):
        left = self.without("e5f6g7h8i9j0", "f6g7h8i9j0k1", "4da5acd78939", "g7h8i9j0k1l2")
        self.round_trip("e5f6g7h8i9j0^", left)

    def test_back_to_before_the_timeline(self):
        left = self.without("d4e5f6g7h8i9", "d5e6f7g8h9i0", "e5f6g7h8i9j0", "f6g7h8i9j0k1",
                            "4da5acd78939", "g7h8i9j0k1l2")
        self.assertEqual(len(left), 15)
        self.round_trip("d4e5f6g7h8i9^", left)

    def test_back_to_nothing(self):
        self.round_trip("base", set())

    def test_conflict_is_repaired_by_one_command(self):
        project = self.copy_example("therapy-conflict")
        clash = self.pgbraid("check", cwd=project)
        self.assertEqual(clash.returncode, 3)
        for text in ("d4e5f6g7h8i9_add_timeline_events.sql", "d4e5f6g7h8i9_add_export_tables.sql",
                     "d5e6f7g8h9i0"):
            self.assertIn(text, clash.stdout + clash.stderr)
        db = self.new_database()
        refused = self.pgbraid("upgrade", "heads", cwd=project, db=db)
        self.assertEqual(refused.returncode, 2)
        self.pgbraid("rename", "migrations/d4e5f6g7h8i9_add_export_tables.sql", "e4f5g6h7i8j9",
                     cwd=project, check=True)
        self.assertEqual(tree(os.path.join(project, "migrations")),
                         tree(os.path.join(THERAPY, "migrations")))
        heads = self.pgbraid("heads", "--format", "json", cwd=project, check=True)
        self.assertEqual(set(json.loads(heads.stdout)["heads"]), HEADS)


class Chat(PgbraidTest):
    def at_head(self):
        db = self.new_database()
        self.pgbraid("upgrade", cwd=CHAT, db=db, check=True)
        conn = self.connect(db)
        conn.autocommit = False
        return db, conn

    def test_head(self):
        check_chat(self, self.at_head()[1])

    def test_behaviour(self):
        check_chat_behaviour(self, self.at_head()[1])

    def test_queries(self):
        check_queries(self, self.at_head()[1], CHAT, CHAT_ROWS)

    def test_round_trip(self):
        db, conn = self.at_head()
        before = shape(conn)
        conn.rollback()
        self.pgbraid("downgrade", "--yes", "base", cwd=CHAT, db=db, check=True)
        self.assertEqual(tables(conn), set())
        conn.rollback()
        self.pgbraid("upgrade", cwd=CHAT, db=db, check=True)
        self.assertEqual(shape(conn), before)


if __name__ == "__main__":
    harness.main()
