/* SPDX-License-Identifier: MIT */
#ifndef WATCH_NOTIFY_H
#define WATCH_NOTIFY_H

/* What a service manager is told, by the protocol of sd_notify(3): datagrams to the
 * socket that NOTIFY_SOCKET names. Without it all of this does nothing. */

#include <glib.h>

/* One or more lines, e.g. "READY=1". Never waits. */
void watch_notify(const gchar *state);

/* Tells the manager that the main loop runs, twice in each WATCHDOG_USEC. */
void watch_notify_start_watchdog(void);

#endif
