/* Status codes: every fault of the world has one; faults of the caller hit HD_ASSERT instead. */
#ifndef HD_STATUS_H
#define HD_STATUS_H

#include <stdint.h>

#if defined(__GNUC__)
#define HD_API __attribute__((visibility("default")))
#else
#define HD_API
#endif

/* name, value, text. The one list: the enum, hd_strerror and hd_status_name come from it, and so do
 * the error codes of the JavaScript package. */
#define HD_ERROR_MAP(X)                                                                            \
  X(OK, 0, "no error")                                                                             \
  X(OUT_OF_MEMORY, 1, "not enough memory")                                                         \
  X(CYCLE, 2, "the graph has a cycle")                                                             \
  X(UNKNOWN_KEY, 3, "a key is not in the graph")                                                   \
  X(UNKNOWN_TASK, 4, "a reference points at no task of the graph")                                 \
  X(UNKNOWN_FUNCTION, 5, "a task names a function that was not added")                             \
  X(DUPLICATE_KEY, 6, "two tasks have the same key")                                               \
  X(TOO_LARGE, 7, "the graph is larger than the core can number")                                  \
  X(SEALED, 8, "the graph is sealed and cannot change")                                            \
  X(TASK_FAILED, 9, "a task failed")                                                               \
  X(CANCELLED, 10, "the run was cancelled")                                                        \
  X(WORKER_LOST, 11, "a worker was lost while it ran a task")                                      \
  X(NO_KERNEL, 12, "a task has no kernel and nothing else here can run it")                        \
  X(WORKER_COUNT, 13, "the number of workers is out of range")                                     \
  X(NO_THREADS, 14, "this build has no threads")                                                   \
  X(THREAD_START, 15, "the system refused to start a thread")                                      \
  X(WRITE_FAILED, 16, "the text could not be written")                                           \
  X(TIMED_OUT, 17, "a task took longer than it may")

typedef enum hd_status {
#define HD_X(name, value, text) HD_##name = (value),
  HD_ERROR_MAP(HD_X)
#undef HD_X
} hd_status;

/* A number that is no task, rank, function or worker. */
#define HD_NONE UINT32_MAX

/* The sentence for a status. Threads: any. Blocks: no. Owns: borrows for ever. Fails: never. */
HD_API const char *hd_strerror(hd_status status);

/* The name for a status, as "CYCLE". Threads: any. Blocks: no. Owns: borrows for ever. Fails: never. */
HD_API const char *hd_status_name(hd_status status);

#endif
