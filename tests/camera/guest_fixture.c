/* SPDX-License-Identifier: MIT */

#include "guest_fixture.h"

#include "camera_controls.h"

#include <errno.h>
#include <fcntl.h>
#include <gst/allocators/gstdmabuf.h>
#include <linux/videodev2.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define PATIENCE_MS 30000

/* --- the device --- */

void set_device_control(const char *path, const char *key, const char *value)
{
    struct nnc_camera_controls controls = {.rows = NULL};
    struct nnc_camera_error error = {.message = ""};
    struct nnc_camera camera;

    fail_if(nnc_camera_open(&camera, &nnc_v4l2_kernel, path, &error), "%s",
            error.message);
    nnc_camera_controls_read(&camera, &controls);
    fail_if(nnc_camera_control_set(&camera, &controls, key, value, &error), "%s",
            error.message);
    nnc_camera_controls_clear(&controls);
    nnc_camera_close(&camera);
}

void set_input(const char *path, int input)
{
    const int fd = open(path, O_RDWR | O_CLOEXEC);

    fail_if(fd < 0 || ioctl(fd, VIDIOC_S_INPUT, &input), "%s: input %d: %m", path, input);
    close(fd);
}

static void tell_driver(const char *file)
{
    FILE *const f = fopen(file, "we");

    fail_unless(f && fputs("vivid.0", f) >= 0 && !fclose(f), "%s: %m", file);
}

void unplug_vivid(void)
{
    tell_driver("/sys/bus/platform/drivers/vivid/unbind");
}

void replug_vivid(void)
{
    tell_driver("/sys/bus/platform/drivers/vivid/bind");
}

/* --- v4l2loopback --- */

struct feeder {
    int fd;
    gint running; /* atomic */
    GThread *thread;
    const guint8 *frames;
    gsize size;
    guint n;
};

static gpointer feed(gpointer data)
{
    struct feeder *const feeder = data;

    /* Checks are the main thread's: here a failure shows as frames that do not come. */
    for (guint i = 0; g_atomic_int_get(&feeder->running); i++) {
        if (write(feeder->fd, feeder->frames + i % feeder->n * feeder->size,
                  feeder->size) < 0)
            g_printerr("%s: %s\n", LOOPBACK, g_strerror(errno));
        g_usleep(40 * 1000);
    }
    return NULL;
}

struct feeder *feeder_start(guint32 fourcc, guint width, guint height,
                            const guint8 *frames, gsize size, guint n)
{
    struct feeder *const feeder = g_new0(struct feeder, 1);
    struct v4l2_format format = {.type = V4L2_BUF_TYPE_VIDEO_OUTPUT};

    *feeder =
        (struct feeder){open(LOOPBACK, O_RDWR | O_CLOEXEC), TRUE, NULL, frames, size, n};
    format.fmt.pix = (struct v4l2_pix_format){.width = width,
                                              .height = height,
                                              .pixelformat = fourcc,
                                              .field = V4L2_FIELD_NONE,
                                              .sizeimage = (guint32)size,
                                              .colorspace = V4L2_COLORSPACE_SRGB};
    fail_unless(feeder->fd >= 0 && !ioctl(feeder->fd, VIDIOC_S_FMT, &format), "%s: %m",
                LOOPBACK);
    fail_unless_equals_int(format.fmt.pix.pixelformat, fourcc);
    /* Before the first frame the driver lists no format to readers. */
    fail_unless(write(feeder->fd, frames, size) > 0, "%s: %m", LOOPBACK);
    feeder->thread = g_thread_new("feeder", feed, feeder);
    return feeder;
}

void feeder_stop(struct feeder *feeder)
{
    g_atomic_int_set(&feeder->running, FALSE);
    g_thread_join(feeder->thread);
    close(feeder->fd);
    g_free(feeder);
}

/* --- what reaches the sink --- */

