/* Text for error messages, in a fixed buffer, without the size of printf. Cuts what does not fit. */
#ifndef HDI_BASE_TEXT_H
#define HDI_BASE_TEXT_H

#include <stddef.h>
#include <stdint.h>

typedef struct hdi_text {
  char *start;
  size_t capacity;
  size_t length;
} hdi_text;

void hdi_text_init(hdi_text *text, char *buffer, size_t capacity);
void hdi_text_add(hdi_text *text, const char *words);
void hdi_text_add_number(hdi_text *text, uint32_t number);

#endif
