"""How the harnesses read pgbraid's history: by its tables (src/history/sql/create_1.sql), not by the program."""


def _there(cursor, name):
    cursor.execute("SELECT to_regclass(%s) IS NOT NULL", (name,))
    return cursor.fetchone()[0]


def applied(cursor):
    """{id: complete}: the applied set, and what is under way outside a transaction (False)."""
    if not _there(cursor, "pgbraid.revision"):
        return {}
    cursor.execute("SELECT id, state = 'applied' FROM pgbraid.revision")
    return dict(cursor.fetchall())


def intents(cursor, ident):
    """[(ordinal, 'intent' or 'done', object)] of a revision's statements outside a transaction, on their way up."""
    if not _there(cursor, "pgbraid.step"):
        return []
    cursor.execute("SELECT ordinal, state, object FROM pgbraid.step WHERE id = %s AND direction = 'up' ORDER BY 1",
                   (ident,))
    return cursor.fetchall()


def events(cursor, event):
    """{id: how often} of one kind of event."""
    if not _there(cursor, "pgbraid.event"):
        return {}
    cursor.execute("SELECT id, count(*) FROM pgbraid.event WHERE event = %s GROUP BY 1", (event,))
    return dict(cursor.fetchall())
