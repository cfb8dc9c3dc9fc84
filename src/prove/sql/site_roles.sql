-- Roles with their rights and memberships, one line each, and tablespaces: what a revision can make outside of its
-- database.
SELECT 'role ' || pg_catalog.quote_ident(r.rolname),
       pg_catalog.concat_ws(', ',
         CASE WHEN r.rolsuper THEN 'superuser' END, CASE WHEN NOT r.rolinherit THEN 'noinherit' END,
         CASE WHEN r.rolcreaterole THEN 'createrole' END, CASE WHEN r.rolcreatedb THEN 'createdb' END,
         CASE WHEN r.rolcanlogin THEN 'login' END, CASE WHEN r.rolreplication THEN 'replication' END,
         CASE WHEN r.rolbypassrls THEN 'bypassrls' END,
         CASE WHEN r.rolconnlimit <> -1 THEN 'connection limit ' || r.rolconnlimit END,
         (SELECT 'member of ' || pg_catalog.string_agg(pg_catalog.quote_ident(g.rolname), ', ' ORDER BY g.rolname)
            FROM pg_catalog.pg_auth_members m
            JOIN pg_catalog.pg_roles g ON g.oid = m.roleid
           WHERE m.member = r.oid),
         (SELECT 'settings ' || pg_catalog.string_agg(pg_catalog.array_to_string(s.setconfig, ' '), ' ' ORDER BY s.setconfig)
            FROM pg_catalog.pg_db_role_setting s
           WHERE s.setrole = r.oid AND s.setdatabase = 0))
  FROM pg_catalog.pg_roles r
 WHERE r.rolname !~ '^pg_'
UNION ALL
SELECT 'tablespace ' || pg_catalog.quote_ident(t.spcname), ''
  FROM pg_catalog.pg_tablespace t
 WHERE t.spcname !~ '^pg_'
 ORDER BY 1
