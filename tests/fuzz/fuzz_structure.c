/* SPDX-License-Identifier: MIT */
/* Structures as tasks: refused with a reason, or a request; what a request means for a model
 * is again refused or a cutout and gains in range, whose texts mean the same. */

#include "recorded.h"
#include "refusal.h"
#include "structures.h"

#include "gstnncrequest.h"

static const char *const names[] = {"nested_depth_1", "nested_depth_2_presence"};
enum { N_MODELS = sizeof names / sizeof *names };
static struct nnc_model *models[N_MODELS];

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    gst_init(NULL, NULL);
    g_log_set_always_fatal(G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
    for (int i = 0; i < N_MODELS; i++)
        models[i] = open_recorded(names[i], 4);
    return 0;
}

static void check_texts(const struct nnc_taxonomy *t, const struct gst_nnc_meaning *meaning)
{
    const gsize n = nnc_taxonomy_n_classes(t), m = nnc_taxonomy_n_categories(t);
    g_autofree guint8 *active = g_new(guint8, n);
    g_autofree gfloat *gains = g_new(gfloat, m);
    struct nnc_error error = {.message = ""};

    REQUIRE(!nnc_cutout_parse(t, meaning->cutout, active, &error), "%s", error.message);
    REQUIRE(!memcmp(active, meaning->active, n), "'%s' is other classes", meaning->cutout);
    REQUIRE(!nnc_attention_parse(t, meaning->attention, gains, &error), "%s", error.message);
    for (gsize c = 0; c < m; c++)
        REQUIRE(gains[c] == meaning->gains[c], "'%s': gain %zu is %.9g, was %.9g",
                meaning->attention, c, (double)gains[c], (double)meaning->gains[c]);
}

static void check_meaning(const struct nnc_model *model,
                          const struct gst_nnc_request *request)
{
    const struct nnc_taxonomy *const t = nnc_model_taxonomy(model);
    struct gst_nnc_meaning meaning;
    struct nnc_error error = {.message = ""};
    gsize n_active = 0;

    const enum nnc_status status = gst_nnc_meaning_find(&meaning, model, request, &error);
    check_refusal(status, &error);
    if (status)
        return;
    for (gsize k = 0; k < nnc_taxonomy_n_classes(t); k++) {
        REQUIRE(meaning.active[k] <= 1, "class %zu is %d", k, meaning.active[k]);
        n_active += meaning.active[k];
    }
    REQUIRE(n_active, "nothing is active");
    for (gsize c = 0; c < nnc_taxonomy_n_categories(t); c++)
        REQUIRE(meaning.gains[c] >= 0 && meaning.gains[c] <= 16, "gain %zu is %g", c,
                (double)meaning.gains[c]);
    check_texts(t, &meaning);
    gst_nnc_meaning_clear(&meaning);
}

/* Over a whole one it has to be whole, and settling it makes it itself. */
static void check_request(const struct gst_nnc_request *request)
{
    struct gst_nnc_request lower, whole;
    struct nnc_error error = {.message = ""};

    gst_nnc_request_init(&lower, "a", "b=2");
    gst_nnc_request_merge(request, &lower, &whole);
    REQUIRE(whole.cutout && whole.attention, "left open");
    for (int i = 0; i < N_MODELS; i++) {
        struct gst_nnc_request settled;
        check_meaning(models[i], &whole);
        gst_nnc_request_copy(&whole, &settled);
        const enum nnc_status status = gst_nnc_request_settle(&settled, models[i], &error);
        check_refusal(status, &error);
        REQUIRE(!status || gst_nnc_request_equal(&settled, &whole), "changed on failure");
        if (!status)
            check_meaning(models[i], &settled);
        gst_nnc_request_use_names(&settled);
        gst_nnc_request_clear(&settled);
    }
    gst_nnc_request_clear(&whole);
    gst_nnc_request_clear(&lower);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct dice dice = {.bytes = bytes, .n_bytes = size, .state = size};
    g_autoptr(GstStructure) structure = make_structure(&dice);
    struct gst_nnc_request request = {NULL};
    struct nnc_error error = {.message = ""};
    const enum nnc_status status = gst_nnc_request_parse(structure, &request, &error);

    check_refusal(status, &error);
    if (!status)
        check_request(&request);
    gst_nnc_request_clear(&request);
    return 0;
}
