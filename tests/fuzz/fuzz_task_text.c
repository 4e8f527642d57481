/* SPDX-License-Identifier: MIT */
/* Any text as cutout and as attention, on three trees. What is accepted keeps a class at
 * least and gains in their range; what is refused writes nothing; the order of reading is
 * that of the header. */

#include "recorded.h"
#include "refusal.h"

#include <nnc/task.h>

#include <math.h>

enum { MAX_CATEGORIES = 512, UNTOUCHED = 0x5a };

static const char *const names[] = {"nested_depth_1", "nested_depth_2_presence",
                                    "nested_depth_3"};
enum { N_MODELS = sizeof names / sizeof *names };
static struct nnc_model *models[N_MODELS];

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    for (int i = 0; i < N_MODELS; i++)
        models[i] = open_recorded(names[i], 4);
    return 0;
}

static void check_cutout(const struct nnc_taxonomy *t, const char *text)
{
    const size_t n = nnc_taxonomy_n_classes(t);
    uint8_t active[MAX_CATEGORIES], again[MAX_CATEGORIES];
    struct nnc_error error = {0};
    memset(active, UNTOUCHED, sizeof active);
    const enum nnc_status status = nnc_cutout_parse(t, text, active, &error);
    check_refusal(status, &error);
    size_t n_active = 0;
    for (size_t k = 0; k < n; k++) {
        REQUIRE(status ? active[k] == UNTOUCHED : active[k] <= 1, "class %zu is %d", k,
                active[k]);
        n_active += active[k] == 1;
    }
    REQUIRE(status || n_active, "nothing is active in '%s'", text);
    if (status)
        return;
    REQUIRE(active[n] == UNTOUCHED, "written beyond the last class");
    REQUIRE(!nnc_cutout_parse(t, text, again, NULL) && !memcmp(active, again, n),
            "'%s' means two things", text);
}

static void check_attention(const struct nnc_taxonomy *t, const char *text)
{
    const size_t n = nnc_taxonomy_n_categories(t);
    float gains[MAX_CATEGORIES];
    struct nnc_error error = {0};
    for (size_t c = 0; c < MAX_CATEGORIES; c++)
        gains[c] = -1;
    const enum nnc_status status = nnc_attention_parse(t, text, gains, &error);
    check_refusal(status, &error);
    for (size_t c = 0; c < n; c++)
        REQUIRE(status ? gains[c] == -1 : gains[c] >= 0 && gains[c] <= 16, "gain %zu is %g",
                c, (double)gains[c]);
    REQUIRE(gains[n] == -1, "written beyond the last category");
}

/* The first line is the cutout, the rest the attention. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *const text = malloc(size + 1);
    if (!text)
        abort();
    if (size)
        memcpy(text, bytes, size);
    text[size] = 0;
    char *const end = strchr(text, '\n');
    const char *const attention = end ? end + 1 : text;
    if (end)
        *end = 0;
    for (int i = 0; i < N_MODELS; i++) {
        check_cutout(nnc_model_taxonomy(models[i]), text);
        check_attention(nnc_model_taxonomy(models[i]), attention);
    }
    free(text);
    return 0;
}
