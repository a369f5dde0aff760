package up

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"strings"

	clientcmd "k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// nodeName is the name of the only node.
const nodeName = "node-1"

// user is someone whom the API server knows by a bearer token.
type user struct {
	name   string
	groups []string
	token  string
}

// users are everyone whom the cluster knows at the start. Each part has its own, so that the audit log says who did what.
type users struct {
	admin, gateway, controllerManager, scheduler, node *user
}

func newUsers() (*users, error) {
	u := &users{
		admin: &user{name: "admin", groups: []string{"system:masters"}},
		// No group: what the gateway may do it has by an ordinary role binding, as in a real cluster.
		gateway: &user{name: "gateway"},
		// Its controllers would each need a service account's token; the group spares a test the wait.
		controllerManager: &user{name: "system:kube-controller-manager", groups: []string{"system:masters"}},
		scheduler:         &user{name: "system:kube-scheduler"},
		node:              &user{name: "system:node:" + nodeName, groups: []string{"system:nodes"}},
	}
	for _, each := range u.all() {
		secret := make([]byte, 24)
		if _, err := rand.Read(secret); err != nil {
			return nil, err
		}
		each.token = hex.EncodeToString(secret)
	}
	return u, nil
}

func (u *users) all() []*user {
	return []*user{u.admin, u.gateway, u.controllerManager, u.scheduler, u.node}
}

// write makes the file for --token-auth-file: token, name, uid and groups in columns.
func (u *users) write(path string) error {
	var lines strings.Builder
	for _, each := range u.all() {
		fmt.Fprintf(&lines, "%s,%s,%s,%q\n", each.token, each.name, each.name, strings.Join(each.groups, ","))
	}
	return os.WriteFile(path, []byte(lines.String()), 0o600)
}

// writeKubeconfig makes a kubeconfig of one context by which the user reaches the server. The
// authority's certificate is put inside, so that the file works from anywhere.
func (u *user) writeKubeconfig(path, server, authorityFile string) error {
	authority, err := os.ReadFile(authorityFile)
	if err != nil {
		return err
	}
	config := api.NewConfig()
	config.Clusters["test"] = &api.Cluster{Server: server, CertificateAuthorityData: authority}
	config.AuthInfos[u.name] = &api.AuthInfo{Token: u.token}
	config.Contexts["test"] = &api.Context{Cluster: "test", AuthInfo: u.name, Namespace: "default"}
	config.CurrentContext = "test"
	return clientcmd.WriteToFile(*config, path)
}
