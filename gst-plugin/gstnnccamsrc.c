/* SPDX-License-Identifier: MIT */

/**
 * SECTION:element-nnccamsrc
 * @title: nnccamsrc
 *
 * Frames of a Linux camera (V4L2). Of the camera's modes it takes the one that costs
 * least and still gives what downstream looks at, and says why. Frames are lent out where
 * the driver has put them. A camera that is unplugged, stalls or fails is waited for: the
 * pipeline goes on playing, and so does the camera when it is back, whatever its number
 * is then.
 *
 * |[
 * gst-launch-1.0 -m nnccamsrc ! nncclassify model=nest-photo.onnx post-messages=change !
 * \ videoconvert ! autovideosink
 * ]|
 *
 * What happens is told by element messages "nnc/camera" with the fields `event` (mode,
 * lost, back, control, crop, source, signal) and `text`, and more by event.
 */

#include "gstnnccamsrc.h"

#include "gstnnccamcaps.h"

#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

GST_DEBUG_CATEGORY(nnc_cam_src_debug);

G_DEFINE_TYPE(GstNncCamSrc, gst_nnc_cam_src, GST_TYPE_PUSH_SRC)
GST_ELEMENT_REGISTER_DEFINE_WITH_CODE(nnccamsrc, "nnccamsrc", GST_RANK_NONE,
                                      GST_TYPE_NNC_CAM_SRC,
                                      GST_DEBUG_CATEGORY_INIT(nnc_cam_src_debug,
                                                              "nnccamsrc", 0, "cameras"))

/* --- waiting and clocks --- */

void gst_nnc_cam_src_wake(GstNncCamSrc *self)
{
    const guint64 one = 1;

    if (write(self->wake_fd, &one, sizeof one) < 0) /* full: it wakes as it is */
        GST_LOG_OBJECT(self, "woken already");
}

gint gst_nnc_cam_src_wait(GstNncCamSrc *self, gint fd, gint timeout_ms)
{
    struct pollfd fds[] = {{.fd = self->wake_fd, .events = POLLIN},
                           {.fd = fd, .events = POLLIN | POLLPRI}};
    guint64 n;

    if (poll(fds, G_N_ELEMENTS(fds), timeout_ms) <= 0)
        return 0;
    if (fds[0].revents && read(self->wake_fd, &n, sizeof n) < 0)
        GST_LOG_OBJECT(self, "not woken");
    return fds[1].revents;
}

guint64 gst_nnc_cam_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return GST_TIMESPEC_TO_TIME(now);
}

/* What the clock shows now, and the instant when it did; read again if something came
 * between. */
static GstClockTime read_clock(GstClock *clock, guint64 *instant_ns)
{
    GstClockTime time = 0;
    guint64 before, after;

    for (guint i = 0; i < 3; i++) {
        before = gst_nnc_cam_now();
        time = gst_clock_get_time(clock);
        after = gst_nnc_cam_now();
        *instant_ns = before + (after - before) / 2;
        if (after - before < 100 * GST_USECOND)
            break;
    }
    return time;
}

GstClockTime gst_nnc_cam_src_running_time(GstNncCamSrc *self, guint64 time_ns)
{
    g_autoptr(GstClock) clock = gst_element_get_clock(GST_ELEMENT(self));
    const GstClockTime base = gst_element_get_base_time(GST_ELEMENT(self));
    guint64 instant;

    if (!clock)
        return GST_CLOCK_TIME_NONE;
    const GstClockTime now = read_clock(clock, &instant);
    const gint64 running = (gint64)(now - base) - (gint64)(instant - time_ns);
    return running < 0 ? GST_CLOCK_TIME_NONE : (GstClockTime)running;
}

/* --- start and stop --- */

static void forget_stream(GstNncCamSrc *self)
{
    self->mode = (struct nnc_camera_mode){.format = NULL};
    self->n_wanted_buffers = 0;
    self->has_played = self->is_lost = self->is_stale = self->no_signal = FALSE;
    self->backoff = (struct nnc_camera_backoff){0};
    self->last_pts = GST_CLOCK_TIME_NONE;
    atomic_store(&self->restart, FALSE);
}

