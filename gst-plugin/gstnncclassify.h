/* SPDX-License-Identifier: MIT */
#ifndef GST_NNC_CLASSIFY_H
#define GST_NNC_CLASSIFY_H

/* The element's own state, shared by the files that make it up: gstnncclassify.c has its
 * life, gstnncclassifyframes.c its frames, gstnncclassifyproperties.c and
 * gstnncclassifyinput.c what users set and read. */

#include "gstnncasync.h"
#include "gstnncclassifyinput.h"
#include "gstnncengine.h"
#include "gstnncerror.h"
#include "gstnncstats.h"
#include "gstnnctasklayers.h"
#include "gstnnctaskslot.h"
#include "gstnncview.h"

#include <gst/base/gstbasetransform.h>

G_BEGIN_DECLS

#define GST_TYPE_NNC_CLASSIFY (gst_nnc_classify_get_type())
G_DECLARE_FINAL_TYPE(GstNncClassify, gst_nnc_classify, GST, NNC_CLASSIFY,
                     GstBaseTransform)

typedef enum {
    GST_NNC_POST_MESSAGES_NONE,
    GST_NNC_POST_MESSAGES_CHANGE,
    GST_NNC_POST_MESSAGES_ALL
} GstNncPostMessages;

/* What a live switch may change is atomic: the streaming thread waits for no setter. */
struct gst_nnc_settings {
    pthread_mutex_t lock;
    gchar *model;                   /* lock: the newest accepted name */
    gboolean running;               /* lock: between start and stop */
    struct nnc_model *known;        /* lock: what `model` names, if it can be read */
    GPtrArray *categories;          /* lock: of `known`; NULL without it */
    gchar *taxonomy;                /* lock: of `known`, JSON */
    gchar *preset_file;             /* lock */
    GHashTable *presets;            /* lock: read from it, see gstnncpresetfile.h */
    gchar *preset;                  /* lock: the one set last */
    gboolean preset_waits;          /* lock: for a model that has it */
    struct gst_nnc_limiter refused; /* lock: warnings about refused values */

    _Atomic guint threads, top_k, interval;
    _Atomic gfloat threshold;
    _Atomic gint post_messages; /* GstNncPostMessages */
    _Atomic gint precision;     /* enum nnc_precision; read at the start */
    _Atomic gint control_policy; /* GstNncControlPolicy */
    _Atomic gboolean qos;
    _Atomic guint64 total_params, total_macs;
};

/* What is said about the time that frames need. */
struct gst_nnc_latency {
    _Atomic guint64 answered; /* to the last query */
    _Atomic gboolean live;    /* so that query said */
    guint64 told;             /* the streaming thread's: at the last LATENCY message */
    guint64 checked_ns;       /* the streaming thread's: when it was compared last */
};

/* What `post-messages=change` compares, by region. */
struct gst_nnc_seen {
    gint region_id; /* -1: none */
    guint category;
    gboolean unknown;
    gboolean anything;
};

/* What was run last, to count switches. */
struct gst_nnc_ran {
    guint64 task_id;               /* 0: nothing yet */
    const struct nnc_model *model; /* only to be compared */
    GByteArray *active;            /* a byte for each class */
};

struct _GstNncClassify {
    GstBaseTransform parent;

    pthread_mutex_t naming; /* held by who names a model, and by the start; comes first */
    struct gst_nnc_settings settings;
    struct gst_nnc_input_settings input;
    struct gst_nnc_task_slot slot;
    struct gst_nnc_stats stats;
    gchar *tried;                  /* the slot's worker's: the model it loaded last */
    _Atomic guint64 earliest_time; /* from QoS events: frames before it are late */

    /* The streaming thread's; start and stop, when it does not run. */
    gchar *name; /* of the element, as it was at the start */
    struct gst_nnc_geometry geometry;
    struct gst_nnc_task_layers layers;
    _Atomic(GThread *) syncing; /* while it sets controlled gains, which are collected */
    GArray *synced;             /* of struct gst_nnc_gain */
    struct gst_nnc_limiter frame_warnings, meta_warnings, roi_warnings;
    struct gst_nnc_seen seen[GST_NNC_MAX_ROIS];
    guint next_seen; /* the place to be given to another region */
    guint frames_to_skip;
    struct gst_nnc_regions regions;
    GPtrArray *fresh;   /* the predictions of this frame */
    GPtrArray *last;    /* those of the newest classified frame */
    GPtrArray *taken;   /* empty, but while results of the worker are taken */
    guint64 frame;      /* number of this frame */
    guint64 last_frame; /* of `last` */

    struct gst_nnc_latency latency;
    struct gst_nnc_ran ran; /* of the thread that runs the network */
    struct gst_nnc_async *async;
    gboolean is_async; /* from start to stop: its worker classifies */
    struct nnc_preprocessor *preprocessor; /* of frames for `preprocessor_model` */
    struct nnc_model *preprocessor_model;  /* a reference */
};

/* gstnncclassifyframes.c; the streaming thread's, but for init and finish */
void gst_nnc_classify_frames_init(GstNncClassify *self);
void gst_nnc_classify_frames_finish(GstNncClassify *self);
void gst_nnc_classify_begin(GstNncClassify *self); /* at the start, before frames */
void gst_nnc_classify_forget_stream(GstNncClassify *self);
void gst_nnc_classify_forget_results(GstNncClassify *self);
void gst_nnc_classify_handle_event(GstNncClassify *self, GstEventType type);
GstFlowReturn gst_nnc_classify_transform_ip(GstBaseTransform *base, GstBuffer *buffer);

