/* SPDX-License-Identifier: MIT */

/* Drivers enumerate formats, then sizes of each, then intervals of each; many leave out
 * one or the other. Every list is bounded, because a broken one need not end. */

#include "camera_modes.h"

#include <errno.h>
#include <linux/videodev2.h>
#include <stdio.h>
#include <stdlib.h>

#define MAX_FORMATS 256
#define MAX_SIZES 256
#define MAX_ROWS 4096
#define MAX_SIDE 16384

struct nnc_camera_offer *nnc_camera_offers_add(struct nnc_camera_offers *offers)
{
    if (offers->n >= MAX_ROWS)
        return NULL;
    if (!(offers->n & (offers->n - 1))) { /* full at powers of two */
        const size_t room = offers->n ? offers->n * 2 : 1;
        void *const rows = realloc(offers->rows, room * sizeof *offers->rows);
        if (!rows)
            return NULL;
        offers->rows = rows;
    }
    offers->rows[offers->n] = (struct nnc_camera_offer){.format = NULL};
    return &offers->rows[offers->n++];
}

void nnc_camera_offers_clear(struct nnc_camera_offers *offers)
{
    free(offers->rows);
    *offers = (struct nnc_camera_offers){.rows = NULL};
}

/* --- rates --- */

static bool is_rate(struct v4l2_fract interval)
{
    return interval.numerator && interval.denominator;
}

