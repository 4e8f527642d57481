/* SPDX-License-Identifier: MIT */

/* One table names the options, for the command line and for the file: a key of the file
 * is a long option without its dashes. The command line goes before the file. */

#include "watch_options.h"

#define GROUP "watch"
#define N_ENTRIES 16

/* Bytes as they come: texts are checked, and names of files may be anything. */
#define TEXT G_OPTION_ARG_FILENAME
#define TEXTS G_OPTION_ARG_FILENAME_ARRAY

static const gchar summary[] =
    "Watches a source with a nested network: prints a line of JSON for each prediction,\n"
    "takes commands while it plays, and goes on when the source was lost.\n"
    "\n"
    "SOURCE is a camera (/dev/video0, or a part of its name), a film or picture, a FIFO,\n"
    "an address (rtsp://...), or what gst-launch-1.0 would play\n"
    "(\"videotestsrc is-live=true\", \"nnccamsrc device=door ! jpegdec\").";

static const gchar description[] =
    "Commands, a line each, on standard input and on the socket:\n"
    "  cutout TEXT         what is active: vehicles,mammals/cats; empty = all\n"
    "  attention TEXT      gains: vehicles=1.5,places=0.5; empty = all 1\n"
    "  task JSON           both as one change: {\"cutout\": \"vehicles\",\n"
    "                      \"attention\": {\"vehicles\": 1.5}}; a member that is "
    "missing\n"
    "                      leaves that half as it is\n"
    "  preset NAME         a task by its name, of --preset-file or of the model\n"
    "  stats               what was counted\n"
    "  quit                ends the program\n"
    "Each is answered by one line, \"ok ANSWER\" or \"error TEXT\", on the socket it "
    "came\n"
    "from, or on standard error if it came from standard input. ANSWER is the number "
    "that\n"
    "predictions of the task will carry, or what was counted, as JSON. Lines have at "
    "most 8191 bytes.\n"
    "\n"
    "A configuration has a group [watch] with the names of the options above, without\n"
    "dashes, and \"source\". SIGHUP reads it again: model, task, settings and which\n"
    "predictions are printed change while it plays. SIGHUP also opens --json FILE anew.\n"
    "\n"
    "SIGTERM and SIGINT let the stream end; a second one does not wait for it. Exit "
    "codes:\n"
    "  0  the source has ended, or the program was told to end\n"
    "  1  a setting cannot work: the model, a task, a file, the socket\n"
    "  2  the command line or the configuration is not understood\n"
    "  3  nobody takes the lines: standard output is closed\n"
    "  4  the source is lost, and was tried as often as --retry allows";

static void describe(struct watch_options *options, GOptionEntry entries[N_ENTRIES])
{
    const GOptionEntry table[N_ENTRIES] = {
        {"source", 0, 0, TEXT, &options->source, "The same as the argument SOURCE",
         "SOURCE"},
        {"model", 'm', 0, TEXT, &options->model, "ONNX file with a taxonomy", "FILE"},
        {"cutout", 'c', 0, TEXT, &options->cutout, "Active categories", "TEXT"},
        {"attention", 'a', 0, TEXT, &options->attention, "Gains of categories", "TEXT"},
        {"preset", 'p', 0, TEXT, &options->preset, "Task by its name", "NAME"},
        {"preset-file", 0, 0, TEXT, &options->preset_file, "JSON file of presets",
         "FILE"},
        {"set", 0, 0, TEXTS, &options->settings,
         "A property of nncclassify, e.g. top-k=3; more than once", "NAME=VALUE"},
        {"fps", 0, 0, G_OPTION_ARG_DOUBLE, &options->fps,
         "Most frames to look at in a second, e.g. 0.2", "NUMBER"},
        {"json", 'j', 0, TEXT, &options->json,
         "Where lines go; added to a file that exists (default: -, standard output)",
         "FILE"},
        {"predictions", 0, 0, TEXT, &options->predictions,
         "Which get a line: all, classified or change (default: all)", "WHICH"},
        {"socket", 's', 0, TEXT, &options->socket,
         "UNIX socket to take commands on, for this user alone", "PATH"},
        {"sync", 0, 0, G_OPTION_ARG_NONE, &options->sync,
         "Play a film in its own time instead of as fast as can be", NULL},
        {"retry", 'r', 0, TEXT, &options->retry,
         "How often in a row a lost source is tried again, or \"ever\" (default: ever; a "
         "film: 0)",
         "NUMBER"},
        {"stall", 0, 0, G_OPTION_ARG_INT, &options->stall,
         "A live source is lost after so long without a frame (default: 20)", "SECONDS"},
        {"config", 0, 0, TEXT, &options->config,
         "File that says what the command line leaves out", "FILE"},
        {NULL},
    };

    for (guint i = 0; i < N_ENTRIES; i++)
        entries[i] = table[i];
}

/* --- the command line --- */

gboolean watch_options_fail(GError **error, const gchar *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_autofree gchar *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error_literal(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, text);
    return FALSE;
}

