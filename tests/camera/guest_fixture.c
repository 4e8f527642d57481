/* SPDX-License-Identifier: MIT */

#include "guest_fixture.h"

#include "camera_controls.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* --- the device --- */

void set_device_control(const char *path, const char *key, const char *value)
{
    struct nnc_camera_controls controls = {.rows = NULL};
    struct nnc_camera_error error = {.message = ""};
    struct nnc_camera camera;

    fail_if(nnc_camera_open(&camera, &nnc_v4l2_kernel, path, &error), "%s",
            error.message);
    nnc_camera_controls_read(&camera, &controls);
    fail_if(nnc_camera_control_set(&camera, &controls, key, value, &error), "%s",
            error.message);
    nnc_camera_controls_clear(&controls);
    nnc_camera_close(&camera);
}

void set_input(const char *path, int input)
{
    const int fd = open(path, O_RDWR | O_CLOEXEC);

    fail_if(fd < 0 || ioctl(fd, VIDIOC_S_INPUT, &input), "%s: input %d: %m", path, input);
    close(fd);
}

static void tell_driver(const char *file)
{
    FILE *const f = fopen(file, "we");

    fail_unless(f && fputs("vivid.0", f) >= 0 && !fclose(f), "%s: %m", file);
}

void unplug_vivid(void)
{
    tell_driver("/sys/bus/platform/drivers/vivid/unbind");
}

void replug_vivid(void)
{
    tell_driver("/sys/bus/platform/drivers/vivid/bind");
}

/* --- v4l2loopback --- */

struct feeder {
    int fd;
    gint running; /* atomic */
    GThread *thread;
    const guint8 *frames;
    gsize size;
    guint n;
};

static gpointer feed(gpointer data)
{
    struct feeder *const feeder = data;

    /* Checks are the main thread's: here a failure shows as frames that do not come. */
    for (guint i = 0; g_atomic_int_get(&feeder->running); i++) {
        if (write(feeder->fd, feeder->frames + i % feeder->n * feeder->size,
                  feeder->size) < 0)
            g_printerr("%s: %s\n", LOOPBACK, g_strerror(errno));
        g_usleep(40 * 1000);
    }
    return NULL;
}

struct feeder *feeder_start(guint32 fourcc, guint width, guint height,
                            const guint8 *frames, gsize size, guint n)
{
    struct feeder *const feeder = g_new0(struct feeder, 1);
    struct v4l2_format format = {.type = V4L2_BUF_TYPE_VIDEO_OUTPUT};

    *feeder =
        (struct feeder){open(LOOPBACK, O_RDWR | O_CLOEXEC), TRUE, NULL, frames, size, n};
    format.fmt.pix = (struct v4l2_pix_format){.width = width,
                                              .height = height,
                                              .pixelformat = fourcc,
                                              .field = V4L2_FIELD_NONE,
                                              .sizeimage = (guint32)size,
                                              .colorspace = V4L2_COLORSPACE_SRGB};
    fail_unless(feeder->fd >= 0 && !ioctl(feeder->fd, VIDIOC_S_FMT, &format), "%s: %m",
                LOOPBACK);
    fail_unless_equals_int(format.fmt.pix.pixelformat, fourcc);
    /* Before the first frame the driver lists no format to readers. */
    fail_unless(write(feeder->fd, frames, size) > 0, "%s: %m", LOOPBACK);
    feeder->thread = g_thread_new("feeder", feed, feeder);
    return feeder;
}

void feeder_stop(struct feeder *feeder)
{
    g_atomic_int_set(&feeder->running, FALSE);
    g_thread_join(feeder->thread);
    close(feeder->fd);
    g_free(feeder);
}

/* --- the process --- */

static guint count_lines(const char *path, const char *wanted, glong *number)
{
    FILE *const file = fopen(path, "re");
    char line[512];
    guint n = 0;

    fail_unless(file != NULL, "%s: %m", path);
    while (fgets(line, sizeof line, file)) {
        n++;
        if (wanted && g_str_has_prefix(line, wanted))
            *number = strtol(line + strlen(wanted), NULL, 10);
    }
    fclose(file);
    return n;
}

struct usage read_usage(void)
{
    struct usage usage = {.descriptors = 0};
    GDir *const folder = g_dir_open("/proc/self/fd", 0, NULL);

    while (g_dir_read_name(folder))
        usage.descriptors++;
    g_dir_close(folder);
    usage.maps = count_lines("/proc/self/maps", NULL, NULL);
    count_lines("/proc/self/status", "VmRSS:", &usage.resident_kib);
    return usage;
}
