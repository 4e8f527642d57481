/* SPDX-License-Identifier: MIT */

/* The switch of tasks: setters and readers. Three kinds of threads meet here: setters, one
 * worker (gstnnctaskworker.c), the streaming thread. The idea: a task is immutable, so that
 * switching is the exchange of one pointer and a frame keeps the task that it began with. */

#include "gstnnctaskslot.h"

#include <nnc/taxonomy.h>

#include <string.h>

#include "gstnncerror.h"
#include "gstnnctaskworker.h"

/* --- life --- */

void gst_nnc_task_slot_init(struct gst_nnc_task_slot *slot,
                            const struct gst_nnc_task_slot_owner *calls, gpointer owner)
{
    *slot = (struct gst_nnc_task_slot){.calls = calls, .owner = owner};
    pthread_mutex_init(&slot->setters, NULL);
    pthread_mutex_init(&slot->lock, NULL);
    pthread_cond_init(&slot->wake, NULL);
    g_queue_init(&slot->preloads);
    gst_nnc_request_init(&slot->request, "", "");
}

void gst_nnc_task_slot_finish(struct gst_nnc_task_slot *slot)
{
    gst_nnc_request_clear(&slot->request);
    g_queue_clear_full(&slot->preloads, gst_nnc_preload_free);
    nnc_model_unref(slot->known);
    pthread_cond_destroy(&slot->wake);
    pthread_mutex_destroy(&slot->lock);
    pthread_mutex_destroy(&slot->setters);
}

/* --- the known model --- */

void gst_nnc_task_slot_know(struct gst_nnc_task_slot *slot, struct nnc_model *model)
{
    pthread_mutex_lock(&slot->setters);
    if (model != slot->known) {
        pthread_mutex_lock(&slot->lock);
        gst_nnc_request_use_names(&slot->request);
        pthread_mutex_unlock(&slot->lock);
        nnc_model_unref(slot->known);
        slot->known = model ? nnc_model_ref(model) : NULL;
    }
    pthread_mutex_unlock(&slot->setters);
}

gboolean gst_nnc_task_slot_change_engine(struct gst_nnc_task_slot *slot)
{
    pthread_mutex_lock(&slot->setters);
    pthread_mutex_lock(&slot->lock);
    const gboolean runs = slot->live != NULL;
    if (runs) {
        slot->new_engine = TRUE;
        pthread_cond_signal(&slot->wake);
    }
    pthread_mutex_unlock(&slot->lock);
    pthread_mutex_unlock(&slot->setters);
    return runs;
}

/* --- accepting --- */

/* Whether texts can be judged: not before the start, and not for a model to come. */
static gboolean can_judge(struct gst_nnc_task_slot *slot)
{
    pthread_mutex_lock(&slot->lock);
    const gboolean can = slot->live && !slot->new_engine && !slot->loading;
    pthread_mutex_unlock(&slot->lock);
    return can;
}

/* The setter's own way for a request with the cutout that runs: other gains are there with
 * the next frame. Whoever compiles an older task meanwhile finds a newer number in place. */
static gboolean put_gains_in_place(struct gst_nnc_task_slot *slot,
                                   struct gst_nnc_live_task *of,
                                   const struct gst_nnc_request *request, guint64 id)
{
    struct gst_nnc_live_task *new = NULL;
    struct nnc_error error;

    if (gst_nnc_live_task_create_with_gains(of, request, &new, &error))
        return FALSE;
    new->id = id;
    pthread_mutex_lock(&slot->lock);
    struct gst_nnc_live_task *const old = slot->live;
    if (old)
        slot->live = g_steal_pointer(&new);
    slot->pending = FALSE;
    pthread_mutex_unlock(&slot->lock);
    gst_nnc_live_task_unref(old);
    gst_nnc_live_task_unref(new);
    return TRUE;
}

/* Takes `request` over. Under the setters' lock: no newer one can come in between. */
static guint64 accept(struct gst_nnc_task_slot *slot, struct gst_nnc_request *request)
{
    struct gst_nnc_live_task *of = NULL;
    struct gst_nnc_request copy;
    guint64 id = 0;

    gst_nnc_request_copy(request, &copy);
    pthread_mutex_lock(&slot->lock);
    gst_nnc_request_clear(&slot->request);
    slot->request = *request;
    if (slot->live) {
        id = slot->pending_id = ++slot->id;
        if (!slot->new_engine && !slot->loading &&
            gst_nnc_part_equal(copy.cutout, slot->live->request.cutout))
            of = gst_nnc_live_task_ref(slot->live);
    }
    pthread_mutex_unlock(&slot->lock);
    if (id && !(of && put_gains_in_place(slot, of, &copy, id))) {
        pthread_mutex_lock(&slot->lock);
        slot->pending = slot->live != NULL;
        pthread_cond_signal(&slot->wake);
        pthread_mutex_unlock(&slot->lock);
    }
    gst_nnc_live_task_unref(of);
    gst_nnc_request_clear(&copy);
    return id;
}

