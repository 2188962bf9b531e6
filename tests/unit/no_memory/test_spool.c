/* The spool: what cannot be taken is refused, what was taken is given out, whatever memory did in between. */
#include "tests/unit/no_memory/trial.h"
#include "tests/unit/spool/sandbox.h"

#include <criterion/criterion.h>
#include <stdio.h>

static struct sandbox box;

/* ---- taking one ---- */

static status begin_spool(const void *what)
{
    (void)what;
    return ST_OK;
}

static status run_append(const void *what, struct digest *out)
{
    (void)what;
    struct upload_id id;
    status st = sandbox_append(&box, 1, 'a', 3000, &id);
    if (st != ST_OK)
        return st;
    digest_number(out, (uint64_t)spool_count(box.spool).pending);
    digest_number(out, (uint64_t)sandbox_next(&box, &id));
    sandbox_ack(&box, id);
    return st;
}
