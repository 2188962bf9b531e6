#include "services/parser/suspicious.h"

#include "common/base/cleanup.h"

#include <ctype.h>

static const char *const words[] = {"if", "sleep", "benchmark"};

enum { TAIL = 10 }; /* the longest word and the character before it */

/* The last characters that are not white space, in lower case; the newest is the last one. */
struct tail {
    char text[TAIL];
};

static void push(struct tail *t, char c)
{
    memmove(t->text, t->text + 1, TAIL - 1);
    t->text[TAIL - 1] = (char)tolower((unsigned char)c);
}

/* Letters outside ASCII are letters, too. */
static bool is_word_character(char c)
{
    unsigned char u = (unsigned char)c;
    return u >= 0x80 || isalnum(u) || u == '_';
}

static bool ends_with_word(const struct tail *t)
{
    for (size_t i = 0; i < COUNT(words); i++) {
        size_t len = strlen(words[i]);
        if (memcmp(t->text + TAIL - len, words[i], len) == 0 && !is_word_character(t->text[TAIL - len - 1]))
            return true;
    }
    return false;
}

bool value_is_suspicious(struct view value)
{
    struct tail tail = {{0}};
    bool open = false;
    for (size_t i = 0; i < value.len; i++) {
        char c = value.data[i];
        if (isspace((unsigned char)c))
            continue;
        if (open && c == ')')
            return true;
        open |= c == '(' && (tail.text[TAIL - 1] == '=' || ends_with_word(&tail));
        push(&tail, c);
    }
    return false;
}
