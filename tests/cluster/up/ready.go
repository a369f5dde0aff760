package up

import (
	"encoding/json"
	"os"
	"path/filepath"
)

// Ready is what a caller needs to use a running cluster. It is written as JSON, whole or not at all,
// once everything in the cluster answers. Every path is absolute.
type Ready struct {
	// Dir is the cluster's folder; the parts' logs are in Dir/logs.
	Dir string `json:"dir"`
	// Server is the API server's URL on loopback.
	Server string `json:"server"`
	// CAFile is the certificate by which the API server's own is verified.
	CAFile string `json:"ca_file"`
	// Kubeconfig is that of `admin`, of the group system:masters. It holds all it needs.
	Kubeconfig string `json:"kubeconfig"`
	// AdminToken is the bearer token of `admin`.
	AdminToken string `json:"admin_token"`
	// Token is the bearer token of `gateway`, who has the role cluster-admin and so may impersonate.
	Token string `json:"token"`
	// GatewayKubeconfig is that of `gateway`.
	GatewayKubeconfig string `json:"gateway_kubeconfig"`
	// AuditLog is the API server's audit log: JSON lines, each in the file before its request is answered.
	AuditLog string `json:"audit_log"`
	// Kubectl is where kubectl is, by its version.
	Kubectl map[string]string `json:"kubectl"`
	// Node is the name of the only node.
	Node string `json:"node"`
	// Version is the version of Kubernetes.
	Version string `json:"version"`
	// PIDs are the processes, by part; "cluster" is the supervisor, to which SIGTERM may be sent.
	PIDs map[string]int `json:"pids"`
}

// write puts the description at path in one step, readable by its owner alone: it holds tokens.
func (r *Ready) write(path string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	draft, err := os.CreateTemp(filepath.Dir(path), ".ready-*")
	if err != nil {
		return err
	}
	defer os.Remove(draft.Name())
	if _, err := draft.Write(append(text, '\n')); err != nil {
		draft.Close()
		return err
	}
	if err := draft.Close(); err != nil {
		return err
	}
	return os.Rename(draft.Name(), path)
}

// readReady reads what write wrote.
func readReady(path string) (*Ready, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var r Ready
	return &r, json.Unmarshal(text, &r)
}
