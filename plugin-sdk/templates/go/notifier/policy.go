// Package policy posts a sentence to a chat when an approval waits, and when it has ended.
package policy

import (
	_ "embed"
	"encoding/json"
	"fmt"

	. "go.bytecodealliance.org/pkg/wit/types"
	http "portcullis/portcullis_policy_http"
	plugin "portcullis/portcullis_policy_plugin"
	notifier "portcullis/wit_world"
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
		Summary:             "Posts a sentence to a chat when an approval waits, and when it has ended.",
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

var what = map[notifier.Occasion]string{
	notifier.Occasion_Requested: "An approval waits for you",
	notifier.Occasion_Approved:  "An approval was granted",
	notifier.Occasion_Denied:    "An approval was refused",
	notifier.Occasion_Expired:   "An approval expired",
	notifier.Occasion_Used:      "An approved request went through",
	notifier.Occasion_Withdrawn: "An approval is no longer wanted",
}

// Notify tells the chat.
func Notify(notice notifier.Notice) Result[Unit, notifier.Failure] {
	body, err := json.Marshal(map[string]string{"text": what[notice.Occasion] + ": " + notice.Url})
	if err != nil {
		return Err[Unit](notifier.Failure{Message: err.Error()})
	}
	answer := http.Send(http.Outgoing{
		Method:  "POST",
		Url:     settings.URL,
		Headers: []Tuple2[string, string]{{F0: "content-type", F1: "application/json"}},
		Body:    body,
	})
	if answer.IsErr() {
		return Err[Unit](notifier.Failure{Message: answer.Err(), Retry: true})
	}
	status := answer.Ok().Status
	if status < 200 || status > 299 {
		return Err[Unit](notifier.Failure{Message: fmt.Sprintf("the chat answered %d", status), Retry: mayHelpAgain(status)})
	}
	return Ok[Unit, notifier.Failure](Unit{})
}

func mayHelpAgain(status uint16) bool {
	return status >= 500 || status == 408 || status == 429
}
