/** Which names a declared section may use. Between the files of this folder and their tests only. */
#ifndef MUSTER_COMMON_SECTIONS_NAMES_H
#define MUSTER_COMMON_SECTIONS_NAMES_H

#include "common/base/bytes.h"

/** [A-Za-z_][A-Za-z0-9_]*, at most SECTIONS_NAME_MAX characters: safe inside backquotes and as an element. */
bool name_is_plain(struct view name);
/** An element below CONTENT that means something already. */
bool name_is_known_element(struct view name);
/** A table that has a built-in section, or that OCS or Muster writes for another purpose. Without case, as some servers compare. */
bool name_is_taken_table(struct view name);
/** HARDWARE_ID and ID, which the writer fills itself. Without case, as the database compares. */
bool name_is_own_column(struct view name);
/** The same name for the database. */
bool names_match(struct view a, struct view b);

#endif
