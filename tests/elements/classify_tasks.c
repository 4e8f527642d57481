/* SPDX-License-Identifier: MIT */

/* Switching while frames flow. The one law: the logits of every frame are those of the
 * task that its prediction names, bit for bit, whoever set what in the meantime. */

#include "element_fixture.h"

#include <string.h>

static const char *const cutouts[] = {"",   "a",   "b",    "a1", "a/a2",
                                      "-a", "-b1", "a,b2", "*1", "b,-b/b2"};
static const char *const attentions[] = {"",      "a=2",      "b=0.5,a1=3", "a2=0",
                                         "*=1.5", "a=0,b=16", "b1=1",       "a/a1=0.25"};

/* --- the storm --- */

struct storm {
    struct fixture *fixture;
    guint32 seed;
    gint *stop;
};

static void set_anything(GstElement *element, guint32 dice)
{
    const char *const cutout = cutouts[dice / 4 % G_N_ELEMENTS(cutouts)];
    const char *const attention = attentions[dice / 64 % G_N_ELEMENTS(attentions)];
    g_autoptr(GstStructure) task = gst_nnc_task_new(cutout, attention);

    switch (dice % 4) {
    case 0:
        g_object_set(element, "cutout", cutout, NULL);
        break;
    case 1:
        g_object_set(element, "attention", attention, NULL);
        break;
    case 2:
        g_object_set(element, "task", task, NULL);
        break;
    default:
        g_object_set(element, dice & 1024 ? "cutout" : "attention", "no such thing",
                     NULL);
        break;
    }
}

static gpointer set_for_a_while(gpointer data)
{
    const struct storm *const storm = data;
    guint32 state = storm->seed;

    while (!g_atomic_int_get(storm->stop)) {
        state = state * 1664525u + 1013904223u;
        set_anything(storm->fixture->element, state >> 8);
        if ((state >> 28) == 0)
            g_usleep(100);
    }
    return NULL;
}

/* P15: a number means one pair of texts, for ever. */
static void check_number(GHashTable *texts_of, guint64 id, const gchar *cutout,
                         const gchar *attention)
{
    g_autofree gchar *texts = g_strdup_printf("%s|%s", cutout, attention);
    const gchar *const known = g_hash_table_lookup(texts_of, GSIZE_TO_POINTER(id));

    if (known) {
        fail_unless_equals_string(known, texts);
        return;
    }
    g_hash_table_insert(texts_of, GSIZE_TO_POINTER(id), g_steal_pointer(&texts));
}

/* Sees many more switches than frames do. */
static gpointer watch_numbers(gpointer data)
{
    const struct storm *const storm = data;
    GHashTable *const texts_of = g_hash_table_new_full(NULL, NULL, NULL, g_free);

    while (!g_atomic_int_get(storm->stop)) {
        g_autoptr(GstStructure) stats = NULL;
        guint64 id = 0;
        g_object_get(storm->fixture->element, "stats", &stats, NULL);
        fail_unless(gst_structure_get_uint64(stats, "task-id", &id));
        check_number(texts_of, id, gst_structure_get_string(stats, "cutout"),
                     gst_structure_get_string(stats, "attention"));
    }
    g_hash_table_unref(texts_of);
    return NULL;
}

static guint64 check_stormy_frame(struct fixture *fixture, GHashTable *texts_of,
                                  guint seed)
{
    g_autoptr(GstBuffer) same = noise_buffer(2304, seed);
    GstBuffer *const out = classify_buffer(fixture, noise_buffer(2304, seed));
    const GstNncPrediction *const prediction = gst_buffer_get_nnc_prediction(out, NULL);
    GstMapInfo map;

    gst_buffer_map(same, &map, GST_MAP_READ);
    const struct nnc_image image = rgb_image(map.data);
    check_against_core(fixture, prediction, &image);
    gst_buffer_unmap(same, &map);
    const guint64 id = gst_nnc_prediction_get_task_id(prediction);
    check_number(texts_of, id, gst_nnc_prediction_get_cutout(prediction),
                 gst_nnc_prediction_get_attention(prediction));
    gst_buffer_unref(out);
    return id;
}

