// Package policy lets containers run only images from allowed registries, and of a version that is named: by a tag, or in some
// namespaces by a digest.
package policy

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	. "go.bytecodealliance.org/pkg/wit/types"
	plugin "portcullis/portcullis_policy_plugin"
	guard "portcullis/wit_world"
)

//go:embed schema.json
var schema string

// podSpecs says where Kubernetes' own resources keep the pods that they run.
var podSpecs = map[string]string{
	"/pods":                   "/spec",
	"/podtemplates":           "/template/spec",
	"/replicationcontrollers": "/spec/template/spec",
	"apps/deployments":        "/spec/template/spec",
	"apps/replicasets":        "/spec/template/spec",
	"apps/daemonsets":         "/spec/template/spec",
	"apps/statefulsets":       "/spec/template/spec",
	"batch/jobs":              "/spec/template/spec",
	"batch/cronjobs":          "/spec/jobTemplate/spec/template/spec",
}

var settings struct {
	Registries []string `json:"registries"`
	Digests    []string `json:"digests"`
}

// Describe names the policy and gives the schema of its configuration.
func Describe() plugin.Description {
	return plugin.Description{
		Name:                "allowed-images",
		Version:             "0.1.0",
		Summary:             "Containers run only images from allowed registries, of a version that is named.",
		ConfigurationSchema: schema,
	}
}

// Configure takes the configuration, which the gateway has held against the schema.
func Configure(configuration string) Result[Unit, string] {
	if err := json.Unmarshal([]byte(configuration), &settings); err != nil {
		return Err[Unit](err.Error())
	}
	return Ok[Unit, string](Unit{})
}

// Evaluate judges one request.
func Evaluate(facts guard.Facts, body Option[*guard.Document]) guard.Verdict {
	request := facts.Request
	spec, found := podSpec(request.Verb, request.Group, request.Resource, request.Subresource)
	if !found {
		return guard.MakeVerdictNoOpinion()
	}
	object, seen := written(request.Verb, body)
	if !seen {
		return deny("unreadable-images", "the object that this write would make cannot be seen", "")
	}
	lists := []string{spec + "/containers", spec + "/initContainers", spec + "/ephemeralContainers"}
	for i, text := range object.GetAll(lists) {
		images, err := imagesOf(text.SomeOr("null"))
		if err != nil {
			return deny("unreadable-images", fmt.Sprintf("the images at %s cannot be read", lists[i]), "")
		}
		for container, image := range images {
			at := fmt.Sprintf("%s/%d/image", lists[i], container)
			if verdict, wrong := judge(image, at, request.Namespace.SomeOr("")); wrong {
				return verdict
			}
		}
	}
	return guard.MakeVerdictNoOpinion()
}

// podSpec says where the pod specification is that this request writes, if it writes one.
func podSpec(verb, group, resource string, subresource Option[string]) (string, bool) {
	if verb != "create" && verb != "update" && verb != "patch" {
		return "", false
	}
	if subresource.IsSome() && resource+"/"+subresource.Some() != "pods/ephemeralcontainers" {
		return "", false
	}
	spec, found := podSpecs[group+"/"+resource]
	return spec, found
}

// written is the object as it would be after the write: a patch by itself says little.
func written(verb string, body Option[*guard.Document]) (*guard.Document, bool) {
	if body.IsNone() {
		return nil, false
	}
	if verb != "patch" {
		return body.Some(), true
	}
	preview := body.Some().Preview()
	if preview.IsErr() { // The API server would not try it.
		return nil, false
	}
	return preview.Ok(), true
}

// imagesOf gives the images in the JSON text of a list of containers.
func imagesOf(text string) ([]string, error) {
	// Maps, not structs: a struct's field would take `Image` too, which is no image to Kubernetes.
	var containers []map[string]any
	if err := json.Unmarshal([]byte(text), &containers); err != nil {
		return nil, err
	}
	var images []string
	for i, container := range containers {
		image, isText := container["image"].(string)
		if !isText {
			return nil, fmt.Errorf("container %d has no image", i)
		}
		images = append(images, image)
	}
	return images, nil
}

// judge says what is wrong with an image, if anything is.
func judge(image, at, namespace string) (guard.Verdict, bool) {
	if image == "" || strings.ContainsFunc(image, foreign) {
		return deny("unreadable-images", fmt.Sprintf("the image at %s is no image's name", at), ""), true
	}
	name, tag, digest := parse(image)
	if !slices.ContainsFunc(settings.Registries, func(registry string) bool {
		return name == registry || strings.HasPrefix(name, registry+"/")
	}) {
		remedy := "use an image from " + strings.Join(settings.Registries, ", ")
		return deny("allowed-registries", fmt.Sprintf("the image at %s is not from an allowed registry", at), remedy), true
	}
	if digest == "" && slices.Contains(settings.Digests, namespace) {
		return deny("digest-required", fmt.Sprintf("the image at %s has no digest", at), "name the image by its digest, as in name@sha256:..."), true
	}
	if digest == "" && (tag == "" || tag == "latest") {
		return deny("no-floating-tags", fmt.Sprintf("the image at %s has no tag, or the tag latest", at), "name a version by its tag or digest"), true
	}
	return guard.Verdict{}, false
}

// foreign tells the characters that no image's name has.
func foreign(c rune) bool {
	return !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.ContainsRune("._:/@-", c))
}

// parse gives an image's name, with its registry as the kubelet fills it in, and its tag and digest; empty when there is none.
func parse(image string) (name, tag, digest string) {
	tagged, digest, _ := strings.Cut(image, "@")
	folder := tagged[:strings.LastIndex(tagged, "/")+1]
	last, tag, _ := strings.Cut(tagged[len(folder):], ":")
	name = folder + last
	host, _, qualified := strings.Cut(name, "/")
	switch {
	case !qualified:
		name = "docker.io/library/" + name
	case !strings.ContainsAny(host, ".:") && host != "localhost":
		name = "docker.io/" + name
	}
	return name, tag, digest
}

func deny(rule, message, remedy string) guard.Verdict {
	finding := guard.Finding{Rule: rule, Message: message}
	if remedy != "" {
		finding.Remedy = Some(remedy)
	}
	return guard.MakeVerdictDeny(finding)
}
