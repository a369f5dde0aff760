package oracle

import (
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

type decodeAnswer struct {
	// GROUP/VERSION/KIND.
	Kind string `json:"kind"`
	// The versioned object in JSON, neither defaulted nor converted.
	JSON string `json:"json"`
	// What strict field validation objects to: unknown and repeated fields. Protobuf has none.
	Strict []string `json:"strict"`
}

// The line is CONTENT-TYPE KIND BODY. The kind is what the address says, for a body that says none, as on create and update
// (apiserver/pkg/endpoints/handlers/create.go).
func decode(line string) any {
	found, err := words(line, 3)
	if err != nil {
		return malformed{err}
	}
	kind, err := parseKind(found[1])
	if err != nil {
		return malformed{err}
	}
	body, err := fromBase64(found[2])
	if err != nil {
		return malformed{err}
	}
	object, actual, strict, err := decodeStrictly(found[0], kind, body)
	if err != nil {
		return failure{err.Error()}
	}
	text, err := toJSON(object)
	if err != nil {
		return failure{err.Error()}
	}
	return decodeAnswer{Kind: actual.Group + "/" + actual.Version + "/" + actual.Kind, JSON: text, Strict: strict}
}

// The versioned object, with its kind written into it, and what strictness alone would refuse.
func decodeStrictly(mediaType string, kind *schema.GroupVersionKind, body []byte) (runtime.Object, *schema.GroupVersionKind, []string, error) {
	info, err := serializerFor(mediaType)
	if err != nil {
		return nil, nil, nil, err
	}
	object, actual, err := info.StrictSerializer.Decode(body, kind, nil)
	strict := []string{}
	if strictError, ok := runtime.AsStrictDecodingError(err); ok && object != nil {
		for _, each := range strictError.Errors() {
			strict = append(strict, each.Error())
		}
	} else if err != nil {
		return nil, nil, nil, err
	}
	object.GetObjectKind().SetGroupVersionKind(*actual)
	return object, actual, strict, nil
}
