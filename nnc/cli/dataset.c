// SPDX-License-Identifier: MIT
/* Two kinds of labelled pictures, and the unknown, behind one interface. CIFAR-100
 * records are mapped as they are; of folders only the names are kept. Records come before
 * files, both in one fixed order. */

#include "dataset.h"

#include "print.h"

#include <glib.h>
#include <string.h>

enum { SIDE = 32, PLANE_BYTES = SIDE * SIDE, RECORD_BYTES = 2 + 3 * PLANE_BYTES };

struct labelled_file {
    char *path;
    uint32_t class;
};

struct cli_dataset {
    GMappedFile *records; /* CIFAR-100; or NULL */
    size_t n_records;
    uint32_t class_of_label[256];
    GArray *files;     /* of folders: struct labelled_file */
    size_t n_labelled; /* pictures that come before those of the unknown folder */
};

static void clear_file(void *file)
{
    g_free(((struct labelled_file *)file)->path);
}

static void index_labels(const struct nnc_taxonomy *taxonomy,
                         uint32_t class_of_label[256])
{
    for (size_t i = 0; i < 256; i++)
        class_of_label[i] = NNC_NO_CATEGORY;
    for (uint32_t i = 0; i < nnc_taxonomy_n_classes(taxonomy); i++) {
        const struct nnc_category *const class = nnc_taxonomy_class(taxonomy, i);
        if (class->label >= 0 && class->label < 256)
            class_of_label[class->label] = class->index;
    }
}

static bool open_records(struct cli_dataset *dataset, const char *path)
{
    GError *error = NULL;
    dataset->records = g_mapped_file_new(path, FALSE, &error);
    if (!dataset->records) {
        cli_error("%s", error->message);
        g_error_free(error);
        return false;
    }
    const size_t size = g_mapped_file_get_length(dataset->records);
    if (!size || size % RECORD_BYTES) {
        cli_error(
            "%s: %zu bytes are no whole number of CIFAR-100 records (%d bytes each)",
            path, size, RECORD_BYTES);
        return false;
    }
    dataset->n_records = size / RECORD_BYTES;
    return true;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names in `path`, sorted, without hidden ones; NULL with `*error`. */
static GPtrArray *list_folder(const char *path, GError **error)
{
    g_autoptr(GDir) dir = g_dir_open(path, 0, error);
    if (!dir)
        return NULL;
    GPtrArray *const names = g_ptr_array_new_with_free_func(g_free);
    for (const char *name = g_dir_read_name(dir); name; name = g_dir_read_name(dir)) {
        if (name[0] != '.')
            g_ptr_array_add(names, g_strdup(name));
    }
    g_ptr_array_sort(names, compare_names);
    return names;
}

static void add_picture(struct cli_dataset *dataset, const char *path, uint32_t class)
{
    const struct labelled_file file = {g_strdup(path), class};
    g_array_append_val(dataset->files, file);
}

static void add_pictures(struct cli_dataset *dataset, const char *folder, uint32_t class)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) names = list_folder(folder, &error);
    if (!names) {
        cli_error("%s", error->message);
        return;
    }
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *path = g_build_filename(folder, names->pdata[i], NULL);
        add_picture(dataset, path, class);
    }
}

/* A class may be a folder in a folder too: its path is a path then ("vehicles_1/bus"). */
static bool add_nested_classes(struct cli_dataset *dataset,
                               const struct nnc_taxonomy *taxonomy, const char *folder,
                               const char *name)
{
    g_autoptr(GPtrArray) names = list_folder(folder, NULL);
    bool any = false;
    for (guint i = 0; names && i < names->len; i++) {
        g_autofree char *path = g_strdup_printf("%s/%s", name, (char *)names->pdata[i]);
        g_autofree char *inner = g_build_filename(folder, names->pdata[i], NULL);
        const uint32_t class = nnc_taxonomy_find(taxonomy, path);
        if (class == NNC_NO_CATEGORY || !nnc_taxonomy_category(taxonomy, class)->leaf ||
            !g_file_test(inner, G_FILE_TEST_IS_DIR))
            continue;
        add_pictures(dataset, inner, class);
        any = true;
    }
    return any;
}

