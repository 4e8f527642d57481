/* SPDX-License-Identifier: MIT */
#ifndef NNC_SESSION_H
#define NNC_SESSION_H

/* A session is what one stream owns: working memory and the right to run. Sessions of one
 * model share its weights; all sessions of the process share one team of worker threads.
 *
 * Threads: single (one caller at a time), but for nnc_session_reserve. */

#include <nnc/image.h>
#include <nnc/task.h>

#ifdef __cplusplus
extern "C" {
#endif

struct nnc_session;

struct nnc_session_options {
    unsigned threads; /* how many threads work on one frame, 1..256; 0 = one per core */
    /* Tasks of fewer MACs run on the calling thread alone, since handing steps from core to
     * core takes as long as the steps of a small task; 0 = what one thread does in some
     * 0.3 ms: 15 million with AVX2 and AVX-512, else 5 million. No bit depends on it. */
    uint64_t least_shared_macs;
    /* Frames that come for a cutout which more threads run already than there are processors
     * wait for one of these to end, and go through the network together, which reads its
     * weights once for all of them: so many at most, 1..16. 1 = never: the session waits for
     * no other. 0 = 4, and only where weights are larger than 8 MiB. No bit depends on it. */
    unsigned together;
};

NNC_API enum nnc_status nnc_session_create(struct nnc_model *model,
                                           const struct nnc_session_options *options,
                                           struct nnc_session **session,
                                           struct nnc_error *error);
NNC_API void nnc_session_destroy(struct nnc_session *session); /* NULL is fine */

/* Makes sure that the next run of `task` (of the same model) allocates nothing. May be
 * called from any one other thread while the session runs. Fails: NNC_NOMEM, NNC_STATE. */
NNC_API enum nnc_status nnc_session_reserve(struct nnc_session *session,
                                            const struct nnc_task *task,
                                            struct nnc_error *error);

/* The result for one picture: the active classes, best first. */
struct nnc_score {
    uint32_t category;  /* the leaf's number in the taxonomy */
    float logit;
    float probability;  /* softmax over the active classes */
};

struct nnc_scores {
    uint64_t task_id;
    size_t n;                             /* active classes, >= 1 */
    const struct nnc_score *ranked;       /* [n], by falling logit; ties in logit order */
    const float *category_probability;    /* [n_categories]; sums of active leaves, else 0 */
    bool has_presence;                    /* the model has presence outputs */
    float presence;                       /* 0..1: largest of the task's active categories */
    bool unknown;                         /* presence below the model's threshold */
    bool finite;                          /* false: an overflow happened; nothing is ranked
                                             by meaning then, probabilities are 0 */
    unsigned together;                    /* frames that went through the network with it,
                                             itself included */
    uint64_t preprocess_ns, run_ns;       /* time spent, monotonic clock; waiting for other
                                             sessions is in run_ns */
};

/* Classifies one picture, or one ready tensor (channels x height x width floats, as
 * nnc_preprocess writes them; finite). Both are borrowed for the call.
 *
 * `*scores` is a view, valid until the next run or the end of the session.
 * Allocates: nothing, once a task of this size has run or was reserved. Takes no lock that
 * a setter can hold. The thread's floating-point mode is restored.
 * Fails: NNC_BAD_IMAGE; NNC_STATE if the task is of another model; NNC_NOMEM on a first
 * run. The session stays usable, the old view is void. */
NNC_API enum nnc_status nnc_session_run_image(struct nnc_session *session,
                                              const struct nnc_task *task,
                                              const struct nnc_image *image,
                                              struct nnc_scores *scores,
                                              struct nnc_error *error);
NNC_API enum nnc_status nnc_session_run_tensor(struct nnc_session *session,
                                               const struct nnc_task *task,
                                               const float *tensor, struct nnc_scores *scores,
                                               struct nnc_error *error);

/* The raw presence logit of one category after a run that demanded it; false if the task
 * did not (only the largest wholly active categories are computed). */
NNC_API bool nnc_session_presence_logit(const struct nnc_session *session, uint32_t category,
                                        float *logit);

#ifdef __cplusplus
}
#endif

#endif
