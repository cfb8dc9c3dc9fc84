COPY t (a, b) FROM stdin;
1	x;y
\N	'
\.
SELECT 1;