/* SPDX-License-Identifier: MIT */

#include "camera_find.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int compare_numbers(const void *a, const void *b)
{
    const int left = *(const int *)a, right = *(const int *)b;

    return (left > right) - (left < right);
}

/* The numbers of the nodes "videoN", rising. */
static unsigned list_nodes(const char *dev_dir, int numbers[NNC_CAMERA_MAX_ENTRIES])
{
    DIR *const folder = opendir(dev_dir);
    unsigned n = 0;
    char rest;

    if (!folder)
        return 0;
    for (struct dirent *entry; n < NNC_CAMERA_MAX_ENTRIES && (entry = readdir(folder));)
        if (sscanf(entry->d_name, "video%d%c", &numbers[n], &rest) == 1)
            n++;
    closedir(folder);
    qsort(numbers, n, sizeof *numbers, compare_numbers);
    return n;
}

unsigned nnc_camera_list(const struct nnc_v4l2_ops *ops,
                         struct nnc_camera_entry entries[NNC_CAMERA_MAX_ENTRIES])
{
    int numbers[NNC_CAMERA_MAX_ENTRIES];
    const unsigned n_nodes = list_nodes(ops->dev_dir, numbers);
    unsigned n = 0;

    for (unsigned i = 0; i < n_nodes; i++) {
        char path[NNC_CAMERA_PATH_SIZE];
        struct nnc_camera camera;
        snprintf(path, sizeof path, "%s/video%d", ops->dev_dir, numbers[i]);
        if (nnc_camera_open(&camera, ops, path, NULL))
            continue;
        snprintf(entries[n].path, sizeof entries[n].path, "%s", path);
        entries[n++].identity = camera.identity;
        nnc_camera_close(&camera);
    }
    return n;
}

/* How well a camera answers to `text`: its name or serial number, or part of its name. */
static int match_text(const struct nnc_camera_identity *identity, const char *text)
{
    if (!strcmp(identity->serial, text))
        return 3;
    if (!strcmp(identity->card, text))
        return 2;
    return strcasestr(identity->card, text) != NULL;
}

static int match_identity(const struct nnc_camera_identity *identity, const void *data)
{
    const struct nnc_camera_identity *const wanted = data;

    if (strcmp(identity->card, wanted->card) ||
        strcmp(identity->driver, wanted->driver) ||
        strcmp(identity->serial, wanted->serial))
        return 0;
    if (*wanted->serial)
        return 3;
    return strcmp(identity->bus, wanted->bus) ? 1 : 2;
}

static int match_place(const struct nnc_camera_identity *identity, const void *data)
{
    const int quality = match_identity(identity, data);

    return quality > 1 ? quality : 0;
}

static int match_any_text(const struct nnc_camera_identity *identity, const void *text)
{
    return match_text(identity, text);
}

/* The best match, if there is one best: its index, else -1. */
static int find_best(const struct nnc_camera_entry *entries, unsigned n,
                     int (*match)(const struct nnc_camera_identity *, const void *),
                     const void *wanted, unsigned *n_equal)
{
    int best = 0, found = -1;

    *n_equal = 0;
    for (unsigned i = 0; i < n; i++) {
        const int quality = match(&entries[i].identity, wanted);
        if (quality > best) {
            best = quality;
            found = (int)i;
            *n_equal = 0;
        }
        *n_equal += quality && quality == best;
    }
    return *n_equal == 1 ? found : -1;
}

static void describe(const struct nnc_camera_entry *entries, unsigned n, char *text,
                     size_t size)
{
    size_t length = 0;

    snprintf(text, size, "there is no camera that this user may open");
    for (unsigned i = 0; i < n && length < size; i++)
        length += (size_t)snprintf(text + length, size - length, "%s%s (%s)",
                                   i ? ", " : "there is ", entries[i].path,
                                   entries[i].identity.card);
}

enum nnc_camera_trouble nnc_camera_find(const struct nnc_v4l2_ops *ops, const char *text,
                                        char path[NNC_CAMERA_PATH_SIZE],
                                        struct nnc_camera_error *error)
{
    struct nnc_camera_entry entries[NNC_CAMERA_MAX_ENTRIES];
    char there_is[320];
    unsigned n_equal = 0;

    if (text && *text == '/') {
        snprintf(path, NNC_CAMERA_PATH_SIZE, "%s", text);
        if (!access(path, F_OK) || errno != ENOENT)
            return NNC_CAMERA_OK;
    }
    const unsigned n = nnc_camera_list(ops, entries);
    const int found = text && *text
                          ? find_best(entries, n, match_any_text, text, &n_equal)
                          : (n ? 0 : -1);
    if (found >= 0) {
        memcpy(path, entries[found].path, NNC_CAMERA_PATH_SIZE);
        return NNC_CAMERA_OK;
    }
    describe(entries, n, there_is, sizeof there_is);
    if (text && *text == '/')
        return nnc_camera_fail(error, NNC_CAMERA_ABSENT, "there is no %.120s; %s", text,
                               there_is);
    if (n_equal)
        return nnc_camera_fail(error, NNC_CAMERA_ABSENT,
                               "%u cameras answer to '%.60s'; expected one: %s", n_equal,
                               text, there_is);
    return nnc_camera_fail(error, NNC_CAMERA_ABSENT, "no camera%s%.60s%s: %s",
                           text && *text ? " answers to '" : "", text ? text : "",
                           text && *text ? "'" : "", there_is);
}

enum nnc_camera_trouble nnc_camera_find_again(const struct nnc_v4l2_ops *ops,
                                              const struct nnc_camera_identity *identity,
                                              bool has_twin,
                                              char path[NNC_CAMERA_PATH_SIZE],
                                              struct nnc_camera_error *error)
{
    struct nnc_camera_entry entries[NNC_CAMERA_MAX_ENTRIES];
    const unsigned n = nnc_camera_list(ops, entries);
    unsigned n_equal;
    const int found = find_best(entries, n, has_twin ? match_place : match_identity,
                                identity, &n_equal);

    if (found < 0)
        return nnc_camera_fail(error, NNC_CAMERA_ABSENT, "the camera '%s' is not there",
                               identity->card);
    memcpy(path, entries[found].path, NNC_CAMERA_PATH_SIZE);
    return NNC_CAMERA_OK;
}

bool nnc_camera_has_twin(const struct nnc_v4l2_ops *ops,
                         const struct nnc_camera_identity *identity)
{
    struct nnc_camera_entry entries[NNC_CAMERA_MAX_ENTRIES];
    const unsigned n = nnc_camera_list(ops, entries);

    for (unsigned i = 0; i < n; i++)
        if (match_identity(&entries[i].identity, identity) == 1)
            return true;
    return false;
}

bool nnc_camera_find_sibling(const struct nnc_camera *camera,
                             char path[NNC_CAMERA_PATH_SIZE])
{
    struct nnc_camera_entry entries[NNC_CAMERA_MAX_ENTRIES];
    const unsigned n = nnc_camera_list(camera->ops, entries);

    for (unsigned i = 0; i < n; i++) {
        if (strcmp(entries[i].identity.bus, camera->identity.bus))
            continue;
        memcpy(path, entries[i].path, NNC_CAMERA_PATH_SIZE);
        return true;
    }
    return false;
}
