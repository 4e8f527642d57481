/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FAULTS_PLUGIN_ELEMENTS_H
#define TESTS_FAULTS_PLUGIN_ELEMENTS_H

/* The elements, from the plugin's own objects: their calls to the system can be taken the
 * place of. */

#include <gst/check/gstcheck.h>

void gst_plugin_nnc_register(void);

static inline void register_elements(int *argc, char ***argv)
{
    gst_check_init(argc, argv);
    gst_plugin_nnc_register();
}

#endif
