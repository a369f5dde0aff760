// Agents say what a session is for, and it is short; people may work all day.

#include <ctype.h>
#include <stdlib.h>
#include "session_policy.h"
#include "json.h"

static const char SCHEMA[] = {
#embed "schema.json"
    , 0};

// Its text lives as long as the policy; the gateway has held it against the schema.
static slice configuration;

static slice of(session_policy_string_t s) { return (slice){(const char *)s.ptr, s.len}; }

void exports_portcullis_policy_plugin_describe(exports_portcullis_policy_plugin_description_t *ret) {
  session_policy_string_dup(&ret->name, "{{name}}");
  session_policy_string_dup(&ret->version, "0.1.0");
  session_policy_string_dup(&ret->summary, "Agents say what a session is for, and it is short; people may work all day.");
  session_policy_string_dup(&ret->configuration_schema, SCHEMA);
}

// Called once, when the gateway loads the bundle.
bool exports_portcullis_policy_plugin_configure(session_policy_string_t *text, session_policy_string_t *err) {
  (void)err;
  configuration = of(*text);
  return true;
}

static unsigned minutes(const char *key) { return (unsigned)strtoul(json_member(configuration, key).ptr, NULL, 10); }

static bool blank(slice text) {
  while (text.len > 0 && isspace((unsigned char)*text.ptr)) text = slice_from(text, 1);
  return text.len == 0;
}

void exports_session_policy_open_session(session_policy_ask_t *ask, session_policy_answer_t *ret) {
  bool agent = ask->identity.kind == PORTCULLIS_POLICY_TYPES_IDENTITY_KIND_AGENT;
  if (agent && (!ask->purpose.is_some || blank(of(ask->purpose.val)))) {
    ret->tag = SESSION_POLICY_ANSWER_REFUSE;
    session_policy_string_dup(&ret->val.refuse.rule, "purpose");
    session_policy_string_dup(&ret->val.refuse.message, "an agent's session needs a purpose");
    ret->val.refuse.remedy.is_some = true;
    session_policy_string_dup(&ret->val.refuse.remedy.val, "open it with --purpose TEXT");
    return;
  }
  unsigned most = 60 * minutes(agent ? "agent_minutes" : "others_minutes");
  unsigned ttl = ask->ttl.is_some && ask->ttl.val < most ? ask->ttl.val : most;
  ret->tag = SESSION_POLICY_ANSWER_OPEN;
  ret->val.open = (session_policy_terms_t){.ttl = ttl > 0 ? ttl : 1, .idle = most < 600 ? most : 600};
}
