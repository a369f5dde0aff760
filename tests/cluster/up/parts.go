package up

import (
	"crypto/x509/pkix"
	"fmt"
	"net"
	"os"
)

// serviceRange is where Services get their addresses. Nothing routes them: there is no kube-proxy.
const serviceRange = "10.0.0.0/24"

// plan is everything that is decided before the first part starts.
type plan struct {
	folder    folder
	authority *authority
	users     *users

	etcdClient, etcdPeer, server string // host:port each
	auditLog                     string
	serving, kubelet, toKubelet  pair
	accountKey, accountPublic    string
}

// prepare chooses ports and writes certificates, users, kubeconfigs and the audit policy.
func prepare(f folder, auditLevel string) (*plan, error) {
	for _, name := range []string{"etcd", "node", "pki", "logs", "audit", "bin", "config"} {
		if err := os.MkdirAll(f.join(name), 0o755); err != nil {
			return nil, err
		}
	}
	p := &plan{folder: f, auditLog: f.join("audit", "audit.log")}
	addresses, err := freeAddresses(3)
	if err != nil {
		return nil, err
	}
	p.etcdClient, p.etcdPeer, p.server = addresses[0], addresses[1], addresses[2]

	if p.authority, err = newAuthority(f.join("pki")); err != nil {
		return nil, err
	}
	// 10.0.0.1 is the first of serviceRange, which the API server takes for itself.
	names := []string{"127.0.0.1", "10.0.0.1", "localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"}
	if p.serving, err = p.authority.sign("kube-apiserver", pkix.Name{CommonName: "kube-apiserver"}, names); err != nil {
		return nil, err
	}
	if p.kubelet, err = p.authority.sign("node", pkix.Name{CommonName: "system:node:" + nodeName}, []string{"127.0.0.1", nodeName}); err != nil {
		return nil, err
	}
	if p.toKubelet, err = p.authority.sign("kubelet-client", pkix.Name{CommonName: "kube-apiserver"}, nil); err != nil {
		return nil, err
	}
	if p.accountKey, p.accountPublic, err = newServiceAccountKey(f.join("pki")); err != nil {
		return nil, err
	}

	if p.users, err = newUsers(); err != nil {
		return nil, err
	}
	if err := p.users.write(p.tokens()); err != nil {
		return nil, err
	}
	for _, u := range p.users.all() {
		if err := u.writeKubeconfig(p.kubeconfig(u), p.url(), p.authority.file()); err != nil {
			return nil, err
		}
	}
	if err := os.WriteFile(p.auditPolicy(), []byte(auditPolicy(auditLevel)), 0o644); err != nil {
		return nil, err
	}
	return p, nil
}

func (p *plan) url() string               { return "https://" + p.server }
func (p *plan) tokens() string            { return p.folder.join("config", "tokens.csv") }
func (p *plan) auditPolicy() string       { return p.folder.join("config", "audit-policy.yaml") }
func (p *plan) kubeconfig(u *user) string { return p.folder.join("config", kubeconfigName(u)) }
func (p *plan) etcdArgs() []string {
	return []string{
		"--data-dir=" + p.folder.join("etcd"),
		"--listen-client=" + p.etcdClient,
		"--listen-peer=" + p.etcdPeer,
	}
}

func kubeconfigName(u *user) string {
	name := []byte(u.name)
	for i, c := range name {
		if c == ':' {
			name[i] = '-'
		}
	}
	return string(name) + ".kubeconfig"
}

func (p *plan) apiServerArgs() []string {
	host, port, _ := net.SplitHostPort(p.server)
	return []string{
		"--etcd-servers=http://" + p.etcdClient,
		"--bind-address=" + host,
		"--secure-port=" + port,
		// A loopback address is refused as an endpoint of the service `kubernetes`.
		"--endpoint-reconciler-type=none",
		"--tls-cert-file=" + p.serving.certificate,
		"--tls-private-key-file=" + p.serving.key,
		"--token-auth-file=" + p.tokens(),
		"--anonymous-auth=false",
		"--authorization-mode=Node,RBAC",
		"--enable-admission-plugins=NodeRestriction",
		// The taint of a new node would be lifted by the controller nodelifecycle, which does not run.
		"--disable-admission-plugins=TaintNodesByCondition",
		"--allow-privileged=true",
		"--service-cluster-ip-range=" + serviceRange,
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file=" + p.accountPublic,
		"--service-account-signing-key-file=" + p.accountKey,
		"--kubelet-preferred-address-types=InternalIP",
		"--kubelet-certificate-authority=" + p.authority.file(),
		"--kubelet-client-certificate=" + p.toKubelet.certificate,
		"--kubelet-client-key=" + p.toKubelet.key,
		"--audit-policy-file=" + p.auditPolicy(),
		"--audit-log-path=" + p.auditLog,
		// A request's event is in the file before its answer leaves, so a test may read it at once.
		"--audit-log-mode=blocking-strict",
		"--audit-log-maxsize=4096",
		// A test that watches many objects through several proxies is no reason to slow it down.
		"--max-requests-inflight=2000",
		"--max-mutating-requests-inflight=1000",
		"--profiling=false",
	}
}

func (p *plan) controllerManagerArgs() []string {
	return []string{
		"--kubeconfig=" + p.kubeconfig(p.users.controllerManager),
		"--leader-elect=false",
		"--secure-port=0",
		// There is one node, it is on this machine, and nobody deals out addresses to it.
		"--controllers=*,-nodeipam,-nodelifecycle",
		// The limits of a client that shares its server with thousands of others would make tests wait.
		"--kube-api-qps=500",
		"--kube-api-burst=1000",
		"--root-ca-file=" + p.authority.file(),
		"--service-account-private-key-file=" + p.accountKey,
	}
}

func (p *plan) schedulerArgs() []string {
	return []string{
		"--kubeconfig=" + p.kubeconfig(p.users.scheduler),
		"--leader-elect=false",
		"--kube-api-qps=500",
		"--kube-api-burst=1000",
		"--secure-port=0",
	}
}

func (p *plan) nodeArgs() []string {
	return []string{
		"--name=" + nodeName,
		"--kubeconfig=" + p.kubeconfig(p.users.node),
		"--dir=" + p.folder.join("node"),
		"--certificate=" + p.kubelet.certificate,
		"--key=" + p.kubelet.key,
		"--client-ca=" + p.authority.file(),
	}
}

// auditPolicy records at the given level what people and the gateway do, and nothing of what the
// cluster does to keep itself running.
func auditPolicy(level string) string {
	return fmt.Sprintf(`apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: None
  users: ["system:apiserver", "system:kube-controller-manager", "system:kube-scheduler", "system:node:%s"]
- level: None
  userGroups: ["system:serviceaccounts:kube-system"]
- level: None
  nonResourceURLs: ["/healthz*", "/livez*", "/readyz*"]
- level: %s
`, nodeName, level)
}