static void count_offset(struct seen *seen, GstBuffer *buffer)
{
    const guint64 offset = GST_BUFFER_OFFSET(buffer);
    const gboolean discont = GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DISCONT);

    if (!seen->n)
        seen->first_offset = offset;
    else if (offset > seen->last_offset + 1) {
        seen->n_missing += offset - seen->last_offset - 1;
        seen->n_missing_unmarked += !discont;
    }
    seen->last_offset = offset;
    seen->n_discont += discont;
}

static void count_buffer(struct seen *seen, GstBuffer *buffer)
{
    const GstClockTime pts = GST_BUFFER_PTS(buffer);

    count_offset(seen, buffer);
    if (!seen->n)
        seen->first_pts = pts;
    else
        seen->time_went_back |= pts <= seen->last_pts;
    seen->last_pts = pts;
    seen->last_size = gst_buffer_get_size(buffer);
    seen->n_corrupted += GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_CORRUPTED);
    seen->n_gap += GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_GAP);
    seen->n_interlaced +=
        GST_BUFFER_FLAG_IS_SET(buffer, GST_VIDEO_BUFFER_FLAG_INTERLACED);
    seen->n_exported += gst_is_dmabuf_memory(gst_buffer_peek_memory(buffer, 0));
    seen->n++;
}

static void take_buffer(struct player *player, GstBuffer *buffer)
{
    count_buffer(&player->seen, buffer);
    if (player->keep_copies) {
        gst_clear_buffer(&player->last);
        player->last = gst_buffer_copy_deep(buffer);
    }
    if (player->n_to_hold)
        g_queue_push_tail(&player->held, gst_buffer_ref(buffer));
    while (player->held.length > player->n_to_hold)
        gst_buffer_unref(g_queue_pop_head(&player->held));
}

static void take_caps(struct player *player, GstEvent *event)
{
    GstCaps *caps;

    gst_event_parse_caps(event, &caps);
    gst_structure_get_int(gst_caps_get_structure(caps, 0), "width", &player->seen.width);
    gst_structure_get_int(gst_caps_get_structure(caps, 0), "height",
                          &player->seen.height);
}

static GstPadProbeReturn look(GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
    struct player *const player = data;

    g_mutex_lock(&player->lock);
    if (GST_PAD_PROBE_INFO_TYPE(info) & GST_PAD_PROBE_TYPE_BUFFER)
        take_buffer(player, GST_PAD_PROBE_INFO_BUFFER(info));
    else if (GST_EVENT_TYPE(GST_PAD_PROBE_INFO_EVENT(info)) == GST_EVENT_CAPS)
        take_caps(player, GST_PAD_PROBE_INFO_EVENT(info));
    g_mutex_unlock(&player->lock);
    return GST_PAD_PROBE_OK;
}

/* --- the pipeline --- */

void player_prepare(struct player *player, const char *launch)
{
    g_autoptr(GError) error = NULL;

    memset(player, 0, sizeof *player);
    g_mutex_init(&player->lock);
    player->pipeline = gst_parse_launch(launch, &error);
    g_assert_no_error(error);
    player->source = gst_bin_get_by_name(GST_BIN(player->pipeline), "source");
    player->sink = gst_bin_get_by_name(GST_BIN(player->pipeline), "sink");
    player->bus = gst_element_get_bus(player->pipeline);
    g_autoptr(GstPad) pad = gst_element_get_static_pad(player->sink, "sink");
    gst_pad_add_probe(pad,
                      GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM,
                      look, player, NULL);
}

void player_open(struct player *player, const char *launch)
{
    player_prepare(player, launch);
    gst_element_set_state(player->pipeline, GST_STATE_PLAYING);
}

void player_close(struct player *player)
{
    gst_element_set_state(player->pipeline, GST_STATE_NULL);
    g_queue_clear_full(&player->held, (GDestroyNotify)gst_buffer_unref);
    gst_clear_buffer(&player->last);
    gst_object_unref(player->bus);
    gst_object_unref(player->source);
    gst_object_unref(player->sink);
    gst_object_unref(player->pipeline);
    g_mutex_clear(&player->lock);
}

struct seen player_seen(struct player *player)
{
    g_mutex_lock(&player->lock);
    const struct seen seen = player->seen;
    g_mutex_unlock(&player->lock);
    return seen;
}

