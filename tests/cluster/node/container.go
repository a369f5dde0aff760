package node

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// kind tells the three lists of containers in a pod apart.
type kind int

const (
	regular kind = iota
	initial
	ephemeral
)

// container is one container of a pod through all its runs.
type container struct {
	pod    *pod
	kind   kind
	spec   core.Container
	target string // of an ephemeral container: whose processes it shares

	mu       sync.Mutex
	state    core.ContainerState
	last     core.ContainerState
	restarts int
	run      int // the number of the last run that started
	ready    bool
	id       string
	process  *process
	// begun closes when the first run has started or has failed for good.
	begun     chan struct{}
	beginOnce sync.Once
}

func newContainer(p *pod, k kind, s core.Container) *container {
	c := &container{pod: p, kind: k, spec: s, begun: make(chan struct{})}
	reason := "ContainerCreating"
	if k != initial && len(p.initials) > 0 {
		reason = "PodInitializing"
	}
	c.state.Waiting = &core.ContainerStateWaiting{Reason: reason}
	return c
}

// restartable says whether a run that ended with the code is followed by another.
func (c *container) restartable(code int) bool {
	if c.kind == ephemeral {
		return false
	}
	policy := c.pod.policy
	if c.kind == initial {
		if c.sidecar() {
			return true
		}
		return code != 0 && policy != core.RestartPolicyNever
	}
	return policy == core.RestartPolicyAlways || policy == core.RestartPolicyOnFailure && code != 0
}

// sidecar says whether this is an init container that stays.
func (c *container) sidecar() bool {
	return c.kind == initial && c.spec.RestartPolicy != nil && *c.spec.RestartPolicy == core.ContainerRestartPolicyAlways
}

// firstBackoff and lastBackoff bound the pause before a container runs again. The kubelet waits from
// 10 seconds to 5 minutes, which no test wants to see.
const (
	firstBackoff = time.Second
	lastBackoff  = 30 * time.Second
)

// live runs the container again and again as its policy says, and returns the last exit code. When
// ctx ends it starts no more; whoever ended it stops the run there is.
func (c *container) live(ctx context.Context) int {
	defer c.begin()
	backoff := firstBackoff
	for {
		process, err := c.start(ctx)
		if err == nil {
			c.begin()
			c.probe(ctx, process)
			<-process.done
			c.terminated(process)
			if ctx.Err() != nil || !c.restartable(process.code) {
				return process.code
			}
			c.waiting("CrashLoopBackOff", fmt.Sprintf("back-off %s restarting failed container=%s pod=%s_%s(%s)",
				backoff, c.spec.Name, c.pod.name, c.pod.namespace, c.pod.uid))
			c.event(core.EventTypeWarning, "BackOff", "Back-off restarting failed container "+c.spec.Name)
		} else if ctx.Err() != nil {
			return 137
		} else {
			if code, final := c.failed(err); final && !c.restartable(code) {
				return code
			}
			c.event(core.EventTypeWarning, "Failed", "Error: "+err.Error())
		}
		select {
		case <-ctx.Done():
			return 137
		case <-time.After(backoff):
		}
		if err == nil {
			c.mu.Lock()
			c.restarts++
			c.mu.Unlock()
		}
		backoff = min(backoff*2, lastBackoff)
	}
}

func (c *container) begin() { c.beginOnce.Do(func() { close(c.begun) }) }

// errConfig is a failure to put together what the container needs; it may mend itself.
type errConfig struct{ error }

// start makes a fresh root and starts the first process in it.
func (c *container) start(ctx context.Context) (*process, error) {
	p := c.pod
	c.mu.Lock()
	run := c.restarts
	c.mu.Unlock()
	dir := filepath.Join(p.dir, "containers", c.spec.Name)
	root := filepath.Join(dir, "root")
	env, err := p.environment(ctx, &c.spec)
	if err != nil {
		return nil, &errConfig{err}
	}
	// The mounts of an earlier run went with its namespace: only plain files are below.
	if err := os.RemoveAll(root); err != nil {
		return nil, err
	}
	if err := p.node.image.unpack(root, p.hostname, p.address); err != nil {
		return nil, err
	}
	mounts, err := p.mounts(&c.spec, root)
	if err != nil {
		return nil, &errConfig{err}
	}
	log, err := createLog(filepath.Join(dir, "logs"), run)
	if err != nil {
		return nil, err
	}
	init, err := p.node.newInit(p.sandbox.Load(), root, p.initOf(c.target))
	if err != nil {
		log.close()
		return nil, err
	}
	process := &process{id: newID(), init: init, root: root, log: log}
	err = init.inside(joinContainer, func() error { return mountAll(root, mounts) })
	if err == nil {
		err = process.run(c.main(env), c.spec.Stdin)
	}
	if err != nil {
		process.release()
		log.close()
		return nil, err
	}
	c.mu.Lock()
	c.id, c.run = process.id, run
	c.process = process
	c.state = core.ContainerState{Running: &core.ContainerStateRunning{StartedAt: meta.NewTime(process.started)}}
	c.ready = c.spec.ReadinessProbe == nil || c.kind != regular
	c.mu.Unlock()
	p.touch()
	c.event(core.EventTypeNormal, "Created", "Container created")
	c.event(core.EventTypeNormal, "Started", "Container started")
	return process, nil
}

