SELECT 'a'
 'b;c'
   'd';