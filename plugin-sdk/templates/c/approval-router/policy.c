// Sends each approval to the team that owns the namespace.

#include <stdlib.h>
#include "approval_router.h"
#include "json.h"

static const char SCHEMA[] = {
#embed "schema.json"
    , 0};

// Its text lives as long as the policy; the gateway has held it against the schema.
static slice configuration;

static slice of(approval_router_string_t s) { return (slice){(const char *)s.ptr, s.len}; }

void exports_portcullis_policy_plugin_describe(exports_portcullis_policy_plugin_description_t *ret) {
  approval_router_string_dup(&ret->name, "{{name}}");
  approval_router_string_dup(&ret->version, "0.1.0");
  approval_router_string_dup(&ret->summary, "Sends each approval to the team that owns the namespace.");
  approval_router_string_dup(&ret->configuration_schema, SCHEMA);
}

// Called once, when the gateway loads the bundle.
bool exports_portcullis_policy_plugin_configure(approval_router_string_t *text, approval_router_string_t *err) {
  (void)err;
  configuration = of(*text);
  return true;
}

// Nothing is freed here: the gateway throws this instance away when it has answered.
bool exports_approval_router_route_approval(approval_router_facts_t *facts, approval_router_borrow_document_t *body,
                                            approval_router_list_finding_t *findings, approval_router_route_t *ret) {
  (void)body, (void)findings;
  slice team = NOTHING;
  if (facts->request.namespace_.is_some) {
    char name[64] = {0};
    slice namespace = of(facts->request.namespace_.val);
    if (namespace.len < sizeof name) memcpy(name, namespace.ptr, namespace.len);
    team = json_string(json_member(json_member(configuration, "teams"), name));
  }
  if (team.ptr == NULL) team = json_string(json_member(configuration, "others"));
  if (team.ptr == NULL) abort();  // A name with an escape: the gateway refuses the request.

  approval_router_string_t *group = malloc(sizeof *group);
  approval_router_string_dup_n(group, team.ptr, team.len);
  *ret = (approval_router_route_t){
      .groups = {group, 1},
      .needed = 1,
      .expires_after = 900,
      .waiting = {.tag = APPROVAL_ROUTER_WAITING_HOLD, .val.hold = 60},
      .scope = APPROVAL_ROUTER_GRANT_SCOPE_THIS_VERSION,
  };
  return true;
}
