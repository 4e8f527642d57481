/* SPDX-License-Identifier: MIT */

#include "camera_controls.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/videodev2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A broken driver may not come to an end. */
#define MAX_CONTROLS 512

/* --- reading --- */

static void make_key(const char *name, char key[33])
{
    size_t n = 0;

    for (; *name && n < 32; name++) {
        if (isalnum((unsigned char)*name))
            key[n++] = (char)tolower((unsigned char)*name);
        else if (n && key[n - 1] != '_')
            key[n++] = '_';
    }
    while (n && key[n - 1] == '_')
        n--;
    key[n] = '\0';
}

static bool is_number(const struct v4l2_query_ext_ctrl *item)
{
    switch (item->type) {
    case V4L2_CTRL_TYPE_INTEGER:
    case V4L2_CTRL_TYPE_BOOLEAN:
    case V4L2_CTRL_TYPE_MENU:
    case V4L2_CTRL_TYPE_INTEGER_MENU:
    case V4L2_CTRL_TYPE_BUTTON:
    case V4L2_CTRL_TYPE_INTEGER64:
    case V4L2_CTRL_TYPE_BITMASK:
        return !item->nr_of_dims && !(item->flags & V4L2_CTRL_FLAG_DISABLED);
    default:
        return false;
    }
}

static void add(struct nnc_camera_controls *controls,
                const struct v4l2_query_ext_ctrl *item)
{
    struct nnc_camera_control *const rows =
        realloc(controls->rows, (controls->n + 1) * sizeof *rows);

    if (!rows)
        return;
    controls->rows = rows;
    struct nnc_camera_control *const row = &rows[controls->n++];
    *row = (struct nnc_camera_control){.id = item->id,
                                       .type = item->type,
                                       .flags = item->flags,
                                       .low = item->minimum,
                                       .high = item->maximum,
                                       .step = (int64_t)item->step,
                                       .usual = item->default_value};
    snprintf(row->name, sizeof row->name, "%.32s", item->name);
    make_key(row->name, row->key);
}

void nnc_camera_controls_read(const struct nnc_camera *camera,
                              struct nnc_camera_controls *controls)
{
    struct v4l2_query_ext_ctrl item = {.id = 0};

    nnc_camera_controls_clear(controls);
    for (unsigned i = 0; i < MAX_CONTROLS; i++) {
        const uint32_t last = item.id;
        item.id = last | V4L2_CTRL_FLAG_NEXT_CTRL;
        if (nnc_camera_ioctl(camera, VIDIOC_QUERY_EXT_CTRL, &item) || item.id <= last)
            return;
        if (is_number(&item))
            add(controls, &item);
    }
}

void nnc_camera_controls_clear(struct nnc_camera_controls *controls)
{
    free(controls->rows);
    *controls = (struct nnc_camera_controls){.rows = NULL};
}

const struct nnc_camera_control *
nnc_camera_controls_find(const struct nnc_camera_controls *controls, const char *key)
{
    char wanted[33];

    make_key(key, wanted);
    for (unsigned i = 0; i < controls->n; i++)
        if (!strcmp(controls->rows[i].key, wanted))
            return &controls->rows[i];
    return NULL;
}

const struct nnc_camera_control *
nnc_camera_controls_find_id(const struct nnc_camera_controls *controls, uint32_t id)
{
    for (unsigned i = 0; i < controls->n; i++)
        if (controls->rows[i].id == id)
            return &controls->rows[i];
    return NULL;
}

/* --- values --- */

static bool find_menu_entry(const struct nnc_camera *camera,
                            const struct nnc_camera_control *control, const char *text,
                            int64_t *value)
{
    struct v4l2_querymenu item = {.id = control->id};

    if (control->type != V4L2_CTRL_TYPE_MENU)
        return false;
    for (int64_t i = control->low; i <= control->high; i++) {
        item.index = (uint32_t)i;
        if (nnc_camera_ioctl(camera, VIDIOC_QUERYMENU, &item) ||
            strncasecmp((const char *)item.name, text, sizeof item.name))
            continue;
        *value = i;
        return true;
    }
    return false;
}

static bool read_value(const struct nnc_camera *camera,
                       const struct nnc_camera_control *control, const char *text,
                       int64_t *value)
{
    char *end;

    if (!strcasecmp(text, "true") || !strcasecmp(text, "false")) {
        *value = !strcasecmp(text, "true");
        return true;
    }
    errno = 0;
    *value = strtoll(text, &end, 0);
    if (!errno && end != text && !*end)
        return true;
    return find_menu_entry(camera, control, text, value);
}

