#include <stdio.h>

int main(void)
{
    puts("pgbraid " PGB_VERSION);
    return 0;
}
