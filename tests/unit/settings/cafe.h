/** A program with one setting of each kind, for the tests of common/settings. */
#ifndef MUSTER_TESTS_UNIT_SETTINGS_CAFE_H
#define MUSTER_TESTS_UNIT_SETTINGS_CAFE_H

#include "common/settings/settings.h"

#define CAFE_SETTINGS(X)                                                                                               \
    X(name, "MUSTER_CAFE_NAME", SET_TEXT, "corner", 0, 0, "what the sign says | and the bill")                         \
    X(database, "MUSTER_DATABASE", SET_SECRET, "", 0, 0, "where guests are written down")                              \
    X(seats, "MUSTER_CAFE_SEATS", SET_COUNT, "40", 1, 500, "guests at a time")                                         \
    X(pot_max, "MUSTER_CAFE_POT_MAX", SET_BYTES, "32MiB", 1024, 1LL << 40, "largest pot")                              \
    X(close_after, "MUSTER_CAFE_CLOSE_AFTER", SET_MS, "90s", 0, 3600000, "from the last guest")                        \
    X(music, "MUSTER_CAFE_MUSIC", SET_FLAG, "no", 0, 0, "is there any")

struct cafe_settings {
    CAFE_SETTINGS(SETTING_FIELD)
};

static const struct setting cafe_table[] = {
#define X(field, env, type, dflt, min, max, help)                                                                      \
    {env, type, dflt, min, max, offsetof(struct cafe_settings, field), help},
    CAFE_SETTINGS(X)
#undef X
};

static const struct settings_program cafe = {
    "muster-cafe",
    "MUSTER_CAFE_",
    "Serves coffee. Is not part of Muster.",
    cafe_table,
    sizeof cafe_table / sizeof *cafe_table,
};

#endif
