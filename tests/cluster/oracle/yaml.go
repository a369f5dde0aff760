package oracle

import (
	"encoding/json"

	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

type yamlAnswer struct {
	JSON string `json:"json"`
	// What strict field validation objects to: repeated keys. Empty if nothing.
	Strict string `json:"strict"`
}

// The line is FORM BODY: "body" for application/yaml (apimachinery/pkg/runtime/serializer/json), which may be any document,
// "apply" for apply patches (apiserver/pkg/endpoints/handlers/patch.go, applyPatcher), which must be a mapping.
func yamlToJSON(line string) any {
	found, err := words(line, 2)
	if err != nil {
		return malformed{err}
	}
	document, err := fromBase64(found[1])
	if err != nil {
		return malformed{err}
	}
	switch found[0] {
	case "body":
		text, err := yaml.YAMLToJSON(document)
		if err != nil {
			return failure{err.Error()}
		}
		_, strict := yaml.YAMLToJSONStrict(document)
		return yamlAnswer{JSON: string(text), Strict: message(strict)}
	case "apply":
		object := map[string]any{}
		if err := utilyaml.Unmarshal(document, &object); err != nil {
			return failure{err.Error()}
		}
		text, err := json.Marshal(object)
		if err != nil {
			return failure{err.Error()}
		}
		return yamlAnswer{JSON: string(text), Strict: message(utilyaml.UnmarshalStrict(document, &map[string]any{}))}
	default:
		return failure{"the form is neither body nor apply"}
	}
}

func message(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
