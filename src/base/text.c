#include "base/text.h"

void hdi_text_init(hdi_text *text, char *buffer, size_t capacity) {
  text->start = buffer;
  text->capacity = capacity;
  text->length = 0;
  buffer[0] = 0;
}

void hdi_text_add(hdi_text *text, const char *words) {
  while (*words && text->length + 1 < text->capacity) text->start[text->length++] = *words++;
  text->start[text->length] = 0;
}

void hdi_text_add_number(hdi_text *text, uint32_t number) {
  char digits[11];
  size_t at = sizeof digits;
  digits[--at] = 0;
  do digits[--at] = (char)('0' + number % 10);
  while (number /= 10);
  hdi_text_add(text, digits + at);
}
