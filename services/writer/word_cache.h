/**
 * word -> id, for the words used last. Bounded in number; a word is at most 255 characters.
 *
 * Threads: one thread.
 */
#ifndef MUSTER_WRITER_WORD_CACHE_H
#define MUSTER_WRITER_WORD_CACHE_H

#include "common/base/bytes.h"
#include "common/base/cleanup.h"

struct word_cache;

struct word_cache *word_cache_new(size_t max); /**< NULL when memory is out */
void word_cache_destroy(struct word_cache *c); /**< NULL is allowed */
AUTO_DEFINE(struct word_cache, word_cache_destroy)

/** @return 0 when the word is not there */
uint32_t word_cache_get(struct word_cache *c, struct view word);
/** Add or change; the word used longest ago goes when there is no room. Out of memory: it is simply not kept. */
void word_cache_put(struct word_cache *c, struct view word, uint32_t id);
void word_cache_clear(struct word_cache *c);
size_t word_cache_count(const struct word_cache *c);

#endif