static void reset_stats(struct gst_nnc_cam_stats *stats)
{
    _Atomic guint64 *const counters[] = {
        &stats->frames, &stats->lost,    &stats->corrupted,     &stats->short_frames,
        &stats->copies, &stats->black,   &stats->reopens,       &stats->losses,
        &stats->stalls, &stats->retimed, &stats->requeue_errors};

    for (guint i = 0; i < G_N_ELEMENTS(counters); i++)
        atomic_store(counters[i], 0);
}

static gboolean start(GstBaseSrc *base)
{
    GstNncCamSrc *const self = GST_NNC_CAM_SRC(base);
    gchar path[NNC_CAMERA_PATH_SIZE];
    struct nnc_camera_error error;

    forget_stream(self);
    reset_stats(&self->stats);
    pthread_mutex_lock(&self->settings.lock);
    g_autofree gchar *device = g_strdup(self->settings.device);
    pthread_mutex_unlock(&self->settings.lock);
    if (nnc_camera_find(&nnc_v4l2_kernel, device, path, &error) ||
        gst_nnc_cam_src_open(self, path, &error)) {
        gst_nnc_cam_post_error(self, GST_MESSAGE_ERROR, &error);
        return FALSE;
    }
    self->identity = self->camera.identity;
    return TRUE;
}

static gboolean stop(GstBaseSrc *base)
{
    GstNncCamSrc *const self = GST_NNC_CAM_SRC(base);

    gst_nnc_cam_src_close(self);
    nnc_camera_offers_clear(&self->offers);
    nnc_camera_controls_clear(&self->controls);
    gst_clear_buffer(&self->black);
    pthread_mutex_lock(&self->settings.lock);
    gst_clear_caps(&self->settings.caps);
    pthread_mutex_unlock(&self->settings.lock);
    return TRUE;
}

static gboolean unlock(GstBaseSrc *base)
{
    GstNncCamSrc *const self = GST_NNC_CAM_SRC(base);

    atomic_store(&self->flushing, TRUE);
    gst_nnc_cam_src_wake(self);
    return TRUE;
}

/* What the driver took in the meantime is of the past. */
static gboolean unlock_stop(GstBaseSrc *base)
{
    GstNncCamSrc *const self = GST_NNC_CAM_SRC(base);

    atomic_store(&self->restart, TRUE);
    atomic_store(&self->flushing, FALSE);
    return TRUE;
}

/* --- caps and latency --- */

static GstCaps *get_caps(GstBaseSrc *base, GstCaps *filter)
{
    GstNncCamSrc *const self = GST_NNC_CAM_SRC(base);

    pthread_mutex_lock(&self->settings.lock);
    GstCaps *caps = self->settings.caps ? gst_caps_ref(self->settings.caps) : NULL;
    pthread_mutex_unlock(&self->settings.lock);
    if (!caps)
        caps = gst_pad_get_pad_template_caps(GST_BASE_SRC_PAD(base));
    if (!filter)
        return caps;
    GstCaps *const both = gst_caps_intersect_full(filter, caps, GST_CAPS_INTERSECT_FIRST);
    gst_caps_unref(caps);
    return both;
}

static gboolean query(GstBaseSrc *base, GstQuery *query)
{
    GstNncCamSrc *const self = GST_NNC_CAM_SRC(base);
    const GstClockTime frame = atomic_load(&self->frame_ns);

    if (GST_QUERY_TYPE(query) != GST_QUERY_LATENCY || !frame)
        return GST_BASE_SRC_CLASS(gst_nnc_cam_src_parent_class)->query(base, query);
    gst_query_set_latency(query, TRUE, frame, frame * atomic_load(&self->stats.buffers));
    return TRUE;
}

/* --- frames --- */

