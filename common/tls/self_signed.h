/**
 * A certificate that signs itself, for hosts that were given none. Inner header of common/tls.
 *
 * It carries CA:TRUE: agents get one file by which they check the server, and the Unix agent takes the server's own certificate
 * for that, which OpenSSL accepts as the end of a chain.
 */
#ifndef MUSTER_COMMON_TLS_SELF_SIGNED_H
#define MUSTER_COMMON_TLS_SELF_SIGNED_H

#include "common/base/status.h"

/**
 * Make key (mode 0600) and certificate, each first under another name: who reads them finds both whole or none.
 *
 * @param names  further host names and addresses, comma separated; may be NULL
 * @retval ST_INVALID  a name is none  @retval ST_IO  the files cannot be written
 */
MUST_CHECK status self_signed_make(const char *certificate_path, const char *key_path, const char *names,
                                   struct reason *why);

#endif
