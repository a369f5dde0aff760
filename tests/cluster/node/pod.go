package node

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	core "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// retryInterval is how often what a pod lacks is looked for again.
const retryInterval = time.Second

// pod is one pod on the node, from when it is seen until it is gone from the API.
type pod struct {
	node            *node
	namespace, name string
	uid             types.UID
	dir             string
	hostname        string
	address         string
	policy          core.RestartPolicy
	securityContext *core.PodSecurityContext
	sandbox         atomic.Pointer[holder]
	started         meta.Time

	initials, regulars []*container

	mu         sync.Mutex
	object     *core.Pod
	ephemerals []*container
	// changed, removed and dirty each hold at most one sign: that the description has changed, that
	// the object is gone, that the status has to be written.
	changed, removed, dirty chan struct{}
}

func newPod(n *node, object *core.Pod) *pod {
	p := &pod{
		node: n, namespace: object.Namespace, name: object.Name, uid: object.UID,
		dir:     filepath.Join(n.dir, "pods", string(object.UID)),
		address: n.address.next(), hostname: object.Name,
		policy: object.Spec.RestartPolicy, securityContext: object.Spec.SecurityContext,
		object: object, started: meta.Now(),
		changed: make(chan struct{}, 1), removed: make(chan struct{}, 1), dirty: make(chan struct{}, 1),
	}
	if object.Spec.Hostname != "" {
		p.hostname = object.Spec.Hostname
	}
	if object.Spec.HostNetwork {
		p.address = hostAddress
	}
	if len(p.hostname) > 63 {
		p.hostname = p.hostname[:63] // the kernel's limit is one more; Kubernetes cuts here
	}
	for _, c := range object.Spec.InitContainers {
		p.initials = append(p.initials, newContainer(p, initial, c))
	}
	for _, c := range object.Spec.Containers {
		p.regulars = append(p.regulars, newContainer(p, regular, c))
	}
	return p
}

// sign leaves a sign, if there is none yet.
func sign(on chan struct{}) {
	select {
	case on <- struct{}{}:
	default:
	}
}

func (p *pod) update(object *core.Pod) {
	p.mu.Lock()
	p.object = object
	p.mu.Unlock()
	sign(p.changed)
}

func (p *pod) remove() { sign(p.removed) }
func (p *pod) touch()  { sign(p.dirty) }

func (p *pod) latest() *core.Pod {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.object
}

// reference is the pod as events name it.
func (p *pod) reference() *core.ObjectReference {
	return &core.ObjectReference{APIVersion: "v1", Kind: "Pod", Namespace: p.namespace, Name: p.name, UID: p.uid}
}

// all lists the pod's containers.
func (p *pod) all() []*container {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Concat(p.initials, p.regulars, p.ephemerals)
}

func (p *pod) find(name string) *container {
	for _, c := range p.all() {
		if c.spec.Name == name {
			return c
		}
	}
	return nil
}

// initOf is the init of the named container's present run; nil when it has none.
func (p *pod) initOf(name string) *holder {
	if name == "" {
		return nil
	}
	if c := p.find(name); c != nil {
		if process := c.running(); process != nil {
			return process.init
		}
	}
	return nil
}

// run lives through the pod. It returns when the pod is gone from the API, or soon after ctx ends.
func (p *pod) run(ctx context.Context) {
	defer os.RemoveAll(p.dir)
	object := p.latest()
	if over(object.Status.Phase) {
		p.awaitEnd(ctx)
		return
	}

	living, cancel := context.WithCancel(ctx)
	defer cancel()
	reporting, stopReports := context.WithCancel(ctx)
	defer stopReports()
	reported := make(chan struct{})
	go func() {
		defer close(reported)
		p.report(reporting)
	}()
	worked := make(chan struct{})
	go func() {
		defer close(worked)
		p.work(living, object)
	}()
	p.touch()

	grace, told := p.awaitStop(ctx, living, worked)
	cancel()
	var stops sync.WaitGroup
	for _, c := range p.all() {
		stops.Go(func() { c.stop(grace) })
	}
	stops.Wait()
	<-worked
	if sandbox := p.sandbox.Load(); sandbox != nil {
		sandbox.release()
	}
	if ctx.Err() != nil {
		return // the whole node ends, and the cluster with it
	}
	stopReports()
	<-reported
	// The object may be gone already, and then so may its status.
	_ = p.writeStatus(ctx)
	if !told {
		p.awaitEnd(ctx)
		return
	}
	p.delete(ctx)
}

// over says whether a phase is a pod's last.
func over(phase core.PodPhase) bool { return phase == core.PodSucceeded || phase == core.PodFailed }

