/* The smallest program that is linked with libpq: what `pgbraid --version` is measured against. */
#include <libpq-fe.h>
#include <stdio.h>

int main(void)
{
    printf("libpq %d\n", PQlibVersion());
    return 0;
}