static bool is_within(const struct nnc_camera_control *control, int64_t value)
{
    if (control->type == V4L2_CTRL_TYPE_BUTTON || control->type == V4L2_CTRL_TYPE_BITMASK)
        return true;
    return value >= control->low && value <= control->high;
}

static int write_value(const struct nnc_camera *camera,
                       const struct nnc_camera_control *control, int64_t value)
{
    struct v4l2_ext_control item = {.id = control->id};
    struct v4l2_ext_controls all = {
        .which = V4L2_CTRL_WHICH_CUR_VAL, .count = 1, .controls = &item};
    struct v4l2_control one = {.id = control->id, .value = (int32_t)value};

    if (control->type == V4L2_CTRL_TYPE_INTEGER64)
        item.value64 = value;
    else
        item.value = (int32_t)value;
    if (!nnc_camera_ioctl(camera, VIDIOC_S_EXT_CTRLS, &all))
        return 0;
    if (errno != ENOTTY)
        return -1;
    return nnc_camera_ioctl(camera, VIDIOC_S_CTRL, &one);
}

static enum nnc_camera_trouble explain_refusal(const struct nnc_camera *camera,
                                               const struct nnc_camera_control *control,
                                               int number, struct nnc_camera_error *error)
{
    const char *why = strerror(number);

    if (number == EACCES || control->flags & V4L2_CTRL_FLAG_READ_ONLY)
        why = "it is for reading only";
    else if (number == EBUSY || control->flags & V4L2_CTRL_FLAG_GRABBED)
        why = "it cannot change while frames are taken, or another program holds it";
    else if (control->flags & V4L2_CTRL_FLAG_INACTIVE)
        why = "it is inactive: an automatic control is on";
    if (number == ENODEV || number == EIO)
        return nnc_camera_fail_call(error, camera->path, "setting a control", number);
    return nnc_camera_fail(error, NNC_CAMERA_UNSUPPORTED,
                           "%s: control '%s' is refused: %s", camera->path, control->key,
                           why);
}

static enum nnc_camera_trouble explain_unknown(const struct nnc_camera *camera,
                                               const struct nnc_camera_controls *controls,
                                               const char *key,
                                               struct nnc_camera_error *error)
{
    char names[320] = "none";
    size_t length = 0;

    for (unsigned i = 0; i < controls->n && length < sizeof names - 40; i++)
        length += (size_t)snprintf(names + length, sizeof names - length, "%s%s",
                                   i ? ", " : "", controls->rows[i].key);
    return nnc_camera_fail(error, NNC_CAMERA_UNSUPPORTED,
                           "%s (%s) has no control '%.40s'; it has %s", camera->path,
                           camera->identity.card, key, names);
}

enum nnc_camera_trouble nnc_camera_control_set(const struct nnc_camera *camera,
                                               const struct nnc_camera_controls *controls,
                                               const char *key, const char *text,
                                               struct nnc_camera_error *error)
{
    const struct nnc_camera_control *const control =
        nnc_camera_controls_find(controls, key);
    int64_t value;

    if (!control)
        return explain_unknown(camera, controls, key, error);
    if (!read_value(camera, control, text, &value) || !is_within(control, value))
        return nnc_camera_fail(
            error, NNC_CAMERA_UNSUPPORTED,
            "%s: control '%s' is set to '%.40s'; expected %" PRId64 " to %" PRId64
            " in steps of %" PRId64 "%s",
            camera->path, control->key, text, control->low, control->high, control->step,
            control->type == V4L2_CTRL_TYPE_MENU ? ", or the name of an entry" : "");
    if (write_value(camera, control, value))
        return explain_refusal(camera, control, errno, error);
    return NNC_CAMERA_OK;
}

bool nnc_camera_control_get(const struct nnc_camera *camera,
                            const struct nnc_camera_control *control, int64_t *value)
{
    struct v4l2_ext_control item = {.id = control->id};
    struct v4l2_ext_controls all = {
        .which = V4L2_CTRL_WHICH_CUR_VAL, .count = 1, .controls = &item};

    if (control->flags & V4L2_CTRL_FLAG_WRITE_ONLY ||
        nnc_camera_ioctl(camera, VIDIOC_G_EXT_CTRLS, &all))
        return false;
    *value = control->type == V4L2_CTRL_TYPE_INTEGER64 ? item.value64 : item.value;
    return true;
}
