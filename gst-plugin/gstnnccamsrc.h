/* SPDX-License-Identifier: MIT */
#ifndef GST_NNC_CAM_SRC_H
#define GST_NNC_CAM_SRC_H

/* The element's own state, shared by the files that make it up: gstnnccamsrc.c has its
 * life, gstnnccamframes.c its frames, gstnnccamopen.c the way to a running stream,
 * gstnnccamnegotiate.c the choice of a mode, gstnnccamloss.c what happens when the camera
 * goes away, gstnnccamlive.c what changes while it plays (controls, crop, events),
 * gstnnccamsrcproperties.c what users set and read. */

#include "camera/camera_backoff.h"
#include "camera/camera_choice.h"
#include "camera/camera_crop.h"
#include "camera/camera_events.h"
#include "camera/camera_find.h"
#include "camera/camera_sequence.h"
#include "gstnnccambuffer.h"
#include "gstnncstats.h"

#include <gst/base/gstpushsrc.h>
#include <pthread.h>
#include <stdatomic.h>

G_BEGIN_DECLS

GST_DEBUG_CATEGORY_EXTERN(nnc_cam_src_debug);
#define GST_CAT_DEFAULT nnc_cam_src_debug

#define GST_TYPE_NNC_CAM_SRC (gst_nnc_cam_src_get_type())
G_DECLARE_FINAL_TYPE(GstNncCamSrc, gst_nnc_cam_src, GST, NNC_CAM_SRC, GstPushSrc)

typedef enum {
    GST_NNC_CAM_ON_LOSS_WAIT,
    GST_NNC_CAM_ON_LOSS_BLACK,
    GST_NNC_CAM_ON_LOSS_ERROR
} GstNncCamOnLoss;

typedef enum {
    GST_NNC_CAM_IO_MODE_AUTO,
    GST_NNC_CAM_IO_MODE_MMAP,
    GST_NNC_CAM_IO_MODE_DMABUF
} GstNncCamIoMode;

/* Setters write here and wake the streaming thread, which takes what is new. */
struct gst_nnc_cam_settings {
    pthread_mutex_t lock;
    gchar *device;              /* lock */
    GstStructure *controls;     /* lock: as set last, for reading */
    gchar *crop;                /* lock: as set last */
    GstStructure *new_controls; /* lock: not applied yet */
    gboolean crop_is_new;       /* lock */
    GstCaps *caps;              /* lock: of the open camera; NULL: none is open */
    gchar *path;                /* lock: of the node that is or was open */
    gchar *mode;                /* lock: why the mode was chosen */

    _Atomic gboolean changed; /* there is something new of the above */
    _Atomic gint on_loss, io_mode;
    _Atomic guint stall_timeout_ms;
};

struct gst_nnc_cam_stats {
    _Atomic guint64 frames;    /* that went out, black ones not counted */
    _Atomic guint64 lost;      /* by the driver's numbers */
    _Atomic guint64 corrupted; /* and went out, flagged */
    _Atomic guint64 short_frames;
    _Atomic guint64 copies; /* of frames */
    _Atomic guint64 black;
    _Atomic guint64 reopens; /* that brought the camera back */
    _Atomic guint64 losses;
    _Atomic guint64 stalls; /* losses because no frame came */
    _Atomic guint64 requeue_errors;
    _Atomic guint64 retimed; /* frames whose timestamp was of no use */
    _Atomic guint buffers;
};

struct _GstNncCamSrc {
    GstPushSrc parent;

    struct gst_nnc_cam_settings settings;
    struct gst_nnc_cam_stats stats;
    int wake_fd; /* an eventfd; it wakes the streaming thread */
    _Atomic gboolean flushing;
    _Atomic gboolean restart; /* after a pause: what the driver holds is of the past */
    _Atomic guint64 frame_ns; /* the duration of a frame; 0: not known */

    /* The streaming thread's; start and stop, when it does not run. */
    struct nnc_camera camera;
    struct nnc_camera_identity identity; /* of the camera that was open last */
    gboolean has_twin;                   /* when it was lost, another looked the same */
    struct nnc_camera_offers offers;
    struct nnc_camera_controls controls;
    struct nnc_camera_mode mode; /* format NULL: not negotiated */
    struct nnc_camera_stream *stream;
    struct gst_nnc_cam_lender lender;
    gboolean wants_dmabuf, takes_video_meta;
    gboolean owes_dmabuf; /* the caps say so: nothing else may go out */
    guint n_wanted_buffers;
    guint n_stranded; /* of the stream that are counted */

