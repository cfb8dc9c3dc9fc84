SELECT 1; SELECT 'a;b';
-- comment; here
/* block ; /* nested */ */ SELECT "x;y";