package oracle

import (
	"encoding/json"
	"fmt"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	kjson "sigs.k8s.io/json"
)

type patchAnswer struct {
	JSON string `json:"json"`
	// What strict field validation objects to in the patch and in the result.
	Strict []string `json:"strict"`
}

// The most operations in a JSON patch (apiserver/pkg/endpoints/handlers/patch.go).
const maxJSONPatchOperations = 10000

// The line is TYPE KIND OBJECT PATCH. With a kind the object is held in its type before and after, as a built-in one is;
// without, it is any JSON, as a custom one is. Nothing is defaulted. The steps are those of
// apiserver/pkg/endpoints/handlers/patch.go, where jsonPatcher and smpPatcher keep them to themselves.
func patch(line string) any {
	found, err := words(line, 4)
	if err != nil {
		return malformed{err}
	}
	kind, err := parseKind(found[1])
	if err != nil {
		return malformed{err}
	}
	original, err := fromBase64(found[2])
	if err != nil {
		return malformed{err}
	}
	change, err := fromBase64(found[3])
	if err != nil {
		return malformed{err}
	}
	// What cannot be recorded for audit is refused first (validateAndTranscodePatch).
	if !json.Valid(change) {
		return failure{"invalid JSON patch"}
	}
	var result patchAnswer
	switch {
	case found[0] == "strategic" && kind == nil:
		err = fmt.Errorf("a strategic merge patch needs a kind: custom resources take none")
	case found[0] == "strategic":
		result, err = strategic(kind, original, change)
	case kind == nil:
		result, err = untyped(found[0], original, change)
	default:
		result, err = typed(found[0], kind, original, change)
	}
	if err != nil {
		return failure{err.Error()}
	}
	return result
}

// On the text alone.
func untyped(patchType string, original, change []byte) (patchAnswer, error) {
	switch patchType {
	case "json":
		var operations []struct {
			Op    string `json:"op"`
			Path  string `json:"path"`
			From  string `json:"from"`
			Value any    `json:"value"`
		}
		strict, err := kjson.UnmarshalStrict(change, &operations)
		if err != nil {
			return patchAnswer{}, fmt.Errorf("error decoding patch: %w", err)
		}
		decoded, err := jsonpatch.DecodePatch(change)
		if err != nil {
			return patchAnswer{}, err
		}
		if len(decoded) > maxJSONPatchOperations {
			return patchAnswer{}, fmt.Errorf("the patch has %d operations, more than %d", len(decoded), maxJSONPatchOperations)
		}
		patched, err := decoded.Apply(original)
		return patchAnswer{JSON: string(patched), Strict: messages(strict)}, err
	case "merge":
		strict, err := kjson.UnmarshalStrict(change, &map[string]any{})
		if err != nil {
			return patchAnswer{}, fmt.Errorf("error decoding patch: %w", err)
		}
		patched, err := jsonpatch.MergePatch(original, change)
		return patchAnswer{JSON: string(patched), Strict: messages(strict)}, err
	default:
		return patchAnswer{}, fmt.Errorf("the type %q is none of json, merge and strategic", patchType)
	}
}

// On an object that is held in its Go type.
func typed(patchType string, kind *schema.GroupVersionKind, original, change []byte) (patchAnswer, error) {
	object, _, _, err := decodeStrictly(runtime.ContentTypeJSON, kind, original)
	if err != nil {
		return patchAnswer{}, err
	}
	current, err := toJSON(object)
	if err != nil {
		return patchAnswer{}, err
	}
	result, err := untyped(patchType, []byte(current), change)
	if err != nil {
		return patchAnswer{}, err
	}
	patched, _, strict, err := decodeStrictly(runtime.ContentTypeJSON, kind, []byte(result.JSON))
	if err != nil {
		return patchAnswer{}, err
	}
	text, err := toJSON(patched)
	return patchAnswer{JSON: text, Strict: append(result.Strict, strict...)}, err
}

// By the merge keys of the object's type.
func strategic(kind *schema.GroupVersionKind, original, change []byte) (patchAnswer, error) {
	object, _, _, err := decodeStrictly(runtime.ContentTypeJSON, kind, original)
	if err != nil {
		return patchAnswer{}, err
	}
	current, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		return patchAnswer{}, err
	}
	changes := map[string]any{}
	strict, err := kjson.UnmarshalStrict(change, &changes)
	if err != nil {
		return patchAnswer{}, err
	}
	into, err := legacyscheme.Scheme.New(*kind)
	if err != nil {
		return patchAnswer{}, err
	}
	patched, err := strategicpatch.StrategicMergeMapPatch(current, changes, into)
	if err != nil {
		return patchAnswer{}, err
	}
	err = runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(patched, into, true)
	if strictError, ok := runtime.AsStrictDecodingError(err); ok {
		strict = append(strict, strictError.Errors()...)
	} else if err != nil {
		return patchAnswer{}, err
	}
	text, err := toJSON(into)
	return patchAnswer{JSON: text, Strict: messages(strict)}, err
}

func messages(errs []error) []string {
	texts := make([]string, 0, len(errs))
	for _, err := range errs {
		texts = append(texts, err.Error())
	}
	return texts
}
