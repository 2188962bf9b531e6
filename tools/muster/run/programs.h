/** Where the services' executables are: beside this program, then in PATH. */
#ifndef MUSTER_TOOLS_PROGRAMS_H
#define MUSTER_TOOLS_PROGRAMS_H

#include "tools/muster/run/plan.h"

/** @param out  paths, valid for ever  @retval ST_NOT_FOUND  `why` names the program that is missing */
MUST_CHECK status programs_find(const char *out[static CHILD_KINDS], struct reason *why);

#endif
