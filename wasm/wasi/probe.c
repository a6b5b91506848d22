/* The least that a toolchain must be able to link: see toolchain-wasi.cmake. */
#include <stdlib.h>
__attribute__((export_name("probe"))) void *probe(size_t bytes) { return malloc(bytes); }