static bool open_folders(struct cli_dataset *dataset, const struct nnc_taxonomy *taxonomy,
                         const char *path)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) names = list_folder(path, &error);
    if (!names) {
        cli_error("%s", error->message);
        return false;
    }
    g_autoptr(GString) unknown = g_string_new(NULL);
    unsigned n_unknown = 0;
    for (guint i = 0; i < names->len; i++) {
        const char *const name = names->pdata[i];
        g_autofree char *inner = g_build_filename(path, name, NULL);
        if (!g_file_test(inner, G_FILE_TEST_IS_DIR))
            continue;
        const uint32_t class = nnc_taxonomy_find_class(taxonomy, name);
        if (class != NNC_NO_CATEGORY)
            add_pictures(dataset, inner, class);
        else if (!add_nested_classes(dataset, taxonomy, inner, name) && ++n_unknown <= 3)
            g_string_append_printf(unknown, "%s%s", unknown->len ? ", " : "", name);
    }
    if (n_unknown)
        cli_error("warning: %u folder%s of %s name%s no class of this model: %s%s",
                  n_unknown, n_unknown == 1 ? "" : "s", path, n_unknown == 1 ? "s" : "",
                  unknown->str, n_unknown > 3 ? ", ..." : "");
    if (!dataset->files->len) {
        cli_error("%s: no pictures of the form %s/class/picture", path, path);
        return false;
    }
    return true;
}

/* Pictures that belong to no class lie in the folder itself or one level below. */
static bool open_unknown(struct cli_dataset *dataset, const char *path)
{
    const guint before = dataset->files->len;
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) names = list_folder(path, &error);
    if (!names) {
        cli_error("%s", error->message);
        return false;
    }
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *inner = g_build_filename(path, names->pdata[i], NULL);
        if (g_file_test(inner, G_FILE_TEST_IS_DIR))
            add_pictures(dataset, inner, NNC_NO_CATEGORY);
        else
            add_picture(dataset, inner, NNC_NO_CATEGORY);
    }
    if (dataset->files->len > before)
        return true;
    cli_error("%s: no pictures of the form %s/picture or %s/any/picture", path, path,
              path);
    return false;
}

struct cli_dataset *cli_dataset_open(const struct nnc_taxonomy *taxonomy,
                                     const char *cifar100, const char *folder,
                                     const char *unknown_folder)
{
    struct cli_dataset *const dataset = g_new0(struct cli_dataset, 1);
    index_labels(taxonomy, dataset->class_of_label);
    dataset->files = g_array_new(FALSE, FALSE, sizeof(struct labelled_file));
    g_array_set_clear_func(dataset->files, clear_file);
    const bool labelled = cifar100 ? open_records(dataset, cifar100)
                                   : open_folders(dataset, taxonomy, folder);
    dataset->n_labelled = cli_dataset_size(dataset);
    if (labelled && (!unknown_folder || open_unknown(dataset, unknown_folder)))
        return dataset;
    cli_dataset_close(dataset);
    return NULL;
}

void cli_dataset_close(struct cli_dataset *dataset)
{
    if (!dataset)
        return;
    if (dataset->records)
        g_mapped_file_unref(dataset->records);
    g_array_unref(dataset->files);
    g_free(dataset);
}

size_t cli_dataset_size(const struct cli_dataset *dataset)
{
    return dataset->n_records + dataset->files->len;
}

static const uint8_t *record(const struct cli_dataset *dataset, size_t index)
{
    return (const uint8_t *)g_mapped_file_get_contents(dataset->records) +
           index * RECORD_BYTES;
}

static const struct labelled_file *file(const struct cli_dataset *dataset, size_t index)
{
    return &g_array_index(dataset->files, struct labelled_file,
                          index - dataset->n_records);
}

uint32_t cli_dataset_class(const struct cli_dataset *dataset, size_t index)
{
    return index < dataset->n_records ? dataset->class_of_label[record(dataset, index)[1]]
                                      : file(dataset, index)->class;
}

bool cli_dataset_unknown(const struct cli_dataset *dataset, size_t index)
{
    return index >= dataset->n_labelled;
}

char *cli_dataset_name(const struct cli_dataset *dataset, size_t index)
{
    return index < dataset->n_records ? g_strdup_printf("record %zu", index)
                                      : g_strdup(file(dataset, index)->path);
}

static void unpack_record(const uint8_t *planes, struct cli_picture *picture)
{
    picture->rgb = g_malloc(3 * PLANE_BYTES);
    for (size_t i = 0; i < PLANE_BYTES; i++) {
        for (size_t c = 0; c < 3; c++)
            picture->rgb[3 * i + c] = planes[c * PLANE_BYTES + i];
    }
    picture->image = (struct nnc_image){
        .format = NNC_PIXEL_RGB,
        .width = SIDE,
        .height = SIDE,
        .plane = {picture->rgb},
        .stride_bytes = {3 * SIDE},
    };
}

bool cli_dataset_load(const struct cli_dataset *dataset, size_t index,
                      struct cli_picture *picture, char **reason)
{
    if (index >= dataset->n_records)
        return cli_picture_load(file(dataset, index)->path, picture, reason);
    unpack_record(record(dataset, index) + 2, picture);
    return true;
}
