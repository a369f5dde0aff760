// Package policy lets agents say what a session is for, and keeps it short; people may work all day.
package policy

import (
	_ "embed"
	"encoding/json"
	"strings"

	. "go.bytecodealliance.org/pkg/wit/types"
	plugin "portcullis/portcullis_policy_plugin"
	types "portcullis/portcullis_policy_types"
	session "portcullis/wit_world"
)

//go:embed schema.json
var schema string

var settings struct {
	AgentMinutes  uint32 `json:"agent_minutes"`
	OthersMinutes uint32 `json:"others_minutes"`
}

// Describe names the policy and gives the schema of its configuration.
func Describe() plugin.Description {
	return plugin.Description{
		Name:                "{{name}}",
		Version:             "0.1.0",
		Summary:             "Agents say what a session is for, and it is short; people may work all day.",
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

// OpenSession says whether an identity may open a session, and on what terms.
func OpenSession(ask session.Ask) session.Answer {
	agent := ask.Identity.Kind == types.IdentityKind_Agent
	if agent && strings.TrimSpace(ask.Purpose.SomeOr("")) == "" {
		return session.MakeAnswerRefuse(session.Finding{
			Rule:    "purpose",
			Message: "an agent's session needs a purpose",
			Remedy:  Some("open it with --purpose TEXT"),
		})
	}
	most := 60 * settings.OthersMinutes
	if agent {
		most = 60 * settings.AgentMinutes
	}
	ttl := max(1, min(ask.Ttl.SomeOr(most), most))
	return session.MakeAnswerOpen(session.Terms{Ttl: ttl, Idle: min(600, most)})
}