gboolean player_try_wait(struct player *player, guint n, guint ms)
{
    const guint until = player_seen(player).n + n;

    for (guint waited = 0; player_seen(player).n < until; waited += 10) {
        if (waited >= ms)
            return FALSE;
        g_usleep(10 * 1000);
    }
    return TRUE;
}

void player_wait(struct player *player, guint n)
{
    fail_unless(player_try_wait(player, n, PATIENCE_MS), "%u buffers came, of %u more",
                player_seen(player).n, n);
}

guint64 player_stat(struct player *player, const char *name)
{
    g_autoptr(GstStructure) stats = NULL;
    guint64 value = 0;

    g_object_get(player->source, "stats", &stats, NULL);
    fail_unless(gst_structure_get_uint64(stats, name, &value), "no '%s' in stats", name);
    return value;
}

static void check_no_error(GstMessage *message)
{
    g_autoptr(GError) error = NULL;

    if (GST_MESSAGE_TYPE(message) != GST_MESSAGE_ERROR)
        return;
    gst_message_parse_error(message, &error, NULL);
    fail("%s", error->message);
}

GstStructure *player_wait_event(struct player *player, const char *event)
{
    GstMessage *message;

    while (
        (message = gst_bus_timed_pop_filtered(player->bus, PATIENCE_MS * GST_MSECOND,
                                              GST_MESSAGE_ELEMENT | GST_MESSAGE_ERROR))) {
        const GstStructure *const s = gst_message_get_structure(message);
        const char *const found = gst_structure_get_string(s, "event");
        GstStructure *const copy =
            found && g_str_equal(found, event) ? gst_structure_copy(s) : NULL;
        check_no_error(message);
        gst_message_unref(message);
        if (copy)
            return copy;
    }
    fail("no event '%s'", event);
    return NULL;
}

char *player_wait_text(struct player *player, GstMessageType type)
{
    GstMessage *const message =
        gst_bus_timed_pop_filtered(player->bus, PATIENCE_MS * GST_MSECOND, type);
    g_autoptr(GError) error = NULL;

    fail_unless(message, "no %s", gst_message_type_get_name(type));
    if (type == GST_MESSAGE_ERROR)
        gst_message_parse_error(message, &error, NULL);
    else
        gst_message_parse_warning(message, &error, NULL);
    gst_message_unref(message);
    return g_strdup(error->message);
}

void player_drop_messages(struct player *player)
{
    GstMessage *message;

    while ((message = gst_bus_pop(player->bus)))
        gst_message_unref(message);
}

GstBuffer *player_copy_frame(struct player *player)
{
    g_mutex_lock(&player->lock);
    player->keep_copies = TRUE;
    g_mutex_unlock(&player->lock);
    player_wait(player, 1);
    g_mutex_lock(&player->lock);
    player->keep_copies = FALSE;
    GstBuffer *const copy = g_steal_pointer(&player->last);
    g_mutex_unlock(&player->lock);
    return copy;
}

char *failure_of(const char *launch)
{
    struct player player;

    player_open(&player, launch);
    char *const text = player_wait_text(&player, GST_MESSAGE_ERROR);
    player_close(&player);
    return text;
}

/* --- the process --- */

static guint count_lines(const char *path, const char *wanted, glong *number)
{
    FILE *const file = fopen(path, "re");
    char line[512];
    guint n = 0;

    fail_unless(file != NULL, "%s: %m", path);
    while (fgets(line, sizeof line, file)) {
        n++;
        if (wanted && g_str_has_prefix(line, wanted))
            *number = strtol(line + strlen(wanted), NULL, 10);
    }
    fclose(file);
    return n;
}

struct usage read_usage(void)
{
    struct usage usage = {.descriptors = 0};
    GDir *const folder = g_dir_open("/proc/self/fd", 0, NULL);

    while (g_dir_read_name(folder))
        usage.descriptors++;
    g_dir_close(folder);
    usage.maps = count_lines("/proc/self/maps", NULL, NULL);
    count_lines("/proc/self/status", "VmRSS:", &usage.resident_kib);
    return usage;
}
