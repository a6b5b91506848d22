/* Names and sentences of the statuses. */
#include <hd/heddle.h>

const char *hd_strerror(hd_status status) {
  switch (status) {
#define HD_X(name, value, text)                                                                    \
  case HD_##name: return text;
    HD_ERROR_MAP(HD_X)
#undef HD_X
  }
  return "unknown status";
}

const char *hd_status_name(hd_status status) {
  switch (status) {
#define HD_X(name, value, text)                                                                    \
  case HD_##name: return #name;
    HD_ERROR_MAP(HD_X)
#undef HD_X
  }
  return "UNKNOWN";
}

const char *hd_version(void) { return HD_VERSION; }
