/* SPDX-License-Identifier: MIT */

/* See element_fixture.h. */

#include "element_fixture.h"

#include <string.h>

static guint times = 1;

guint often(guint n)
{
    return n * times;
}

/* For tests that were not made yet. */
static void allow_more_time(void)
{
    const gchar *const before = g_getenv("CK_TIMEOUT_MULTIPLIER");
    g_autofree gchar *now =
        g_strdup_printf("%u", times * (before ? (guint)MAX(atoi(before), 1) : 1));

    g_setenv("CK_TIMEOUT_MULTIPLIER", now, TRUE);
}

void load_plugin(int *argc, char ***argv)
{
    g_autoptr(GError) error = NULL;

    gst_check_init(argc, argv);
    if (*argc > 1 && g_ascii_isdigit((*argv)[1][0])) {
        times = (guint)MAX(atoi((*argv)[1]), 1);
        allow_more_time();
    }
    /* By file, not through the registry: a scanner process could not load a plugin that
     * is built with a sanitizer. */
    g_autoptr(GstPlugin) plugin = gst_plugin_load_file(NNC_PLUGIN_FILE, &error);
    if (!plugin)
        g_error("%s", error->message);
}

void fixture_open(struct fixture *fixture, const char *model, const char *properties)
{
    g_autofree gchar *launch =
        g_strdup_printf("nncclassify name=nnc model=%s threads=1 %s", model,
                        properties ? properties : "");
    g_autoptr(GError) error = NULL;

    *fixture = (struct fixture){NULL};
    fixture->element = gst_parse_launch(launch, &error);
    g_assert_no_error(error);
    gst_object_ref_sink(fixture->element);
    fixture->bus = gst_bus_new();
    gst_element_set_bus(fixture->element, fixture->bus);
    fixture->harness = gst_harness_new_with_element(fixture->element, "sink", "src");
    gst_harness_play(fixture->harness);
    fail_unless_equals_int(nnc_model_open(model, NULL, &fixture->model, NULL), NNC_OK);
    const struct nnc_session_options options = {.threads = 1};
    fail_unless_equals_int(
        nnc_session_create(fixture->model, &options, &fixture->session, NULL), NNC_OK);
}

void fixture_set_caps(struct fixture *fixture, const char *caps)
{
    gst_harness_set_src_caps_str(fixture->harness, caps);
}

void fixture_close(struct fixture *fixture)
{
    gst_harness_teardown(fixture->harness);
    gst_element_set_state(fixture->element, GST_STATE_NULL);
    gst_bus_set_flushing(fixture->bus, TRUE);
    gst_element_set_bus(fixture->element, NULL);
    gst_object_unref(fixture->bus);
    gst_object_unref(fixture->element);
    nnc_session_destroy(fixture->session);
    nnc_model_unref(fixture->model);
}

GstBuffer *noise_buffer(gsize size, guint32 seed)
{
    guint8 *const bytes = g_malloc(size);
    guint32 state = seed * 2654435761u + 1;

    for (gsize i = 0; i < size; i++) {
        state = state * 1664525u + 1013904223u;
        bytes[i] = (guint8)(state >> 24);
    }
    return gst_buffer_new_wrapped(bytes, size);
}

GstBuffer *classify_buffer(struct fixture *fixture, GstBuffer *buffer)
{
    fail_unless_equals_int(gst_harness_push(fixture->harness, buffer), GST_FLOW_OK);
    GstBuffer *const out = gst_harness_try_pull(fixture->harness);
    fail_unless(out);
    return out;
}

GPtrArray *predictions_of(GstBuffer *buffer)
{
    GPtrArray *const all = g_ptr_array_new();
    GstNncPrediction *prediction;
    gpointer state = NULL;

    while ((prediction = gst_buffer_iterate_nnc_predictions(buffer, &state)))
        g_ptr_array_add(all, prediction);
    return all;
}

