"""How the harnesses read pgbraid's history: by its tables, not by the program under test."""


def applied(cursor):
    """{id: complete}."""
    cursor.execute("SELECT to_regclass('pgbraid.applied')")
    if cursor.fetchone()[0] is None:
        return {}
    cursor.execute("SELECT id, NOT incomplete FROM pgbraid.applied")
    return dict(cursor.fetchall())


def intents(cursor, ident):
    """[(ordinal, 'intent' or 'done', text)] of a revision's statements outside a transaction."""
    cursor.execute("SELECT to_regclass('pgbraid.statement')")
    if cursor.fetchone()[0] is None:
        return []
    cursor.execute("SELECT ordinal, state, text FROM pgbraid.statement WHERE revision = %s ORDER BY ordinal", (ident,))
    return cursor.fetchall()
