// Package policy sends each approval to the team that owns the namespace.
package policy

import (
	_ "embed"
	"encoding/json"

	. "go.bytecodealliance.org/pkg/wit/types"
	plugin "portcullis/portcullis_policy_plugin"
	router "portcullis/wit_world"
)

//go:embed schema.json
var schema string

var settings struct {
	Teams  map[string]string `json:"teams"`
	Others string            `json:"others"`
}

// Describe names the policy and gives the schema of its configuration.
func Describe() plugin.Description {
	return plugin.Description{
		Name:                "{{name}}",
		Version:             "0.1.0",
		Summary:             "Sends each approval to the team that owns the namespace.",
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

// RouteApproval says who approves a request.
func RouteApproval(facts router.Facts, _ Option[*router.Document], _ []router.Finding) Option[router.Route] {
	team, owned := settings.Teams[facts.Request.Namespace.SomeOr("")]
	if !owned {
		team = settings.Others
	}
	return Some(router.Route{
		Groups:       []string{team},
		Needed:       1,
		ExpiresAfter: 900,
		Waiting:      router.MakeWaitingHold(60),
		Scope:        router.GrantScope_ThisVersion,
	})
}
