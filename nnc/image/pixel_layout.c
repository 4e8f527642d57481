/* SPDX-License-Identifier: MIT */
/* The pixel formats as a table, and the check of a picture's description against it. The
 * check is all that stands between a camera's words and a read outside its memory. */

#include "pixel_layout.h"

#include "../base/error.h"
#include "../base/memory.h"

/* Planes, components; each component: plane, offset, step, shrink_x, shrink_y. */
static const struct nnc_pixel_layout layouts[NNC_N_PIXEL_FORMATS] = {
    [NNC_PIXEL_RGB] =
        {"RGB", false, 1, 3, {{0, 0, 3, 1, 1}, {0, 1, 3, 1, 1}, {0, 2, 3, 1, 1}}},
    [NNC_PIXEL_BGR] =
        {"BGR", false, 1, 3, {{0, 2, 3, 1, 1}, {0, 1, 3, 1, 1}, {0, 0, 3, 1, 1}}},
    [NNC_PIXEL_RGBX] =
        {"RGBx", false, 1, 3, {{0, 0, 4, 1, 1}, {0, 1, 4, 1, 1}, {0, 2, 4, 1, 1}}},
    [NNC_PIXEL_BGRX] =
        {"BGRx", false, 1, 3, {{0, 2, 4, 1, 1}, {0, 1, 4, 1, 1}, {0, 0, 4, 1, 1}}},
    [NNC_PIXEL_XRGB] =
        {"xRGB", false, 1, 3, {{0, 1, 4, 1, 1}, {0, 2, 4, 1, 1}, {0, 3, 4, 1, 1}}},
    [NNC_PIXEL_XBGR] =
        {"xBGR", false, 1, 3, {{0, 3, 4, 1, 1}, {0, 2, 4, 1, 1}, {0, 1, 4, 1, 1}}},
    [NNC_PIXEL_GRAY8] = {"GRAY8", false, 1, 1, {{0, 0, 1, 1, 1}}},
    [NNC_PIXEL_NV12] =
        {"NV12", true, 2, 3, {{0, 0, 1, 1, 1}, {1, 0, 2, 2, 2}, {1, 1, 2, 2, 2}}},
    [NNC_PIXEL_NV21] =
        {"NV21", true, 2, 3, {{0, 0, 1, 1, 1}, {1, 1, 2, 2, 2}, {1, 0, 2, 2, 2}}},
    [NNC_PIXEL_I420] =
        {"I420", true, 3, 3, {{0, 0, 1, 1, 1}, {1, 0, 1, 2, 2}, {2, 0, 1, 2, 2}}},
    [NNC_PIXEL_YUY2] =
        {"YUY2", true, 1, 3, {{0, 0, 2, 1, 1}, {0, 1, 4, 2, 1}, {0, 3, 4, 2, 1}}},
    [NNC_PIXEL_UYVY] =
        {"UYVY", true, 1, 3, {{0, 1, 2, 1, 1}, {0, 0, 4, 2, 1}, {0, 2, 4, 2, 1}}},
};

const struct nnc_pixel_layout *nnc_pixel_layout(enum nnc_pixel_format format)
{
    return (unsigned)format < NNC_N_PIXEL_FORMATS ? &layouts[format] : NULL;
}

unsigned nnc_pixel_format_planes(enum nnc_pixel_format format)
{
    const struct nnc_pixel_layout *const layout = nnc_pixel_layout(format);
    return layout ? layout->n_planes : 0;
}

/* A component of the plane that is sampled most coarsely: it decides the plane's extent,
 * because a row ends in whole groups. */
static const struct nnc_component *coarsest(enum nnc_pixel_format format, unsigned plane)
{
    const struct nnc_pixel_layout *const layout = nnc_pixel_layout(format);
    const struct nnc_component *found = NULL;
    for (unsigned i = 0; layout && i < layout->n_components; i++) {
        const struct nnc_component *const component = &layout->component[i];
        if (component->plane == plane && (!found || component->step > found->step))
            found = component;
    }
    return found;
}

