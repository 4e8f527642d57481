/* SPDX-License-Identifier: MIT */

/* nnccamsrc where there is no camera: what it is, what it says, and that it comes back to
 * rest. Everything else needs a device: guest_*. */

#include <gst/check/gstcheck.h>

static GstElement *make(void)
{
    GstElement *const element = gst_check_setup_element("nnccamsrc");

    gst_element_set_bus(element, NULL);
    return element;
}

/* Goes to READY and on, and answers the text of the error. */
static char *start_error(GstElement *element)
{
    g_autoptr(GstBus) bus = gst_bus_new();
    g_autoptr(GError) error = NULL;

    gst_element_set_bus(element, bus);
    fail_unless_equals_int(gst_element_set_state(element, GST_STATE_READY),
                           GST_STATE_CHANGE_SUCCESS);
    fail_unless_equals_int(gst_element_set_state(element, GST_STATE_PAUSED),
                           GST_STATE_CHANGE_FAILURE);
    GstMessage *const message = gst_bus_pop_filtered(bus, GST_MESSAGE_ERROR);
    fail_unless(message);
    gst_message_parse_error(message, &error, NULL);
    gst_message_unref(message);
    gst_element_set_bus(element, NULL);
    gst_element_set_state(element, GST_STATE_NULL);
    return g_strdup(error->message);
}

static const struct {
    const char *device, *says;
} devices[] = {
    {"/dev/null", "not a video device"},
    {"/etc/passwd", "/etc/passwd"}, /* not a video device, or no permission */
    {"/dev/video-none", "there is no /dev/video-none"},
    {"A camera that nobody has", "no camera answers to 'A camera that nobody has'"},
};

START_TEST(what_is_no_camera)
{
    GstElement *const element = make();

    g_object_set(element, "device", devices[_i].device, NULL);
    for (guint i = 0; i < 3; i++) {
        g_autofree char *text = start_error(element);
        fail_unless(strstr(text, devices[_i].says) != NULL, "%s", text);
    }
    gst_check_teardown_element(element);
}
END_TEST

START_TEST(properties_are_kept)
{
    GstElement *const element = make();
    g_autoptr(GstStructure) controls = NULL, stats = NULL;
    g_autofree char *device = NULL, *crop = NULL;
    gint on_loss, value;
    guint timeout;

    gst_util_set_object_arg(G_OBJECT(element), "controls", "c,brightness=1,gain=2");
    gst_util_set_object_arg(G_OBJECT(element), "controls", "c,gain=3");
    g_object_set(element, "device", "Logi", "crop", "1,2,3,4", "stall-timeout", 77, NULL);
    gst_util_set_object_arg(G_OBJECT(element), "on-loss", "black");
    g_object_get(element, "device", &device, "crop", &crop, "stall-timeout", &timeout,
                 "on-loss", &on_loss, "controls", &controls, "stats", &stats, NULL);
    fail_unless_equals_string(device, "Logi");
    fail_unless_equals_string(crop, "1,2,3,4");
    fail_unless_equals_int(timeout, 77);
    fail_unless_equals_int(on_loss, 1);
    fail_unless(gst_structure_get_int(controls, "gain", &value) && value == 3);
    fail_unless(gst_structure_get_int(controls, "brightness", &value) && value == 1);
    fail_unless_equals_string(gst_structure_get_name(stats), "nnc/camera-stats");
    gst_check_teardown_element(element);
}
END_TEST

/* Setters from any thread, while the element starts in vain and stops. */
static gpointer set_often(gpointer data)
{
    for (guint i = 0; i < 500; i++) {
        gst_util_set_object_arg(G_OBJECT(data), "controls", "c,brightness=1");
        g_object_set(data, "crop", i % 2 ? "1,2,3,4" : "", "device", "nobody", NULL);
    }
    return NULL;
}

START_TEST(setters_do_not_wait)
{
    GstElement *const element = make();

    g_object_set(element, "device", "nobody", NULL);
    GThread *const setter = g_thread_new("setter", set_often, element);
    for (guint i = 0; i < 20; i++)
        g_free(start_error(element));
    g_thread_join(setter);
    gst_check_teardown_element(element);
}
END_TEST

START_TEST(the_template_names_what_cameras_give)
{
    GstElement *const element = make();
    g_autoptr(GstPad) pad = gst_element_get_static_pad(element, "src");
    g_autoptr(GstCaps) caps = gst_pad_query_caps(pad, NULL);
    const char *const exported =
        GST_CHECK_VERSION(1, 24, 0)
            ? "video/x-raw(memory:DMABuf),format=DMA_DRM,drm-format=NV12"
            : "video/x-raw(memory:DMABuf),format=NV12";
    const char *const some[] = {"video/x-raw,format=YUY2", "video/x-raw,format=NV12",
                                "image/jpeg", exported};

    for (guint i = 0; i < G_N_ELEMENTS(some); i++) {
        g_autoptr(GstCaps) wanted = gst_caps_from_string(some[i]);
        fail_unless(gst_caps_can_intersect(caps, wanted), "%s", some[i]);
    }
    gst_check_teardown_element(element);
}
END_TEST

static Suite *camera_element(void)
{
    Suite *const suite = suite_create("camera_element");
    TCase *const all = tcase_create("all");

    suite_add_tcase(suite, all);
    tcase_add_loop_test(all, what_is_no_camera, 0, G_N_ELEMENTS(devices));
    tcase_add_test(all, properties_are_kept);
    tcase_add_test(all, setters_do_not_wait);
    tcase_add_test(all, the_template_names_what_cameras_give);
    return suite;
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;

    gst_check_init(&argc, &argv);
    g_autoptr(GstPlugin) plugin = gst_plugin_load_file(NNC_PLUGIN_FILE, &error);
    g_assert_no_error(error);
    return gst_check_run_suite(camera_element(), "camera_element", __FILE__);
}
