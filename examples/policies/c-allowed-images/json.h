// Reads the JSON text that the gateway gives, in place: it is well-formed, and no object has a key twice. What is not of the kind that was
// asked for reads as nothing.
#ifndef JSON_H
#define JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

// A part of a text. One without a pointer is nothing.
typedef struct {
  const char *ptr;
  size_t len;
} slice;

static const slice NOTHING = {NULL, 0};

static inline slice slice_of(const char *text) { return (slice){text, strlen(text)}; }

static inline bool slice_is(slice s, const char *text) { return s.len == strlen(text) && memcmp(s.ptr, text, s.len) == 0; }

static inline slice slice_from(slice s, size_t at) { return (slice){s.ptr + at, s.len - at}; }

// The place of the first of these characters, or the length.
static inline size_t slice_find(slice s, const char *any) {
  size_t at = 0;
  while (at < s.len && strchr(any, s.ptr[at]) == NULL) at++;
  return at;
}

static inline slice json_skip(slice s, const char *any) {
  while (s.len > 0 && strchr(any, *s.ptr) != NULL) s = slice_from(s, 1);
  return s;
}

// The length of the value that a text begins with.
static size_t json_value(slice s) {
  size_t depth = 0;
  for (size_t at = 0; at < s.len; at++) {
    char c = s.ptr[at];
    if (c == '"') {
      for (at++; at < s.len && s.ptr[at] != '"'; at++) at += s.ptr[at] == '\\';
      if (depth == 0) return at + 1 <= s.len ? at + 1 : s.len;
    } else if (c == '[' || c == '{') {
      depth++;
    } else if (c == ']' || c == '}') {
      if (depth == 0) return at;
      if (--depth == 0) return at + 1;
    } else if (depth == 0 && strchr(",: \t\r\n", c) != NULL) {
      return at;
    }
  }
  return s.len;
}

// Takes the first value from what is left of an array or an object (whose keys and values take turns); nothing when it is over.
static slice json_take(slice *left) {
  *left = json_skip(*left, ",: \t\r\n");
  if (left->len == 0 || *left->ptr == ']' || *left->ptr == '}') return NOTHING;
  slice value = {left->ptr, json_value(*left)};
  *left = slice_from(*left, value.len);
  return value;
}

// What is inside an array (`[`) or an object (`{`), to take from.
static slice json_inside(slice value, char open) {
  value = json_skip(value, " \t\r\n");
  return value.len > 0 && *value.ptr == open ? slice_from(value, 1) : NOTHING;
}

// The characters of a string. One with an escape is nothing: no name needs one.
static slice json_string(slice value) {
  if (value.len < 2 || *value.ptr != '"' || memchr(value.ptr, '\\', value.len) != NULL) return NOTHING;
  return (slice){value.ptr + 1, value.len - 2};
}

// The value of a key of an object.
static slice json_member(slice object, const char *key) {
  slice left = json_inside(object, '{');
  for (slice name; (name = json_take(&left)).ptr != NULL;) {
    slice value = json_take(&left);
    if (slice_is(json_string(name), key)) return value;
  }
  return NOTHING;
}

#endif
