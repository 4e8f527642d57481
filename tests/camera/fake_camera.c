/* SPDX-License-Identifier: MIT */

#include "fake_camera.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

struct fake_camera fake;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void fake_camera_lock(void)
{
    pthread_mutex_lock(&lock);
}

void fake_camera_unlock(void)
{
    pthread_mutex_unlock(&lock);
}

void fake_camera_reset(void)
{
    fake = (struct fake_camera){
        .card = "Fake Webcam",
        .bus = "usb-0000:00:14.0-1",
        .capabilities = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING,
        .formats = {V4L2_PIX_FMT_YUYV, V4L2_PIX_FMT_NV12, V4L2_PIX_FMT_MJPEG},
        .sizes = {{320, 240, 15}, {640, 480, 30}, {1280, 720, 10}},
    };
}

/* Whether this call is to fail; sets errno. */
static bool fails(unsigned long request)
{
    if (!fake.fail_errno || request != fake.fail_request || fake.fail_after-- > 0)
        return false;
    errno = fake.fail_errno;
    fake.n_failed++;
    fake.fail_after = 0;
    if (fake.fail_once)
        fake.fail_errno = 0;
    return true;
}

static int refuse(int number)
{
    errno = number;
    return -1;
}

static bool is_multiplanar(void)
{
    return fake.capabilities & V4L2_CAP_VIDEO_CAPTURE_MPLANE;
}

/* --- enumerations --- */

static int query_capabilities(struct v4l2_capability *is)
{
    memcpy(is->driver, "fake", 5);
    snprintf((char *)is->card, sizeof is->card, "%s", fake.card);
    snprintf((char *)is->bus_info, sizeof is->bus_info, "%s", fake.bus);
    is->device_caps = fake.capabilities;
    is->capabilities = fake.capabilities | V4L2_CAP_DEVICE_CAPS | V4L2_CAP_META_CAPTURE;
    return 0;
}

static int enumerate_format(struct v4l2_fmtdesc *item)
{
    if (fake.endless)
        item->pixelformat = fake.formats[0];
    else if (item->index >= 4 || !fake.formats[item->index])
        return refuse(EINVAL);
    else
        item->pixelformat = fake.formats[item->index];
    return 0;
}

static int enumerate_size(struct v4l2_frmsizeenum *item)
{
    if (fake.lists_no_sizes)
        return refuse(ENOTTY);
    if (fake.stepwise && !item->index) {
        item->type = V4L2_FRMSIZE_TYPE_STEPWISE;
        item->stepwise =
            (struct v4l2_frmsize_stepwise){fake.sizes[0].width,  fake.sizes[1].width,  8,
                                           fake.sizes[0].height, fake.sizes[1].height, 8};
        return 0;
    }
    const uint32_t i = fake.endless ? 0 : item->index;
    if (i >= FAKE_MAX_SIZES || !fake.sizes[i].width)
        return refuse(EINVAL);
    item->type = V4L2_FRMSIZE_TYPE_DISCRETE;
    item->discrete.width = fake.sizes[i].width;
    item->discrete.height = fake.sizes[i].height;
    return 0;
}

static int enumerate_interval(struct v4l2_frmivalenum *item)
{
    if (item->index && !fake.endless)
        return refuse(EINVAL);
    for (unsigned i = 0; i < FAKE_MAX_SIZES; i++) {
        if (fake.sizes[i].width != item->width || !fake.sizes[i].fps)
            continue;
        item->type = V4L2_FRMIVAL_TYPE_DISCRETE;
        item->discrete = (struct v4l2_fract){1, fake.sizes[i].fps};
        return 0;
    }
    return refuse(EINVAL);
}

/* --- format --- */

static uint32_t clamp_side(uint32_t side, bool width)
{
    const uint32_t low = width ? fake.sizes[0].width : fake.sizes[0].height;
    uint32_t high = low;

    for (unsigned i = 0; i < FAKE_MAX_SIZES && fake.sizes[i].width; i++)
        high = width ? fake.sizes[i].width : fake.sizes[i].height;
    return side < low ? low : side > high ? high : side;
}

static uint32_t frame_bytes(void)
{
    return fake.width * fake.height * 2;
}