/* gstnncclassifyrun.c; the streaming thread's. Classifies the frame, or the regions that
 * are chosen of it, and appends the predictions. FALSE if the last one of them says that
 * the frame was refused. */
gboolean gst_nnc_classify_run(GstNncClassify *self, struct gst_nnc_live_task *live,
                              GstBuffer *buffer, GPtrArray *predictions);

/* Its parts. The last two are of whichever thread runs the network. */
void gst_nnc_classify_choose_regions(GstNncClassify *self, const struct nnc_image *image,
                                     GstBuffer *buffer);
void gst_nnc_classify_warn_refused(GstNncClassify *self, const gchar *reason);
void gst_nnc_classify_refuse_frame(GstNncClassify *self,
                                   const struct gst_nnc_live_task *live,
                                   const gchar *reason, GstBuffer *buffer,
                                   GPtrArray *predictions);
struct gst_nnc_source gst_nnc_classify_source(const GstNncClassify *self,
                                              GstBuffer *buffer);
struct nnc_image gst_nnc_classify_part(const struct nnc_image *picture,
                                       const struct gst_nnc_region *region);
GstNncPrediction *gst_nnc_classify_make_prediction(GstNncClassify *self,
                                                   const struct gst_nnc_live_task *live,
                                                   const struct nnc_scores *scores,
                                                   const struct gst_nnc_source *source);

/* gstnncclassifyqueries.c */
gboolean gst_nnc_classify_query(GstBaseTransform *base, GstPadDirection direction,
                                GstQuery *query);

/* The streaming thread's, after each frame: says so if frames take longer than was said. */
void gst_nnc_classify_watch_latency(GstNncClassify *self, GstClockTime now);

/* gstnncclassifyasync.c; of the element's life, but for submit */
void gst_nnc_classify_async_init(GstNncClassify *self);
void gst_nnc_classify_async_finish(GstNncClassify *self);
enum nnc_status gst_nnc_classify_async_start(GstNncClassify *self, struct nnc_error *error);
void gst_nnc_classify_async_stop(GstNncClassify *self); /* if it was not started, too */

/* Makes the network's input of the frame for the worker. FALSE if the frame was refused;
 * `predictions` says so then. */
gboolean gst_nnc_classify_submit(GstNncClassify *self, struct gst_nnc_live_task *live,
                                 GstBuffer *buffer, GPtrArray *predictions);

/* gstnncclassifytask.c; the streaming thread's. The task of this frame: of its meta, else
 * of the last event, else of the properties. The caller owns a reference. */
struct gst_nnc_live_task *gst_nnc_classify_choose_task(GstNncClassify *self,
                                                       GstBuffer *buffer,
                                                       gboolean *from_meta);


/* Takes a task that came with the stream. */
void gst_nnc_classify_take_event(GstNncClassify *self, const GstStructure *task);

/* Sets what controllers say for the stream time `time`, properties and gains. */
void gst_nnc_classify_sync(GstNncClassify *self, GstClockTime time);

/* gstnncclassifycontrol.c: what setters of any thread do. None waits for a frame or for a
 * compilation; refusals are counted and posted as warnings. NULL leaves that half of a
 * task as it is; the answer is the task's number, 0 before the start or if refused. */
guint64 gst_nnc_classify_set_texts(GstNncClassify *self, const gchar *cutout,
                                   const gchar *attention);
guint64 gst_nnc_classify_set_structure(GstNncClassify *self, const GstStructure *task);
gboolean gst_nnc_classify_preload(GstNncClassify *self, const GstStructure *task);
void gst_nnc_classify_set_gain(GstNncClassify *self, uint32_t category, gdouble gain);
void gst_nnc_classify_set_active(GstNncClassify *self, uint32_t category,
                                 gboolean active);
void gst_nnc_classify_set_preset(GstNncClassify *self, const gchar *name);
void gst_nnc_classify_set_preset_file(GstNncClassify *self, const gchar *path);
enum nnc_status gst_nnc_classify_apply_waiting_preset(GstNncClassify *self,
                                                      struct nnc_error *error);
void gst_nnc_classify_refuse(GstNncClassify *self, const struct nnc_error *error);

/* gstnncclassifymodel.c: which model an element names, and runs. */
void gst_nnc_classify_set_model(GstNncClassify *self, const gchar *path);
enum nnc_status gst_nnc_classify_load(GstNncClassify *self, struct nnc_error *error);
void gst_nnc_classify_unload(GstNncClassify *self); /* of a half-loaded one, too */
void gst_nnc_classify_forget_model(GstNncClassify *self);
extern const struct gst_nnc_task_slot_owner gst_nnc_classify_slot_owner;
void gst_nnc_classify_init_child_proxy(gpointer interface, gpointer data);

/* gstnncclassifyproperties.c */
void gst_nnc_settings_init(struct gst_nnc_settings *settings);
void gst_nnc_settings_finish(struct gst_nnc_settings *settings);

/* gstnncclassifydescribe.c */
void gst_nnc_classify_install_properties(GObjectClass *object_class);

/* Says that these properties have other values now. */
void gst_nnc_classify_notify_task(GstNncClassify *self);
void gst_nnc_classify_notify_cost(GstNncClassify *self);
void gst_nnc_classify_notify_model(GstNncClassify *self);

GST_ELEMENT_REGISTER_DECLARE(nncclassify)

G_END_DECLS

#endif