/* Frames flow until the storm has switched often enough to mean something. */
static void ride_out(struct fixture *fixture, GHashTable *texts_of)
{
    const gint64 end = g_get_monotonic_time() + 60 * G_USEC_PER_SEC;
    guint64 last = 0;
    guint frames = 0, switches = 0;

    while ((frames < 2000 || switches < 200) && g_get_monotonic_time() < end) {
        const guint64 id = check_stormy_frame(fixture, texts_of, frames++);
        fail_unless(id >= last);
        switches += id != last;
        last = id;
    }
    fail_unless(switches >= 50, "%u switches in %u frames", switches, frames);
    GST_INFO("%u switches in %u frames", switches, frames);
}

GST_START_TEST(property_storm)
{
    struct fixture fixture;
    GThread *threads[5]; /* the last one watches */
    struct storm storms[G_N_ELEMENTS(threads)];
    gint stop = 0;

    fixture_open(&fixture, MODEL_TWO, "top-k=0");
    fixture_set_caps(&fixture, RGB_CAPS);
    GHashTable *const texts_of = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    for (guint i = 0; i < G_N_ELEMENTS(threads); i++) {
        storms[i] = (struct storm){&fixture, i + 1, &stop};
        threads[i] = g_thread_new(
            "storm", i < G_N_ELEMENTS(threads) - 1 ? set_for_a_while : watch_numbers,
            &storms[i]);
    }
    ride_out(&fixture, texts_of);
    g_atomic_int_set(&stop, 1);
    for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
        g_thread_join(threads[i]);

    /* The last one wins. */
    g_object_set(fixture.element, "cutout", "b", "attention", "b=3", NULL);
    wait_for_task(&fixture);
    fail_unless_equals_uint64(check_stormy_frame(&fixture, texts_of, 1),
                              read_stat(&fixture, "last-task-id"));
    /* The first number is the start's, each accepted value has the next one. */
    const guint64 accepted = read_stat(&fixture, "tasks-accepted");
    fail_unless_equals_uint64(read_stat(&fixture, "last-task-id"), accepted + 1);
    g_hash_table_unref(texts_of);
    fixture_close(&fixture);
}
GST_END_TEST

/* Two values in a row, before the worker can have both: the number of the second one must
 * never be seen with the texts of the first. */
GST_START_TEST(last_one_wins)
{
    static const char *const last[] = {"a1", "a2", "b1", "b2"};
    struct fixture fixture;

    fixture_open(&fixture, MODEL_TWO, NULL);
    fixture_set_caps(&fixture, RGB_CAPS);
    for (guint i = 0; i < 500; i++) {
        g_object_set(fixture.element, "cutout", i % 2 ? "" : "a,b1", NULL);
        if (i % 3)
            g_usleep(i % 40);
        g_object_set(fixture.element, "cutout", last[i % 4], NULL);
        wait_for_task(&fixture);
        GstBuffer *const out = classify_buffer(&fixture, noise_buffer(2304, i));
        fail_unless_equals_string(
            gst_nnc_prediction_get_cutout(gst_buffer_get_nnc_prediction(out, NULL)),
            last[i % 4]);
        gst_buffer_unref(out);
    }
    fixture_close(&fixture);
}
GST_END_TEST

/* --- on the way up and down --- */

static gpointer set_and_get(gpointer data)
{
    GstElement *const element = ((gpointer *)data)[0];
    gint *const stop = ((gpointer *)data)[1];

    for (guint i = 0; !g_atomic_int_get(stop); i++) {
        g_autofree gchar *taxonomy = NULL;
        g_autoptr(GstStructure) stats = NULL;
        guint64 macs;
        g_object_set(element, "cutout", i % 2 ? "a" : "b", "attention", "a=2", NULL);
        g_object_get(element, "taxonomy", &taxonomy, "stats", &stats, "active-macs",
                     &macs, NULL);
    }
    return NULL;
}

