/* SPDX-License-Identifier: MIT */

/* The choice of a mode: what the camera offers, narrowed by what downstream takes, and of
 * that the cheapest that gives what downstream looks at. */

#include "gstnnccamsrc.h"

#include "gstnnccamcaps.h"

#include <gst/allocators/gstdmabuf.h>
#include <gstnnc/gstnncwantedinput.h>

/* How many modes a driver may list and then refuse. */
#define MAX_REFUSALS 8

static struct nnc_camera_wish ask_wish(GstNncCamSrc *self)
{
    struct nnc_camera_wish wish = nnc_camera_usual_wish;
    GstQuery *const query = gst_nnc_wanted_input_query_new();
    g_auto(GStrv) formats = NULL;
    gint width, height, n, d;

    if (gst_pad_peer_query(GST_BASE_SRC_PAD(self), query) &&
        gst_nnc_wanted_input_parse(query, &width, &height, &n, &d, &formats)) {
        wish.width = (guint)width;
        wish.height = (guint)height;
        if (n)
            wish.rate = (struct nnc_camera_rate){(guint)n, (guint)d};
        wish.gray = formats && formats[0] && g_str_equal(formats[0], "GRAY8");
    }
    gst_query_unref(query);
    return wish;
}

/* What remains for the choice; TRUE if as memory:DMABuf alone. */
static gboolean narrow(GstNncCamSrc *self, const GstCaps *allowed,
                       struct nnc_camera_offers *offers)
{
    gst_nnc_cam_caps_to_offers(allowed, &self->offers, FALSE, offers);
    if (offers->n)
        return FALSE;
    gst_nnc_cam_caps_to_offers(allowed, &self->offers, TRUE, offers);
    return offers->n > 0;
}

static void drop_row(struct nnc_camera_offers *offers, guint row)
{
    offers->rows[row] = offers->rows[--offers->n];
}

/* The best mode that the driver takes, too. */
static enum nnc_camera_trouble choose(GstNncCamSrc *self,
                                      struct nnc_camera_offers *offers,
                                      const struct nnc_camera_wish *wish,
                                      struct nnc_camera_choice *choice,
                                      struct nnc_camera_error *error)
{
    enum nnc_camera_trouble trouble = nnc_camera_fail(
        error, NNC_CAMERA_UNSUPPORTED, "%s offers nothing of that", self->camera.path);
    guint32 line[NNC_CAMERA_MAX_PLANES];

    for (guint i = 0; i < MAX_REFUSALS && nnc_camera_choose(offers, wish, choice); i++) {
        if (choice->mode.converted) /* set with the stream, by the converter */
            return NNC_CAMERA_OK;
        trouble = nnc_camera_mode_set(&self->camera, &choice->mode, line, error);
        if (trouble != NNC_CAMERA_UNSUPPORTED)
            return trouble;
        GST_WARNING_OBJECT(self, "%s", error->message);
        drop_row(offers, choice->row);
    }
    return trouble;
}

static void tell(GstNncCamSrc *self, const struct nnc_camera_choice *choice,
                 const struct nnc_camera_wish *wish, GstCaps *caps)
{
    gchar why[512];

    nnc_camera_choice_explain(choice, wish, why, sizeof why);
    pthread_mutex_lock(&self->settings.lock);
    g_free(self->settings.mode);
    self->settings.mode = g_strdup(why);
    pthread_mutex_unlock(&self->settings.lock);
    gst_nnc_cam_post(self, "mode", why, "caps", GST_TYPE_CAPS, caps, "device",
                     G_TYPE_STRING, self->camera.path, "wanted-width", G_TYPE_INT,
                     (gint)wish->width, "wanted-height", G_TYPE_INT, (gint)wish->height,
                     "wanted-framerate", GST_TYPE_FRACTION, (gint)wish->rate.n,
                     (gint)wish->rate.d, "considered", G_TYPE_UINT, choice->n_considered,
                     "meeting", G_TYPE_UINT, choice->n_meeting, NULL);
}

static void explain_nothing_fits(GstNncCamSrc *self, GstCaps *peer)
{
    g_autofree gchar *wanted = gst_caps_to_string(peer);
    struct nnc_camera_error error;

    nnc_camera_fail(&error, NNC_CAMERA_UNSUPPORTED,
                    "%s (%s) has no mode that downstream takes; expected %.200s%s; "
                    "'nnc-camera modes %s' lists what it has",
                    self->camera.path, self->camera.identity.card, wanted,
                    strlen(wanted) > 200 ? "..." : "", self->camera.path);
    gst_nnc_cam_post_error(self, GST_MESSAGE_ERROR, &error);
}

/* Fixed caps of the mode, with what the peer says beyond it. */
static GstCaps *fix_caps(const struct nnc_camera_mode *mode, gboolean dmabuf,
                         GstCaps *allowed)
{
    g_autoptr(GstCaps) own = gst_nnc_cam_caps_from_mode(mode, dmabuf);
    GstCaps *const common = gst_caps_intersect(own, allowed);

    if (!gst_caps_is_empty(common))
        return gst_caps_fixate(common);
    gst_caps_unref(common);
    return g_steal_pointer(&own);
}

