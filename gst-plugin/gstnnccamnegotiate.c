/* SPDX-License-Identifier: MIT */

/* The choice of a mode: what the camera offers, narrowed by what downstream takes, and of
 * that the cheapest that gives what downstream looks at. */

#include "gstnnccamsrc.h"

#include "gstnnccamcaps.h"

#include <gst/allocators/gstdmabuf.h>
#include <gstnnc/gstnncwantedinput.h>

/* How many modes a driver may list and then refuse. */
#define MAX_REFUSALS 8

/* What downstream takes and looks at, and what the camera has of it. */
struct demand {
    GstCaps *peer;    /* what downstream takes of anybody */
    GstCaps *allowed; /* and of this camera */
    gboolean dmabuf;  /* as memory:DMABuf alone */
    struct nnc_camera_offers offers;
    struct nnc_camera_wish wish;
};

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

/* What remains for the choice, in ordinary memory if there is any such. */
static void narrow(GstNncCamSrc *self, struct demand *demand)
{
    gst_nnc_cam_caps_to_offers(demand->allowed, &self->offers, FALSE, &demand->offers);
    if (demand->offers.n)
        return;
    gst_nnc_cam_caps_to_offers(demand->allowed, &self->offers, TRUE, &demand->offers);
    demand->dmabuf = demand->offers.n > 0;
}

static void ask(GstNncCamSrc *self, struct demand *demand)
{
    g_autoptr(GstCaps) own = gst_nnc_cam_caps_from_offers(
        &self->offers, atomic_load(&self->settings.io_mode) == GST_NNC_CAM_IO_MODE_AUTO);

    *demand = (struct demand){.wish = ask_wish(self)};
    demand->peer = gst_pad_peer_query_caps(GST_BASE_SRC_PAD(self), NULL);
    demand->allowed =
        gst_caps_intersect_full(own, demand->peer, GST_CAPS_INTERSECT_FIRST);
    narrow(self, demand);
}

static void forget(struct demand *demand)
{
    gst_caps_unref(demand->peer);
    gst_caps_unref(demand->allowed);
    nnc_camera_offers_clear(&demand->offers);
}

/* --- the choice --- */

/* Fixed caps of the mode, with what the peer says beyond it. */
static enum nnc_camera_trouble fix_caps(GstNncCamSrc *self, const struct demand *demand,
                                        const struct nnc_camera_mode *mode,
                                        const struct nnc_camera_setting *setting,
                                        GstCaps **caps, struct nnc_camera_error *error)
{
    g_autoptr(GstCaps) own = gst_nnc_cam_caps_from_mode(mode, setting, demand->dmabuf);
    g_autoptr(GstCaps) common = gst_caps_intersect(own, demand->allowed);

    if (!gst_caps_is_empty(common)) {
        *caps = gst_caps_fixate(g_steal_pointer(&common));
        return NNC_CAMERA_OK;
    }
    g_autofree gchar *given = gst_caps_to_string(own);
    g_autofree gchar *wanted = gst_caps_to_string(demand->peer);
    return nnc_camera_fail(error, NNC_CAMERA_UNSUPPORTED,
                           "%s gives %.200s; downstream takes %.200s", self->camera.path,
                           given, wanted);
}

/* Whether the driver takes the mode, and downstream what comes of it. */
static enum nnc_camera_trouble try_mode(GstNncCamSrc *self, const struct demand *demand,
                                        const struct nnc_camera_mode *mode,
                                        GstCaps **caps, struct nnc_camera_error *error)
{
    struct nnc_camera_setting setting = {.field = 0};
    const enum nnc_camera_trouble trouble =
        mode->converted /* set with the stream, by the converter */
            ? NNC_CAMERA_OK
            : nnc_camera_mode_set(&self->camera, mode, &setting, error);

    return trouble ? trouble : fix_caps(self, demand, mode, &setting, caps, error);
}

static void drop_row(struct nnc_camera_offers *offers, guint row)
{
    offers->rows[row] = offers->rows[--offers->n];
}