static void merge_over_newest(struct gst_nnc_task_slot *slot,
                              const struct gst_nnc_request *request,
                              struct gst_nnc_request *merged)
{
    pthread_mutex_lock(&slot->lock);
    gst_nnc_request_merge(request, &slot->request, merged);
    pthread_mutex_unlock(&slot->lock);
}

/* What cannot be judged yet must not grow for ever. */
static enum nnc_status check_noted(const struct gst_nnc_request *request,
                                   struct nnc_error *error)
{
    if (!request->gains || strlen(request->gains) <= NNC_TASK_TEXT_MAX)
        return NNC_OK;
    gst_nnc_error_set(error, NNC_LIMIT,
                      "task: more than %d bytes of single gains before the start; "
                      "expected fewer, or one attention text",
                      NNC_TASK_TEXT_MAX);
    return NNC_LIMIT;
}

static enum nnc_status check(struct gst_nnc_task_slot *slot,
                             struct gst_nnc_request *request, struct nnc_error *error)
{
    return can_judge(slot) ? gst_nnc_request_settle(request, slot->known, error)
                           : check_noted(request, error);
}

enum nnc_status gst_nnc_task_slot_set(struct gst_nnc_task_slot *slot,
                                      const struct gst_nnc_request *request, guint64 *id,
                                      struct nnc_error *error)
{
    struct gst_nnc_request merged;

    pthread_mutex_lock(&slot->setters);
    merge_over_newest(slot, request, &merged);
    const enum nnc_status status = check(slot, &merged, error);
    const guint64 given = status ? 0 : accept(slot, &merged);
    if (status)
        gst_nnc_request_clear(&merged);
    else if (id)
        *id = given;
    pthread_mutex_unlock(&slot->setters);
    return status;
}

enum nnc_status gst_nnc_task_slot_preload(struct gst_nnc_task_slot *slot,
                                          const struct gst_nnc_request *request,
                                          struct nnc_error *error)
{
    struct gst_nnc_request merged;

    pthread_mutex_lock(&slot->setters);
    merge_over_newest(slot, request, &merged);
    enum nnc_status status = check(slot, &merged, error);
    pthread_mutex_lock(&slot->lock);
    if (!status && slot->preloads.length == GST_NNC_MAX_PRELOADED) {
        gst_nnc_error_set(error, NNC_LIMIT,
                          "preload: %d tasks wait already; expected at most these, try "
                          "again when some are compiled",
                          GST_NNC_MAX_PRELOADED);
        status = NNC_LIMIT;
    }
    if (!status) {
        g_queue_push_tail(&slot->preloads, gst_nnc_preload_new(&merged));
        pthread_cond_signal(&slot->wake);
    }
    pthread_mutex_unlock(&slot->lock);
    if (status)
        gst_nnc_request_clear(&merged);
    pthread_mutex_unlock(&slot->setters);
    return status;
}

/* --- single categories --- */

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
    gst_nnc_part_take(&request->attention,
              gst_nnc_part_new_array(
                  gains, nnc_taxonomy_n_categories(taxonomy) * sizeof *gains, text));
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
            status = check(slot, &request, error);
        }
        if (news && !status)
            accept(slot, &request);
        else
            gst_nnc_request_clear(&request);
        gst_nnc_meaning_clear(&meaning);
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

    gst_nnc_part_take(&request->cutout,
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
        if (news && !status) {
            use_active(slot, &request, meaning.active);
            accept(slot, &request);
        } else {
            gst_nnc_request_clear(&request);
        }
        gst_nnc_meaning_clear(&meaning);
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

/* --- getters --- */

void gst_nnc_task_slot_get_texts(struct gst_nnc_task_slot *slot, gchar **cutout,
                                 gchar **attention)
{
    pthread_mutex_lock(&slot->lock);
    const struct gst_nnc_request *const request = &slot->request;
    const gchar *const text = gst_nnc_part_text(request->attention);
    if (cutout)
        *cutout = g_strdup(gst_nnc_part_text(request->cutout));
    if (attention && request->gains)
        *attention = g_strconcat(text, *text ? "," : "", request->gains, NULL);
    else if (attention)
        *attention = g_strdup(text);
    pthread_mutex_unlock(&slot->lock);
}

struct gst_nnc_live_task *gst_nnc_task_slot_ref_live(struct gst_nnc_task_slot *slot)
{
    pthread_mutex_lock(&slot->lock);
    struct gst_nnc_live_task *const live =
        slot->live ? gst_nnc_live_task_ref(slot->live) : NULL;
    pthread_mutex_unlock(&slot->lock);
    return live;
}

guint64 gst_nnc_task_slot_take_id(struct gst_nnc_task_slot *slot)
{
    pthread_mutex_lock(&slot->lock);
    const guint64 id = ++slot->id;
    pthread_mutex_unlock(&slot->lock);
    return id;
}

guint64 gst_nnc_task_slot_last_id(struct gst_nnc_task_slot *slot)
{
    pthread_mutex_lock(&slot->lock);
    const guint64 id = slot->id;
    pthread_mutex_unlock(&slot->lock);
    return id;
}
