/**
 * File descriptors: as many as the setting connections-max needs. The soft limit that a shell or systemd gives (often 1024) is raised as
 * far as the hard one allows.
 *
 * Threads: main, before others start.
 */
#ifndef MUSTER_GATEWAY_DESCRIPTORS_H
#define MUSTER_GATEWAY_DESCRIPTORS_H

#include <stdint.h>

/** @return connections that fit into the limit; fewer than asked for was logged */
int64_t descriptors_allow(int64_t connections);

#endif
