// Keeps workloads small: nobody scales one beyond a limit.

#include <stdio.h>
#include <stdlib.h>
#include "guard.h"
#include "json.h"

static const char SCHEMA[] = {
#embed "schema.json"
    , 0};

// Its text lives as long as the policy; the gateway has held it against the schema.
static slice configuration;

static slice of(guard_string_t s) { return (slice){(const char *)s.ptr, s.len}; }

void exports_portcullis_policy_plugin_describe(exports_portcullis_policy_plugin_description_t *ret) {
  guard_string_dup(&ret->name, "{{name}}");
  guard_string_dup(&ret->version, "0.1.0");
  guard_string_dup(&ret->summary, "Keeps workloads small: nobody scales one beyond a limit.");
  guard_string_dup(&ret->configuration_schema, SCHEMA);
}

// Called once, when the gateway loads the bundle.
bool exports_portcullis_policy_plugin_configure(guard_string_t *text, guard_string_t *err) {
  (void)err;
  configuration = of(*text);
  return true;
}

// A number in JSON text that is one.
static long number(slice value) { return value.ptr == NULL ? 0 : strtol(value.ptr, NULL, 10); }

static void deny(guard_verdict_t *ret, const char *message, const char *remedy) {
  ret->tag = GUARD_VERDICT_DENY;
  guard_string_dup(&ret->val.deny.rule, "{{name}}");
  guard_string_dup(&ret->val.deny.message, message);
  ret->val.deny.remedy.is_some = remedy != NULL;
  if (remedy != NULL) guard_string_dup(&ret->val.deny.remedy.val, remedy);
}

// Nothing is freed here: the gateway throws this instance away when it has answered.
void exports_guard_evaluate(guard_facts_t *facts, guard_borrow_document_t *body, guard_verdict_t *ret) {
  ret->tag = GUARD_VERDICT_NO_OPINION;
  slice verb = of(facts->request.verb);
  bool patch = slice_is(verb, "patch");
  bool write = patch || slice_is(verb, "create") || slice_is(verb, "update");
  if (!write || !slice_is(of(facts->request.group), "apps") || body == NULL) return;

  guard_borrow_document_t object = *body;
  if (patch) {
    // A patch is not an object: what counts is what will be there after it.
    portcullis_policy_documents_own_document_t preview;
    guard_string_t why;
    if (!portcullis_policy_documents_method_document_preview(*body, &preview, &why)) {
      deny(ret, "nobody can say how large it would be", NULL);
      return;
    }
    object = portcullis_policy_documents_borrow_document(preview);
  }
  guard_string_t pointer, found = {0};
  guard_string_set(&pointer, "/spec/replicas");
  portcullis_policy_documents_method_document_get(object, &pointer, &found);
  long wanted = number(of(found)), most = number(json_member(configuration, "most"));
  if (wanted <= most) return;
  char message[80];
  snprintf(message, sizeof message, "%ld replicas are more than %ld", wanted, most);
  deny(ret, message, "ask for fewer, or for a higher limit");
}