static void describe_picture(struct v4l2_format *format)
{
    struct v4l2_pix_format_mplane *const planes = &format->fmt.pix_mp;
    struct v4l2_pix_format *const pix = &format->fmt.pix;

    if (fake.field)
        pix->field = pix->field == V4L2_FIELD_INTERLACED && fake.interlaced
                         ? fake.interlaced
                         : fake.field;
    if (is_multiplanar()) {
        planes->colorspace = fake.colorspace;
        planes->ycbcr_enc = (uint8_t)fake.encoding;
        planes->quantization = (uint8_t)fake.quantization;
        planes->xfer_func = (uint8_t)fake.transfer;
        return;
    }
    pix->colorspace = fake.colorspace;
    pix->priv = fake.has_no_magic ? 0 : V4L2_PIX_FMT_PRIV_MAGIC;
    pix->ycbcr_enc = fake.encoding;
    pix->quantization = fake.quantization;
    pix->xfer_func = fake.transfer;
}

static int set_format(struct v4l2_format *format, bool keep)
{
    struct v4l2_pix_format *const pix = &format->fmt.pix;

    describe_picture(format);
    pix->width = clamp_side(fake.gives_width ? fake.gives_width : pix->width, true);
    pix->height = clamp_side(pix->height, false);
    if (fake.gives_fourcc)
        pix->pixelformat = fake.gives_fourcc;
    if (keep) {
        fake.width = pix->width;
        fake.height = pix->height;
        fake.fourcc = pix->pixelformat;
    }
    if (is_multiplanar()) {
        format->fmt.pix_mp.num_planes = (uint8_t)(fake.planes ? fake.planes : 1);
        format->fmt.pix_mp.plane_fmt[0].bytesperline = fake.line;
    } else {
        pix->bytesperline = fake.line;
        pix->sizeimage = frame_bytes();
    }
    return 0;
}

static int set_interval(struct v4l2_streamparm *parameters)
{
    fake.interval_n = parameters->parm.capture.timeperframe.numerator;
    fake.interval_d = parameters->parm.capture.timeperframe.denominator;
    return 0;
}

/* --- buffers --- */

static int request_buffers(struct v4l2_requestbuffers *request)
{
    if (fake.n_buffers && request->count > fake.n_buffers)
        request->count = fake.n_buffers;
    fake.n_requested = request->count;
    fake.n_queued = 0;
    return 0;
}

static uint32_t buffer_length(void)
{
    return fake.buffer_length ? fake.buffer_length : frame_bytes();
}

static int query_buffer(struct v4l2_buffer *buffer)
{
    if (buffer->index >= fake.n_requested)
        return refuse(EINVAL);
    if (!is_multiplanar()) {
        buffer->length = buffer_length();
        buffer->m.offset = buffer->index * 4096;
        return 0;
    }
    buffer->length = fake.planes ? fake.planes : 1;
    for (uint32_t i = 0; i < buffer->length && i < VIDEO_MAX_PLANES; i++) {
        buffer->m.planes[i].length = buffer_length();
        buffer->m.planes[i].m.mem_offset = (buffer->index * 8 + i) * 4096;
    }
    return 0;
}

static int queue_buffer(const struct v4l2_buffer *buffer)
{
    if (buffer->index >= fake.n_requested || fake.n_queued >= 64)
        return refuse(EINVAL);
    fake.queue[fake.n_queued++] = buffer->index;
    return 0;
}

static void describe_frame(struct v4l2_buffer *buffer)
{
    const uint32_t used = fake.bytesused == UINT32_MAX ? 0
                          : fake.bytesused             ? fake.bytesused
                                                       : buffer_length();

    buffer->flags = fake.flags | V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
    buffer->timestamp.tv_sec = fake.seconds ? fake.seconds : 100;
    buffer->timestamp.tv_usec = 250;
    if (fake.keeps_time) {
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        buffer->timestamp.tv_sec = now.tv_sec;
        buffer->timestamp.tv_usec = now.tv_nsec / 1000;
    }
    buffer->sequence = fake.sequence++;
    if (!is_multiplanar()) {
        buffer->bytesused = used;
        return;
    }
    for (uint32_t i = 0; i < buffer->length && i < VIDEO_MAX_PLANES; i++) {
        buffer->m.planes[i].bytesused = used;
        buffer->m.planes[i].data_offset = fake.data_offset;
    }
}

