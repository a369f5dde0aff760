// Containers run only images from allowed registries, and of a version that is named: by a tag, or in some namespaces by a digest.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guard.h"
#include "json.h"

static const char SCHEMA[] = {
#embed "schema.json"
    , 0};

// Where Kubernetes' own resources keep the pods that they run.
static const struct {
  const char *group, *resource, *spec;
} POD_SPECS[] = {
    {"", "pods", "/spec"},
    {"", "podtemplates", "/template/spec"},
    {"", "replicationcontrollers", "/spec/template/spec"},
    {"apps", "deployments", "/spec/template/spec"},
    {"apps", "replicasets", "/spec/template/spec"},
    {"apps", "daemonsets", "/spec/template/spec"},
    {"apps", "statefulsets", "/spec/template/spec"},
    {"batch", "jobs", "/spec/template/spec"},
    {"batch", "cronjobs", "/spec/jobTemplate/spec/template/spec"},
};

static const char *const LISTS[] = {"containers", "initContainers", "ephemeralContainers"};

enum { LIST_COUNT = sizeof LISTS / sizeof *LISTS };

// The configuration, as JSON text: arrays of strings.
static slice registries, digests;

static slice of(guard_string_t s) { return (slice){(const char *)s.ptr, s.len}; }

// Whether an array of strings has one.
static bool contains(slice array, slice wanted) {
  slice left = json_inside(array, '[');
  for (slice item; (item = json_take(&left)).ptr != NULL;) {
    slice text = json_string(item);
    if (text.len == wanted.len && memcmp(text.ptr, wanted.ptr, text.len) == 0) return true;
  }
  return false;
}

void exports_portcullis_policy_plugin_describe(exports_portcullis_policy_plugin_description_t *ret) {
  guard_string_dup(&ret->name, "allowed-images");
  guard_string_dup(&ret->version, "0.1.0");
  guard_string_dup(&ret->summary, "Containers run only images from allowed registries, of a version that is named.");
  guard_string_dup(&ret->configuration_schema, SCHEMA);
}

// The gateway has held the configuration against the schema; its text is kept, and lives as long as the policy.
bool exports_portcullis_policy_plugin_configure(guard_string_t *configuration, guard_string_t *err) {
  (void)err;
  registries = json_member(of(*configuration), "registries");
  digests = json_member(of(*configuration), "digests");
  return true;
}

// A message: `format` with the place of an image in it.
static void deny(guard_verdict_t *ret, const char *rule, const char *format, const char *at, const char *remedy) {
  char message[256];
  snprintf(message, sizeof message, format, at);
  ret->tag = GUARD_VERDICT_DENY;
  guard_string_dup(&ret->val.deny.rule, rule);
  guard_string_dup(&ret->val.deny.message, message);
  ret->val.deny.remedy.is_some = remedy != NULL;
  if (remedy != NULL) guard_string_dup(&ret->val.deny.remedy.val, remedy);
}

// "use an image from A, B"
static char *allowed(void) {
  char *text = malloc(registries.len + 64), *end = text;
  end = stpcpy(end, "use an image from ");
  const char *between = "";
  slice left = json_inside(registries, '[');
  for (slice item; (item = json_take(&left)).ptr != NULL; between = ", ") {
    slice registry = json_string(item);
    end = stpcpy(end, between);
    memcpy(end, registry.ptr, registry.len);
    end += registry.len;
  }
  *end = 0;
  return text;
}

// An image's name with its registry, as the kubelet fills it in.
static void qualify(slice name, char *out, size_t size) {
  size_t slash = slice_find(name, "/");
  slice host = {name.ptr, slash};
  const char *prefix = "";
  if (slash == name.len) {
    prefix = "docker.io/library/";
  } else if (slice_find(host, ".:") == host.len && !slice_is(host, "localhost")) {
    prefix = "docker.io/";
  }
  snprintf(out, size, "%s%.*s", prefix, (int)name.len, name.ptr);
}

static bool from_allowed_registry(slice name) {
  char full[1024];
  if (name.len > sizeof full / 2) return false;
  qualify(name, full, sizeof full);
  slice left = json_inside(registries, '[');
  for (slice item; (item = json_take(&left)).ptr != NULL;) {
    slice registry = json_string(item);
    char after = strncmp(full, registry.ptr, registry.len) == 0 ? full[registry.len] : '?';
    if (after == 0 || after == '/') return true;
  }
  return false;
}