    gboolean has_played;        /* a frame has come since the start */
    gboolean is_lost, is_stale; /* stale: what the camera offers may have changed */
    gboolean no_signal;
    guint64 lost_since_ns, next_try_ns;
    struct nnc_camera_backoff backoff;
    struct nnc_camera_sequence sequence;
    gboolean discont;
    guint64 last_frame_ns; /* when the last frame came, CLOCK_MONOTONIC */
    GstClockTime last_pts;
    GstBuffer *black;
};

/* gstnnccamsrc.c */
void gst_nnc_cam_src_wake(GstNncCamSrc *self);
/* Waits until woken or `timeout_ms` have passed (-1: for ever), and, unless `fd` is -1,
 * for the camera: answers its poll events. */
gint gst_nnc_cam_src_wait(GstNncCamSrc *self, gint fd, gint timeout_ms);
guint64 gst_nnc_cam_now(void);
/* The running time of an instant of CLOCK_MONOTONIC; NONE without a clock, or before 0.
 */
GstClockTime gst_nnc_cam_src_running_time(GstNncCamSrc *self, guint64 time_ns);

/* gstnnccamopen.c: opening, starting, stopping; none of them waits. */
enum nnc_camera_trouble gst_nnc_cam_src_open(GstNncCamSrc *self, const gchar *path,
                                             struct nnc_camera_error *error);
enum nnc_camera_trouble gst_nnc_cam_src_refresh(GstNncCamSrc *self,
                                                struct nnc_camera_error *error);
enum nnc_camera_trouble gst_nnc_cam_src_stream(GstNncCamSrc *self,
                                               struct nnc_camera_error *error);
void gst_nnc_cam_src_halt(GstNncCamSrc *self);
void gst_nnc_cam_src_close(GstNncCamSrc *self);

/* gstnnccamframes.c: what poll told by `events` is there. CUSTOM_SUCCESS: no buffer. */
GstFlowReturn gst_nnc_cam_src_take(GstNncCamSrc *self, gint events, GstBuffer **buffer);

/* gstnnccamnegotiate.c */
gboolean gst_nnc_cam_src_negotiate(GstBaseSrc *base);
gboolean gst_nnc_cam_src_decide_allocation(GstBaseSrc *base, GstQuery *query);

/* gstnnccamloss.c */
/* The camera is lost: closes it and says so. ERROR if this ends the stream. */
GstFlowReturn gst_nnc_cam_src_lose(GstNncCamSrc *self,
                                   const struct nnc_camera_error *error);
/* Tries to get a lost camera back, or waits. OK: a stream runs, or *buffer is a black
 * frame; CUSTOM_SUCCESS: not yet, call again. */
GstFlowReturn gst_nnc_cam_src_revive(GstNncCamSrc *self, GstBuffer **buffer);
/* How many milliseconds to wait for a frame; -1: for ever. */
gint gst_nnc_cam_src_patience(GstNncCamSrc *self);
/* After a wait without a frame: loses a camera that has stalled, or answers OK and a
 * black frame. */
GstFlowReturn gst_nnc_cam_src_check_stall(GstNncCamSrc *self, GstBuffer **buffer);

/* gstnnccamblack.c */
/* NULL where there is none: compressed formats, caps of memory:DMABuf, or no clock. */
GstBuffer *gst_nnc_cam_src_make_black(GstNncCamSrc *self);

/* gstnnccamlive.c */
void gst_nnc_cam_src_apply_settings(GstNncCamSrc *self, gboolean everything);
void gst_nnc_cam_src_subscribe(GstNncCamSrc *self);
/* Takes the events that are there. */
enum nnc_camera_trouble gst_nnc_cam_src_follow_events(GstNncCamSrc *self,
                                                      struct nnc_camera_error *error);

/* gstnnccammessages.c */
void gst_nnc_cam_post_error(GstNncCamSrc *self, GstMessageType type,
                            const struct nnc_camera_error *error);
/* An element message "nnc/camera" with a field `event`; further fields as for
 * gst_structure_set(), up to NULL. */
void gst_nnc_cam_post(GstNncCamSrc *self, const gchar *event, const gchar *text,
                      const gchar *first_field, ...) G_GNUC_NULL_TERMINATED;

/* gstnnccamsrcproperties.c */
void gst_nnc_cam_src_install_properties(GObjectClass *object_class);
void gst_nnc_cam_settings_init(struct gst_nnc_cam_settings *settings);
void gst_nnc_cam_settings_finish(struct gst_nnc_cam_settings *settings);

GST_ELEMENT_REGISTER_DECLARE(nnccamsrc)

G_END_DECLS

#endif
