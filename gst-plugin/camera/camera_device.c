/* SPDX-License-Identifier: MIT */

/* Not every /dev/videoN is a camera: UVC cameras have a second node for metadata, and
 * there are outputs, codecs and radios. Who opens one of these is told which it is. */

#include "camera_device.h"

#include "camera_find.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <stdio.h>
#include <string.h>

int nnc_camera_ioctl(const struct nnc_camera *camera, unsigned long request,
                     void *argument)
{
    int result;

    do
        result = camera->ops->ioctl(camera->fd, request, argument);
    while (result < 0 && errno == EINTR);
    return result < 0 ? -1 : 0;
}

bool nnc_camera_is_multiplanar(const struct nnc_camera *camera)
{
    return camera->type == V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE;
}

/* Drivers need not end their texts. */
static void copy_text(char *to, size_t size, const uint8_t *from, size_t from_size)
{
    snprintf(to, size, "%.*s", (int)strnlen((const char *)from, from_size),
             (const char *)from);
}

static void read_serial(const struct nnc_camera *camera, char *serial, size_t size)
{
    const char *const node = strrchr(camera->path, '/');
    char path[NNC_CAMERA_PATH_SIZE * 2];

    serial[0] = '\0';
    /* The node belongs to an interface of a USB device, which has the serial number. */
    snprintf(path, sizeof path, "%s%s/device/../serial", camera->ops->sys_dir,
             node ? node : "");
    FILE *const file = fopen(path, "re");
    if (!file)
        return;
    if (fgets(serial, (int)size, file))
        serial[strcspn(serial, "\n")] = '\0';
    fclose(file);
}

static enum nnc_camera_trouble explain_kind(const struct nnc_camera *camera,
                                            struct nnc_camera_error *error)
{
    const uint32_t capabilities = camera->capabilities;
    const char *kind = "no capture device";
    char sibling[NNC_CAMERA_PATH_SIZE], hint[NNC_CAMERA_PATH_SIZE + 64] = "";

    if (!error) /* a search, which would begin anew here */
        return NNC_CAMERA_UNFIT;
    if (capabilities & V4L2_CAP_META_CAPTURE) {
        kind = "a metadata node, without pictures";
        if (nnc_camera_find_sibling(camera, sibling))
            snprintf(hint, sizeof hint, "; the pictures of this camera are at %s",
                     sibling);
    } else if (capabilities & (V4L2_CAP_VIDEO_M2M | V4L2_CAP_VIDEO_M2M_MPLANE)) {
        kind = "a codec or scaler";
    } else if (capabilities & (V4L2_CAP_VIDEO_OUTPUT | V4L2_CAP_VIDEO_OUTPUT_MPLANE)) {
        kind = "an output: it takes pictures and gives none";
    } else if (capabilities & (V4L2_CAP_VBI_CAPTURE | V4L2_CAP_SLICED_VBI_CAPTURE)) {
        kind = "a node for teletext (VBI), without pictures";
    } else if (capabilities & (V4L2_CAP_RADIO | V4L2_CAP_SDR_CAPTURE)) {
        kind = "a radio";
    }
    return nnc_camera_fail(error, NNC_CAMERA_UNFIT, "%s (%s) is %s; expected a camera%s",
                           camera->path, camera->identity.card, kind, hint);
}

static enum nnc_camera_trouble check_kind(struct nnc_camera *camera,
                                          struct nnc_camera_error *error)
{
    const uint32_t capabilities = camera->capabilities;

    if (capabilities & V4L2_CAP_VIDEO_CAPTURE)
        camera->type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
    else if (capabilities & V4L2_CAP_VIDEO_CAPTURE_MPLANE)
        camera->type = V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE;
    else
        return explain_kind(camera, error);
    if (capabilities & V4L2_CAP_STREAMING)
        return NNC_CAMERA_OK;
    return nnc_camera_fail(
        error, NNC_CAMERA_UNFIT,
        "%s (%s) gives pictures by read() alone; expected a driver that "
        "shares its buffers (streaming I/O)",
        camera->path, camera->identity.card);
}

static enum nnc_camera_trouble identify(struct nnc_camera *camera,
                                        struct nnc_camera_error *error)
{
    struct nnc_camera_identity *const identity = &camera->identity;
    struct v4l2_capability is = {.capabilities = 0};

    if (nnc_camera_ioctl(camera, VIDIOC_QUERYCAP, &is)) /* others know no such request */
        return nnc_camera_fail_call(error, camera->path, "asking what it is",
                                    errno == EINVAL ? ENOTTY : errno);
    camera->capabilities =
        is.capabilities & V4L2_CAP_DEVICE_CAPS ? is.device_caps : is.capabilities;
    copy_text(identity->driver, sizeof identity->driver, is.driver, sizeof is.driver);
    copy_text(identity->card, sizeof identity->card, is.card, sizeof is.card);
    copy_text(identity->bus, sizeof identity->bus, is.bus_info, sizeof is.bus_info);
    read_serial(camera, identity->serial, sizeof identity->serial);
    return check_kind(camera, error);
}

enum nnc_camera_trouble nnc_camera_open(struct nnc_camera *camera,
                                        const struct nnc_v4l2_ops *ops, const char *path,
                                        struct nnc_camera_error *error)
{
    *camera = (struct nnc_camera){.ops = ops, .fd = -1};
    snprintf(camera->path, sizeof camera->path, "%s", path);
    do
        camera->fd = ops->open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    while (camera->fd < 0 && errno == EINTR);
    if (camera->fd < 0)
        return nnc_camera_fail_call(error, path, "opening it", errno);
    const enum nnc_camera_trouble trouble = identify(camera, error);
    if (trouble)
        nnc_camera_close(camera);
    return trouble;
}

void nnc_camera_close(struct nnc_camera *camera)
{
    if (camera->fd >= 0)
        camera->ops->close(camera->fd);
    camera->fd = -1;
}
