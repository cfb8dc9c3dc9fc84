copy public.t from STDIN with (format csv, header);
1,"a
b"
\.
