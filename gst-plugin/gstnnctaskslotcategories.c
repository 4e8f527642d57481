/* SPDX-License-Identifier: MIT */

/* Setting and reading single categories of the task: the newest request is taken for what
 * it means (a gain for each category, a byte for each class), changed there, and becomes a
 * request again. */

#include "gstnncerror.h"
#include "gstnnctaskslotaccept.h"

#include <nnc/taxonomy.h>

/* The meaning of the newest request; under the setters' lock. */
static enum nnc_status find_newest(struct gst_nnc_task_slot *slot,
                                   struct gst_nnc_request *request,
                                   struct gst_nnc_meaning *meaning,
                                   struct nnc_error *error)
{
    pthread_mutex_lock(&slot->lock);
    const gboolean another = slot->new_engine || slot->loading;
    gst_nnc_request_copy(&slot->request, request);
    pthread_mutex_unlock(&slot->lock);
    enum nnc_status status = NNC_STATE;
    if (!slot->known || another)
        gst_nnc_error_set(error, NNC_STATE,
                          "categories cannot be set one by one %s",
                          another ? "while another model is loaded; try again after it"
                                  : "before the property 'model' names a readable model");
    else
        status = gst_nnc_meaning_find(meaning, slot->known, request, error);
    if (status)
        gst_nnc_request_clear(request);
    return status;
}

static void use_gains(const struct gst_nnc_task_slot *slot,
                      struct gst_nnc_request *request, const gfloat *gains)
{
    const struct nnc_taxonomy *const taxonomy = nnc_model_taxonomy(slot->known);
    g_autofree gchar *text = gst_nnc_attention_to_text(taxonomy, gains);

    g_clear_pointer(&request->gains, g_free);
    gst_nnc_part_take(
        &request->attention,
        gst_nnc_part_new_array(
            gains, nnc_taxonomy_n_categories(taxonomy) * sizeof *gains, text));
}

/* Takes the changed request over, or drops it, with what it meant. */
static void end_change(struct gst_nnc_task_slot *slot, struct gst_nnc_request *request,
                       struct gst_nnc_meaning *meaning, gboolean accepted)
{
    if (accepted)
        gst_nnc_task_slot_accept(slot, request);
    else
        gst_nnc_request_clear(request);
    gst_nnc_meaning_clear(meaning);
}

static gboolean apply_gains(struct gst_nnc_meaning *meaning,
                            const struct gst_nnc_gain *gains, gsize n)
{
    gboolean news = FALSE;

    for (gsize i = 0; i < n; i++) {
        news = news || meaning->gains[gains[i].category] != gains[i].gain;
        meaning->gains[gains[i].category] = gains[i].gain;
    }
    return news;
}

enum nnc_status gst_nnc_task_slot_set_gains(struct gst_nnc_task_slot *slot,
                                            const struct gst_nnc_gain *gains, gsize n,
                                            gboolean *changed, struct nnc_error *error)
{
    struct gst_nnc_request request;
    struct gst_nnc_meaning meaning;
    gboolean news = FALSE;

    pthread_mutex_lock(&slot->setters);
    enum nnc_status status = find_newest(slot, &request, &meaning, error);
    if (!status) {
        news = apply_gains(&meaning, gains, n);
        if (news) {
            use_gains(slot, &request, meaning.gains);
            status = gst_nnc_task_slot_check(slot, &request, error);
        }
        end_change(slot, &request, &meaning, news && !status);
    }
    if (changed)
        *changed = news && !status;
    pthread_mutex_unlock(&slot->setters);
    return status;
}

/* Answers whether anything changed; `*n_active` is how many classes are left. */
static gboolean apply_active(const struct nnc_taxonomy *taxonomy, guint8 *active,
                             uint32_t category, gboolean wanted, gsize *n_active)
{
    gboolean news = FALSE;

    *n_active = 0;
    for (uint32_t k = 0; k < nnc_taxonomy_n_classes(taxonomy); k++) {
        const uint32_t leaf = nnc_taxonomy_class(taxonomy, k)->index;
        if (nnc_taxonomy_within(taxonomy, leaf, category)) {
            news = news || !active[k] != !wanted;
            active[k] = wanted != FALSE;
        }
        *n_active += active[k] != 0;
    }
    return news;
}

static void use_active(const struct gst_nnc_task_slot *slot,
                       struct gst_nnc_request *request, const guint8 *active)
{
    const struct nnc_taxonomy *const taxonomy = nnc_model_taxonomy(slot->known);
    g_autofree gchar *text = gst_nnc_cutout_to_text(taxonomy, active);

    gst_nnc_part_take(
        &request->cutout,
        gst_nnc_part_new_array(active, nnc_taxonomy_n_classes(taxonomy), text));
}

enum nnc_status gst_nnc_task_slot_set_active(struct gst_nnc_task_slot *slot,
                                             uint32_t category, gboolean active,
                                             gboolean *changed, struct nnc_error *error)
{
    struct gst_nnc_request request;
    struct gst_nnc_meaning meaning;
    gboolean news = FALSE;

    pthread_mutex_lock(&slot->setters);
    enum nnc_status status = find_newest(slot, &request, &meaning, error);
    if (!status) {
        const struct nnc_taxonomy *const taxonomy = nnc_model_taxonomy(slot->known);
        gsize n_active;
        news = apply_active(taxonomy, meaning.active, category, active, &n_active);
        if (!n_active) {
            gst_nnc_error_set(error, NNC_TASK,
                              "empty selection: '%.60s' is all that is active; expected "
                              "another active category first",
                              nnc_taxonomy_category(taxonomy, category)->path);
            status = NNC_TASK;
        }
        if (news && !status)
            use_active(slot, &request, meaning.active);
        end_change(slot, &request, &meaning, news && !status);
    }
    if (changed)
        *changed = news && !status;
    pthread_mutex_unlock(&slot->setters);
    return status;
}

gfloat gst_nnc_task_slot_get_gain(struct gst_nnc_task_slot *slot, uint32_t category)
{
    struct gst_nnc_request request;
    struct gst_nnc_meaning meaning;
    struct nnc_error error;
    gfloat gain = 1.0f;

    pthread_mutex_lock(&slot->setters);
    if (!find_newest(slot, &request, &meaning, &error)) {
        gain = meaning.gains[category];
        gst_nnc_request_clear(&request);
        gst_nnc_meaning_clear(&meaning);
    }
    pthread_mutex_unlock(&slot->setters);
    return gain;
}

gboolean gst_nnc_task_slot_get_active(struct gst_nnc_task_slot *slot, uint32_t category)
{
    struct gst_nnc_request request;
    struct gst_nnc_meaning meaning;
    struct nnc_error error;
    gboolean active = TRUE;

    pthread_mutex_lock(&slot->setters);
    if (!find_newest(slot, &request, &meaning, &error)) {
        const struct nnc_taxonomy *const taxonomy = nnc_model_taxonomy(slot->known);
        active = FALSE;
        for (uint32_t k = 0; !active && k < nnc_taxonomy_n_classes(taxonomy); k++)
            active = meaning.active[k] &&
                     nnc_taxonomy_within(taxonomy, nnc_taxonomy_class(taxonomy, k)->index,
                                         category);
        gst_nnc_request_clear(&request);
        gst_nnc_meaning_clear(&meaning);
    }
    pthread_mutex_unlock(&slot->setters);
    return active;
}