static enum nnc_camera_trouble explain_nothing_fits(GstNncCamSrc *self,
                                                    const struct demand *demand,
                                                    struct nnc_camera_error *error)
{
    g_autofree gchar *wanted = gst_caps_to_string(demand->peer);

    return nnc_camera_fail(
        error, NNC_CAMERA_UNSUPPORTED,
        "%s (%s) has no mode that downstream takes; expected %.200s%s; "
        "'nnc-camera modes %s' lists what it has",
        self->camera.path, self->camera.identity.card, wanted,
        strlen(wanted) > 200 ? "..." : "", self->camera.path);
}

/* The best mode that can be had. */
static enum nnc_camera_trouble choose(GstNncCamSrc *self, struct demand *demand,
                                      struct nnc_camera_choice *choice, GstCaps **caps,
                                      struct nnc_camera_error *error)
{
    enum nnc_camera_trouble trouble = explain_nothing_fits(self, demand, error);

    for (guint i = 0;
         i < MAX_REFUSALS && nnc_camera_choose(&demand->offers, &demand->wish, choice);
         i++) {
        trouble = try_mode(self, demand, &choice->mode, caps, error);
        if (trouble != NNC_CAMERA_UNSUPPORTED)
            return trouble;
        GST_WARNING_OBJECT(self, "%s", error->message);
        drop_row(&demand->offers, choice->row);
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

static gboolean take(GstNncCamSrc *self, const struct demand *demand,
                     const struct nnc_camera_choice *choice, GstCaps *caps)
{
    self->mode = choice->mode;
    if (!self->mode.rate.n)
        self->mode.rate.d = 1;
    gst_clear_buffer(&self->black);
    atomic_store(&self->frame_ns,
                 self->mode.rate.n ? gst_util_uint64_scale(GST_SECOND, self->mode.rate.d,
                                                           self->mode.rate.n)
                                   : 0);
    self->owes_dmabuf = demand->dmabuf;
    self->wants_dmabuf = demand->dmabuf || atomic_load(&self->settings.io_mode) ==
                                               GST_NNC_CAM_IO_MODE_DMABUF;
    tell(self, choice, &demand->wish, caps);
    return gst_base_src_set_caps(GST_BASE_SRC(self), caps);
}

static gboolean still_takes_caps(GstNncCamSrc *self, const struct demand *demand)
{
    g_autoptr(GstCaps) caps = gst_pad_get_current_caps(GST_BASE_SRC_PAD(self));

    return caps && gst_caps_can_intersect(caps, demand->allowed);
}

/* Whether the running stream is what would be chosen again. */
static gboolean goes_on(GstNncCamSrc *self, const struct demand *demand)
{
    const struct nnc_camera_mode *const now = &self->mode;
    struct nnc_camera_choice choice;

    return self->stream && nnc_camera_choose(&demand->offers, &demand->wish, &choice) &&
           now->format == choice.mode.format && now->width == choice.mode.width &&
           now->height == choice.mode.height && now->rate.n == choice.mode.rate.n &&
           now->rate.d == choice.mode.rate.d && still_takes_caps(self, demand);
}

/* The stream's mode and caps, anew. */
static gboolean settle(GstNncCamSrc *self, struct demand *demand)
{
    struct nnc_camera_choice choice;
    struct nnc_camera_error error;
    g_autoptr(GstCaps) caps = NULL;

    gst_nnc_cam_src_halt(self);
    if (!choose(self, demand, &choice, &caps, &error))
        return take(self, demand, &choice, caps);
    gst_nnc_cam_post_error(self, GST_MESSAGE_ERROR, &error);
    return FALSE;
}

gboolean gst_nnc_cam_src_negotiate(GstBaseSrc *base)
{
    GstNncCamSrc *const self = GST_NNC_CAM_SRC(base);
    struct demand demand;

    if (self->camera.fd < 0) /* lost: it is asked again when it is back */
        return self->mode.format != NULL;
    ask(self, &demand);
    const gboolean done = goes_on(self, &demand) || settle(self, &demand);
    forget(&demand);
    return done;
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
