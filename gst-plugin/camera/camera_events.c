/* SPDX-License-Identifier: MIT */

#include "camera_events.h"

#include <errno.h>
#include <linux/videodev2.h>

static void subscribe(const struct nnc_camera *camera, uint32_t type, uint32_t id)
{
    struct v4l2_event_subscription item = {.type = type, .id = id};

    nnc_camera_ioctl(camera, VIDIOC_SUBSCRIBE_EVENT, &item);
}

void nnc_camera_events_subscribe(const struct nnc_camera *camera,
                                 const struct nnc_camera_controls *controls)
{
    const uint32_t silent = V4L2_CTRL_FLAG_READ_ONLY | V4L2_CTRL_FLAG_VOLATILE;
    int input = 0;

    for (unsigned i = 0; i < controls->n; i++)
        if (controls->rows[i].type != V4L2_CTRL_TYPE_BUTTON &&
            !(controls->rows[i].flags & silent))
            subscribe(camera, V4L2_EVENT_CTRL, controls->rows[i].id);
    if (nnc_camera_ioctl(camera, VIDIOC_G_INPUT, &input))
        input = 0;
    subscribe(camera, V4L2_EVENT_SOURCE_CHANGE, (uint32_t)input);
    subscribe(camera, V4L2_EVENT_EOS, 0);
}

enum nnc_camera_trouble nnc_camera_events_take(const struct nnc_camera *camera,
                                               struct nnc_camera_event *event,
                                               struct nnc_camera_error *error)
{
    struct v4l2_event item = {.type = 0};

    *event = (struct nnc_camera_event){.kind = NNC_CAMERA_EVENT_OTHER};
    if (nnc_camera_ioctl(camera, VIDIOC_DQEVENT, &item)) {
        if (errno == ENOENT || errno == EAGAIN || errno == ENOTTY || errno == EINVAL)
            return NNC_CAMERA_AGAIN;
        return nnc_camera_fail_call(error, camera->path, "taking an event", errno);
    }
    if (item.type == V4L2_EVENT_CTRL) {
        event->kind = NNC_CAMERA_EVENT_CONTROL;
        event->control = item.id;
        event->has_value = item.u.ctrl.changes & V4L2_EVENT_CTRL_CH_VALUE;
        event->value = item.u.ctrl.type == V4L2_CTRL_TYPE_INTEGER64 ? item.u.ctrl.value64
                                                                    : item.u.ctrl.value;
    } else if (item.type == V4L2_EVENT_SOURCE_CHANGE) {
        event->kind = NNC_CAMERA_EVENT_SOURCE;
    } else if (item.type == V4L2_EVENT_EOS) {
        event->kind = NNC_CAMERA_EVENT_END;
    }
    return NNC_CAMERA_OK;
}

static bool has_signal(const struct nnc_camera *camera)
{
    struct v4l2_input input = {.index = 0};
    int index = 0;

    if (nnc_camera_ioctl(camera, VIDIOC_G_INPUT, &index))
        return true;
    input.index = (uint32_t)index;
    if (nnc_camera_ioctl(camera, VIDIOC_ENUMINPUT, &input))
        return true;
    return !(input.status & (V4L2_IN_ST_NO_POWER | V4L2_IN_ST_NO_SIGNAL |
                             V4L2_IN_ST_NO_SYNC | V4L2_IN_ST_NO_H_LOCK));
}

bool nnc_camera_source_follow(const struct nnc_camera *camera)
{
    struct v4l2_dv_timings timings = {.type = 0};
    v4l2_std_id standard;

    if (!has_signal(camera))
        return false;
    if (!nnc_camera_ioctl(camera, VIDIOC_QUERY_DV_TIMINGS, &timings))
        nnc_camera_ioctl(camera, VIDIOC_S_DV_TIMINGS, &timings);
    else if (!nnc_camera_ioctl(camera, VIDIOC_QUERYSTD, &standard))
        nnc_camera_ioctl(camera, VIDIOC_S_STD, &standard);
    return true;
}
