// Posts a sentence to a chat when an approval waits, and when it has ended.

#include <stdio.h>
#include <stdlib.h>
#include "notifier.h"
#include "json.h"

static const char SCHEMA[] = {
#embed "schema.json"
    , 0};

// Its text lives as long as the policy; the gateway has held it against the schema.
static slice configuration;

static slice of(notifier_string_t s) { return (slice){(const char *)s.ptr, s.len}; }

void exports_portcullis_policy_plugin_describe(exports_portcullis_policy_plugin_description_t *ret) {
  notifier_string_dup(&ret->name, "{{name}}");
  notifier_string_dup(&ret->version, "0.1.0");
  notifier_string_dup(&ret->summary, "Posts a sentence to a chat when an approval waits, and when it has ended.");
  notifier_string_dup(&ret->configuration_schema, SCHEMA);
}

// Called once, when the gateway loads the bundle.
bool exports_portcullis_policy_plugin_configure(notifier_string_t *text, notifier_string_t *err) {
  configuration = of(*text);
  if (json_string(json_member(configuration, "url")).ptr != NULL) return true;
  notifier_string_dup(err, "the url must be written without escapes");
  return false;
}

static const char *what(notifier_occasion_t occasion) {
  switch (occasion) {
    case NOTIFIER_OCCASION_REQUESTED: return "An approval waits for you";
    case NOTIFIER_OCCASION_APPROVED: return "An approval was granted";
    case NOTIFIER_OCCASION_DENIED: return "An approval was refused";
    case NOTIFIER_OCCASION_EXPIRED: return "An approval expired";
    case NOTIFIER_OCCASION_USED: return "An approved request went through";
    default: return "An approval is no longer wanted";
  }
}

// `{"text":"…: url"}`. Of an address only these two could end the string that it stands in.
static notifier_list_u8_t body(notifier_occasion_t occasion, slice url) {
  const char *begin = "{\"text\":\"", *text = what(occasion);
  char *to = malloc(strlen(begin) + strlen(text) + 2 * url.len + 8);
  if (to == NULL) abort();
  size_t len = (size_t)sprintf(to, "%s%s: ", begin, text);
  for (size_t i = 0; i < url.len; i++) {
    if (url.ptr[i] == '"' || url.ptr[i] == '\\') to[len++] = '\\';
    to[len++] = url.ptr[i];
  }
  memcpy(to + len, "\"}", 2);
  return (notifier_list_u8_t){(uint8_t *)to, len + 2};
}

static bool may_help_again(uint16_t status) { return status >= 500 || status == 408 || status == 429; }

// Nothing is freed here: the gateway throws this instance away when it has answered.
bool exports_notifier_notify(notifier_notice_t *notice, notifier_failure_t *err) {
  notifier_tuple2_string_string_t header;
  notifier_string_set(&header.f0, "content-type");
  notifier_string_set(&header.f1, "application/json");
  slice url = json_string(json_member(configuration, "url"));
  portcullis_policy_http_outgoing_t request = {.url = {(uint8_t *)url.ptr, url.len}, .headers = {&header, 1}, .body = body(notice->occasion, of(notice->url))};
  notifier_string_set(&request.method, "POST");

  portcullis_policy_http_incoming_t answer;
  *err = (notifier_failure_t){.retry = true};
  if (!portcullis_policy_http_send(&request, &answer, &err->message)) return false;
  if (answer.status >= 200 && answer.status <= 299) return true;
  char message[40];
  snprintf(message, sizeof message, "the chat answered %d", answer.status);
  notifier_string_dup(&err->message, message);
  err->retry = may_help_again(answer.status);
  return false;
}
