package node

import (
	"testing"

	core "k8s.io/api/core/v1"
)

func TestPhase(t *testing.T) {
	waiting := core.ContainerStatus{State: core.ContainerState{Waiting: &core.ContainerStateWaiting{}}}
	running := core.ContainerStatus{State: core.ContainerState{Running: &core.ContainerStateRunning{}}}
	ended := func(code int32) core.ContainerStatus {
		return core.ContainerStatus{State: core.ContainerState{Terminated: &core.ContainerStateTerminated{ExitCode: code}}}
	}
	again := waiting
	again.LastTerminationState = ended(1).State
	list := func(all ...core.ContainerStatus) []core.ContainerStatus { return all }
	for _, c := range []struct {
		name               string
		policy             core.RestartPolicy
		initials, regulars []core.ContainerStatus
		want               core.PodPhase
	}{
		{"nothing has started", core.RestartPolicyAlways, nil, list(waiting), core.PodPending},
		{"one of two has started", core.RestartPolicyAlways, nil, list(running, waiting), core.PodPending},
		{"all run", core.RestartPolicyAlways, nil, list(running, running), core.PodRunning},
		{"one waits to run again", core.RestartPolicyAlways, nil, list(again), core.PodRunning},
		{"ended well, once", core.RestartPolicyNever, nil, list(ended(0)), core.PodSucceeded},
		{"ended badly, once", core.RestartPolicyNever, nil, list(ended(0), ended(1)), core.PodFailed},
		{"ended badly, to run again", core.RestartPolicyOnFailure, nil, list(ended(1)), core.PodRunning},
		{"ended well, to run again", core.RestartPolicyAlways, nil, list(ended(0)), core.PodRunning},
		{"one runs beside one that ended", core.RestartPolicyNever, nil, list(ended(1), running), core.PodRunning},
		{"initial work goes on", core.RestartPolicyAlways, list(running), list(waiting), core.PodPending},
		{"initial work failed for good", core.RestartPolicyNever, list(ended(1)), list(waiting), core.PodFailed},
		{"initial work failed for now", core.RestartPolicyAlways, list(ended(1)), list(waiting), core.PodPending},
		{"initial work is done", core.RestartPolicyAlways, list(ended(0)), list(running), core.PodRunning},
	} {
		if got := phase(c.policy, c.initials, c.regulars); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}
