/* SPDX-License-Identifier: MIT */

/* Chooses a mode as nnccamsrc does, and tries it. */

#include "camera_cli.h"

#include "../camera_crop.h"
#include "../camera_controls.h"
#include "../camera_sequence.h"
#include "../camera_stream.h"

#include <nnc/nnc.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#define N_FRAMES 20
#define PATIENCE_MS 3000

struct findings {
    unsigned n_frames, n_corrupted, n_controls;
    uint32_t n_lost;
    double rate;
    bool dmabuf, crop;
};

static int read_wish(const struct camera_cli_options *options,
                     struct nnc_camera_wish *wish)
{
    struct nnc_model *model;
    struct nnc_error error;

    *wish = nnc_camera_usual_wish;
    if (options->model) {
        if (nnc_model_open(options->model, NULL, &model, &error))
            return camera_cli_fail(error.message);
        const struct nnc_input_spec *const input = nnc_model_input(model);
        wish->width = input->width;
        wish->height = input->height;
        wish->gray = input->channels == 1;
        nnc_model_unref(model);
    }
    if (options->width) {
        wish->width = options->width;
        wish->height = options->height;
    }
    if (options->rate.n)
        wish->rate = options->rate;
    return CAMERA_CLI_OK;
}

/* --- trying it --- */

static void look_at(struct findings *findings, const struct nnc_camera_frame *frame,
                    struct nnc_camera_sequence *sequence, uint64_t times[2])
{
    if (!findings->n_frames)
        times[0] = frame->time_ns;
    times[1] = frame->time_ns;
    findings->n_frames++;
    findings->n_corrupted += frame->corrupted;
    findings->n_lost += nnc_camera_sequence_next(sequence, frame->sequence);
    nnc_camera_slot_release(frame->slot);
}

static enum nnc_camera_trouble take_frames(const struct nnc_camera *camera,
                                           struct nnc_camera_stream *stream,
                                           struct findings *findings,
                                           struct nnc_camera_error *error)
{
    struct nnc_camera_sequence sequence = {.known = false};
    uint64_t times[2] = {0, 0};
    enum nnc_camera_trouble trouble = NNC_CAMERA_OK;

    while (findings->n_frames < N_FRAMES && !trouble) {
        struct pollfd fd = {.fd = camera->fd, .events = POLLIN};
        struct nnc_camera_frame frame;
        if (camera->ops->poll(&fd, 1, PATIENCE_MS) <= 0)
            return nnc_camera_fail(error, NNC_CAMERA_LOST, "%s: no frame came for %d ms",
                                   camera->path, PATIENCE_MS);
        trouble = nnc_camera_stream_take(stream, &frame, error);
        if (!trouble)
            look_at(findings, &frame, &sequence, times);
        else if (trouble == NNC_CAMERA_AGAIN && !(fd.revents & POLLERR))
            trouble = NNC_CAMERA_OK;
    }
    if (times[1] > times[0])
        findings->rate = (findings->n_frames + findings->n_lost - 1) * 1e9 /
                         (double)(times[1] - times[0]);
    return trouble;
}

static enum nnc_camera_trouble try_mode(struct nnc_camera *camera,
                                        const struct nnc_camera_mode *mode,
                                        struct findings *findings,
                                        struct nnc_camera_error *error)
{
    const struct nnc_camera_stream_options options = {4, !mode->converted};
    struct nnc_camera_controls controls = {.rows = NULL};
    struct nnc_camera_stream *stream = NULL;
    char path[NNC_CAMERA_PATH_SIZE];
    enum nnc_camera_trouble trouble = NNC_CAMERA_OK;

    nnc_camera_controls_read(camera, &controls);
    findings->n_controls = controls.n;
    nnc_camera_controls_clear(&controls);
    findings->crop = nnc_camera_crop_is_there(camera);
    if (mode->converted) {
        memcpy(path, camera->path, sizeof path);
        nnc_camera_close(camera);
        trouble = nnc_camera_open(camera, &nnc_v4l2_converter, path, error);
    }
    if (!trouble)
        trouble = nnc_camera_stream_start(camera, mode, &options, &stream, error);
    if (trouble)
        return trouble;
    findings->dmabuf = nnc_camera_stream_has_dmabuf(stream);
    trouble = take_frames(camera, stream, findings, error);
    nnc_camera_stream_stop(stream);
    return trouble;
}

/* --- telling --- */