static uint32_t greatest_divisor(uint32_t a, uint32_t b)
{
    while (b) {
        const uint32_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static void add_rate(struct nnc_camera_offer *offer, struct v4l2_fract interval)
{
    if (!is_rate(interval) || offer->n_rates == NNC_CAMERA_MAX_RATES)
        return;
    const uint32_t by = greatest_divisor(interval.numerator, interval.denominator);
    offer->rates[offer->n_rates++] =
        (struct nnc_camera_rate){interval.denominator / by, interval.numerator / by};
}

static void read_rates(const struct nnc_camera *camera, struct nnc_camera_offer *offer)
{
    struct v4l2_frmivalenum item = {.pixel_format = offer->format->fourcc,
                                    .width = offer->width.low,
                                    .height = offer->height.low};

    for (; item.index < NNC_CAMERA_MAX_RATES; item.index++) {
        if (nnc_camera_ioctl(camera, VIDIOC_ENUM_FRAMEINTERVALS, &item))
            return;
        if (item.type == V4L2_FRMIVAL_TYPE_DISCRETE) {
            add_rate(offer, item.discrete);
            continue;
        }
        add_rate(offer, item.stepwise.max);
        add_rate(offer, item.stepwise.min);
        offer->any_rate_between = offer->n_rates == 2;
        return;
    }
}

/* --- sizes --- */

static bool is_size(struct nnc_camera_range side)
{
    return side.low && side.low <= side.high && side.high <= MAX_SIDE;
}

/* Adds an offer of these sizes; sizes that cannot be are left out. */
static void add_size(const struct nnc_camera *camera,
                     const struct nnc_camera_offer *model, struct nnc_camera_range width,
                     struct nnc_camera_range height, struct nnc_camera_offers *offers)
{
    if (!is_size(width) || !is_size(height))
        return;
    struct nnc_camera_offer *const offer = nnc_camera_offers_add(offers);
    if (!offer)
        return;
    *offer = *model;
    offer->width = width;
    offer->height = height;
    read_rates(camera, offer);
}

static struct nnc_camera_range range(uint32_t low, uint32_t high, uint32_t step)
{
    return (struct nnc_camera_range){low, high < MAX_SIDE ? high : MAX_SIDE,
                                     step ? step : 1};
}

static void set_size(const struct nnc_camera *camera, struct v4l2_format *format,
                     uint32_t fourcc, uint32_t width, uint32_t height, uint32_t field)
{
    *format = (struct v4l2_format){.type = camera->type};
    if (nnc_camera_is_multiplanar(camera)) {
        format->fmt.pix_mp.pixelformat = fourcc;
        format->fmt.pix_mp.width = width;
        format->fmt.pix_mp.height = height;
        format->fmt.pix_mp.field = field;
    } else {
        format->fmt.pix.pixelformat = fourcc;
        format->fmt.pix.width = width;
        format->fmt.pix.height = height;
        format->fmt.pix.field = field;
    }
}

/* Both members begin with width, height and pixel format. */
static bool try_size(const struct nnc_camera *camera, uint32_t fourcc, uint32_t *width,
                     uint32_t *height)
{
    struct v4l2_format format;

    set_size(camera, &format, fourcc, *width, *height, V4L2_FIELD_NONE);
    if (nnc_camera_ioctl(camera, VIDIOC_TRY_FMT, &format) ||
        format.fmt.pix.pixelformat != fourcc)
        return false;
    *width = format.fmt.pix.width;
    *height = format.fmt.pix.height;
    return true;
}

/* For drivers that do not enumerate sizes: what they make of the smallest and largest. */
static void probe_sizes(const struct nnc_camera *camera,
                        const struct nnc_camera_offer *model,
                        struct nnc_camera_offers *offers)
{
    uint32_t low_width = 1, low_height = 1, width = MAX_SIDE, height = MAX_SIDE;

    if (try_size(camera, model->format->fourcc, &low_width, &low_height) &&
        try_size(camera, model->format->fourcc, &width, &height))
        add_size(camera, model, range(low_width, width, 2), range(low_height, height, 2),
                 offers);
}

static void read_sizes(const struct nnc_camera *camera,
                       const struct nnc_camera_offer *model,
                       struct nnc_camera_offers *offers)
{
    struct v4l2_frmsizeenum item = {.pixel_format = model->format->fourcc};

    for (; item.index < MAX_SIZES; item.index++) {
        if (nnc_camera_ioctl(camera, VIDIOC_ENUM_FRAMESIZES, &item))
            break;
        if (item.type == V4L2_FRMSIZE_TYPE_DISCRETE) {
            const uint32_t width = item.discrete.width, height = item.discrete.height;
            add_size(camera, model, (struct nnc_camera_range){width, width, 1},
                     (struct nnc_camera_range){height, height, 1}, offers);
            continue;
        }
        const struct v4l2_frmsize_stepwise *const s = &item.stepwise;
        add_size(camera, model, range(s->min_width, s->max_width, s->step_width),
                 range(s->min_height, s->max_height, s->step_height), offers);
        return;
    }
    if (!item.index)
        probe_sizes(camera, model, offers);
}

/* --- formats --- */

/* One piece of memory or several: a camera of the one kind lists formats of both. */
static bool is_readable(const struct nnc_camera *camera,
                        const struct nnc_camera_format *format)
{
    return format && (format->n_buffers == 1 || nnc_camera_is_multiplanar(camera));
}

enum nnc_camera_trouble nnc_camera_modes_read(const struct nnc_camera *camera,
                                              struct nnc_camera_offers *offers,
                                              struct nnc_camera_error *error)
{
    const bool converting = camera->ops == &nnc_v4l2_converter;
    struct v4l2_fmtdesc item = {.type = camera->type};
    const unsigned n_before = offers->n;

    for (; item.index < MAX_FORMATS; item.index++) {
        item.flags = 0;
        if (nnc_camera_ioctl(camera, VIDIOC_ENUM_FMT, &item))
            break;
        const bool converted = item.flags & V4L2_FMT_FLAG_EMULATED;
        const struct nnc_camera_offer model = {
            .format = nnc_camera_format_find(item.pixelformat), .converted = converted};
        if (!is_readable(camera, model.format))
            offers->n_unreadable++;
        else if (converted == converting)
            read_sizes(camera, &model, offers);
    }
    if (item.index < MAX_FORMATS && errno != EINVAL)
        return nnc_camera_fail_call(error, camera->path, "listing its formats", errno);
    if (offers->n > n_before || converting)
        return NNC_CAMERA_OK;
    return nnc_camera_fail(
        error, NNC_CAMERA_UNSUPPORTED,
        "%s (%s) has no format that is known here, of %u that it lists", camera->path,
        camera->identity.card, item.index);
}

enum nnc_camera_trouble nnc_camera_modes_read_all(const struct nnc_camera *camera,
                                                  const struct nnc_v4l2_ops *converter,
                                                  struct nnc_camera_offers *offers,
                                                  struct nnc_camera_error *error)
{
    enum nnc_camera_trouble trouble = nnc_camera_modes_read(camera, offers, error);
    struct nnc_camera other;

    if ((trouble && trouble != NNC_CAMERA_UNSUPPORTED) || !offers->n_unreadable ||
        nnc_camera_is_multiplanar(camera) ||
        nnc_camera_open(&other, converter, camera->path, NULL))
        return trouble;
    nnc_camera_modes_read(&other, offers, NULL);
    nnc_camera_close(&other);
    return offers->n ? NNC_CAMERA_OK : trouble;
}

/* --- setting --- */

/* Both members begin alike, up to the field. */
static uint32_t field_of(const struct v4l2_format *format)
{
    return format->fmt.pix.field;
}

static bool is_readable_field(uint32_t field)
{
    return field != V4L2_FIELD_SEQ_TB && field != V4L2_FIELD_SEQ_BT;
}

static bool is_whole(uint32_t field)
{
    return is_readable_field(field) && !V4L2_FIELD_HAS_T_OR_B(field);
}

/* Whole pictures, or else their fields line by line: who asks for the one and gets
 * single fields may still get the other. */
static int ask_format(const struct nnc_camera *camera, const struct nnc_camera_mode *mode,
                      struct v4l2_format *format)
{
    struct v4l2_format other;

    set_size(camera, format, mode->format->fourcc, mode->width, mode->height,
             V4L2_FIELD_NONE);
    if (nnc_camera_ioctl(camera, VIDIOC_S_FMT, format))
        return -1;
    if (is_whole(field_of(format)))
        return 0;
    set_size(camera, &other, mode->format->fourcc, mode->width, mode->height,
             V4L2_FIELD_INTERLACED);
    if (!nnc_camera_ioctl(camera, VIDIOC_S_FMT, &other))
        *format = other;
    return 0;
}

static enum nnc_camera_trouble set_format(const struct nnc_camera *camera,
                                          const struct nnc_camera_mode *mode,
                                          struct v4l2_format *format,
                                          struct nnc_camera_error *error)
{
    const struct v4l2_pix_format *const got = &format->fmt.pix;
    char text[64], what[96];

    if (ask_format(camera, mode, format)) {
        const int number = errno;
        snprintf(what, sizeof what, "setting %s",
                 nnc_camera_mode_print(mode, text, sizeof text));
        if (number == EINVAL)
            return nnc_camera_fail(error, NNC_CAMERA_UNSUPPORTED,
                                   "%s (%s) refuses %s, which it lists", camera->path,
                                   camera->identity.card, text);
        return nnc_camera_fail_call(error, camera->path, what, number);
    }
    if (got->width != mode->width || got->height != mode->height ||
        got->pixelformat != mode->format->fourcc)
        return nnc_camera_fail(error, NNC_CAMERA_UNSUPPORTED,
                               "%s (%s) was asked for %s and gives %.4s %ux%u",
                               camera->path, camera->identity.card,
                               nnc_camera_mode_print(mode, text, sizeof text),
                               (const char *)&got->pixelformat, got->width, got->height);
    if (is_readable_field(field_of(format)))
        return NNC_CAMERA_OK;
    return nnc_camera_fail(error, NNC_CAMERA_UNSUPPORTED,
                           "%s (%s) gives %s as two fields, one after the other in a "
                           "buffer; expected whole pictures or interleaved fields",
                           camera->path, camera->identity.card,
                           nnc_camera_mode_print(mode, text, sizeof text));
}

/* Not fatal: many drivers have one rate and no such request. */
static void set_rate(const struct nnc_camera *camera, struct nnc_camera_rate rate)
{
    struct v4l2_streamparm parameters = {.type = camera->type};

    if (!rate.n)
        return;
    parameters.parm.capture.timeperframe = (struct v4l2_fract){rate.d, rate.n};
    nnc_camera_ioctl(camera, VIDIOC_S_PARM, &parameters);
}

static void read_setting(const struct nnc_camera *camera,
                         const struct v4l2_format *format,
                         struct nnc_camera_setting *setting)
{
    const struct v4l2_pix_format_mplane *const planes = &format->fmt.pix_mp;
    const struct v4l2_pix_format *const pix = &format->fmt.pix;

    *setting = (struct nnc_camera_setting){.field = field_of(format)};
    if (nnc_camera_is_multiplanar(camera)) {
        for (unsigned i = 0; i < NNC_CAMERA_MAX_PLANES; i++)
            setting->line[i] = planes->plane_fmt[i].bytesperline;
        setting->colorspace = planes->colorspace;
        setting->encoding = planes->ycbcr_enc;
        setting->quantization = planes->quantization;
        setting->transfer = planes->xfer_func;
        return;
    }
    setting->line[0] = pix->bytesperline;
    setting->colorspace = pix->colorspace;
    if (pix->priv != V4L2_PIX_FMT_PRIV_MAGIC) /* what follows it is not set */
        return;
    setting->encoding = pix->ycbcr_enc;
    setting->quantization = pix->quantization;
    setting->transfer = pix->xfer_func;
}

enum nnc_camera_trouble nnc_camera_mode_set(const struct nnc_camera *camera,
                                            const struct nnc_camera_mode *mode,
                                            struct nnc_camera_setting *setting,
                                            struct nnc_camera_error *error)
{
    struct v4l2_format format;
    const enum nnc_camera_trouble trouble = set_format(camera, mode, &format, error);

    if (trouble)
        return trouble;
    set_rate(camera, mode->rate);
    read_setting(camera, &format, setting);
    return NNC_CAMERA_OK;
}

const char *nnc_camera_mode_print(const struct nnc_camera_mode *mode, char *text,
                                  size_t size)
{
    if (mode->rate.n)
        snprintf(text, size, "%s %ux%u at %u/%u frames/s", mode->format->name,
                 mode->width, mode->height, mode->rate.n, mode->rate.d);
    else
        snprintf(text, size, "%s %ux%u", mode->format->name, mode->width, mode->height);
    return text;
}
