/* SPDX-License-Identifier: MIT */

/* The list of models that elements have open. It is short, so it is searched; the lock is
 * held while a file loads, so that two elements that start together load it once. */

#include "gstnncmodels.h"

#include <pthread.h>
#include <sys/stat.h>

struct entry {
    struct stat file;
    struct nnc_model *model;
    guint users;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards `entries` */
static GSList *entries;

static gboolean same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
           a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
           a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static struct entry *find_file(const struct stat *file, enum nnc_precision precision)
{
    for (const GSList *l = entries; l; l = l->next) {
        struct entry *const entry = l->data;
        if (same_file(&entry->file, file) &&
            nnc_model_precision(entry->model) == precision)
            return entry;
    }
    return NULL;
}

static enum nnc_status load(const gchar *path, enum nnc_precision precision,
                            const struct stat *file, struct entry **entry,
                            struct nnc_error *error)
{
    const struct nnc_model_options options = {.precision = precision};
    struct nnc_model *model = NULL;
    const enum nnc_status status = nnc_model_open(path, &options, &model, error);

    if (status)
        return status;
    *entry = g_new0(struct entry, 1);
    (*entry)->model = model;
    (*entry)->file = *file;
    entries = g_slist_prepend(entries, *entry);
    return NNC_OK;
}

enum nnc_status gst_nnc_models_acquire(const gchar *path, enum nnc_precision precision,
                                       struct nnc_model **model, struct nnc_error *error)
{
    struct stat file = {0}; /* stays zero, and matches nothing, if there is no file */
    enum nnc_status status = NNC_OK;

    pthread_mutex_lock(&lock);
    const gboolean exists = stat(path, &file) == 0;
    struct entry *entry = exists ? find_file(&file, precision) : NULL;
    if (!entry)
        status = load(path, precision, &file, &entry, error);
    if (!status) {
        entry->users++;
        *model = entry->model;
    }
    pthread_mutex_unlock(&lock);
    return status;
}

/* NULL for a model that is not here, NULL too. */
static struct entry *find_model(const struct nnc_model *model)
{
    for (const GSList *l = entries; model && l; l = l->next) {
        struct entry *const entry = l->data;
        if (entry->model == model)
            return entry;
    }
    return NULL;
}

struct nnc_model *gst_nnc_models_ref(struct nnc_model *model)
{
    pthread_mutex_lock(&lock);
    find_model(model)->users++;
    pthread_mutex_unlock(&lock);
    return model;
}

void gst_nnc_models_release(struct nnc_model *model)
{
    pthread_mutex_lock(&lock);
    struct entry *const entry = find_model(model);
    if (entry && --entry->users == 0) {
        entries = g_slist_remove(entries, entry);
        nnc_model_unref(model);
        g_free(entry);
    }
    pthread_mutex_unlock(&lock);
}