static void check_scores(const GstNncPrediction *prediction,
                         const struct nnc_scores *scores)
{
    fail_unless_equals_int(gst_nnc_prediction_get_n_classes(prediction), scores->n);
    for (guint i = 0; i < scores->n; i++) {
        const struct nnc_score *const score = &scores->ranked[i];
        const gfloat logit = gst_nnc_prediction_get_class_logit(prediction, i);
        const gfloat probability =
            gst_nnc_prediction_get_class_probability(prediction, i);
        fail_unless_equals_int(gst_nnc_prediction_get_class_category(prediction, i),
                               score->category);
        fail_unless(!memcmp(&logit, &score->logit, sizeof logit));
        fail_unless(!memcmp(&probability, &score->probability, sizeof probability));
    }
    gfloat presence = 0.0f;
    fail_unless_equals_int(gst_nnc_prediction_get_presence(prediction, &presence),
                           scores->has_presence);
    fail_unless(!scores->has_presence ||
                !memcmp(&presence, &scores->presence, sizeof presence));
    fail_unless_equals_int(gst_nnc_prediction_is_unknown(prediction), scores->unknown);
}

void check_against_core(struct fixture *fixture, const GstNncPrediction *prediction,
                        const struct nnc_image *image)
{
    struct nnc_task *task = NULL;
    struct nnc_scores scores;
    struct nnc_error error = {.message = ""};

    fail_unless(prediction);
    fail_unless_equals_int(gst_nnc_prediction_get_status(prediction),
                           GST_NNC_PREDICTION_STATUS_CLASSIFIED);
    enum nnc_status status =
        nnc_task_create(fixture->model, gst_nnc_prediction_get_cutout(prediction),
                        gst_nnc_prediction_get_attention(prediction), 0, &task, &error);
    fail_unless(!status, "%s", error.message);
    status = nnc_session_run_image(fixture->session, task, image, &scores, &error);
    fail_unless(!status, "%s", error.message);
    check_scores(prediction, &scores);
    fail_unless_equals_uint64(gst_nnc_prediction_get_params(prediction),
                              nnc_task_cost(task).params);
    fail_unless_equals_uint64(gst_nnc_prediction_get_macs(prediction),
                              nnc_task_cost(task).macs);
    nnc_task_unref(task);
}

struct nnc_image rgb_image(const guint8 *bytes)
{
    return (struct nnc_image){.format = NNC_PIXEL_RGB,
                              .width = RGB_WIDTH,
                              .height = RGB_HEIGHT,
                              .plane = {bytes},
                              .stride_bytes = {3 * RGB_WIDTH}};
}

static gchar *take_text(GstMessage *message)
{
    g_autoptr(GError) error = NULL;

    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR)
        gst_message_parse_error(message, &error, NULL);
    else if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_WARNING)
        gst_message_parse_warning(message, &error, NULL);
    return error ? g_strdup_printf("%s/%d %s", g_quark_to_string(error->domain),
                                   error->code, error->message)
                 : NULL;
}

guint count_messages(struct fixture *fixture, GstMessageType type, gchar **text)
{
    GstMessage *message;
    guint n = 0;

    if (text)
        *text = NULL;
    while ((message = gst_bus_pop(fixture->bus))) {
        if ((GST_MESSAGE_TYPE(message) & type) && n++ == 0 && text)
            *text = take_text(message);
        gst_message_unref(message);
    }
    return n;
}

guint64 read_stat(struct fixture *fixture, const char *name)
{
    g_autoptr(GstStructure) stats = NULL;
    guint64 value = G_MAXUINT64;

    g_object_get(fixture->element, "stats", &stats, NULL);
    fail_unless(gst_structure_get_uint64(stats, name, &value), "no stat '%s'", name);
    return value;
}

void wait_for_task(struct fixture *fixture)
{
    const gint64 end = g_get_monotonic_time() + 10 * G_USEC_PER_SEC;

    while (read_stat(fixture, "task-id") != read_stat(fixture, "last-task-id")) {
        fail_unless(g_get_monotonic_time() < end, "the task was never switched");
        g_thread_yield(); /* not a sleep: a frame right behind the switch tells most */
    }
}

guint count_entries(const gchar *folder)
{
    GDir *const dir = g_dir_open(folder, 0, NULL);
    guint n = 0;

    fail_unless(dir);
    while (g_dir_read_name(dir))
        n++;
    g_dir_close(dir);
    return n;
}
