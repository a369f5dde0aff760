package node

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// eager is how often a container that has not been ready yet is asked, whatever its period: most are a
// moment after their start, and a test should not wait ten seconds for that.
const eager = 200 * time.Millisecond

// probe follows a run's readiness until it ends. Probes of liveness and of start-up are not made.
func (c *container) probe(ctx context.Context, process *process) {
	probe := c.spec.ReadinessProbe
	if probe == nil || c.kind != regular {
		return
	}
	go func() {
		pause := time.Duration(probe.InitialDelaySeconds) * time.Second
		successes, failures := int32(0), int32(0)
		for {
			select {
			case <-ctx.Done():
				return
			case <-process.done:
				return
			case <-time.After(pause):
			}
			period := time.Duration(max(probe.PeriodSeconds, 1)) * time.Second
			pause = period
			limit := time.Duration(max(probe.TimeoutSeconds, 1)) * time.Second
			if err := c.try(ctx, process, probe, limit); err != nil {
				if successes == 0 && time.Since(process.started) < period+time.Duration(probe.InitialDelaySeconds)*time.Second {
					pause = eager
					continue
				}
				successes, failures = 0, failures+1
				c.event(core.EventTypeWarning, "Unhealthy", "Readiness probe failed: "+err.Error())
				if failures >= max(probe.FailureThreshold, 1) {
					c.setReady(process, false)
				}
				continue
			}
			successes, failures = successes+1, 0
			if successes >= max(probe.SuccessThreshold, 1) {
				c.setReady(process, true)
			}
		}
	}()
}

func (c *container) setReady(process *process, ready bool) {
	c.mu.Lock()
	changed := c.process == process && c.ready != ready
	if changed {
		c.ready = ready
	}
	c.mu.Unlock()
	if changed {
		c.pod.touch()
	}
}

// try asks once.
func (c *container) try(ctx context.Context, process *process, probe *core.Probe, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	switch {
	case probe.Exec != nil:
		env, err := c.pod.environment(ctx, &c.spec)
		if err != nil {
			return err
		}
		s := c.base(env)
		s.argv = probe.Exec.Command
		ended := make(chan error, 1)
		go func() { ended <- process.exec(ctx, s, nil, io.Discard, io.Discard, nil) }()
		select {
		case err := <-ended:
			return err
		case <-ctx.Done():
			return fmt.Errorf("command timed out after %s", limit)
		}
	case probe.TCPSocket != nil:
		connection, err := c.pod.dial(ctx, c.port(probe.TCPSocket.Port))
		if err != nil {
			return err
		}
		return connection.Close()
	case probe.HTTPGet != nil:
		return c.get(ctx, probe.HTTPGet)
	}
	return nil
}

func (c *container) get(ctx context.Context, action *core.HTTPGetAction) error {
	port := c.port(action.Port)
	client := http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext:       func(ctx context.Context, _, _ string) (net.Conn, error) { return c.pod.dial(ctx, port) },
	}}
	page := url.URL{Scheme: strings.ToLower(string(action.Scheme)), Host: "localhost:" + strconv.Itoa(port)}
	page.Path, page.RawQuery, _ = strings.Cut(action.Path, "?")
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, page.String(), nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode >= 400 {
		return fmt.Errorf("HTTP probe failed with statuscode: %d", response.StatusCode)
	}
	return nil
}

// port is a port by its number or by its name in the container's list.
func (c *container) port(port intstr.IntOrString) int {
	for _, each := range c.spec.Ports {
		if port.Type == intstr.String && each.Name == port.StrVal {
			return int(each.ContainerPort)
		}
	}
	return port.IntValue()
}

// dial connects to a port on the pod's own loopback device.
func (p *pod) dial(ctx context.Context, port int) (net.Conn, error) {
	sandbox := p.sandbox.Load()
	if sandbox == nil {
		return nil, fmt.Errorf("pod %s/%s has no network yet", p.namespace, p.name)
	}
	var connection net.Conn
	// A socket belongs to the network in which it was made. The address is a number, so that the
	// dialer makes the socket on this very thread.
	err := sandbox.inside(unix.CLONE_NEWNET, func() (err error) {
		connection, err = new(net.Dialer).DialContext(ctx, "tcp4", "127.0.0.1:"+strconv.Itoa(port))
		return err
	})
	return connection, err
}
