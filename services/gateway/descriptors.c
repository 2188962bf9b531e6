#include "services/gateway/descriptors.h"

#include "common/log/log.h"

#include <sys/resource.h>

enum { OTHERS = 256 }; /**< segments, links, look-ups, listeners, the admin port, files that are exported */

int64_t descriptors_allow(int64_t connections)
{
    struct rlimit limit;
    rlim_t want = (rlim_t)connections + OTHERS;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return connections; /* cannot fail for a limit that exists */
    if (limit.rlim_cur < want && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = want < limit.rlim_max ? want : limit.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
            (void)getrlimit(RLIMIT_NOFILE, &limit); /* what there is */
    }
    if (limit.rlim_cur >= want)
        return connections;
    int64_t fit = limit.rlim_cur / 2 > OTHERS ? (int64_t)limit.rlim_cur - OTHERS : (int64_t)limit.rlim_cur / 2;
    log_warning("the limit of open files allows fewer connections than set", LOG_NUMBER("connections_max", connections),
                LOG_NUMBER("possible", fit), LOG_NUMBER("open_files", (int64_t)limit.rlim_cur));
    return fit;
}
