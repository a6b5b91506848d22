/* Words counted in 16 chunks of text, each read, counted and dropped; the counts are merged in a tree.
 * Chunks and counts are blocks: counted runs of bytes, which the library releases with their last
 * reader. So one after the other there is one chunk in memory, however many there are. */
#include <hd/heddle.h>
#include <stdio.h>
#include <string.h>

enum { CHUNKS = 16, CHUNK_BYTES = 64 * 1024, WORDS = 5, WORKERS = 2 };
enum { TEXT = 1, COUNTS = 2 }; /* kinds of block: numbers of our own */

static const char *const words[WORDS] = {"beam", "heddle", "reed", "warp", "weft"};

/* The most bytes that the library has held, as each worker saw it: they share nothing. */
typedef struct peak {
  size_t bytes[WORKERS];
} peak;

/* Stands for reading a file: words by a random number generator. Every fifth chunk is blank. */
static hd_status read_chunk(const hd_call *call, hd_value *result) {
  peak *most = call->user;
  uint32_t number = (uint32_t)call->args[0].as.number, random = number;
  hd_block *block;
  hd_status status = hd_block_create(CHUNK_BYTES, &block);
  if (status != HD_OK) return status;
  char *text = hd_block_data(block);
  memset(text, ' ', CHUNK_BYTES);
  for (size_t at = 0; number % 5 != 4 && at + 8 < CHUNK_BYTES;) {
    random = random * 1664525 + 1013904223;
    const char *word = words[(random >> 16) % WORDS];
    memcpy(text + at, word, strlen(word));
    at += strlen(word) + 1;
  }
  size_t held = hd_memory_live_bytes();
  if (held > most->bytes[call->worker]) most->bytes[call->worker] = held;
  *result = (hd_value){HD_BLOCK, TEXT, {.block = block}}; /* with the count that we had of it */
  return HD_OK;
}

/* Text to counts; nothing for a blank chunk, which leaves the result HD_UNDEFINED. */
static hd_status count_words(const hd_call *call, hd_value *result) {
  hd_block *chunk = call->args[0].as.block; /* borrowed: not ours to release */
  const char *text = hd_block_data(chunk), *end = text + hd_block_bytes(chunk);
  uint32_t counts[WORDS] = {0}, total = 0;
  while (text < end) {
    const char *space = memchr(text, ' ', (size_t)(end - text));
    size_t length = (size_t)((space ? space : end) - text);
    for (uint32_t i = 0; i < WORDS; i++)
      if (length == strlen(words[i]) && memcmp(text, words[i], length) == 0) total++, counts[i]++;
    text += length + 1;
  }
  if (!total) return HD_OK;
  hd_block *block;
  hd_status status = hd_block_create(sizeof counts, &block);
  if (status != HD_OK) return status;
  memcpy(hd_block_data(block), counts, sizeof counts);
  *result = (hd_value){HD_BLOCK, COUNTS, {.block = block}};
  return HD_OK;
}

/* Two counts to one. If there is only one it is handed on as it is: with a count of its own, since the
 * argument's goes when the argument is released. */
static hd_status merge(const hd_call *call, hd_value *result) {
  const hd_value *left = &call->args[0], *right = &call->args[1];
  if (left->tag != HD_BLOCK || right->tag != HD_BLOCK) {
    *result = left->tag == HD_BLOCK ? *left : *right;
    if (result->tag == HD_BLOCK) hd_block_retain(result->as.block);
    return HD_OK;
  }
  hd_block *block;
  hd_status status = hd_block_create(WORDS * sizeof(uint32_t), &block);
  if (status != HD_OK) return status;
  const uint32_t *a = hd_block_data(left->as.block), *b = hd_block_data(right->as.block);
  uint32_t *sum = hd_block_data(block);
  for (uint32_t i = 0; i < WORDS; i++) sum[i] = a[i] + b[i];
  *result = (hd_value){HD_BLOCK, COUNTS, {.block = block}};
  return HD_OK;
}

