-- What the model does not hold, named when it is there.
SELECT 'unmodelled' AS kind, u.what || ' ' || u.name AS identity, NULL::text AS parent, 0 AS ord
  FROM (SELECT 'foreign table' AS what, c.oid, 'pg_catalog.pg_class'::regclass AS class,
               pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS name
          FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relkind = 'f' AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', $1)
        UNION ALL
        SELECT 'base type', t.oid, 'pg_catalog.pg_type'::regclass,
               pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(t.typname)
          FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
         WHERE (t.typtype = 'p' OR (t.typtype = 'b' AND NOT EXISTS
                 (SELECT FROM pg_catalog.pg_type e WHERE e.typarray = t.oid)))
           AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', $1)
        UNION ALL
        SELECT 'operator', o.oid, 'pg_catalog.pg_operator'::regclass, o.oid::regoperator::text
          FROM pg_catalog.pg_operator o JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace
         WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', $1)
        UNION ALL
        SELECT 'operator class', o.oid, 'pg_catalog.pg_opclass'::regclass,
               pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(o.opcname) || ' using ' || pg_catalog.quote_ident(am.amname)
          FROM pg_catalog.pg_opclass o JOIN pg_catalog.pg_am am ON am.oid = o.opcmethod JOIN pg_catalog.pg_namespace n ON n.oid = o.opcnamespace
         WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', $1)
        UNION ALL
        SELECT 'operator family', o.oid, 'pg_catalog.pg_opfamily'::regclass,
               pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(o.opfname) || ' using ' || pg_catalog.quote_ident(am.amname)
          FROM pg_catalog.pg_opfamily o JOIN pg_catalog.pg_am am ON am.oid = o.opfmethod JOIN pg_catalog.pg_namespace n ON n.oid = o.opfnamespace
         WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', $1)
        UNION ALL
        SELECT 'collation', o.oid, 'pg_catalog.pg_collation'::regclass,
               pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(o.collname)
          FROM pg_catalog.pg_collation o JOIN pg_catalog.pg_namespace n ON n.oid = o.collnamespace
         WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', $1)
        UNION ALL
        SELECT 'conversion', o.oid, 'pg_catalog.pg_conversion'::regclass,
               pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(o.conname)
          FROM pg_catalog.pg_conversion o JOIN pg_catalog.pg_namespace n ON n.oid = o.connamespace
         WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', $1)
        UNION ALL
        SELECT 'text search configuration', o.oid, 'pg_catalog.pg_ts_config'::regclass,
               pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(o.cfgname)
          FROM pg_catalog.pg_ts_config o JOIN pg_catalog.pg_namespace n ON n.oid = o.cfgnamespace
         WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', $1)
        UNION ALL
        SELECT 'text search dictionary', o.oid, 'pg_catalog.pg_ts_dict'::regclass,
               pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(o.dictname)
          FROM pg_catalog.pg_ts_dict o JOIN pg_catalog.pg_namespace n ON n.oid = o.dictnamespace
         WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', $1)
        UNION ALL
        SELECT 'text search parser', o.oid, 'pg_catalog.pg_ts_parser'::regclass,
               pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(o.prsname)
          FROM pg_catalog.pg_ts_parser o JOIN pg_catalog.pg_namespace n ON n.oid = o.prsnamespace
         WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', $1)
        UNION ALL
        SELECT 'text search template', o.oid, 'pg_catalog.pg_ts_template'::regclass,
               pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(o.tmplname)
          FROM pg_catalog.pg_ts_template o JOIN pg_catalog.pg_namespace n ON n.oid = o.tmplnamespace
         WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', $1)
        UNION ALL
        SELECT 'cast', o.oid, 'pg_catalog.pg_cast'::regclass,
               pg_catalog.format_type(o.castsource, NULL) || ' as ' || pg_catalog.format_type(o.casttarget, NULL)
          FROM pg_catalog.pg_cast o WHERE o.oid >= 16384
        UNION ALL
        SELECT 'language', o.oid, 'pg_catalog.pg_language'::regclass, pg_catalog.quote_ident(o.lanname)
          FROM pg_catalog.pg_language o WHERE o.oid >= 16384
        UNION ALL
        SELECT 'transform', o.oid, 'pg_catalog.pg_transform'::regclass, pg_catalog.format_type(o.trftype, NULL) || ' in ' || l.lanname
          FROM pg_catalog.pg_transform o JOIN pg_catalog.pg_language l ON l.oid = o.trflang
        UNION ALL
        SELECT 'access method', o.oid, 'pg_catalog.pg_am'::regclass, pg_catalog.quote_ident(o.amname)
          FROM pg_catalog.pg_am o WHERE o.oid >= 16384
        UNION ALL
        SELECT 'foreign data wrapper', o.oid, 'pg_catalog.pg_foreign_data_wrapper'::regclass, pg_catalog.quote_ident(o.fdwname)
          FROM pg_catalog.pg_foreign_data_wrapper o
        UNION ALL
        SELECT 'foreign server', o.oid, 'pg_catalog.pg_foreign_server'::regclass, pg_catalog.quote_ident(o.srvname)
          FROM pg_catalog.pg_foreign_server o
        UNION ALL
        SELECT 'security label', l.objoid, l.classoid::regclass, l.provider || ' on ' || i.type || ' ' || i.identity
          FROM pg_catalog.pg_seclabel l
         CROSS JOIN LATERAL pg_catalog.pg_identify_object(l.classoid, l.objoid, l.objsubid) i
        UNION ALL
        -- privileges that somebody changed on what the server or an extension brought: neither's own definition
        SELECT 'privileges', 0, 'pg_catalog.pg_class'::regclass, i.type || ' ' || i.identity
          FROM (SELECT 'pg_catalog.pg_class'::regclass AS class, o.oid, 0 AS sub, o.relacl AS acl,
                       pg_catalog.acldefault(CASE o.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", o.relowner) AS usual
                  FROM pg_catalog.pg_class o
                 WHERE o.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
                UNION ALL
                SELECT 'pg_catalog.pg_class'::regclass, o.attrelid, o.attnum, o.attacl, '{}' FROM pg_catalog.pg_attribute o
                UNION ALL
                SELECT 'pg_catalog.pg_proc'::regclass, o.oid, 0, o.proacl, pg_catalog.acldefault('f', o.proowner) FROM pg_catalog.pg_proc o
                UNION ALL
                SELECT 'pg_catalog.pg_type'::regclass, o.oid, 0, o.typacl, pg_catalog.acldefault('T', o.typowner) FROM pg_catalog.pg_type o
                UNION ALL
                SELECT 'pg_catalog.pg_namespace'::regclass, o.oid, 0, o.nspacl, pg_catalog.acldefault('n', o.nspowner) FROM pg_catalog.pg_namespace o
                 WHERE o.nspname <> 'public'
                UNION ALL
                SELECT 'pg_catalog.pg_language'::regclass, o.oid, 0, o.lanacl, pg_catalog.acldefault('l', o.lanowner) FROM pg_catalog.pg_language o) p
          LEFT JOIN pg_catalog.pg_init_privs v ON v.objoid = p.oid AND v.classoid = p.class AND v.objsubid = p.sub
         CROSS JOIN LATERAL pg_catalog.pg_identify_object(p.class, p.oid, p.sub) i
         WHERE 'information_schema' NOT IN (coalesce(i.schema, ''), i.identity) -- whose privileges no version notes as given
           AND p.acl IS NOT NULL AND (p.oid < 16384 OR (p.class::oid, p.oid) IN
                 (SELECT d.classid, d.objid FROM pg_catalog.pg_depend d
                   WHERE d.refclassid = 'pg_catalog.pg_extension'::regclass AND d.deptype = 'e'))
           AND pg_catalog.array_to_string(ARRAY(SELECT x::text FROM pg_catalog.unnest(p.acl) x ORDER BY 1), ' ')
               <> coalesce(pg_catalog.array_to_string(ARRAY(SELECT x::text FROM pg_catalog.unnest(coalesce(v.initprivs, p.usual)) x ORDER BY 1), ' '), '')
        UNION ALL
        SELECT 'user mapping', 0, 'pg_catalog.pg_user_mapping'::regclass,
               coalesce(pg_catalog.quote_ident(m.usename), 'public') || ' on ' || pg_catalog.quote_ident(m.srvname)
          FROM pg_catalog.pg_user_mappings m
        UNION ALL
        SELECT 'subscription', 0, 'pg_catalog.pg_subscription'::regclass, pg_catalog.quote_ident(s.subname)
          FROM pg_catalog.pg_subscription s
          JOIN pg_catalog.pg_database b ON b.oid = s.subdbid AND b.datname = pg_catalog.current_database()) u
 WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                    WHERE d.classid = u.class AND d.objid = u.oid AND d.deptype IN ('e', 'i'))
 ORDER BY 2
