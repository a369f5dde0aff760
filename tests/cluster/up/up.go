// Package up starts a cluster in a folder, supervises it and stops it.
package up

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
	"k8s.io/component-base/version"

	"portcullis.test/cluster/spawn"
)

// options are what `cluster up` was told.
type options struct {
	dir, readyFile, auditLevel string
	kubectl                    kubectls
	startLimit                 time.Duration
	untilStdinCloses           bool
	dieWithParent              bool
}

// kubectls collects --kubectl VERSION=PATH.
type kubectls map[string]string

func (k kubectls) String() string { return "" }
func (k kubectls) Set(text string) error {
	name, path, found := strings.Cut(text, "=")
	if !found {
		return errors.New("want VERSION=PATH")
	}
	k[name] = path
	return nil
}

func parse(args []string) (*options, error) {
	o := &options{kubectl: kubectls{}}
	flags := flag.NewFlagSet("cluster up", flag.ContinueOnError)
	flags.StringVar(&o.dir, "dir", "", "folder for the cluster's state; what an earlier cluster left there is removed")
	flags.StringVar(&o.readyFile, "ready-file", "", "also write the description of the running cluster here (always at DIR/ready.json)")
	flags.StringVar(&o.auditLevel, "audit-level", "Metadata", "Metadata, Request or RequestResponse: how much the audit log holds")
	flags.Var(o.kubectl, "kubectl", "VERSION=PATH of another kubectl to name in the description; may be repeated")
	flags.DurationVar(&o.startLimit, "start-limit", 2*time.Minute, "how long the start may take")
	flags.BoolVar(&o.untilStdinCloses, "until-stdin-closes", false, "stop when standard input ends: with a pipe, when its other end dies")
	flags.BoolVar(&o.dieWithParent, "die-with-parent", false, "stop when the thread that started this process ends (PR_SET_PDEATHSIG)")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	if !slices.Contains([]string{"Metadata", "Request", "RequestResponse"}, o.auditLevel) {
		return nil, fmt.Errorf("--audit-level %q is none of Metadata, Request and RequestResponse", o.auditLevel)
	}
	return o, nil
}

// Up starts a cluster and stays until it is told to stop; it returns the exit code.
func Up(args []string) int {
	o, err := parse(args)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		fmt.Fprintf(os.Stderr, "cluster up: %v\n", err)
		return 2
	}
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer cancel()
	if o.dieWithParent {
		// The request dies with the thread that made it.
		runtime.LockOSThread()
		if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(syscall.SIGTERM), 0, 0, 0); err != nil {
			fmt.Fprintf(os.Stderr, "cluster up: cannot ask to be told of the parent's end: %v\n", err)
			return 1
		}
	}
	if o.untilStdinCloses {
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin)
			cancel()
		}()
	}
	if err := supervise(ctx, o); err != nil {
		fmt.Fprintf(os.Stderr, "cluster up: %v\n", err)
		return 1
	}
	return 0
}

// supervise runs the cluster until ctx ends (no error) or a part does.
func supervise(ctx context.Context, o *options) error {
	f, err := openFolder(o.dir)
	if err != nil {
		return err
	}
	lock, err := f.lock()
	if errors.Is(err, errRuns) {
		return fmt.Errorf("%w: %s; stop it with `cluster down`", err, f.path)
	} else if err != nil {
		return err
	}
	defer lock.Close()
	if err := lock.Truncate(0); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(lock, "%d\n", os.Getpid()); err != nil {
		return err
	}
	if err := f.clear(); err != nil {
		return err
	}
	p, err := prepare(f, o.auditLevel)
	if err != nil {
		return err
	}

	c := &cluster{plan: p, thread: spawn.NewThread()}
	defer c.stop()
	if c.program, err = os.Executable(); err != nil {
		return err
	}
	begun := time.Now()
	starting, cancel := context.WithTimeout(ctx, o.startLimit)
	defer cancel()
	if err := c.start(starting); err != nil {
		if ctx.Err() != nil {
			return nil // told to stop while it started
		}
		return err
	}
	ready, err := c.describe(o)
	if err != nil {
		return err
	}
	defer os.Remove(f.join("ready.json"))
	if err := ready.write(f.join("ready.json")); err != nil {
		return err
	}
	if o.readyFile != "" {
		defer os.Remove(o.readyFile)
		if err := ready.write(o.readyFile); err != nil {
			return err
		}
	}
	fmt.Printf("ready after %.1f s: %s\n", time.Since(begun).Seconds(), ready.Kubeconfig)
	return c.wait(ctx)
}

// cluster is the running parts, in the order in which they were started.
type cluster struct {
	plan    *plan
	thread  *spawn.Thread
	program string
	parts   []*child
}

func (c *cluster) add(name string, args []string) error {
	part, err := startChild(c.thread, c.program, c.plan.folder.join("logs"), name, args)
	if err != nil {
		return err
	}
	c.parts = append(c.parts, part)
	return nil
}

