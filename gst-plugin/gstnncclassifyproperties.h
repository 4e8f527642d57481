/* SPDX-License-Identifier: MIT */
#ifndef GST_NNC_CLASSIFY_PROPERTIES_H
#define GST_NNC_CLASSIFY_PROPERTIES_H

/* What setting and reading (gstnncclassifyproperties.c) and the descriptions
 * (gstnncclassifydescribe.c) have to agree on. */

#include "gstnncclassify.h"

G_BEGIN_DECLS

#define GST_NNC_CLASSIFY_DEFAULT_TOP_K 5
#define GST_NNC_CLASSIFY_DEFAULT_QOS TRUE

enum {
    PROP_0,
    PROP_MODEL,
    PROP_CUTOUT,
    PROP_ATTENTION,
    PROP_TASK,
    PROP_TOP_K,
    PROP_THRESHOLD,
    PROP_INTERVAL,
    PROP_THREADS,
    PROP_PRECISION,
    PROP_PRESET,
    PROP_PRESET_FILE,
    PROP_CONTROL_POLICY,
    PROP_POST_MESSAGES,
    PROP_QOS,
    PROP_TAXONOMY,
    PROP_STATS,
    PROP_ACTIVE_PARAMS,
    PROP_ACTIVE_MACS,
    PROP_TOTAL_PARAMS,
    PROP_TOTAL_MACS,
    N_PROPERTIES
};

void gst_nnc_classify_set_property(GObject *object, guint id, const GValue *value,
                                   GParamSpec *pspec);
void gst_nnc_classify_get_property(GObject *object, guint id, GValue *value,
                                   GParamSpec *pspec);

G_END_DECLS

#endif
