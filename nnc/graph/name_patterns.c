/* SPDX-License-Identifier: MIT */
/* All patterns together are one non-deterministic automaton, a bit per state, stepped 64
 * states at a time. Each pattern of k characters owns k + 1 neighbouring states; state j
 * means "the first j were seen", so a step is a shift. A `*` is no character of its own
 * but a loop on the state where it stands. Patterns cannot influence each other: nothing
 * leaves a last state. */

#include "name_patterns.h"

#include <stdlib.h>
#include <string.h>

struct automaton {
    uint32_t n_words;
    uint64_t *next;       /* [256][n_words]: states that advance on this byte */
    uint64_t *loop;       /* stay on any byte but '/' */
    uint64_t *tail;       /* stay on the rest of a UTF-8 character that `?` began */
    uint64_t *path_start; /* where patterns start at the first byte of a path */
    uint64_t *name_start; /* where patterns start at the first byte of any name */
    uint64_t *accept;
    uint64_t *seen;    /* accepting states that were ever reached */
    uint64_t *shifted; /* scratch of `step`, with one zero word in front */
    uint64_t *level;   /* [NNC_MAX_DEPTH]: the states after the path of each ancestor */
    uint32_t *pattern_of_state;
};

static void set_bit(uint64_t *words, uint32_t bit)
{
    words[bit / 64] |= (uint64_t)1 << bit % 64;
}

static uint64_t *next_on(const struct automaton *automaton, unsigned byte)
{
    return automaton->next + (size_t)byte * automaton->n_words;
}

static bool continues_character(unsigned byte)
{
    return (byte & 0xc0) == 0x80;
}

/* Writes one pattern's states from `state` on; returns the first free one. */
static uint32_t add_pattern(struct automaton *automaton, struct nnc_pattern *pattern,
                            uint32_t number, uint32_t state)
{
    const bool anywhere = !memchr(pattern->text, '/', pattern->size);
    set_bit(anywhere ? automaton->name_start : automaton->path_start, state);
    for (size_t i = 0; i < pattern->size; i++) {
        const unsigned char c = (unsigned char)pattern->text[i];
        if (c == '*') {
            set_bit(automaton->loop, state);
        } else if (c == '?') {
            for (unsigned byte = 0; byte < 256; byte++)
                if (byte != '/' && !continues_character(byte))
                    set_bit(next_on(automaton, byte), state);
            set_bit(automaton->tail, ++state);
        } else {
            set_bit(next_on(automaton, c), state++);
        }
    }
    pattern->accept = state;
    set_bit(automaton->accept, state);
    automaton->pattern_of_state[state] = number;
    return state + 1;
}

static enum nnc_status build(struct automaton *automaton, struct nnc_pattern *patterns,
                             uint32_t n_patterns, struct nnc_error *error)
{
    uint64_t n_states = 0;
    for (uint32_t i = 0; i < n_patterns; i++)
        n_states += patterns[i].size + 1;
    const uint32_t n_words = automaton->n_words = (uint32_t)((n_states + 63) / 64);
    const uint64_t total = (uint64_t)n_words * (256 + 6 + 1 + NNC_MAX_DEPTH) + 1;
    automaton->next = nnc_alloc(total, sizeof(uint64_t));
    automaton->pattern_of_state = nnc_alloc(n_words * 64, sizeof(uint32_t));
    if (!automaton->next || !automaton->pattern_of_state)
        return nnc_fail_nomem(error, total * sizeof(uint64_t));
    automaton->loop = next_on(automaton, 256);
    automaton->tail = automaton->loop + n_words;
    automaton->path_start = automaton->tail + n_words;
    automaton->name_start = automaton->path_start + n_words;
    automaton->accept = automaton->name_start + n_words;
    automaton->seen = automaton->accept + n_words;
    automaton->shifted = automaton->seen + n_words;
    automaton->level = automaton->shifted + n_words + 1;
    uint32_t state = 0;
    for (uint32_t i = 0; i < n_patterns; i++)
        state = add_pattern(automaton, &patterns[i], i, state);
    return NNC_OK;
}

