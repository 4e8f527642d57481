/* SPDX-License-Identifier: MIT */
#ifndef NNC_FAKE_CAMERA_H
#define NNC_FAKE_CAMERA_H

/* A V4L2 driver in a struct: one camera, whose every call can be made to fail, and whose
 * answers can be made untrue. It counts what is open, mapped and queued, so that a test
 * sees what was left behind. A frame is there whenever a buffer is queued.
 *
 * Who links it gets it in the place of the kernel and of libv4l2, too (nnc_v4l2_kernel,
 * nnc_v4l2_converter): their nodes are in the working directory.
 *
 * Threads: calls any; the struct, where a stream runs, between fake_camera_lock() and
 * fake_camera_unlock(). */

#include "v4l2_ops.h"

#include <linux/videodev2.h>
#include <stdbool.h>

/* Stand beside ioctl numbers as the name of a call. */
#define FAKE_OPEN 1ul
#define FAKE_MMAP 2ul

#define FAKE_MAX_SIZES 4

struct fake_camera {
    /* What the driver says. */
    const char *card, *bus;
    uint32_t capabilities;
    uint32_t formats[4]; /* up to 0 */
    struct {
        uint32_t width, height;
        uint32_t fps; /* 0: no intervals are listed */
    } sizes[FAKE_MAX_SIZES];
    bool stepwise;       /* sizes[0] to sizes[1], in steps of 8 */
    bool lists_no_sizes; /* ENUM_FRAMESIZES is not known */
    uint32_t n_buffers;  /* at most; 0: as many as are asked for */
    uint32_t colorspace, encoding, quantization, transfer;
    bool has_no_magic;   /* the last three are not valid */
    uint32_t field;      /* what it gives instead of whole pictures; 0: those */
    uint32_t interlaced; /* what it gives then if interleaved fields are asked for */

    /* What it does not keep; 0 is the truth. */
    uint32_t gives_width, gives_fourcc; /* S_FMT answers with this */
    uint32_t line;                      /* bytesperline */
    uint32_t buffer_length;
    uint32_t bytesused;      /* UINT32_MAX: none */
    uint32_t index_plus_one; /* of the buffer that DQBUF answers with */
    bool endless;            /* enumerations never end */
    uint32_t flags;          /* of every frame, beside its clock */
    uint32_t planes;         /* of a multi-planar buffer */
    uint32_t data_offset;
    int64_t seconds; /* of every frame's timestamp; 0: 100 */
    bool keeps_time; /* timestamps are of now */

    /* Which call fails: `fail_request`, the `fail_after`-th time and from then on, or
     * once. */
    unsigned long fail_request;
    int fail_errno;
    unsigned fail_after;
    bool fail_once;

    /* What is counted. */
    int n_open, n_mapped, n_exported, n_queued, n_detached;
    unsigned n_failed;
    bool streaming;
    uint32_t sequence;
    uint32_t width, height, fourcc, interval_d, interval_n; /* as set */
    uint32_t n_requested;
    uint32_t queue[64];
};

/* The camera behind fake_ops. A usual webcam: YUY2, NV12 and MJPEG in 320x240 at 15,
 * 640x480 at 30 and 1280x720 at 10. */
extern struct fake_camera fake;
extern const struct nnc_v4l2_ops fake_ops;

void fake_camera_reset(void);
void fake_camera_lock(void);
void fake_camera_unlock(void);

#endif