static int dequeue_buffer(struct v4l2_buffer *buffer)
{
    if (!fake.streaming || !fake.n_queued)
        return refuse(EAGAIN);
    buffer->index = fake.queue[0];
    memmove(fake.queue, fake.queue + 1, sizeof fake.queue - sizeof *fake.queue);
    fake.n_queued--;
    describe_frame(buffer);
    if (fake.index_plus_one)
        buffer->index = fake.index_plus_one - 1;
    return 0;
}

static int export_buffer(struct v4l2_exportbuffer *item)
{
    item->fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    fake.n_exported++;
    return item->fd < 0 ? -1 : 0;
}

/* --- the table --- */

static int answer(unsigned long request, void *argument)
{
    if (fails(request))
        return -1;
    switch (request) {
    case VIDIOC_QUERYCAP:
        return query_capabilities(argument);
    case VIDIOC_ENUM_FMT:
        return enumerate_format(argument);
    case VIDIOC_ENUM_FRAMESIZES:
        return enumerate_size(argument);
    case VIDIOC_ENUM_FRAMEINTERVALS:
        return enumerate_interval(argument);
    case VIDIOC_TRY_FMT:
        return set_format(argument, false);
    case VIDIOC_S_FMT:
        return set_format(argument, true);
    case VIDIOC_S_PARM:
        return set_interval(argument);
    case VIDIOC_REQBUFS:
        return request_buffers(argument);
    case VIDIOC_QUERYBUF:
        return query_buffer(argument);
    case VIDIOC_EXPBUF:
        return export_buffer(argument);
    case VIDIOC_QBUF:
        return queue_buffer(argument);
    case VIDIOC_DQBUF:
        return dequeue_buffer(argument);
    case VIDIOC_STREAMON:
        fake.streaming = true;
        return 0;
    case VIDIOC_STREAMOFF:
        fake.streaming = false;
        fake.n_queued = 0;
        return 0;
    default:
        return refuse(ENOTTY);
    }
}

static int fake_ioctl(int fd, unsigned long request, void *argument)
{
    fake_camera_lock();
    const int result = fcntl(fd, F_GETFD) < 0 ? -1 : answer(request, argument);
    const int number = errno;
    fake_camera_unlock();
    errno = number;
    return result;
}

/* A descriptor that is always readable. */
static int fake_open(const char *path, int flags)
{
    fake_camera_lock();
    const int fd = fails(FAKE_OPEN) ? -1 : eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
    const int number = errno;
    fake.n_open += fd >= 0;
    fake_camera_unlock();
    errno = number;
    return fd;
}

static int fake_close(int fd)
{
    fake_camera_lock();
    if (!--fake.n_open)
        fake.streaming = false;
    fake_camera_unlock();
    return close(fd);
}

static void *fake_mmap(size_t length, int fd, int64_t offset)
{
    fake_camera_lock();
    const bool failing = fails(FAKE_MMAP);
    const int number = errno;
    fake.n_mapped += !failing;
    fake_camera_unlock();
    errno = number;
    return failing ? MAP_FAILED : calloc(1, length); /* the sanitizer guards its ends */
}

static int fake_munmap(void *start, size_t length)
{
    fake_camera_lock();
    fake.n_mapped--;
    fake_camera_unlock();
    free(start);
    return 0;
}

static void fake_detach(void *start, size_t length)
{
    fake_camera_lock();
    fake.n_detached++;
    fake_camera_unlock();
}

static int fake_poll(struct pollfd *fds, nfds_t n, int timeout_ms)
{
    return 0;
}

#define FAKE(folder)                                                                     \
    {                                                                                    \
        .dev_dir = folder, .sys_dir = "/nowhere", .open = fake_open,                     \
        .close = fake_close, .ioctl = fake_ioctl, .mmap = fake_mmap,                     \
        .munmap = fake_munmap, .detach = fake_detach, .poll = fake_poll,                 \
    }

const struct nnc_v4l2_ops fake_ops = FAKE("/nowhere");
const struct nnc_v4l2_ops nnc_v4l2_kernel = FAKE(".");
const struct nnc_v4l2_ops nnc_v4l2_converter = FAKE(".");
