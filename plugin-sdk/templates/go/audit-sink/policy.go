// Package policy posts the records of the audit log to an HTTP endpoint, as JSON Lines.
package policy

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"

	. "go.bytecodealliance.org/pkg/wit/types"
	http "portcullis/portcullis_policy_http"
	plugin "portcullis/portcullis_policy_plugin"
	sink "portcullis/wit_world"
)

//go:embed schema.json
var schema string

var settings struct {
	URL string `json:"url"`
}

// Describe names the policy and gives the schema of its configuration.
func Describe() plugin.Description {
	return plugin.Description{
		Name:                "{{name}}",
		Version:             "0.1.0",
		Summary:             "Posts the records of the audit log to an HTTP endpoint, as JSON Lines.",
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

// Deliver posts a batch, and gives the position up to which everything is delivered.
func Deliver(batch sink.Batch) Result[uint64, sink.Failure] {
	answer := http.Send(http.Outgoing{
		Method: "POST",
		Url:    settings.URL,
		Headers: []Tuple2[string, string]{
			{F0: "content-type", F1: "application/x-ndjson"},
			{F0: "portcullis-first", F1: fmt.Sprint(batch.First)},
		},
		Body: []byte(strings.Join(batch.Records, "\n")),
	})
	if answer.IsErr() {
		return Err[uint64](sink.Failure{Message: answer.Err(), Retry: true})
	}
	status := answer.Ok().Status
	if status < 200 || status > 299 {
		return Err[uint64](sink.Failure{Message: fmt.Sprintf("the endpoint answered %d", status), Retry: mayHelpAgain(status)})
	}
	return Ok[uint64, sink.Failure](batch.First + uint64(len(batch.Records)))
}

func mayHelpAgain(status uint16) bool {
	return status >= 500 || status == 408 || status == 429
}
