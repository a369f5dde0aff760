package node

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/component-base/version"
)

// heartbeatInterval is how often the node says that it is well. Nobody acts on its silence: the
// controller that would does not run.
const heartbeatInterval = 30 * time.Second

// register makes the Node object. The port is where the API server finds the streaming server.
func (n *node) register(ctx context.Context, port int) error {
	quantities := core.ResourceList{
		core.ResourceCPU:              *resource.NewQuantity(int64(runtime.NumCPU()), resource.DecimalSI),
		core.ResourceMemory:           resource.MustParse("64Gi"),
		core.ResourcePods:             resource.MustParse("250"),
		core.ResourceEphemeralStorage: resource.MustParse("100Gi"),
	}
	// Pods' requests are promises that nobody keeps here; the scheduler must not run out of them.
	quantities[core.ResourceCPU] = resource.MustParse("64")
	object := &core.Node{
		ObjectMeta: meta.ObjectMeta{Name: n.name, Labels: map[string]string{
			core.LabelHostname:   n.name,
			core.LabelOSStable:   runtime.GOOS,
			core.LabelArchStable: runtime.GOARCH,
		}},
		Status: core.NodeStatus{
			Capacity:    quantities,
			Allocatable: quantities,
			Addresses: []core.NodeAddress{
				{Type: core.NodeInternalIP, Address: hostAddress},
				{Type: core.NodeHostName, Address: n.name},
			},
			DaemonEndpoints: core.NodeDaemonEndpoints{KubeletEndpoint: core.DaemonEndpoint{Port: int32(port)}},
			Conditions:      conditions(time.Now()),
			NodeInfo: core.NodeSystemInfo{
				KubeletVersion:          version.Get().GitVersion,
				ContainerRuntimeVersion: "busybox://" + n.image.version,
				OperatingSystem:         runtime.GOOS,
				Architecture:            runtime.GOARCH,
				OSImage:                 "portcullis test node",
				KernelVersion:           kernel(),
			},
		},
	}
	var last error
	// The first answers after the API server's start may be refusals while its caches fill.
	err := wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, 30*time.Second, true, func(ctx context.Context) (bool, error) {
		_, last = n.client.CoreV1().Nodes().Create(ctx, object, meta.CreateOptions{})
		return last == nil, nil
	})
	if err != nil {
		return fmt.Errorf("registering the node: %w", last)
	}
	return nil
}

func conditions(now time.Time) []core.NodeCondition {
	at := meta.NewTime(now)
	condition := func(kind core.NodeConditionType, status core.ConditionStatus, reason, message string) core.NodeCondition {
		return core.NodeCondition{Type: kind, Status: status, Reason: reason, Message: message, LastHeartbeatTime: at, LastTransitionTime: at}
	}
	return []core.NodeCondition{
		condition(core.NodeMemoryPressure, core.ConditionFalse, "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
		condition(core.NodeDiskPressure, core.ConditionFalse, "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
		condition(core.NodePIDPressure, core.ConditionFalse, "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
		condition(core.NodeReady, core.ConditionTrue, "KubeletReady", "kubelet is posting ready status"),
	}
}

// heartbeat renews the time of the node's conditions.
func (n *node) heartbeat(ctx context.Context) {
	wait.UntilWithContext(ctx, func(ctx context.Context) {
		object, err := n.client.CoreV1().Nodes().Get(ctx, n.name, meta.GetOptions{})
		if err != nil {
			return // the next beat tries again
		}
		for i := range object.Status.Conditions {
			object.Status.Conditions[i].LastHeartbeatTime = meta.Now()
		}
		_, _ = n.client.CoreV1().Nodes().UpdateStatus(ctx, object, meta.UpdateOptions{})
	}, heartbeatInterval)
}

func kernel() string {
	text, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	return strings.TrimSpace(string(text))
}
