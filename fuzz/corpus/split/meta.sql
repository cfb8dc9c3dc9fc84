\restrict abc
SELECT 1;
\unrestrict abc
\i file.sql
