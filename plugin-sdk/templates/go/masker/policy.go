// Package policy masks fields of one kind of custom resource.
package policy

import (
	_ "embed"
	"encoding/json"

	. "go.bytecodealliance.org/pkg/wit/types"
	plugin "portcullis/portcullis_policy_plugin"
	masker "portcullis/wit_world"
)

//go:embed schema.json
var schema string

var settings struct {
	Group    string   `json:"group"`
	Resource string   `json:"resource"`
	Paths    []string `json:"paths"`
}

// Describe names the policy and gives the schema of its configuration.
func Describe() plugin.Description {
	return plugin.Description{
		Name:                "{{name}}",
		Version:             "0.1.0",
		Summary:             "Masks fields of one kind of custom resource.",
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

// kubectl keeps a copy of the whole object here.
const lastApplied = "/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration"

// PlanMasking says what is masked in the answers to one kind of request.
func PlanMasking(kind masker.ResponseKind) masker.Plan {
	if kind.Group != settings.Group || kind.Resource != settings.Resource {
		return masker.Plan{}
	}
	// Equal secrets give equal tokens, so that an agent can compare them without seeing them.
	rule := masker.MaskRule{Name: "{{name}}", Paths: settings.Paths, Encoding: masker.Encoding_Text, Action: masker.Action_Token}
	return masker.Plan{Rules: []masker.MaskRule{rule}, Embedded: []string{lastApplied}}
}

// Inspect is asked by rules with the action inspect only; there is none, and what nobody asked for stays hidden.
func Inspect(candidates []masker.Candidate) []Option[string] {
	shown := make([]Option[string], len(candidates))
	for i := range shown {
		shown[i] = Some("***")
	}
	return shown
}
