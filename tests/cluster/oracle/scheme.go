package oracle

import (
	"fmt"
	"strings"
	"sync"

	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/install"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/runtime/serializer/cbor"
	apiregistration "k8s.io/kube-aggregator/pkg/apis/apiregistration/install"
	"k8s.io/kubernetes/pkg/api/legacyscheme"

	// Installs every group that kube-apiserver serves into its scheme.
	_ "k8s.io/kubernetes/pkg/controlplane"
)

// Codecs of kube-apiserver's own scheme, with the two groups that its delegates serve from schemes of their own, and
// with CBOR, which a feature gate adds.
var codecs = sync.OnceValue(func() serializer.CodecFactory {
	apiextensions.Install(legacyscheme.Scheme)
	apiregistration.Install(legacyscheme.Scheme)
	return serializer.NewCodecFactory(legacyscheme.Scheme, serializer.WithSerializer(cbor.NewSerializerInfo))
})

// The serializer of a media type, its parameters included in neither.
func serializerFor(mediaType string) (runtime.SerializerInfo, error) {
	info, ok := runtime.SerializerInfoForMediaType(codecs().SupportedMediaTypes(), mediaType)
	if !ok {
		return info, fmt.Errorf("no serializer for %s", mediaType)
	}
	return info, nil
}

// GROUP/VERSION/KIND; nothing for "-".
func parseKind(word string) (*schema.GroupVersionKind, error) {
	if word == "-" {
		return nil, nil
	}
	parts := strings.Split(word, "/")
	if len(parts) != 3 {
		return nil, fmt.Errorf("the kind %q is not GROUP/VERSION/KIND", word)
	}
	return &schema.GroupVersionKind{Group: parts[0], Version: parts[1], Kind: parts[2]}, nil
}

// A versioned object as an API server writes it in JSON.
func toJSON(object runtime.Object) (string, error) {
	info, err := serializerFor(runtime.ContentTypeJSON)
	if err != nil {
		return "", err
	}
	data, err := runtime.Encode(info.Serializer, object)
	return strings.TrimSuffix(string(data), "\n"), err
}