func (c *cluster) start(ctx context.Context) error {
	if err := c.add("etcd", c.plan.etcdArgs()); err != nil {
		return err
	}
	// The API server takes a second to get as far as etcd, so both start at once.
	if err := c.add("kube-apiserver", c.plan.apiServerArgs()); err != nil {
		return err
	}
	if err := until(ctx, "etcd", c.parts, etcdHealthy(c.plan.etcdClient)); err != nil {
		return err
	}
	client, err := newClient(c.plan.kubeconfig(c.plan.users.admin))
	if err != nil {
		return err
	}
	if err := until(ctx, "the API server", c.parts, serverReady(client)); err != nil {
		return err
	}
	for _, part := range []struct {
		name string
		args []string
	}{
		{"kube-controller-manager", c.plan.controllerManagerArgs()},
		{"kube-scheduler", c.plan.schedulerArgs()},
		{"node", c.plan.nodeArgs()},
	} {
		if err := c.add(part.name, part.args); err != nil {
			return err
		}
	}
	for _, step := range []struct {
		what string
		ask  func(context.Context) error
	}{
		{"the gateway's role", bindGateway(client)},
		{"the node", nodeReady(client)},
		{"service accounts", accountsReady(client)},
	} {
		if err := until(ctx, step.what, c.parts, step.ask); err != nil {
			return err
		}
	}
	return nil
}

// describe makes the ready file's content, and the link by which this program is kubectl.
func (c *cluster) describe(o *options) (*Ready, error) {
	p := c.plan
	link := p.folder.join("bin", "kubectl")
	if err := os.Symlink(c.program, link); err != nil {
		return nil, err
	}
	v := version.Get()
	r := &Ready{
		Dir:               p.folder.path,
		Server:            p.url(),
		CAFile:            p.authority.file(),
		Kubeconfig:        p.kubeconfig(p.users.admin),
		AdminToken:        p.users.admin.token,
		Token:             p.users.gateway.token,
		GatewayKubeconfig: p.kubeconfig(p.users.gateway),
		AuditLog:          p.auditLog,
		Kubectl:           map[string]string{"built-in": link},
		Node:              nodeName,
		Version:           v.GitVersion,
		PIDs:              map[string]int{"cluster": os.Getpid()},
	}
	for name, path := range o.kubectl {
		absolute, err := filepath.Abs(path)
		if err != nil {
			return nil, err
		}
		r.Kubectl[name] = absolute
	}
	for _, part := range c.parts {
		r.PIDs[part.name] = part.command.Process.Pid
	}
	return r, nil
}

// wait stays until ctx ends or a part ends by itself.
func (c *cluster) wait(ctx context.Context) error {
	ended := make(chan *child, len(c.parts))
	for _, part := range c.parts {
		go func() {
			<-part.ended
			ended <- part
		}()
	}
	select {
	case <-ctx.Done():
		return nil
	case part := <-ended:
		return part.failure()
	}
}

// stop ends the parts, the last started first: the node's pods go while there is a server to tell.
func (c *cluster) stop() {
	for _, part := range slices.Backward(c.parts) {
		part.stop()
	}
}

// Down stops the cluster of a folder and returns the exit code.
func Down(args []string) int {
	flags := flag.NewFlagSet("cluster down", flag.ContinueOnError)
	dir := flags.String("dir", "", "folder of the cluster")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	if err := down(*dir); err != nil {
		fmt.Fprintf(os.Stderr, "cluster down: %v\n", err)
		return 1
	}
	return 0
}

// downLimit bounds how long the supervisor may take: its five parts have stopLimit each.
const downLimit = 60 * time.Second

func down(dir string) error {
	f, err := openFolder(dir)
	if err != nil {
		return err
	}
	for begun := time.Now(); ; time.Sleep(pollInterval) {
		lock, err := f.lock()
		if err == nil {
			return lock.Close() // nobody runs a cluster here
		} else if !errors.Is(err, errRuns) {
			return err
		}
		pid, err := f.holder()
		if err != nil {
			return err
		}
		// The lock is held, so the process that wrote its number there is alive and the number still its own.
		// Its parts die with it whichever way it goes.
		what := syscall.SIGTERM
		if time.Since(begun) > downLimit {
			what = syscall.SIGKILL
		}
		if err := syscall.Kill(pid, what); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("stopping process %d: %w", pid, err)
		}
	}
}

// Status prints the description of the folder's cluster as JSON; the exit code is 3 when none runs.
func Status(args []string) int {
	flags := flag.NewFlagSet("cluster status", flag.ContinueOnError)
	dir := flags.String("dir", "", "folder of the cluster")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	ready, err := status(*dir)
	if err != nil {
		fmt.Fprintf(os.Stderr, "cluster status: %v\n", err)
		return 1
	}
	if ready == nil {
		fmt.Fprintf(os.Stderr, "cluster status: no cluster runs in %s; start one with `cluster up`\n", *dir)
		return 3
	}
	text, err := json.MarshalIndent(ready, "", "  ")
	if err != nil {
		fmt.Fprintf(os.Stderr, "cluster status: %v\n", err)
		return 1
	}
	fmt.Println(string(text))
	return 0
}

// status reads the description of the cluster that runs in dir; nil when none runs or it is not ready.
func status(dir string) (*Ready, error) {
	f, err := openFolder(dir)
	if err != nil {
		return nil, err
	}
	lock, err := f.lock()
	if err == nil {
		return nil, lock.Close()
	} else if !errors.Is(err, errRuns) {
		return nil, err
	}
	ready, err := readReady(f.join("ready.json"))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	return ready, err
}
