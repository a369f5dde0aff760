package oracle

import (
	"bufio"
	"net/http"
	"strings"

	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apiserver/pkg/server"
)

// The API server's own, from the one setting that it depends on.
var factory = server.NewRequestInfoResolver(&server.Config{LegacyAPIGroupPrefixes: sets.NewString(server.DefaultLegacyAPIPrefix)})

type requestInfoAnswer struct {
	IsResource    bool   `json:"isResource"`
	Path          string `json:"path"`
	Verb          string `json:"verb"`
	Group         string `json:"group"`
	Version       string `json:"version"`
	Namespace     string `json:"namespace"`
	Resource      string `json:"resource"`
	Subresource   string `json:"subresource"`
	Name          string `json:"name"`
	FieldSelector string `json:"fieldSelector"`
	LabelSelector string `json:"labelSelector"`
}

// The line is a request line without its version, and net/http itself reads it.
func requestInfo(line string) any {
	head := line + " HTTP/1.1\r\nHost: kubernetes\r\n\r\n"
	parsed, err := http.ReadRequest(bufio.NewReader(strings.NewReader(head)))
	if err != nil {
		return failure{err.Error()}
	}
	info, err := factory.NewRequestInfo(parsed)
	if err != nil {
		return failure{err.Error()}
	}
	return requestInfoAnswer{
		IsResource:    info.IsResourceRequest,
		Path:          info.Path,
		Verb:          info.Verb,
		Group:         info.APIGroup,
		Version:       info.APIVersion,
		Namespace:     info.Namespace,
		Resource:      info.Resource,
		Subresource:   info.Subresource,
		Name:          info.Name,
		FieldSelector: info.FieldSelector,
		LabelSelector: info.LabelSelector,
	}
}
