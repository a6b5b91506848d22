/* Heddle's C interface: graphs of tasks, and schedulers that run them. */
#ifndef HD_HEDDLE_H
#define HD_HEDDLE_H

#include <hd/graph.h>
#include <hd/memory.h>
#include <hd/pool.h>
#include <hd/run.h>
#include <hd/status.h>
#include <hd/trace.h>
#include <hd/value.h>

/* The version, as "0.1.0". Threads: any. */
HD_API const char *hd_version(void);

#endif
