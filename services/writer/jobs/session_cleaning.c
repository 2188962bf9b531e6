/* Sessions of devices that were told to send and never did. */
#include "services/writer/jobs/job.h"

status job_sessions(struct job *j)
{
    if (!j->options->inventory_session_only || j->options->session_clean_time <= 0)
        return ST_OK;
    do {
        status st = job_do(j, "DELETE FROM muster_session WHERE STARTED<UNIX_TIMESTAMP()-%lld LIMIT %d",
                           (long long)j->options->session_clean_time, JOB_LIST_MAX);
        if (st != ST_OK)
            return st;
    } while (db_affected_rows(j->db) == JOB_LIST_MAX && !job_is_over(j));
    return ST_OK;
}