// Whether an image is refused, and then why.
static bool refuses(slice image, const char *at, slice namespace, guard_verdict_t *ret) {
  static const char LETTERS[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:/@-";
  if (image.len == 0 || json_skip(image, LETTERS).len > 0) {
    deny(ret, "unreadable-images", "the image at %s is no image's name", at, NULL);
    return true;
  }
  slice tagged = {image.ptr, slice_find(image, "@")};
  bool has_digest = tagged.len + 1 < image.len;
  size_t folder = tagged.len;
  while (folder > 0 && tagged.ptr[folder - 1] != '/') folder--;
  slice name = {tagged.ptr, folder + slice_find(slice_from(tagged, folder), ":")};
  slice tag = name.len < tagged.len ? slice_from(tagged, name.len + 1) : slice_of("");

  if (!from_allowed_registry(name)) {
    char *remedy = allowed();
    deny(ret, "allowed-registries", "the image at %s is not from an allowed registry", at, remedy);
    free(remedy);
    return true;
  }
  if (!has_digest && contains(digests, namespace)) {
    deny(ret, "digest-required", "the image at %s has no digest", at, "name the image by its digest, as in name@sha256:...");
    return true;
  }
  if (!has_digest && (tag.len == 0 || slice_is(tag, "latest"))) {
    deny(ret, "no-floating-tags", "the image at %s has no tag, or the tag latest", at, "name a version by its tag or digest");
    return true;
  }
  return false;
}

// Whether every element of the JSON text of a list of containers has an image that is a string. A list that is not there has none.
static bool readable(slice list) {
  if (slice_is(list, "null")) return true;
  slice left = json_inside(list, '[');
  if (left.ptr == NULL) return false;
  for (slice container; (container = json_take(&left)).ptr != NULL;) {
    slice image = json_member(container, "image");
    if (image.len == 0 || *image.ptr != '"') return false;
  }
  return true;
}

// Where the pod specification is that this request writes; NULL when it writes none.
static const char *pod_spec(const portcullis_policy_types_request_t *request) {
  slice verb = of(request->verb), resource = of(request->resource);
  if (!slice_is(verb, "create") && !slice_is(verb, "update") && !slice_is(verb, "patch")) return NULL;
  if (request->subresource.is_some && !(slice_is(resource, "pods") && slice_is(of(request->subresource.val), "ephemeralcontainers"))) return NULL;
  for (size_t i = 0; i < sizeof POD_SPECS / sizeof *POD_SPECS; i++) {
    if (slice_is(of(request->group), POD_SPECS[i].group) && slice_is(resource, POD_SPECS[i].resource)) return POD_SPECS[i].spec;
  }
  return NULL;
}

// The object as it would be after the write: a patch by itself says little.
static bool written(const portcullis_policy_types_request_t *request, guard_borrow_document_t *body, guard_borrow_document_t *object) {
  if (body == NULL) return false;
  *object = *body;
  if (!slice_is(of(request->verb), "patch")) return true;
  portcullis_policy_documents_own_document_t preview;
  guard_string_t why;  // The API server would not try it.
  if (!portcullis_policy_documents_method_document_preview(*body, &preview, &why)) return false;
  *object = portcullis_policy_documents_borrow_document(preview);
  return true;
}

// Nothing is freed here: the gateway throws this instance away when it has answered.
void exports_guard_evaluate(guard_facts_t *facts, guard_borrow_document_t *body, guard_verdict_t *ret) {
  ret->tag = GUARD_VERDICT_NO_OPINION;
  const portcullis_policy_types_request_t *request = &facts->request;
  const char *spec = pod_spec(request);
  if (spec == NULL) return;
  guard_borrow_document_t object;
  if (!written(request, body, &object)) {
    deny(ret, "unreadable-images", "the object that this write would make cannot be seen", "", NULL);
    return;
  }

  char paths[LIST_COUNT][64];
  guard_string_t pointers[LIST_COUNT];
  for (size_t i = 0; i < LIST_COUNT; i++) {
    snprintf(paths[i], sizeof paths[i], "%s/%s", spec, LISTS[i]);
    guard_string_set(&pointers[i], paths[i]);
  }
  guard_list_string_t asked = {pointers, LIST_COUNT};
  guard_list_option_string_t found;
  portcullis_policy_documents_method_document_get_all(object, &asked, &found);

  for (size_t i = 0; i < LIST_COUNT; i++) {
    slice list = found.ptr[i].is_some ? of(found.ptr[i].val) : slice_of("null");
    if (!readable(list)) {
      deny(ret, "unreadable-images", "the images at %s cannot be read", paths[i], NULL);
      return;
    }
    slice left = json_inside(list, '[');
    slice container;
    for (size_t n = 0; (container = json_take(&left)).ptr != NULL; n++) {
      char at[128];
      snprintf(at, sizeof at, "%s/%zu/image", paths[i], n);
      slice namespace = request->namespace_.is_some ? of(request->namespace_.val) : slice_of("");
      if (refuses(json_string(json_member(container, "image")), at, namespace, ret)) return;
    }
  }
}