/* P16 */
GST_START_TEST(set_on_the_way_up_and_down)
{
    GstElement *const element = gst_element_factory_make("nncclassify", NULL);
    gint stop = 0;
    gpointer data[] = {element, &stop};
    g_autofree gchar *value = NULL;

    g_object_set(element, "model", MODEL_TWO, "threads", 1, NULL);
    GThread *const thread = g_thread_new("setter", set_and_get, data);
    for (guint i = 0; i < often(500); i++) {
        gst_element_set_state(element, GST_STATE_PLAYING);
        gst_element_set_state(element, GST_STATE_NULL);
    }
    g_atomic_int_set(&stop, 1);
    g_thread_join(thread);
    g_object_set(element, "cutout", "-a", NULL);
    g_object_get(element, "cutout", &value, NULL);
    fail_unless_equals_string(value, "-a");
    gst_object_unref(element);
}
GST_END_TEST

/* --- tasks of buffers --- */

static GstBuffer *classify_with_meta(struct fixture *fixture, const char *const *tasks)
{
    GstBuffer *const in = noise_buffer(2304, 9);

    for (; *tasks; tasks++) {
        g_autoptr(GstStructure) task = gst_structure_from_string(*tasks, NULL);
        gst_buffer_add_nnc_task_meta(in, task);
    }
    return classify_buffer(fixture, in);
}

static const struct {
    const char *tasks[6];
    const char *cutout, *attention; /* what must run; the properties say b and b=2 */
    guint ignored, conflict;
} meta_rows[] = {
    {{NULL}, "b", "b=2", 0, 0},
    {{"nnc/task, cutout=(string)a, attention=(string)\"a=3\""}, "a", "a=3", 0, 0},
    {{NULL}, "b", "b=2", 0, 0}, /* for that frame alone */
    {{"nnc/task, cutout=(string)a1"}, "a1", "b=2", 0, 0},
    {{"nnc/task, attention=(string)\"\""}, "b", "", 0, 0},
    {{"nnc/task"}, "b", "b=2", 0, 0},
    {{"nnc/task, cutout=(string)zzz"}, "b", "b=2", 1, 0},               /* M01 */
    {{"nnc/task, cutout=(int)1"}, "b", "b=2", 1, 0},                    /* M02 */
    {{"nnc/task, attention=(string)\"a=nan\""}, "b", "b=2", 1, 0},      /* M05 */
    {{"nnc/task, gain/a=(double)nan"}, "b", "b=2", 1, 0},               /* M05 */
    {{"nnc/task, mask=(buffer)01"}, "b", "b=2", 1, 0},                  /* M02 */
    {{"unheard-of"}, "b", "b=2", 1, 0},                                 /* M02 */
    /* M03 */
    {{"nnc/task, cutout=(string)a", "nnc/task, cutout=(string)b"}, "a", "b=2", 0, 1},
    {{"nnc/task, cutout=(string)a", "nnc/task, cutout=(string)a"}, "a", "b=2", 0, 0},
    {{"nnc/task, cutout=(string)a", "nnc/task, cutout=(string)a",
      "nnc/task, cutout=(string)a", "nnc/task, cutout=(string)a",
      "nnc/task, cutout=(string)b"}, /* the fifth is not read */
     "a",
     "b=2",
     0,
     0},
};