// main is the container's own process.
func (c *container) main(env []string) *spec {
	s := c.base(env)
	s.argv = entrypoint(&c.spec)
	for i, word := range s.argv {
		s.argv[i] = expand(word, env)
	}
	s.terminal = c.spec.TTY
	return s
}

// base is what every process of the container has in common.
func (c *container) base(env []string) *spec {
	s := &spec{env: env, dir: c.spec.WorkingDir, uid: -1, gid: -1}
	if context := c.pod.securityContext; context != nil {
		set(&s.uid, context.RunAsUser)
		set(&s.gid, context.RunAsGroup)
	}
	if context := c.spec.SecurityContext; context != nil {
		set(&s.uid, context.RunAsUser)
		set(&s.gid, context.RunAsGroup)
	}
	return s
}

func set(to *int64, from *int64) {
	if from != nil {
		*to = *from
	}
}

// terminated records how a run ended.
func (c *container) terminated(p *process) {
	reason := "Completed"
	if p.code != 0 {
		reason = "Error"
	}
	c.mu.Lock()
	c.state = core.ContainerState{Terminated: &core.ContainerStateTerminated{
		ExitCode: int32(p.code), Signal: int32(p.signal), Reason: reason, ContainerID: containerID(p.id),
		StartedAt: meta.NewTime(p.started), FinishedAt: meta.NewTime(p.ended),
	}}
	c.ready = false
	c.process = nil
	c.mu.Unlock()
	c.pod.touch()
}

// waiting records why the container does not run; what it did last is kept beside.
func (c *container) waiting(reason, message string) {
	c.mu.Lock()
	if c.state.Terminated != nil {
		c.last = c.state
	}
	c.state = core.ContainerState{Waiting: &core.ContainerStateWaiting{Reason: reason, Message: message}}
	c.mu.Unlock()
	c.pod.touch()
}

// failed records a run that did not start. Final says that it counts as a run.
func (c *container) failed(err error) (code int, final bool) {
	var config *errConfig
	if errors.As(err, &config) {
		c.waiting("CreateContainerConfigError", err.Error())
		return 0, false
	}
	// 127 and 128 are what container runtimes say here.
	code = 128
	var missing *errNotFound
	if errors.As(err, &missing) || errors.Is(err, os.ErrNotExist) {
		code = 127
	}
	now := meta.Now()
	c.mu.Lock()
	c.state = core.ContainerState{Terminated: &core.ContainerStateTerminated{
		ExitCode: int32(code), Reason: "StartError", Message: "failed to start container: " + err.Error(), StartedAt: now, FinishedAt: now,
	}}
	c.mu.Unlock()
	c.begin()
	c.pod.touch()
	if c.restartable(code) {
		c.waiting("RunContainerError", "failed to start container: "+err.Error())
	}
	return code, true
}

// running is the present run, or nil.
func (c *container) running() *process {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.process
}

// stop ends the present run, if there is one.
func (c *container) stop(grace time.Duration) {
	if process := c.running(); process != nil {
		c.event(core.EventTypeNormal, "Killing", "Stopping container "+c.spec.Name)
		process.stop(grace)
	}
}

func (c *container) event(kind, reason, message string) {
	c.pod.node.events.Event(c.pod.reference(), kind, reason, message)
}

// status is the container's part of the pod's status.
func (c *container) status() core.ContainerStatus {
	c.mu.Lock()
	defer c.mu.Unlock()
	started := c.state.Running != nil
	s := core.ContainerStatus{
		Name: c.spec.Name, Image: c.spec.Image, RestartCount: int32(c.restarts),
		State: c.state, LastTerminationState: c.last, Ready: c.ready && started, Started: &started,
	}
	if c.id != "" {
		s.ContainerID = containerID(c.id)
		s.ImageID = imageID(c.spec.Image)
	}
	if c.kind == initial && !c.sidecar() {
		s.Ready = c.state.Terminated != nil && c.state.Terminated.ExitCode == 0
	}
	return s
}

func containerID(id string) string { return "busybox://" + id }

func newID() string {
	id := make([]byte, 32)
	_, _ = rand.Read(id) // never fails, says its documentation
	return hex.EncodeToString(id)
}