/* One wait for the camera, and what came of it. CUSTOM_SUCCESS: no buffer yet. */
static GstFlowReturn next_frame(GstNncCamSrc *self, GstBuffer **buffer)
{
    struct nnc_camera_error error;
    const gint events =
        gst_nnc_cam_src_wait(self, self->camera.fd, gst_nnc_cam_src_patience(self));

    if (atomic_load(&self->flushing))
        return GST_FLOW_CUSTOM_SUCCESS;
    if (events & POLLPRI && gst_nnc_cam_src_follow_events(self, &error))
        return gst_nnc_cam_src_lose(self, &error);
    if (events & (POLLIN | POLLERR | POLLHUP) && !self->is_stale)
        return gst_nnc_cam_src_take(self, events, buffer);
    return gst_nnc_cam_src_check_stall(self, buffer);
}

static GstFlowReturn renegotiate(GstNncCamSrc *self)
{
    struct nnc_camera_error error;

    self->is_stale = FALSE;
    gst_nnc_cam_src_halt(self);
    if (gst_nnc_cam_src_refresh(self, &error))
        return gst_nnc_cam_src_lose(self, &error);
    return gst_base_src_negotiate(GST_BASE_SRC(self)) ? GST_FLOW_CUSTOM_SUCCESS
                                                      : GST_FLOW_NOT_NEGOTIATED;
}

/* Brings the stream into the state that settings and events ask for. */
static GstFlowReturn prepare(GstNncCamSrc *self, GstBuffer **buffer)
{
    if (atomic_exchange(&self->restart, FALSE))
        gst_nnc_cam_src_halt(self);
    if (self->camera.fd >= 0)
        gst_nnc_cam_src_apply_settings(self, FALSE);
    if (self->is_stale && self->camera.fd >= 0)
        return renegotiate(self);
    return self->stream ? GST_FLOW_OK : gst_nnc_cam_src_revive(self, buffer);
}

static GstFlowReturn create(GstPushSrc *push, GstBuffer **buffer)
{
    GstNncCamSrc *const self = GST_NNC_CAM_SRC(push);
    GstFlowReturn flow;

    *buffer = NULL;
    do {
        if (atomic_load(&self->flushing))
            return GST_FLOW_FLUSHING;
        flow = prepare(self, buffer);
        if (flow == GST_FLOW_OK && !*buffer)
            flow = next_frame(self, buffer);
    } while (flow == GST_FLOW_CUSTOM_SUCCESS);
    return flow;
}

/* --- class --- */

static void gst_nnc_cam_src_init(GstNncCamSrc *self)
{
    gst_nnc_cam_settings_init(&self->settings);
    self->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    self->camera.fd = -1;
    gst_base_src_set_live(GST_BASE_SRC(self), TRUE);
    gst_base_src_set_format(GST_BASE_SRC(self), GST_FORMAT_TIME);
}

static void finalize(GObject *object)
{
    GstNncCamSrc *const self = GST_NNC_CAM_SRC(object);

    gst_nnc_cam_settings_finish(&self->settings);
    if (self->wake_fd >= 0)
        close(self->wake_fd);
    G_OBJECT_CLASS(gst_nnc_cam_src_parent_class)->finalize(object);
}

static void add_pad_template(GstElementClass *class)
{
    g_autoptr(GstCaps) caps = gst_nnc_cam_caps_template();

    gst_element_class_add_pad_template(
        class, gst_pad_template_new("src", GST_PAD_SRC, GST_PAD_ALWAYS, caps));
}

static void gst_nnc_cam_src_class_init(GstNncCamSrcClass *class)
{
    GstElementClass *const element = GST_ELEMENT_CLASS(class);
    GstBaseSrcClass *const base = GST_BASE_SRC_CLASS(class);

    G_OBJECT_CLASS(class)->finalize = finalize;
    gst_nnc_cam_src_install_properties(G_OBJECT_CLASS(class));
    add_pad_template(element);
    gst_element_class_set_static_metadata(
        element, "Camera source", "Source/Video/Hardware",
        "Frames of a V4L2 camera in the mode that costs least; survives its unplugging",
        "nnc");
    base->start = start;
    base->stop = stop;
    base->unlock = unlock;
    base->unlock_stop = unlock_stop;
    base->get_caps = get_caps;
    base->query = query;
    base->negotiate = gst_nnc_cam_src_negotiate;
    base->decide_allocation = gst_nnc_cam_src_decide_allocation;
    GST_PUSH_SRC_CLASS(class)->create = create;
}