static void check_meta_row(struct fixture *fixture, guint row)
{
    const guint64 ignored = read_stat(fixture, "task-meta-ignored");
    const guint64 conflict = read_stat(fixture, "task-meta-conflict");
    g_autoptr(GstBuffer) same = noise_buffer(2304, 9);
    GstBuffer *const out = classify_with_meta(fixture, meta_rows[row].tasks);
    const GstNncPrediction *const prediction = gst_buffer_get_nnc_prediction(out, NULL);
    GstMapInfo map;

    fail_unless_equals_string(gst_nnc_prediction_get_cutout(prediction),
                              meta_rows[row].cutout);
    fail_unless_equals_string(gst_nnc_prediction_get_attention(prediction),
                              meta_rows[row].attention);
    gst_buffer_map(same, &map, GST_MAP_READ);
    const struct nnc_image image = rgb_image(map.data);
    check_against_core(fixture, prediction, &image);
    gst_buffer_unmap(same, &map);
    fail_unless_equals_uint64(read_stat(fixture, "task-meta-ignored"),
                              ignored + meta_rows[row].ignored);
    fail_unless_equals_uint64(read_stat(fixture, "task-meta-conflict"),
                              conflict + meta_rows[row].conflict);
    gst_buffer_unref(out);
}

GST_START_TEST(task_metas)
{
    struct fixture fixture;

    fixture_open(&fixture, MODEL_TWO, "top-k=0 cutout=b attention=b=2");
    fixture_set_caps(&fixture, RGB_CAPS);
    for (guint i = 0; i < G_N_ELEMENTS(meta_rows); i++)
        check_meta_row(&fixture, i);
    const guint n = count_messages(&fixture, GST_MESSAGE_WARNING, NULL);
    fail_unless(n >= 1 && n <= 2, "%u warnings", n);
    fixture_close(&fixture);
}
GST_END_TEST

GST_START_TEST(task_meta_has_one_number)
{
    static const char *const a[] = {"nnc/task, cutout=(string)a", NULL};
    static const char *const b[] = {"nnc/task, cutout=(string)b", NULL};
    struct fixture fixture;
    guint64 ids[2] = {0, 0};

    fixture_open(&fixture, MODEL_TWO, NULL);
    fixture_set_caps(&fixture, RGB_CAPS);
    for (guint i = 0; i < 1000; i++) {
        GstBuffer *const out = classify_with_meta(&fixture, i % 2 ? b : a);
        const guint64 id =
            gst_nnc_prediction_get_task_id(gst_buffer_get_nnc_prediction(out, NULL));
        fail_unless(!ids[i % 2] || ids[i % 2] == id);
        ids[i % 2] = id;
        gst_buffer_unref(out);
    }
    fail_unless_equals_uint64(ids[0], 2);
    fail_unless_equals_uint64(ids[1], 3);
    fixture_close(&fixture);
}
GST_END_TEST

/* M04 */
GST_START_TEST(thousand_metas_on_a_buffer)
{
    struct fixture fixture;
    g_autoptr(GstStructure) task = gst_nnc_task_new("a", NULL);

    fixture_open(&fixture, MODEL_TWO, NULL);
    fixture_set_caps(&fixture, RGB_CAPS);
    GstBuffer *const in = noise_buffer(2304, 1);
    for (guint i = 0; i < 1000; i++)
        gst_buffer_add_nnc_task_meta(in, task);
    GstBuffer *const out = classify_buffer(&fixture, in);
    fail_unless_equals_string(
        gst_nnc_prediction_get_cutout(gst_buffer_get_nnc_prediction(out, NULL)), "a");
    gst_buffer_unref(out);
    fixture_close(&fixture);
}
GST_END_TEST

static Suite *classify_tasks(void)
{
    Suite *const suite = suite_create("classify_tasks");
    TCase *const kinds = tcase_create("tasks");

    suite_add_tcase(suite, kinds);
    tcase_add_test(kinds, property_storm);
    tcase_add_test(kinds, last_one_wins);
    tcase_add_test(kinds, set_on_the_way_up_and_down);
    tcase_add_test(kinds, task_metas);
    tcase_add_test(kinds, task_meta_has_one_number);
    tcase_add_test(kinds, thousand_metas_on_a_buffer);
    return suite;
}

int main(int argc, char **argv)
{
    load_plugin(&argc, &argv);
    return gst_check_run_suite(classify_tasks(), "classify_tasks", __FILE__);
}