// awaitStop waits until the pod is told to stop (with how much grace) or has done its work.
func (p *pod) awaitStop(ctx, living context.Context, worked <-chan struct{}) (grace time.Duration, told bool) {
	for {
		select {
		case <-ctx.Done():
			return 0, true
		case <-p.removed:
			return 0, true // deleted with no grace
		case <-worked:
			return 0, false
		case <-p.changed:
			object := p.latest()
			if object.DeletionTimestamp != nil {
				if object.DeletionGracePeriodSeconds != nil {
					grace = time.Duration(*object.DeletionGracePeriodSeconds) * time.Second
				}
				return grace, true
			}
			p.debug(living, object)
		}
	}
}

// work starts everything and returns when the pod's containers have ended for good.
func (p *pod) work(ctx context.Context, object *core.Pod) {
	p.event(core.EventTypeNormal, "Pulled", "Container images are all the one that this node has: busybox "+p.node.image.version)
	for {
		err := p.prepare(ctx, object)
		if err == nil {
			break
		}
		if ctx.Err() != nil {
			return
		}
		p.event(core.EventTypeWarning, "FailedMount", err.Error())
		select {
		case <-ctx.Done():
			return
		case <-time.After(retryInterval):
		}
	}
	var living sync.WaitGroup
	defer living.Wait()
	aside, stopAside := context.WithCancel(ctx)
	defer func() {
		// Containers beside the main ones end with them.
		stopAside()
		for _, c := range p.all() {
			if c.sidecar() || c.kind == ephemeral {
				c.stop(time.Duration(p.graceSeconds()) * time.Second)
			}
		}
	}()
	for _, c := range p.initials {
		if c.sidecar() {
			living.Go(func() { c.live(aside) })
			select {
			case <-c.begun:
			case <-ctx.Done():
				return
			}
		} else if c.live(ctx) != 0 {
			return
		}
		p.touch()
	}
	for _, c := range p.regulars {
		c.mu.Lock()
		if c.state.Waiting != nil {
			c.state.Waiting.Reason = "ContainerCreating"
		}
		c.mu.Unlock()
	}
	var regulars sync.WaitGroup
	for _, c := range p.regulars {
		regulars.Go(func() { c.live(ctx) })
	}
	regulars.Wait()
}

// prepare makes what all the containers share.
func (p *pod) prepare(ctx context.Context, object *core.Pod) error {
	if err := os.MkdirAll(p.dir, 0o755); err != nil {
		return err
	}
	if err := p.prepareVolumes(ctx, object); err != nil {
		return err
	}
	if p.sandbox.Load() != nil {
		return nil
	}
	sandbox, err := p.node.newSandbox(p.hostname, p.address, object.Spec.HostNetwork)
	if err != nil {
		return err
	}
	p.sandbox.Store(sandbox)
	return nil
}

// debug starts ephemeral containers that have been added.
func (p *pod) debug(ctx context.Context, object *core.Pod) {
	for _, e := range object.Spec.EphemeralContainers {
		if p.find(e.Name) != nil {
			continue
		}
		c := newContainer(p, ephemeral, core.Container(e.EphemeralContainerCommon))
		c.target = e.TargetContainerName
		p.mu.Lock()
		p.ephemerals = append(p.ephemerals, c)
		p.mu.Unlock()
		go c.live(ctx)
	}
}

// awaitEnd waits until a pod that runs no more is deleted.
func (p *pod) awaitEnd(ctx context.Context) {
	for {
		if p.latest().DeletionTimestamp != nil {
			p.delete(ctx)
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-p.removed:
			return
		case <-p.changed:
		}
	}
}

// delete takes the pod out of the API, which waited for the node to be done with it.
func (p *pod) delete(ctx context.Context) {
	none := int64(0)
	for ctx.Err() == nil {
		err := p.node.client.CoreV1().Pods(p.namespace).Delete(ctx, p.name, meta.DeleteOptions{
			GracePeriodSeconds: &none, Preconditions: &meta.Preconditions{UID: &p.uid},
		})
		if err == nil || apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
			return
		}
		select {
		case <-ctx.Done():
		case <-p.removed:
			return
		case <-time.After(retryInterval):
		}
	}
}

// graceSeconds is the pod's own grace period.
func (p *pod) graceSeconds() int64 {
	if s := p.latest().Spec.TerminationGracePeriodSeconds; s != nil {
		return *s
	}
	return 30
}

func (p *pod) event(kind, reason, message string) {
	p.node.events.Event(p.reference(), kind, reason, message)
}
