/* SPDX-License-Identifier: MIT */
#ifndef GST_NNC_H
#define GST_NNC_H

/* What an application needs to read predictions from buffers and to put tasks on them.
 * The library knows GStreamer only: no network, no model file. */

#include <gstnnc/gstnncmeta.h>
#include <gstnnc/gstnncprediction.h>
#include <gstnnc/gstnnctask.h>
#include <gstnnc/gstnnctaskevent.h>
#include <gstnnc/gstnnctaxonomy.h>
#include <gstnnc/gstnncwantedinput.h>

#endif
