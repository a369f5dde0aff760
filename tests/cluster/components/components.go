// Package components runs the parts of a Kubernetes control plane, each as a whole process of its own.
//
// They share package-level flags and metric registries, so two of them in one process would collide:
// the multi-call program starts itself once per part.
package components

import (
	"os"

	"github.com/spf13/cobra"
	"k8s.io/component-base/cli"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"

	kubectl "k8s.io/kubectl/pkg/cmd"

	// Registers the JSON log format flag that the components accept.
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
)

// APIServer runs kube-apiserver with the given arguments and returns its exit code.
func APIServer(args []string) int { return run(apiserver.NewAPIServerCommand(), args) }

// ControllerManager runs kube-controller-manager with the given arguments and returns its exit code.
func ControllerManager(args []string) int {
	return run(controllermanager.NewControllerManagerCommand(), args)
}

// Scheduler runs kube-scheduler with the given arguments and returns its exit code.
func Scheduler(args []string) int { return run(scheduler.NewSchedulerCommand(), args) }

// Kubectl runs kubectl of the control plane's own version and returns its exit code.
func Kubectl(args []string) int {
	// kubectl reads its plugins' names from os.Args.
	os.Args = append([]string{"kubectl"}, args...)
	return run(kubectl.NewDefaultKubectlCommand(), args)
}

func run(command *cobra.Command, args []string) int {
	command.SetArgs(args)
	return cli.Run(command)
}