gboolean watch_options_parse(struct watch_options *options, int *argc, char ***argv,
                             GError **error)
{
    g_autoptr(GOptionContext) context = g_option_context_new("[SOURCE]");
    GOptionEntry entries[N_ENTRIES];

    describe(options, entries);
    g_option_context_add_main_entries(context, entries, NULL);
    g_option_context_set_summary(context, summary);
    g_option_context_set_description(context, description);
    if (!g_option_context_parse(context, argc, argv, error))
        return FALSE;
    if (*argc > 2 || (*argc == 2 && options->source))
        return watch_options_fail(
            error, "one SOURCE, please; a launch line wants quotes around it");
    if (*argc == 2)
        options->source = g_strdup((*argv)[1]);
    return TRUE;
}

/* --- the file --- */

static const GOptionEntry *find_entry(const GOptionEntry *entries, const gchar *name)
{
    while (entries->long_name && !g_str_equal(entries->long_name, name))
        entries++;
    return entries->long_name && !g_str_equal(name, "config") ? entries : NULL;
}

/* Takes the value of a key unless the option has one already. */
static gboolean read_key(GKeyFile *file, const gchar *key, const GOptionEntry *entry,
                         GError **error)
{
    GError *wrong = NULL;

    if (entry->arg == TEXT && !*(gchar **)entry->arg_data)
        *(gchar **)entry->arg_data = g_key_file_get_string(file, GROUP, key, &wrong);
    else if (entry->arg == TEXTS && !*(gchar ***)entry->arg_data)
        *(gchar ***)entry->arg_data =
            g_key_file_get_string_list(file, GROUP, key, NULL, &wrong);
    else if (entry->arg == G_OPTION_ARG_DOUBLE && *(gdouble *)entry->arg_data == 0.0)
        *(gdouble *)entry->arg_data = g_key_file_get_double(file, GROUP, key, &wrong);
    else if (entry->arg == G_OPTION_ARG_INT && !*(gint *)entry->arg_data)
        *(gint *)entry->arg_data = g_key_file_get_integer(file, GROUP, key, &wrong);
    else if (entry->arg == G_OPTION_ARG_NONE && !*(gboolean *)entry->arg_data)
        *(gboolean *)entry->arg_data = g_key_file_get_boolean(file, GROUP, key, &wrong);
    if (!wrong)
        return TRUE;
    g_propagate_error(error, wrong);
    return FALSE;
}

static gboolean read_file(struct watch_options *options, GError **error)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    GOptionEntry entries[N_ENTRIES];

    if (!g_key_file_load_from_file(file, options->config, G_KEY_FILE_NONE, error))
        return FALSE;
    describe(options, entries);
    g_auto(GStrv) keys = g_key_file_get_keys(file, GROUP, NULL, error);
    for (guint i = 0; keys && keys[i]; i++) {
        const GOptionEntry *const entry = find_entry(entries, keys[i]);
        if (!entry)
            return watch_options_fail(error, "there is no option '%s'; see --help",
                                      keys[i]);
        if (!read_key(file, keys[i], entry, error))
            return FALSE;
    }
    return keys != NULL;
}

/* --- both --- */

static gboolean is_text(const gchar *text)
{
    return !text || g_utf8_validate(text, -1, NULL);
}

static gboolean check(const struct watch_options *options, GError **error)
{
    if (!options->source || !*options->source)
        return watch_options_fail(error, "no SOURCE; see --help");
    if (!options->model)
        return watch_options_fail(error, "no model; say --model FILE");
    if (!is_text(options->source) || !is_text(options->cutout) ||
        !is_text(options->attention) || !is_text(options->preset))
        return watch_options_fail(error, "source and task: expected text in UTF-8");
    if (!(options->fps >= 0.0 && options->fps <= 1000.0))
        return watch_options_fail(error, "fps: expected a number from 0 to 1000, got %g",
                                  options->fps);
    if (options->stall < 0)
        return watch_options_fail(error, "stall: expected seconds from 1, got %d",
                                  options->stall);
    if (options->retry && !g_str_equal(options->retry, "ever") &&
        !g_ascii_string_to_unsigned(options->retry, 10, 0, G_MAXUINT32, NULL, NULL))
        return watch_options_fail(error, "retry: expected a number or \"ever\", got '%s'",
                                  options->retry);
    return TRUE;
}

static void copy(const struct watch_options *from, struct watch_options *to)
{
    GOptionEntry sources[N_ENTRIES], targets[N_ENTRIES];
    struct watch_options texts = *from;

    *to = (struct watch_options){
        .fps = from->fps, .stall = from->stall, .sync = from->sync};
    describe(&texts, sources);
    describe(to, targets);
    for (guint i = 0; i < N_ENTRIES; i++)
        if (sources[i].arg == TEXT && sources[i].long_name)
            *(gchar **)targets[i].arg_data = g_strdup(*(gchar **)sources[i].arg_data);
    to->settings = g_strdupv(from->settings);
}

gboolean watch_options_complete(const struct watch_options *given,
                                struct watch_options *options, GError **error)
{
    copy(given, options);
    if (options->config && !read_file(options, error))
        g_prefix_error(error, "%s: ", options->config);
    else if (check(options, error))
        return TRUE;
    watch_options_clear(options);
    return FALSE;
}

void watch_options_clear(struct watch_options *options)
{
    GOptionEntry entries[N_ENTRIES];

    describe(options, entries);
    for (guint i = 0; i < N_ENTRIES; i++)
        if (entries[i].arg == TEXT && entries[i].long_name)
            g_free(*(gchar **)entries[i].arg_data);
    g_strfreev(options->settings);
    *options = (struct watch_options){.source = NULL};
}
