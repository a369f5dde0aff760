// One program that is a whole Kubernetes for tests: a control plane, a kubelet stand-in and kubectl.
//
// Called as `kubectl` (by the name of a symbolic link) it is kubectl; otherwise its first argument
// names the part to be. README.md beside this file says how the rooms hang together.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"portcullis.test/cluster/components"
	"portcullis.test/cluster/crowd"
	"portcullis.test/cluster/node"
	"portcullis.test/cluster/oracle"
	"portcullis.test/cluster/up"
)

const usage = `usage: cluster COMMAND [options]

  up        start a cluster and supervise it until a signal comes
  down      stop the cluster of a folder
  status    say whether the cluster of a folder runs
  kubectl   be kubectl
  oracle    answer with Kubernetes' own code what requests and bodies mean
  crowd     be ten thousand clients that watch, or the server that they watch

The rest are the parts that "up" starts: etcd, kube-apiserver, kube-controller-manager,
kube-scheduler, node. Each command explains its options with --help.
`

// The first thread is the one that the kernel takes for the whole process, so it must never be the one
// that enters a container (see node/namespaces.go).
func init() { runtime.LockOSThread() }

func main() {
	os.Exit(run(filepath.Base(os.Args[0]), os.Args[1:]))
}

func run(name string, args []string) int {
	if name == "kubectl" {
		return components.Kubectl(args)
	}
	if len(args) == 0 {
		fmt.Fprint(os.Stderr, usage)
		return 2
	}
	command, args := args[0], args[1:]
	switch command {
	case "up":
		return up.Up(args)
	case "down":
		return up.Down(args)
	case "status":
		return up.Status(args)
	case "etcd":
		return components.Etcd(args)
	case "kube-apiserver":
		return components.APIServer(args)
	case "kube-controller-manager":
		return components.ControllerManager(args)
	case "kube-scheduler":
		return components.Scheduler(args)
	case "node":
		return node.Main(args)
	case "kubectl":
		return components.Kubectl(args)
	case "oracle":
		return oracle.Main(args)
	case "crowd":
		return crowd.Main(args)
	case "help", "-h", "--help":
		fmt.Print(usage)
		return 0
	default:
		fmt.Fprintf(os.Stderr, "cluster: there is no command %q; run it with --help to see them\n", command)
		return 2
	}
}
