/* SPDX-License-Identifier: MIT */
#ifndef GST_NNC_PRELUDE_H
#define GST_NNC_PRELUDE_H

#include <gst/gst.h>

/* Everything else of the library is hidden by the compiler's visibility setting. */
#ifndef GST_NNC_API
#define GST_NNC_API __attribute__((visibility("default"))) extern
#endif

#endif
