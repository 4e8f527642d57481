/* SPDX-License-Identifier: MIT */

#include "watch_source.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- understanding --- */

/* A launch line has a link, or begins with an element. */
static gboolean is_launch_line(const gchar *text)
{
    g_autofree gchar *first = g_strndup(text, strcspn(text, " \t\n"));
    g_autoptr(GstElementFactory) factory = gst_element_factory_find(first);

    return strchr(text, '!') || factory;
}

/* What is not there may be a camera that comes later, by its path or its name, or a film
 * whose name is misspelt, for which nobody should wait. */
static gboolean looks_like_file(const gchar *text)
{
    if (g_str_has_prefix(text, "/dev/"))
        return FALSE;
    return strchr(text, '/') || (strchr(text, '.') && !strchr(text, ' '));
}

static enum watch_source_kind kind_of(const gchar *text)
{
    struct stat status;

    if (!stat(text, &status))
        return S_ISCHR(status.st_mode)    ? WATCH_CAMERA
               : S_ISFIFO(status.st_mode) ? WATCH_PIPE
                                          : WATCH_FILM;
    if (is_launch_line(text))
        return WATCH_LAUNCH;
    if (g_str_has_prefix(text, "file://"))
        return WATCH_FILM;
    if (gst_uri_is_valid(text) && strstr(text, "://"))
        return WATCH_NETWORK;
    return looks_like_file(text) ? WATCH_FILM : WATCH_CAMERA;
}

void watch_source_understand(struct watch_source *source, const gchar *text)
{
    *source =
        (struct watch_source){.kind = kind_of(text), .text = g_strdup(text), .fd = -1};
}

void watch_source_close(struct watch_source *source)
{
    if (source->fd >= 0)
        close(source->fd);
    source->fd = -1;
}

void watch_source_clear(struct watch_source *source)
{
    watch_source_close(source);
    g_free(source->text);
    source->text = NULL;
}

gboolean watch_source_returns(const struct watch_source *source, gboolean live)
{
    switch (source->kind) {
    case WATCH_FILM:
        return FALSE;
    case WATCH_LAUNCH:
        return live;
    case WATCH_NETWORK: /* a film that a web server has */
        return live || !g_str_has_prefix(source->text, "http");
    default:
        return TRUE;
    }
}

gint watch_source_usual_retry(const struct watch_source *source)
{
    return source->kind == WATCH_FILM ? 0 : -1;
}

/* --- opening --- */

/* In quotes, as a launch line takes any text. */
static gchar *quote(const gchar *text)
{
    g_auto(GStrv) slashes = g_strsplit(text, "\\", -1);
    g_autofree gchar *doubled = g_strjoinv("\\\\", slashes);
    g_auto(GStrv) quotes = g_strsplit(doubled, "\"", -1);
    g_autofree gchar *inner = g_strjoinv("\\\"", quotes);

    return g_strdup_printf("\"%s\"", inner);
}

/* Sound and subtitles are not decoded. */
#define DECODED "caps=video/x-raw(ANY) expose-all-streams=false ! videoconvert"

static gchar *decode_uri(const gchar *uri)
{
    g_autofree gchar *quoted = quote(uri);

    return g_strdup_printf("uridecodebin uri=%s " DECODED, quoted);
}

static gchar *decode_file(const gchar *path, GError **error)
{
    g_autofree gchar *uri = g_str_has_prefix(path, "file://")
                                ? g_strdup(path)
                                : gst_filename_to_uri(path, error);

    return uri ? decode_uri(uri) : NULL;
}

/* Opening a FIFO would wait for its writer; so it does not, and reading waits instead,
 * in a thread of the pipeline. */
static gchar *decode_pipe(struct watch_source *source, GError **error)
{
    source->fd = open(source->text, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (source->fd >= 0)
        return g_strdup_printf("fdsrc fd=%d ! decodebin " DECODED, source->fd);
    g_set_error(error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_OPEN_READ, "%s: %s",
                source->text, g_strerror(errno));
    return NULL;
}

/* Without a converter nnccamsrc learns what the classifier looks at, and chooses the
 * camera's cheapest mode for it. */
static gchar *describe_camera(const gchar *quoted)
{
    g_autoptr(GstElementFactory) ours = gst_element_factory_find("nnccamsrc");

    return g_strdup_printf(
        ours ? "nnccamsrc device=%s" : "v4l2src device=%s ! videoconvert", quoted);
}

static gchar *describe(struct watch_source *source, GError **error)
{
    g_autofree gchar *quoted = quote(source->text);

    switch (source->kind) {
    case WATCH_CAMERA:
        return describe_camera(quoted);
    case WATCH_FILM:
        return decode_file(source->text, error);
    case WATCH_PIPE:
        return decode_pipe(source, error);
    case WATCH_NETWORK:
        return decode_uri(source->text);
    default:
        return g_strdup_printf("%s ! videoconvert", source->text);
    }
}

/* The parser would also take a pad for unlinked that waits for a decoder. */
static gboolean show_pad(GstBin *bin)
{
    g_autoptr(GstPad) pad = gst_bin_find_unlinked_pad(bin, GST_PAD_SRC);

    return pad && gst_element_add_pad(GST_ELEMENT(bin), gst_ghost_pad_new("src", pad));
}

GstElement *watch_source_open(struct watch_source *source, GError **error)
{
    g_autofree gchar *line = describe(source, error);
    GstElement *const bin =
        line ? gst_parse_bin_from_description_full(line, FALSE, NULL,
                                                   GST_PARSE_FLAG_FATAL_ERRORS, error)
             : NULL;

    if (!bin || show_pad(GST_BIN(bin)))
        return bin;
    g_set_error(error, GST_PARSE_ERROR, GST_PARSE_ERROR_LINK,
                "'%s' has no end that gives video", source->text);
    gst_object_unref(gst_object_ref_sink(bin));
    return NULL;
}
