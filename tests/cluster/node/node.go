// Package node is a stand-in for the kubelet: it runs the pods of one node as local processes.
//
// What a client can see is the kubelet's own: streaming is k8s.io/cri-streaming, logs are kept and read
// in the kubelet's format by its own reader, and the API server comes in by the kubelet's paths. What
// lies beneath is small: a container is a busybox in namespaces of its own (see namespaces.go).
package node

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	typedcore "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/record"

	"portcullis.test/cluster/spawn"
)

// options are what `cluster node` was told.
type options struct {
	name, kubeconfig, dir, certificate, key, clientCA string
}

// Main runs the node until a signal comes, and returns the exit code.
func Main(args []string) int {
	var o options
	flags := flag.NewFlagSet("cluster node", flag.ContinueOnError)
	flags.StringVar(&o.name, "name", "", "name of the node")
	flags.StringVar(&o.kubeconfig, "kubeconfig", "", "how to reach the API server")
	flags.StringVar(&o.dir, "dir", "", "folder for the pods")
	flags.StringVar(&o.certificate, "certificate", "", "certificate that the node serves with")
	flags.StringVar(&o.key, "key", "", "key of the certificate")
	flags.StringVar(&o.clientCA, "client-ca", "", "certificate of the authority that signed the API server's client certificate")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer cancel()
	if err := run(ctx, o); err != nil {
		fmt.Fprintf(os.Stderr, "node: %v\n", err)
		return 1
	}
	return 0
}

// node is the one node and the pods on it.
type node struct {
	name    string
	dir     string
	image   *image
	client  kubernetes.Interface
	events  record.EventRecorder
	thread  *spawn.Thread
	address addresses

	mu   sync.Mutex
	pods map[types.UID]*pod
	// running counts the pods' goroutines, so that the node can wait for the last.
	running sync.WaitGroup
}

func run(ctx context.Context, o options) error {
	image, err := findImage()
	if err != nil {
		return err
	}
	dir, err := filepath.Abs(o.dir)
	if err != nil {
		return err
	}
	config, err := clientcmd.BuildConfigFromFlags("", o.kubeconfig)
	if err != nil {
		return err
	}
	config.QPS = -1
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	// Started before any thread enters a namespace: the Go runtime tries out pidfds on its first process.
	if err := exec.Command(image.busybox, "true").Run(); err != nil {
		return fmt.Errorf("%s does not run: %w", image.busybox, err)
	}

	broadcaster := record.NewBroadcaster()
	defer broadcaster.Shutdown()
	broadcaster.StartRecordingToSink(&typedcore.EventSinkImpl{Interface: client.CoreV1().Events("")})
	n := &node{
		name:   o.name,
		dir:    dir,
		image:  image,
		client: client,
		events: broadcaster.NewRecorder(scheme.Scheme, core.EventSource{Component: "kubelet", Host: o.name}),
		thread: spawn.NewThread(),
		pods:   map[types.UID]*pod{},
	}

	port, failed, err := n.serve(o)
	if err != nil {
		return err
	}
	if err := n.register(ctx, port); err != nil {
		return err
	}
	go n.heartbeat(ctx)
	n.watch(ctx)

	select {
	case <-ctx.Done():
		err = nil
	case err = <-failed:
	}
	n.stop()
	return err
}

// watch follows the pods that the scheduler puts on this node.
func (n *node) watch(ctx context.Context) {
	source := cache.NewListWatchFromClient(n.client.CoreV1().RESTClient(), "pods", "", fields.OneTermEqualSelector("spec.nodeName", n.name))
	informer := cache.NewSharedInformer(source, &core.Pod{}, 0)
	// Handlers of one informer are called one after the other, so the map changes in order.
	_, _ = informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(object any) { n.apply(ctx, object.(*core.Pod)) },
		UpdateFunc: func(_, object any) { n.apply(ctx, object.(*core.Pod)) },
		DeleteFunc: func(object any) {
			if last, missed := object.(cache.DeletedFinalStateUnknown); missed {
				object = last.Obj
			}
			if p := n.find(object.(*core.Pod).UID); p != nil {
				p.remove()
			}
		},
	})
	go informer.Run(ctx.Done())
}

// apply tells a pod its newest description, and starts it when it is new.
func (n *node) apply(ctx context.Context, object *core.Pod) {
	n.mu.Lock()
	p, known := n.pods[object.UID]
	if !known {
		p = newPod(n, object)
		n.pods[object.UID] = p
		n.running.Add(1)
	}
	n.mu.Unlock()
	if known {
		p.update(object)
		return
	}
	go func() {
		defer n.running.Done()
		p.run(ctx)
		n.mu.Lock()
		delete(n.pods, object.UID)
		n.mu.Unlock()
	}()
}

func (n *node) find(uid types.UID) *pod {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.pods[uid]
}

// findByName returns the pod of that name, the way a streaming request names it.
func (n *node) findByName(namespace, name string) *pod {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, p := range n.pods {
		if p.namespace == namespace && p.name == name {
			return p
		}
	}
	return nil
}

// stopLimit bounds how long the pods' goroutines may take once their processes have been killed.
const stopLimit = 5 * time.Second

// stop waits for the pods, which end because the node's context has: at once, with no grace.
func (n *node) stop() {
	done := make(chan struct{})
	go func() {
		n.running.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(stopLimit):
	}
}
