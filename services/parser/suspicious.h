/**
 * OCS replaces values that look like an attack on SQL by "1" (protocol.md 1.6, G-36). No value of ours ever becomes part of a statement, so
 * this is off unless the operator wants the same contents as OCS has (MUSTER_PARSER_SANITIZE).
 *
 * Threads: pure.
 */
#ifndef MUSTER_PARSER_SUSPICIOUS_H
#define MUSTER_PARSER_SUSPICIOUS_H

#include "common/base/bytes.h"

/** Without its white space, has it "=(", or "if(", "sleep(", "benchmark(" at the beginning of a word, and a ")" behind that? */
bool value_is_suspicious(struct view value);

#endif
