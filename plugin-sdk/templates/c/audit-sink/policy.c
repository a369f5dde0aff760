// Posts the records of the audit log to an HTTP endpoint, as JSON Lines.

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include "audit_sink.h"
#include "json.h"

static const char SCHEMA[] = {
#embed "schema.json"
    , 0};

// Its text lives as long as the policy; the gateway has held it against the schema.
static slice configuration;

static slice of(audit_sink_string_t s) { return (slice){(const char *)s.ptr, s.len}; }

void exports_portcullis_policy_plugin_describe(exports_portcullis_policy_plugin_description_t *ret) {
  audit_sink_string_dup(&ret->name, "{{name}}");
  audit_sink_string_dup(&ret->version, "0.1.0");
  audit_sink_string_dup(&ret->summary, "Posts the records of the audit log to an HTTP endpoint, as JSON Lines.");
  audit_sink_string_dup(&ret->configuration_schema, SCHEMA);
}

// Called once, when the gateway loads the bundle.
bool exports_portcullis_policy_plugin_configure(audit_sink_string_t *text, audit_sink_string_t *err) {
  configuration = of(*text);
  if (json_string(json_member(configuration, "url")).ptr != NULL) return true;
  audit_sink_string_dup(err, "the url must be written without escapes");
  return false;
}

// The records, a line each.
static audit_sink_list_u8_t lines(audit_sink_list_string_t records) {
  size_t len = 0;
  for (size_t i = 0; i < records.len; i++) len += records.ptr[i].len + 1;
  audit_sink_list_u8_t text = {malloc(len + 1), 0};
  if (text.ptr == NULL) abort();
  for (size_t i = 0; i < records.len; i++) {
    if (i > 0) text.ptr[text.len++] = '\n';
    memcpy(text.ptr + text.len, records.ptr[i].ptr, records.ptr[i].len);
    text.len += records.ptr[i].len;
  }
  return text;
}

static bool may_help_again(uint16_t status) { return status >= 500 || status == 408 || status == 429; }

// Nothing is freed here: the gateway throws this instance away when it has answered.
bool exports_audit_sink_deliver(audit_sink_batch_t *batch, uint64_t *ret, audit_sink_failure_t *err) {
  char first[21];
  snprintf(first, sizeof first, "%" PRIu64, batch->first);
  audit_sink_tuple2_string_string_t headers[2];
  audit_sink_string_set(&headers[0].f0, "content-type");
  audit_sink_string_set(&headers[0].f1, "application/x-ndjson");
  audit_sink_string_set(&headers[1].f0, "portcullis-first");
  audit_sink_string_set(&headers[1].f1, first);
  slice url = json_string(json_member(configuration, "url"));
  portcullis_policy_http_outgoing_t request = {.url = {(uint8_t *)url.ptr, url.len}, .headers = {headers, 2}, .body = lines(batch->records)};
  audit_sink_string_set(&request.method, "POST");

  portcullis_policy_http_incoming_t answer;
  *err = (audit_sink_failure_t){.retry = true};
  if (!portcullis_policy_http_send(&request, &answer, &err->message)) return false;
  if (answer.status < 200 || answer.status > 299) {
    char message[40];
    snprintf(message, sizeof message, "the endpoint answered %d", answer.status);
    audit_sink_string_dup(&err->message, message);
    err->retry = may_help_again(answer.status);
    return false;
  }
  // The position up to which everything is delivered.
  *ret = batch->first + batch->records.len;
  return true;
}
