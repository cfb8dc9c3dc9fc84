-- Roles that anything in this database refers to: owners, grantees, roles of policies, and the bootstrap superuser.
SELECT r.rolname
  FROM pg_catalog.pg_roles r
 WHERE r.rolname !~ '^pg_'
   AND (r.oid = 10 OR r.rolname = SESSION_USER
        OR EXISTS (SELECT FROM pg_catalog.pg_shdepend s
                    WHERE s.refclassid = 'pg_catalog.pg_authid'::regclass AND s.refobjid = r.oid
                      AND (s.dbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
                           OR (s.classid = 'pg_catalog.pg_database'::regclass
                               AND s.objid = (SELECT oid FROM pg_catalog.pg_database
                                               WHERE datname = pg_catalog.current_database())))))
 ORDER BY 1