static hd_status build(hd_graph *graph, peak *most, uint32_t *root) {
  uint32_t read_fn, count_fn, merge_fn, level[CHUNKS];
  hd_status status = hd_graph_add_function(graph, &(hd_function){read_chunk, most}, &read_fn);
  if (status == HD_OK)
    status = hd_graph_add_function(graph, &(hd_function){count_words, NULL}, &count_fn);
  if (status == HD_OK)
    status = hd_graph_add_function(graph, &(hd_function){merge, NULL}, &merge_fn);
  for (uint32_t i = 0; i < CHUNKS && status == HD_OK; i++) {
    hd_arg number = hd_arg_number(i), chunk;
    status = hd_graph_add_task(graph, &(hd_task_desc){read_fn, &number, 1, NULL}, &level[i]);
    chunk = hd_arg_task(level[i]);
    if (status == HD_OK)
      status = hd_graph_add_task(graph, &(hd_task_desc){count_fn, &chunk, 1, NULL}, &level[i]);
  }
  for (uint32_t width = CHUNKS; width > 1 && status == HD_OK; width = (width + 1) / 2) {
    for (uint32_t i = 0; i + 1 < width && status == HD_OK; i += 2) {
      hd_arg pair[] = {hd_arg_task(level[i]), hd_arg_task(level[i + 1])};
      status = hd_graph_add_task(graph, &(hd_task_desc){merge_fn, pair, 2, NULL}, &level[i / 2]);
    }
    if (width % 2) level[width / 2] = level[width - 1]; /* the odd one waits for the next level */
  }
  *root = level[0];
  if (status == HD_OK) status = hd_graph_seal(graph, &(hd_seal_desc){.outputs = root, .output_count = 1});
  return status;
}

int main(void) {
  hd_graph *graph = NULL;
  hd_pool *pool = NULL;
  hd_run *serial = NULL, *threaded = NULL;
  peak most = {{0}};
  uint32_t root = 0;
  size_t before = 0, most_bytes = 0;

  hd_status status = hd_graph_create(&graph);
  if (status == HD_OK) status = build(graph, &most, &root);
  if (status == HD_OK) status = hd_run_create(graph, &(hd_run_desc){0}, &serial);
  before = hd_memory_live_bytes();
  if (status == HD_OK) status = hd_run_serial(serial);
  most_bytes = most.bytes[0]; /* before the threads add theirs */
  if (status == HD_OK) status = hd_pool_create(&pool);
  if (status == HD_OK) status = hd_pool_start(pool, WORKERS);
  if (status == HD_OK)
    status = hd_run_create(graph, &(hd_run_desc){.worker_count = WORKERS}, &threaded);
  if (status == HD_OK) status = hd_pool_submit(pool, threaded);
  if (status == HD_OK) status = hd_pool_wait(pool, threaded);
  if (status == HD_OK) {
    uint32_t rank = hd_graph_rank(graph, root);
    const uint32_t *one = hd_block_data(hd_run_result(serial, rank)->as.block);
    const uint32_t *two = hd_block_data(hd_run_result(threaded, rank)->as.block);
    for (uint32_t i = 0; i < WORDS; i++) printf("%-6s %6u\n", words[i], one[i]);
    printf("chunks in memory at a time: %zu of %d\n", (most_bytes - before) / CHUNK_BYTES, CHUNKS);
    printf("results in memory at the end: %u of %u\n", hd_run_results_alive(serial),
           hd_graph_task_count(graph));
    printf("on 2 threads: %s\n",
           memcmp(one, two, WORDS * sizeof *one) ? "something else" : "the same");
  } else {
    printf("failed: %s\n", hd_strerror(status));
  }
  hd_run_destroy(serial);
  hd_pool_destroy(pool);
  hd_run_destroy(threaded);
  hd_graph_destroy(graph);
  return status == HD_OK ? 0 : 1;
}
