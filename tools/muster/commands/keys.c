/* muster keys: a secret key for the links between services, in a file that only its owner reads. */
#include "common/base/cleanup.h"
#include "common/link/link.h"
#include "common/settings/settings.h"
#include "tools/muster/command.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

/* @return 0 or the error; what was written in part is removed */
static int write_new(const char *path, const char *key)
{
    AUTO(fd_close) int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return errno;
    if (dprintf(fd, "%s\n", key) == LINK_KEY_TEXT && fsync(fd) == 0)
        return 0;
    int error = errno ? errno : EIO;
    unlink(path);
    return error;
}

int command_keys(const struct options *options)
{
    const char *path = options->words[0];
    char key[LINK_KEY_TEXT];
    struct reason why;
    if (link_key_make(key) != ST_OK)
        return reason_set(&why, "random", "no key can be made: no randomness"), complain(&why), EXIT_FAILED;
    int error = write_new(path, key);
    explicit_bzero(key, sizeof key);
    if (error) {
        reason_set(&why, "write", "cannot make %s: %s", path, strerror(error));
        return complain(&why), EXIT_FAILED;
    }
    printf("%s has a new key. Give the same file to every gateway, parser and writer of this installation:\n"
           "  MUSTER_LINK_KEY_FILE=%s\n",
           path, path);
    return EXIT_CLEAN;
}