size_t nnc_pixel_format_row_bytes(enum nnc_pixel_format format, unsigned plane,
                                  uint32_t width)
{
    const struct nnc_component *const component = coarsest(format, plane);
    return component ? (size_t)nnc_ceil_div(width, component->shrink_x) * component->step
                     : 0;
}

uint32_t nnc_pixel_format_rows(enum nnc_pixel_format format, unsigned plane,
                               uint32_t height)
{
    const struct nnc_component *const component = coarsest(format, plane);
    return component ? nnc_ceil_div(height, component->shrink_y) : 0;
}

const char *nnc_pixel_format_name(enum nnc_pixel_format format)
{
    const struct nnc_pixel_layout *const layout = nnc_pixel_layout(format);
    return layout ? layout->name : "unknown";
}

static enum nnc_status check_plane(const struct nnc_image *image, unsigned plane,
                                   struct nnc_error *error)
{
    const char *const name = nnc_pixel_format_name(image->format);
    if (!image->plane[plane])
        return nnc_fail(error, NNC_BAD_IMAGE, name, "plane %u of a %s picture is missing",
                        plane, name);
    const size_t needed = nnc_pixel_format_row_bytes(image->format, plane, image->width);
    const ptrdiff_t stride = image->stride_bytes[plane];
    /* -(stride + 1): the smallest ptrdiff_t has no positive counterpart */
    const size_t distance = stride < 0 ? (size_t) - (stride + 1) + 1 : (size_t)stride;
    if (distance < needed)
        return nnc_fail(error, NNC_BAD_IMAGE, name,
                        "stride %td of plane %u is too small: a row of %u %s pixels has "
                        "%zu bytes",
                        stride, plane, image->width, name, needed);
    if (distance > PTRDIFF_MAX / NNC_IMAGE_MAX_SIDE)
        return nnc_fail(error, NNC_BAD_IMAGE, name,
                        "stride %td of plane %u leaves the address space", stride, plane);
    return NNC_OK;
}

static enum nnc_status check_region(const struct nnc_image *image,
                                    struct nnc_error *error)
{
    const uint32_t x = image->region.x, y = image->region.y;
    const uint32_t width = image->region.width, height = image->region.height;
    if (!width)
        return NNC_OK;
    if (!height)
        return nnc_fail(error, NNC_BAD_IMAGE, NULL, "a region of size %ux0 has no pixels",
                        width);
    if ((uint64_t)x + width > image->width || (uint64_t)y + height > image->height)
        return nnc_fail(error, NNC_BAD_IMAGE, NULL,
                        "the region %ux%u at (%u, %u) lies outside the picture of %ux%u",
                        width, height, x, y, image->width, image->height);
    return NNC_OK;
}

enum nnc_status nnc_image_check(const struct nnc_image *image, struct nnc_error *error)
{
    if (!nnc_pixel_layout(image->format))
        return nnc_fail(error, NNC_BAD_IMAGE, NULL, "pixel format %u is unknown",
                        (unsigned)image->format);
    if (!image->width || !image->height || image->width > NNC_IMAGE_MAX_SIDE ||
        image->height > NNC_IMAGE_MAX_SIDE)
        return nnc_fail(error, NNC_BAD_IMAGE, NULL,
                        "a picture of %ux%u; sides from 1 to %u are supported",
                        image->width, image->height, NNC_IMAGE_MAX_SIDE);
    if ((unsigned)image->matrix > NNC_MATRIX_BT709 ||
        (unsigned)image->range > NNC_RANGE_FULL)
        return nnc_fail(error, NNC_BAD_IMAGE, NULL,
                        "color matrix %u or range %u is unknown", (unsigned)image->matrix,
                        (unsigned)image->range);
    enum nnc_status status = NNC_OK;
    for (unsigned i = 0; i < nnc_pixel_format_planes(image->format) && !status; i++)
        status = check_plane(image, i, error);
    return status ? status : check_region(image, error);
}
