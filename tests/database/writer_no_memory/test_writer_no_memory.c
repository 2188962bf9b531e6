/* Memory that is out while a batch is planned and written: the batch is repeated, and no upload is to blame for it. */
#include "tests/database/writer/fixture.h"
#include "tests/unit/no_memory/failing.h"

#include <stdio.h>

enum { AT_LEAST = 20, AT_MOST = 5000 };

static const char device[] = "pc-2026-01-02-03-04-05";

Test(writer_no_memory, each_allocation_failing_costs_a_repetition, .timeout = 240)
{
    AUTO(fixture_close) struct fixture f;
    fixture_open(&f, "no_memory");
    size_t n = 0, failed = 0;
    do {
        n++;
        char name[64], row[128];
        struct reason why = {0};
        snprintf(name, sizeof name, "SOFTWARES NAME=program %zu|VERSION=%zu", n, n);
        snprintf(row, sizeof row, "MEMORIES CAPTION=A|CAPACITY=%zu", n);
        fixture_add(&f, UPLOAD_INVENTORY, device, (int)n, ROWS("HARDWARE NAME=pc", row, name));
        failing_begin(n, false, FAILING_HERE);
        bool is_applied = fixture_try(&f, &why);
        failed = failing_end();
        cr_assert(is_applied, "allocation %zu: %s: %s", n, why.code, why.text);
        char want[32];
        snprintf(want, sizeof want, "A|%zu", n);
        expect_table(&f, want, "SELECT CAPTION,CAPACITY FROM memories");
    } while (failed > 0 && n < AT_MOST);
    cr_expect_eq(failed, 0);
    cr_expect_gt(n, AT_LEAST, "only %zu allocations failed", n);
    printf("%zu allocations failed in turn\n", n - 1);
}
