package node

import (
	"context"
	"fmt"
	"strings"
	"time"

	core "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	podutil "k8s.io/kubernetes/pkg/util/pod"
)

// report writes the pod's status whenever it has changed, until ctx ends.
func (p *pod) report(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.dirty:
		}
		if err := p.writeStatus(ctx); err != nil && !apierrors.IsNotFound(err) && ctx.Err() == nil {
			time.AfterFunc(retryInterval, p.touch)
		}
	}
}

// writeStatus brings the API's status of the pod to what it is now.
func (p *pod) writeStatus(ctx context.Context) error {
	object, err := p.node.client.CoreV1().Pods(p.namespace).Get(ctx, p.name, meta.GetOptions{})
	if err != nil {
		return err
	}
	if object.UID != p.uid {
		return apierrors.NewNotFound(core.Resource("pods"), p.name)
	}
	_, _, _, err = podutil.PatchPodStatus(ctx, p.node.client, p.namespace, p.name, p.uid, object.Status, p.status(object))
	return err
}

// status is what the pod's status should be.
func (p *pod) status(object *core.Pod) core.PodStatus {
	s := *object.Status.DeepCopy()
	s.InitContainerStatuses = statuses(p.initials)
	s.ContainerStatuses = statuses(p.regulars)
	p.mu.Lock()
	ephemerals := p.ephemerals
	p.mu.Unlock()
	s.EphemeralContainerStatuses = statuses(ephemerals)
	s.HostIP = hostAddress
	s.HostIPs = []core.HostIP{{IP: hostAddress}}
	s.PodIP = p.address
	s.PodIPs = []core.PodIP{{IP: p.address}}
	s.StartTime = &p.started
	s.ObservedGeneration = object.Generation
	s.Phase = phase(p.policy, s.InitContainerStatuses, s.ContainerStatuses)

	initialized, unready := true, []string{}
	for i, c := range s.InitContainerStatuses {
		if p.initials[i].sidecar() {
			initialized = initialized && c.Started != nil && *c.Started
		} else {
			initialized = initialized && c.Ready
		}
	}
	for _, c := range s.ContainerStatuses {
		if !c.Ready {
			unready = append(unready, c.Name)
		}
	}
	over := over(s.Phase)
	set := func(kind core.PodConditionType, is bool, reason, message string) {
		c := core.PodCondition{Type: kind, Status: core.ConditionFalse, Reason: reason, Message: message, LastTransitionTime: meta.Now(), ObservedGeneration: object.Generation}
		if is {
			c.Status, c.Reason, c.Message = core.ConditionTrue, "", ""
		}
		for i, before := range s.Conditions {
			if before.Type == kind {
				if before.Status == c.Status {
					c.LastTransitionTime = before.LastTransitionTime
				}
				s.Conditions[i] = c
				return
			}
		}
		s.Conditions = append(s.Conditions, c)
	}
	reason, message := "ContainersNotReady", fmt.Sprintf("containers with unready status: [%s]", strings.Join(unready, " "))
	if over {
		reason, message = "PodCompleted", ""
	}
	set(core.PodReadyToStartContainers, p.begun() && !over, "", "")
	set(core.PodInitialized, initialized || s.Phase == core.PodSucceeded, "ContainersNotInitialized", "containers with incomplete status")
	set(core.ContainersReady, len(unready) == 0 && !over, reason, message)
	set(core.PodReady, len(unready) == 0 && !over, reason, message)
	return s
}

// begun says whether any container has run yet.
func (p *pod) begun() bool {
	for _, c := range p.all() {
		c.mu.Lock()
		id := c.id
		c.mu.Unlock()
		if id != "" {
			return true
		}
	}
	return false
}

func statuses(of []*container) []core.ContainerStatus {
	var all []core.ContainerStatus
	for _, c := range of {
		all = append(all, c.status())
	}
	return all
}

// phase sums a pod's containers up, as the kubelet's getPhase does (pkg/kubelet/kubelet_pods.go).
func phase(policy core.RestartPolicy, initials, regulars []core.ContainerStatus) core.PodPhase {
	for _, c := range initials {
		failed := c.State.Terminated != nil && c.State.Terminated.ExitCode != 0
		if failed && policy == core.RestartPolicyNever {
			return core.PodFailed
		}
		begun := c.State.Terminated != nil || c.State.Running != nil
		if !begun || failed {
			return core.PodPending
		}
	}
	running, waiting, failed := 0, 0, 0
	for _, c := range regulars {
		switch {
		case c.State.Running != nil:
			running++
		case c.State.Terminated != nil && c.State.Terminated.ExitCode != 0:
			failed++
		case c.State.Terminated != nil:
		case c.LastTerminationState.Terminated != nil:
			running++ // it waits to run again
		default:
			waiting++
		}
	}
	switch {
	case waiting > 0:
		return core.PodPending
	case running > 0 || policy == core.RestartPolicyAlways:
		return core.PodRunning
	case failed == 0:
		return core.PodSucceeded
	case policy == core.RestartPolicyOnFailure:
		return core.PodRunning // it will run again
	}
	return core.PodFailed
}

func imageID(name string) string { return "busybox.test/" + name }
