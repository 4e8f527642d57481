/* SPDX-License-Identifier: MIT */

/* Cameras in GStreamer's lists of devices. Runs in a guest (run-in-guest), as root. */

#include "guest_fixture.h"

/* --- coming and going --- */

/* Of the first vivid; other cameras are passed by. Types of these messages share their
 * bits with others, so that a filter of the bus lets those through, too. */
static GstDevice *wait_for_device(GstBus *bus, GstMessageType type)
{
    GstMessage *message;

    while ((message = gst_bus_timed_pop_filtered(bus, 20 * GST_SECOND, type))) {
        GstDevice *device = NULL;
        if (GST_MESSAGE_TYPE(message) == type)
            gst_structure_get(gst_message_get_structure(message), "device",
                              GST_TYPE_DEVICE, &device, NULL);
        gst_message_unref(message);
        g_autoptr(GstStructure) properties =
            device ? gst_device_get_properties(device) : NULL;
        if (properties &&
            g_str_equal(gst_structure_get_string(properties, "device.path"), VIVID))
            return device;
        gst_clear_object(&device);
    }
    fail("no %s", gst_message_type_get_name(type));
    return NULL;
}

START_TEST(devices_come_and_go)
{
    g_autoptr(GstDeviceProvider) provider =
        gst_device_provider_factory_get_by_name("nnccamprovider");
    g_autoptr(GstBus) bus = gst_device_provider_get_bus(provider);

    set_input(VIVID, 0);
    fail_unless(gst_device_provider_start(provider));
    g_autoptr(GstDevice) old = wait_for_device(bus, GST_MESSAGE_DEVICE_ADDED);
    g_autofree char *name = gst_device_get_display_name(old);
    fail_unless_equals_string(name, "vivid");
    g_autoptr(GstCaps) caps = gst_device_get_caps(old);
    fail_unless(gst_caps_get_size(caps) > 20);
    unplug_vivid();
    gst_object_unref(wait_for_device(bus, GST_MESSAGE_DEVICE_REMOVED));
    replug_vivid();
    g_autoptr(GstDevice) new = wait_for_device(bus, GST_MESSAGE_DEVICE_ADDED);
    g_autoptr(GstElement) element = gst_device_create_element(new, NULL);
    g_autofree char *path = NULL;
    g_object_get(gst_object_ref_sink(element), "device", &path, NULL);
    fail_unless_equals_string(path, VIVID);
    gst_device_provider_stop(provider);
}
END_TEST

/* --- beside GStreamer's own list --- */

/* The elements that a monitor offers for the first vivid. */
static char *elements_for_vivid(void)
{
    g_autoptr(GstDeviceMonitor) monitor = gst_device_monitor_new();
    GString *const names = g_string_new(NULL);

    gst_device_monitor_add_filter(monitor, "Video/Source", NULL);
    GList *const devices = gst_device_monitor_get_devices(monitor);
    for (GList *l = devices; l; l = l->next) {
        g_autoptr(GstStructure) properties = gst_device_get_properties(l->data);
        const char *const path = gst_structure_get_string(properties, "device.path");
        if (!path || !g_str_equal(path, VIVID))
            continue;
        g_autoptr(GstElement) element = gst_device_create_element(l->data, NULL);
        gst_object_ref_sink(element);
        g_string_append_printf(names, "%s ",
                               GST_OBJECT_NAME(gst_element_get_factory(element)));
    }
    g_list_free_full(devices, gst_object_unref);
    return g_string_free(names, FALSE);
}

/* Each camera once: by GStreamer's own provider, or, who ranks it higher, by ours. */
START_TEST(cameras_are_listed_once)
{
    GstPluginFeature *const ours =
        GST_PLUGIN_FEATURE(gst_device_provider_factory_find("nnccamprovider"));
    g_autoptr(GstDeviceProviderFactory) other =
        gst_device_provider_factory_find("v4l2deviceprovider");

    set_input(VIVID, 0);
    fail_unless(ours && other);
    g_autofree char *usually = elements_for_vivid();
    fail_unless_equals_string(usually, "v4l2src ");
    gst_plugin_feature_set_rank(ours, GST_RANK_PRIMARY + 1);
    g_autofree char *chosen = elements_for_vivid();
    fail_unless_equals_string(chosen, "nnccamsrc ");
    gst_plugin_feature_set_rank(ours, GST_RANK_NONE);
    gst_object_unref(ours);
}
END_TEST

static Suite *guest_devices(void)
{
    Suite *const suite = suite_create("guest_devices");
    TCase *const all = tcase_create("all");

    suite_add_tcase(suite, all);
    tcase_set_timeout(all, 120);
    tcase_add_test(all, devices_come_and_go);
    tcase_add_test(all, cameras_are_listed_once);
    return suite;
}

int main(int argc, char **argv)
{
    gst_check_init(&argc, &argv);
    return gst_check_run_suite(guest_devices(), "guest_devices", __FILE__);
}
