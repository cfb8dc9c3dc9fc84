SELECT 'äöü€𝄞'; -- ünï
