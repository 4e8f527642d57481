/* SPDX-License-Identifier: MIT */

#include "camera_crop.h"

#include <errno.h>
#include <linux/videodev2.h>
#include <stdio.h>

bool nnc_camera_crop_parse(const char *text, struct nnc_camera_crop *crop)
{
    char rest;

    *crop = (struct nnc_camera_crop){.width = 0};
    if (!text || !*text)
        return true;
    return sscanf(text, "%d,%d,%u,%u%c", &crop->x, &crop->y, &crop->width, &crop->height,
                  &rest) == 4 &&
           crop->width && crop->height;
}

/* Selections are asked for with the type of one piece of memory, whatever the API. */
static struct v4l2_selection selection(uint32_t target)
{
    return (struct v4l2_selection){.type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .target = target};
}

bool nnc_camera_crop_is_there(const struct nnc_camera *camera)
{
    struct v4l2_selection bounds = selection(V4L2_SEL_TGT_CROP_BOUNDS);

    return !nnc_camera_ioctl(camera, VIDIOC_G_SELECTION, &bounds);
}

static enum nnc_camera_trouble explain_none(const struct nnc_camera *camera,
                                            struct nnc_camera_error *error)
{
    return nnc_camera_fail(
        error, NNC_CAMERA_UNSUPPORTED,
        "%s (%s) cannot crop by itself; the element 'videocrop' behind it "
        "can",
        camera->path, camera->identity.card);
}

static bool is_inside(const struct v4l2_rect *bounds, const struct nnc_camera_crop *crop)
{
    return crop->x >= bounds->left && crop->y >= bounds->top &&
           (int64_t)crop->x + crop->width <= (int64_t)bounds->left + bounds->width &&
           (int64_t)crop->y + crop->height <= (int64_t)bounds->top + bounds->height;
}

enum nnc_camera_trouble nnc_camera_crop_set(const struct nnc_camera *camera,
                                            struct nnc_camera_crop *crop,
                                            struct nnc_camera_error *error)
{
    struct v4l2_selection bounds = selection(V4L2_SEL_TGT_CROP_BOUNDS);
    struct v4l2_selection usual = selection(V4L2_SEL_TGT_CROP_DEFAULT);
    struct v4l2_selection now = selection(V4L2_SEL_TGT_CROP);

    if (nnc_camera_ioctl(camera, VIDIOC_G_SELECTION, &bounds) ||
        nnc_camera_ioctl(camera, VIDIOC_G_SELECTION, &usual))
        return explain_none(camera, error);
    now.r = crop->width ? (struct v4l2_rect){crop->x, crop->y, crop->width, crop->height}
                        : usual.r;
    if (crop->width && !is_inside(&bounds.r, crop))
        return nnc_camera_fail(
            error, NNC_CAMERA_UNSUPPORTED,
            "%s: crop %d,%d,%u,%u leaves the picture; expected a region of "
            "%d,%d,%u,%u (x, y, width, height)",
            camera->path, crop->x, crop->y, crop->width, crop->height, bounds.r.left,
            bounds.r.top, bounds.r.width, bounds.r.height);
    if (nnc_camera_ioctl(camera, VIDIOC_S_SELECTION, &now)) {
        if (errno == ENOTTY || errno == ENODATA || errno == EINVAL)
            return explain_none(camera, error);
        return nnc_camera_fail_call(error, camera->path, "setting the crop", errno);
    }
    *crop = (struct nnc_camera_crop){now.r.left, now.r.top, now.r.width, now.r.height};
    return NNC_CAMERA_OK;
}
