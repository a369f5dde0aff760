// Masks fields of one kind of custom resource.

#include <stdlib.h>
#include "masker.h"
#include "json.h"

static const char SCHEMA[] = {
#embed "schema.json"
    , 0};

// Its text lives as long as the policy; the gateway has held it against the schema.
static slice configuration;

static slice of(masker_string_t s) { return (slice){(const char *)s.ptr, s.len}; }

void exports_portcullis_policy_plugin_describe(exports_portcullis_policy_plugin_description_t *ret) {
  masker_string_dup(&ret->name, "{{name}}");
  masker_string_dup(&ret->version, "0.1.0");
  masker_string_dup(&ret->summary, "Masks fields of one kind of custom resource.");
  masker_string_dup(&ret->configuration_schema, SCHEMA);
}

// Called once, when the gateway loads the bundle.
bool exports_portcullis_policy_plugin_configure(masker_string_t *text, masker_string_t *err) {
  (void)err;
  configuration = of(*text);
  return true;
}

// Whether a string of the configuration is equal to another.
static bool configured(const char *key, masker_string_t value) {
  slice text = json_string(json_member(configuration, key));
  return text.ptr != NULL && text.len == value.len && memcmp(text.ptr, value.ptr, value.len) == 0;
}

// The strings of an array of the configuration.
static masker_list_string_t strings(const char *key) {
  masker_list_string_t list = {malloc(configuration.len * sizeof *list.ptr), 0};
  slice left = json_inside(json_member(configuration, key), '[');
  for (slice item; (item = json_take(&left)).ptr != NULL; list.len++) {
    slice text = json_string(item);
    if (text.ptr == NULL) abort();  // A path with an escape: the gateway lets no answer out.
    masker_string_dup_n(&list.ptr[list.len], text.ptr, text.len);
  }
  return list;
}

// Nothing is freed here: the gateway throws this instance away when it has answered.
void exports_masker_plan_masking(masker_response_kind_t *kind, masker_plan_t *ret) {
  *ret = (masker_plan_t){0};
  if (!configured("group", kind->group) || !configured("resource", kind->resource)) return;
  masker_mask_rule_t *rule = malloc(sizeof *rule);
  // Equal secrets give equal tokens, so that an agent can compare them without seeing them.
  *rule = (masker_mask_rule_t){.paths = strings("paths"), .encoding = MASKER_ENCODING_TEXT, .action = MASKER_ACTION_TOKEN};
  masker_string_dup(&rule->name, "{{name}}");
  // kubectl keeps a copy of the whole object here.
  masker_string_t *embedded = malloc(sizeof *embedded);
  masker_string_dup(embedded, "/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration");
  *ret = (masker_plan_t){.rules = {rule, 1}, .embedded = {embedded, 1}};
}

// Only rules with the action `inspect` ask; there is none, and what nobody asked for stays hidden.
void exports_masker_inspect(masker_list_candidate_t *candidates, masker_list_option_string_t *ret) {
  *ret = (masker_list_option_string_t){malloc(candidates->len * sizeof *ret->ptr), candidates->len};
  for (size_t i = 0; i < ret->len; i++) {
    ret->ptr[i].is_some = true;
    masker_string_dup(&ret->ptr[i].val, "***");
  }
}