static void write_caps(const struct nnc_camera_mode *mode, char *caps, size_t size)
{
    static const char *const media[] = {[NNC_CAMERA_JPEG] = "image/jpeg",
                                        [NNC_CAMERA_H264] = "video/x-h264",
                                        [NNC_CAMERA_HEVC] = "video/x-h265"};
    const bool raw = mode->format->medium == NNC_CAMERA_RAW;
    int n =
        snprintf(caps, size, "%s%s,width=%u,height=%u", raw ? "video/x-raw,format=" : "",
                 raw ? mode->format->name : media[mode->format->medium], mode->width,
                 mode->height);

    if (mode->rate.n)
        n += snprintf(caps + n, size - (size_t)n, ",framerate=%u/%u", mode->rate.n,
                      mode->rate.d);
    if (mode->format->decode_ns > 0)
        snprintf(caps + n, size - (size_t)n, " ! %s", raw ? "videoconvert" : "decodebin");
}

static void write_launch(const struct camera_cli_options *options, const char *path,
                         const struct nnc_camera_mode *mode, char *launch, size_t size)
{
    char device[NNC_CAMERA_PATH_SIZE * 2], model[2048], caps[160];

    write_caps(mode, caps, sizeof caps);
    int n = snprintf(launch, size, "gst-launch-1.0 -m nnccamsrc device=%s ! %s",
                     camera_cli_quote(path, device, sizeof device), caps);
    if (options->model)
        n += snprintf(launch + n, size - (size_t)n,
                      " ! nncclassify model=%s post-messages=change",
                      camera_cli_quote(options->model, model, sizeof model));
    snprintf(launch + n, size - (size_t)n, " ! videoconvert ! autovideosink");
}

static void print_findings(const struct nnc_camera *camera, const char *why,
                           const struct findings *findings, const char *launch)
{
    printf("%s  %s\n", camera->path, camera->identity.card);
    printf("  mode      %s\n", why);
    printf("  tried     %u frames, %.2f a second, %u lost, %u corrupted\n",
           findings->n_frames, findings->rate, findings->n_lost, findings->n_corrupted);
    printf("  DMABuf    %s\n  crop      %s\n  controls  %u\n  %s\n",
           findings->dmabuf ? "yes" : "no", findings->crop ? "by the camera" : "no",
           findings->n_controls, launch);
}

static void print_findings_json(const struct nnc_camera *camera,
                                const struct nnc_camera_mode *mode, const char *why,
                                const struct findings *findings, const char *launch)
{
    json_t *const object = camera_cli_identity(&camera->identity, camera->path);
    char text[80];

    json_object_set_new(object, "mode",
                        json_string(nnc_camera_mode_print(mode, text, sizeof text)));
    json_object_set_new(object, "why", camera_cli_string(why));
    json_object_set_new(object, "frames", json_integer(findings->n_frames));
    json_object_set_new(object, "frames-per-second", json_real(findings->rate));
    json_object_set_new(object, "lost", json_integer(findings->n_lost));
    json_object_set_new(object, "corrupted", json_integer(findings->n_corrupted));
    json_object_set_new(object, "dmabuf", json_boolean(findings->dmabuf));
    json_object_set_new(object, "crop", json_boolean(findings->crop));
    json_object_set_new(object, "controls", json_integer(findings->n_controls));
    json_object_set_new(object, "launch", camera_cli_string(launch));
    camera_cli_print_json(object);
}

static int probe(const struct camera_cli_options *options, struct nnc_camera *camera,
                 const struct nnc_camera_offers *offers)
{
    struct nnc_camera_choice choice;
    struct nnc_camera_error error;
    struct nnc_camera_wish wish;
    struct findings findings = {.rate = 0};
    char why[512], launch[4096];
    const int status = read_wish(options, &wish);

    if (status)
        return status;
    if (!nnc_camera_choose(offers, &wish, &choice))
        return camera_cli_fail("this camera offers nothing");
    if (try_mode(camera, &choice.mode, &findings, &error))
        return camera_cli_fail(error.message);
    nnc_camera_choice_explain(&choice, &wish, why, sizeof why);
    write_launch(options, camera->path, &choice.mode, launch, sizeof launch);
    if (options->json)
        print_findings_json(camera, &choice.mode, why, &findings, launch);
    else
        print_findings(camera, why, &findings, launch);
    return CAMERA_CLI_OK;
}

int camera_cli_probe(const struct camera_cli_options *options)
{
    struct nnc_camera_offers offers = {.rows = NULL};
    struct nnc_camera camera;
    int status = camera_cli_open(options, &camera, &offers);

    if (status)
        return status;
    status = probe(options, &camera, &offers);
    nnc_camera_offers_clear(&offers);
    nnc_camera_close(&camera);
    return status;
}