static gboolean take(GstNncCamSrc *self, const struct nnc_camera_choice *choice,
                     const struct nnc_camera_wish *wish, gboolean dmabuf,
                     GstCaps *allowed)
{
    g_autoptr(GstCaps) caps = fix_caps(&choice->mode, dmabuf, allowed);

    self->mode = choice->mode;
    if (!self->mode.rate.n)
        self->mode.rate.d = 1;
    gst_clear_buffer(&self->black);
    atomic_store(&self->frame_ns,
                 self->mode.rate.n ? gst_util_uint64_scale(GST_SECOND, self->mode.rate.d,
                                                           self->mode.rate.n)
                                   : 0);
    self->wants_dmabuf =
        dmabuf || atomic_load(&self->settings.io_mode) == GST_NNC_CAM_IO_MODE_DMABUF;
    tell(self, choice, wish, caps);
    return gst_base_src_set_caps(GST_BASE_SRC(self), caps);
}

/* Whether the running stream is what would be chosen again. */
static gboolean goes_on(GstNncCamSrc *self, const struct nnc_camera_offers *offers,
                        const struct nnc_camera_wish *wish)
{
    const struct nnc_camera_mode *const now = &self->mode;
    struct nnc_camera_choice choice;

    return self->stream && nnc_camera_choose(offers, wish, &choice) &&
           now->format == choice.mode.format && now->width == choice.mode.width &&
           now->height == choice.mode.height && now->rate.n == choice.mode.rate.n &&
           now->rate.d == choice.mode.rate.d;
}

gboolean gst_nnc_cam_src_negotiate(GstBaseSrc *base)
{
    GstNncCamSrc *const self = GST_NNC_CAM_SRC(base);
    g_autoptr(GstCaps) own = gst_nnc_cam_caps_from_offers(
        &self->offers, atomic_load(&self->settings.io_mode) == GST_NNC_CAM_IO_MODE_AUTO);
    g_autoptr(GstCaps) peer = gst_pad_peer_query_caps(GST_BASE_SRC_PAD(base), NULL);
    g_autoptr(GstCaps) allowed =
        gst_caps_intersect_full(own, peer, GST_CAPS_INTERSECT_FIRST);
    const struct nnc_camera_wish wish = ask_wish(self);
    struct nnc_camera_offers offers = {.rows = NULL};
    struct nnc_camera_choice choice;
    struct nnc_camera_error error;

    if (self->camera.fd < 0) /* lost: it is asked again when it is back */
        return self->mode.format != NULL;
    const gboolean dmabuf = narrow(self, allowed, &offers);
    if (goes_on(self, &offers, &wish)) {
        nnc_camera_offers_clear(&offers);
        return TRUE;
    }
    gst_nnc_cam_src_halt(self);
    const enum nnc_camera_trouble trouble =
        offers.n ? choose(self, &offers, &wish, &choice, &error) : NNC_CAMERA_UNSUPPORTED;
    const gboolean found = offers.n > 0;
    nnc_camera_offers_clear(&offers);
    if (!trouble)
        return take(self, &choice, &wish, dmabuf, allowed);
    if (!found)
        explain_nothing_fits(self, peer);
    else
        gst_nnc_cam_post_error(self, GST_MESSAGE_ERROR, &error);
    return FALSE;
}

/* --- allocation --- */

static gboolean proposes_dmabuf(GstQuery *query)
{
    for (guint i = 0; i < gst_query_get_n_allocation_params(query); i++) {
        g_autoptr(GstAllocator) allocator = NULL;
        gst_query_parse_nth_allocation_param(query, i, &allocator, NULL);
        if (allocator && GST_IS_DMABUF_ALLOCATOR(allocator))
            return TRUE;
    }
    return FALSE;
}

/* Buffers are the driver's; of the answer only its hints count. */
gboolean gst_nnc_cam_src_decide_allocation(GstBaseSrc *base, GstQuery *query)
{
    GstNncCamSrc *const self = GST_NNC_CAM_SRC(base);
    guint most = 0;

    self->takes_video_meta =
        gst_query_find_allocation_meta(query, GST_VIDEO_META_API_TYPE, NULL);
    if (atomic_load(&self->settings.io_mode) == GST_NNC_CAM_IO_MODE_AUTO &&
        proposes_dmabuf(query))
        self->wants_dmabuf = TRUE;
    for (guint i = 0; i < gst_query_get_n_allocation_pools(query); i++) {
        guint least = 0;
        gst_query_parse_nth_allocation_pool(query, i, NULL, NULL, &least, NULL);
        most = MAX(most, least);
    }
    self->n_wanted_buffers = most + 4; /* two to fill, two under way */
    while (gst_query_get_n_allocation_pools(query))
        gst_query_remove_nth_allocation_pool(query, 0);
    return TRUE;
}
