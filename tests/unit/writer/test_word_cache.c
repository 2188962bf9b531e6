#include "services/writer/word_cache.h"

#include <criterion/criterion.h>
#include <stdio.h>

Test(word_cache, remembers_words_byte_by_byte)
{
    AUTO(word_cache_destroy) struct word_cache *c = word_cache_new(10);
    word_cache_put(c, VIEW_LITERAL("vim"), 1);
    word_cache_put(c, VIEW_LITERAL("Vim"), 2);
    word_cache_put(c, VIEW_LITERAL("v\0m"), 3);
    word_cache_put(c, VIEW_LITERAL("vim"), 4);
    cr_expect_eq(word_cache_get(c, VIEW_LITERAL("vim")), 4);
    cr_expect_eq(word_cache_get(c, VIEW_LITERAL("Vim")), 2);
    cr_expect_eq(word_cache_get(c, VIEW_LITERAL("v\0m")), 3);
    cr_expect_eq(word_cache_get(c, VIEW_LITERAL("vi")), 0);
    cr_expect_eq(word_cache_count(c), 3);
}

Test(word_cache, forgets_the_word_used_longest_ago)
{
    AUTO(word_cache_destroy) struct word_cache *c = word_cache_new(3);
    word_cache_put(c, VIEW_LITERAL("a"), 1);
    word_cache_put(c, VIEW_LITERAL("b"), 2);
    word_cache_put(c, VIEW_LITERAL("c"), 3);
    cr_expect_eq(word_cache_get(c, VIEW_LITERAL("a")), 1);
    word_cache_put(c, VIEW_LITERAL("d"), 4);
    cr_expect_eq(word_cache_get(c, VIEW_LITERAL("b")), 0);
    cr_expect_eq(word_cache_get(c, VIEW_LITERAL("a")), 1);
    cr_expect_eq(word_cache_get(c, VIEW_LITERAL("d")), 4);
    cr_expect_eq(word_cache_count(c), 3);
}

Test(word_cache, never_holds_more_than_its_bound)
{
    AUTO(word_cache_destroy) struct word_cache *c = word_cache_new(100);
    for (unsigned i = 1; i <= 5000; i++) {
        char word[16];
        size_t len = (size_t)snprintf(word, sizeof word, "%u", i);
        word_cache_put(c, (struct view){word, len}, i);
        cr_assert_eq(word_cache_get(c, (struct view){word, len}), i);
    }
    cr_expect_eq(word_cache_count(c), 100);
    word_cache_clear(c);
    cr_expect_eq(word_cache_count(c), 0);
    cr_expect_eq(word_cache_get(c, VIEW_LITERAL("5000")), 0);
    word_cache_put(c, VIEW_LITERAL("again"), 1);
    cr_expect_eq(word_cache_get(c, VIEW_LITERAL("again")), 1);
}
