// Package policy keeps workloads small: nobody scales one beyond a limit.
package policy

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"

	. "go.bytecodealliance.org/pkg/wit/types"
	plugin "portcullis/portcullis_policy_plugin"
	guard "portcullis/wit_world"
)

//go:embed schema.json
var schema string

var settings struct {
	Most int64 `json:"most"`
}

// Describe names the policy and gives the schema of its configuration.
func Describe() plugin.Description {
	return plugin.Description{
		Name:                "{{name}}",
		Version:             "0.1.0",
		Summary:             "Keeps workloads small: nobody scales one beyond a limit.",
		ConfigurationSchema: schema,
	}
}

// Configure is called once, when the gateway loads the bundle and has held the configuration against the schema.
func Configure(configuration string) Result[Unit, string] {
	if err := json.Unmarshal([]byte(configuration), &settings); err != nil {
		return Err[Unit](err.Error())
	}
	return Ok[Unit, string](Unit{})
}

// Evaluate judges one request.
func Evaluate(facts guard.Facts, body Option[*guard.Document]) guard.Verdict {
	request := facts.Request
	if !slices.Contains([]string{"create", "update", "patch"}, request.Verb) || request.Group != "apps" || body.IsNone() {
		return guard.MakeVerdictNoOpinion()
	}
	object := body.Some()
	if request.Verb == "patch" {
		// A patch is not an object: what counts is what will be there after it.
		preview := object.Preview()
		if preview.IsErr() {
			return deny("nobody can say how large it would be: "+preview.Err(), None[string]())
		}
		object = preview.Ok()
	}
	var wanted int64
	if err := json.Unmarshal([]byte(object.Get("/spec/replicas").SomeOr("0")), &wanted); err != nil {
		return deny("its replicas are no number", None[string]())
	}
	if wanted <= settings.Most {
		return guard.MakeVerdictNoOpinion()
	}
	return deny(fmt.Sprintf("%d replicas are more than %d", wanted, settings.Most), Some("ask for fewer, or for a higher limit"))
}

func deny(message string, remedy Option[string]) guard.Verdict {
	return guard.MakeVerdictDeny(guard.Finding{Rule: "{{name}}", Message: message, Remedy: remedy})
}