/* False when no pattern can match any more. `n_words` is the automaton's, here and below: a
 * number that the compiler knows where it is 1, as it is for most texts. */
static inline bool step(const struct automaton *automaton, uint32_t n_words, uint64_t *states,
                        unsigned byte)
{
    const uint64_t *const next = automaton->next + (size_t)byte * n_words;
    const uint64_t stay = byte == '/' ? 0 : ~(uint64_t)0;
    const uint64_t stay_in_character = continues_character(byte) ? ~(uint64_t)0 : 0;
    uint64_t *const advanced = automaton->shifted + 1; /* advanced[-1] is always 0 */
    for (uint32_t w = 0; w < n_words; w++)
        advanced[w] = states[w] & next[w];
    uint64_t alive = 0;
    for (uint32_t w = 0; w < n_words; w++) {
        states[w] = advanced[w] << 1 | automaton->shifted[w] >> 63 |
                    (states[w] & ((automaton->loop[w] & stay) |
                                  (automaton->tail[w] & stay_in_character)));
        alive |= states[w];
    }
    return alive;
}

/* Puts into `states` what holds before the first byte of the category's name. */
static inline void enter(const struct automaton *automaton, uint32_t n_words, uint64_t *states,
                         uint32_t depth)
{
    if (depth) {
        memcpy(states, states - n_words, n_words * sizeof *states);
        step(automaton, n_words, states, '/');
    } else {
        memcpy(states, automaton->path_start, n_words * sizeof *states);
    }
    for (uint32_t w = 0; w < n_words; w++)
        states[w] |= automaton->name_start[w];
}

static inline uint32_t last_accepted(const struct automaton *automaton, uint32_t n_words,
                                     const uint64_t *states)
{
    for (uint32_t w = n_words; w-- > 0;) {
        const uint64_t hits = states[w] & automaton->accept[w];
        if (hits)
            return automaton
                ->pattern_of_state[w * 64 + 63 - (uint32_t)__builtin_clzll(hits)];
    }
    return NNC_NO_CATEGORY;
}

/* Depth first, so that the states after the parent's path are at hand in `level`. */
static inline void walk(const struct automaton *automaton, uint32_t n_words,
                        const struct nnc_taxonomy *taxonomy, uint32_t *last)
{
    for (uint32_t i = nnc_taxonomy_next(taxonomy, NNC_NO_CATEGORY); i != NNC_NO_CATEGORY;
         i = nnc_taxonomy_next(taxonomy, i)) {
        const struct nnc_category *const category = &taxonomy->categories[i];
        uint64_t *const states = automaton->level + (size_t)category->depth * n_words;
        enter(automaton, n_words, states, category->depth);
        for (const char *c = category->name;
             *c && step(automaton, n_words, states, (unsigned char)*c);)
            c++;
        last[i] = last_accepted(automaton, n_words, states);
        for (uint32_t w = 0; w < n_words; w++)
            automaton->seen[w] |= states[w] & automaton->accept[w];
    }
}

enum nnc_status nnc_patterns_match(struct nnc_pattern *patterns, uint32_t n_patterns,
                                   const struct nnc_taxonomy *taxonomy, uint32_t *last,
                                   struct nnc_error *error)
{
    struct automaton automaton = {0};
    const enum nnc_status status = build(&automaton, patterns, n_patterns, error);
    if (!status) {
        if (automaton.n_words == 1)
            walk(&automaton, 1, taxonomy, last);
        else
            walk(&automaton, automaton.n_words, taxonomy, last);
        for (uint32_t i = 0; i < n_patterns; i++) {
            const uint32_t bit = patterns[i].accept;
            patterns[i].matched = automaton.seen[bit / 64] >> bit % 64 & 1;
        }
    }
    free(automaton.next);
    free(automaton.pattern_of_state);
    return status;
}
