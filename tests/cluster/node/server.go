package node

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	core "k8s.io/api/core/v1"
	internalapi "k8s.io/cri-api/pkg/apis"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"
	"k8s.io/cri-client/pkg/logs"
	"k8s.io/cri-streaming/pkg/streaming/portforward"
	"k8s.io/cri-streaming/pkg/streaming/remotecommand"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	utilexec "k8s.io/utils/exec"

	// Teaches the scheme how the API server writes PodLogOptions into a query.
	_ "k8s.io/kubernetes/pkg/apis/core/install"
)

// streamIdle is how long a stream may carry nothing, as long as the kubelet's.
const streamIdle = 4 * time.Hour

// serve starts the streaming server, with the kubelet's paths. The API server alone may use it: it
// shows a certificate of the cluster's authority.
func (n *node) serve(o options) (port int, failed <-chan error, err error) {
	certificate, err := tls.LoadX509KeyPair(o.certificate, o.key)
	if err != nil {
		return 0, nil, err
	}
	authority, err := os.ReadFile(o.clientCA)
	if err != nil {
		return 0, nil, err
	}
	clients := x509.NewCertPool()
	if !clients.AppendCertsFromPEM(authority) {
		return 0, nil, fmt.Errorf("%s holds no certificate", o.clientCA)
	}
	listener, err := net.Listen("tcp", hostAddress+":0")
	if err != nil {
		return 0, nil, err
	}
	routes := http.NewServeMux()
	routes.HandleFunc("/exec/{namespace}/{pod}/{container}", n.exec)
	routes.HandleFunc("/attach/{namespace}/{pod}/{container}", n.attach)
	routes.HandleFunc("/portForward/{namespace}/{pod}", n.portForward)
	routes.HandleFunc("GET /containerLogs/{namespace}/{pod}/{container}", n.containerLogs)
	server := &http.Server{
		Handler:           routes,
		ReadHeaderTimeout: 30 * time.Second,
		TLSConfig: &tls.Config{
			Certificates: []tls.Certificate{certificate},
			ClientCAs:    clients,
			ClientAuth:   tls.RequireAndVerifyClientCert,
			// Connections are taken over by SPDY and WebSocket, which HTTP/2 does not allow.
			NextProtos: []string{"http/1.1"},
		},
	}
	failures := make(chan error, 1)
	go func() { failures <- server.ServeTLS(listener, "", "") }()
	return listener.Addr().(*net.TCPAddr).Port, failures, nil
}

// asked finds the pod that a request names.
func (n *node) asked(w http.ResponseWriter, r *http.Request) *pod {
	p := n.findByName(r.PathValue("namespace"), r.PathValue("pod"))
	if p == nil {
		http.Error(w, "pod does not exist", http.StatusNotFound)
	}
	return p
}

func (n *node) exec(w http.ResponseWriter, r *http.Request) {
	p := n.asked(w, r)
	if p == nil {
		return
	}
	options, err := remotecommand.NewOptions(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	remotecommand.ServeExec(w, r, streamer{p}, p.name, string(p.uid), r.PathValue("container"), r.URL.Query()["command"], options,
		streamIdle, remotecommand.DefaultStreamCreationTimeout, remotecommand.SupportedStreamingProtocols)
}

func (n *node) attach(w http.ResponseWriter, r *http.Request) {
	p := n.asked(w, r)
	if p == nil {
		return
	}
	options, err := remotecommand.NewOptions(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	remotecommand.ServeAttach(w, r, streamer{p}, p.name, string(p.uid), r.PathValue("container"), options,
		streamIdle, remotecommand.DefaultStreamCreationTimeout, remotecommand.SupportedStreamingProtocols)
}

func (n *node) portForward(w http.ResponseWriter, r *http.Request) {
	p := n.asked(w, r)
	if p == nil {
		return
	}
	options, err := portforward.NewV4Options(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	portforward.ServePortForward(w, r, streamer{p}, p.name, string(p.uid), options,
		streamIdle, remotecommand.DefaultStreamCreationTimeout, portforward.SupportedProtocols)
}

// containerLogs answers like the kubelet: with its own reader of logs.
func (n *node) containerLogs(w http.ResponseWriter, r *http.Request) {
	p := n.asked(w, r)
	if p == nil {
		return
	}
	options := &core.PodLogOptions{}
	if err := legacyscheme.ParameterCodec.DecodeParameters(r.URL.Query(), core.SchemeGroupVersion, options); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	c := p.find(r.PathValue("container"))
	if c == nil {
		http.Error(w, fmt.Sprintf("container %q not found in pod %q", r.PathValue("container"), p.name), http.StatusNotFound)
		return
	}
	path, err := c.logOf(options.Previous)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	out := &flusher{w: w, flush: http.NewResponseController(w)}
	stdout, stderr := io.Writer(out), io.Writer(out)
	if options.Stream != nil {
		switch *options.Stream {
		case core.LogStreamStdout:
			stderr = io.Discard
		case core.LogStreamStderr:
			stdout = io.Discard
		}
	}
	w.Header().Set("Transfer-Encoding", "chunked")
	if options.Follow {
		// The answer begins before the first line does.
		out.begin()
	}
	if err := logs.ReadLogs(r.Context(), path, r.PathValue("container"), readerOptions(options), following{c: c, previous: options.Previous}, stdout, stderr); err != nil && r.Context().Err() == nil {
		fmt.Fprintf(os.Stderr, "node: reading logs of %s/%s: %v\n", p.namespace, p.name, err)
	}
}

// readerOptions says to the reader of logs what the request says.
func readerOptions(from *core.PodLogOptions) *logs.LogOptions {
	options := &logs.LogOptions{
		TailLines: from.TailLines, LimitBytes: from.LimitBytes, Follow: from.Follow, Timestamp: from.Timestamps,
	}
	if from.SinceTime != nil {
		options.Since = from.SinceTime.Time
	}
	if from.SinceSeconds != nil {
		options.Since = time.Now().Add(-time.Duration(*from.SinceSeconds) * time.Second)
	}
	return options
}

// flusher sends each line on its way when it is written.
type flusher struct {
	w     io.Writer
	flush *http.ResponseController
}

func (f *flusher) begin() { _ = f.flush.Flush() }

// Write implements io.Writer.
func (f *flusher) Write(bytes []byte) (int, error) {
	count, err := f.w.Write(bytes)
	if err == nil {
		err = f.flush.Flush()
	}
	return count, err
}

// logOf is the file with the log of a container's present or previous run.
func (c *container) logOf(previous bool) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.id == "" {
		reason := "ContainerCreating"
		if c.state.Waiting != nil {
			reason = c.state.Waiting.Reason
		}
		return "", fmt.Errorf("container %q in pod %q is waiting to start: %s", c.spec.Name, c.pod.name, reason)
	}
	run := c.run
	if previous {
		run--
		if run < 0 {
			return "", fmt.Errorf("previous terminated container %q in pod %q not found", c.spec.Name, c.pod.name)
		}
	}
	return logPath(filepath.Join(c.pod.dir, "containers", c.spec.Name, "logs"), run), nil
}

// following tells the reader of logs whether more can come. It asks for nothing else.
type following struct {
	internalapi.RuntimeService
	c        *container
	previous bool
}

// ContainerStatus says whether the container runs.
func (f following) ContainerStatus(context.Context, string, bool) (*runtimeapi.ContainerStatusResponse, error) {
	state := runtimeapi.ContainerState_CONTAINER_EXITED
	if !f.previous && f.c.running() != nil {
		state = runtimeapi.ContainerState_CONTAINER_RUNNING
	}
	return &runtimeapi.ContainerStatusResponse{Status: &runtimeapi.ContainerStatus{State: state}}, nil
}

// streamer serves the streams of one pod.
type streamer struct{ pod *pod }

// process is the present run of the named container.
func (s streamer) process(name string) (*container, *process, error) {
	c := s.pod.find(name)
	if c == nil {
		return nil, nil, fmt.Errorf("container not found (%q)", name)
	}
	p := c.running()
	if p == nil {
		return nil, nil, fmt.Errorf("container %q is not running", name)
	}
	return c, p, nil
}

// ExecInContainer implements remotecommand.Executor.
func (s streamer) ExecInContainer(ctx context.Context, _, _, name string, argv []string, in io.Reader, out, complaints io.WriteCloser, tty bool, sizes <-chan size, _ time.Duration) error {
	c, p, err := s.process(name)
	if err != nil {
		return err
	}
	env, err := s.pod.environment(ctx, &c.spec)
	if err != nil {
		return err
	}
	command := c.base(env)
	command.argv = argv
	command.terminal = tty
	if tty {
		command.env = append(command.env, "TERM=xterm")
	}
	return exitError(p.exec(ctx, command, in, writer(out), writer(complaints), sizes))
}

// AttachContainer implements remotecommand.Attacher.
func (s streamer) AttachContainer(ctx context.Context, _, _, name string, in io.Reader, out, complaints io.WriteCloser, _ bool, sizes <-chan size) error {
	c, p, err := s.process(name)
	if err != nil {
		return err
	}
	defer p.output.add(&sink{out: writer(out), err: writer(complaints)})()
	gone := make(chan struct{})
	if p.terminal != nil && sizes != nil {
		go follow(p.terminal, sizes)
	}
	if in != nil && p.input != nil {
		go func() {
			if _, err := io.Copy(p.input, in); err != nil && !errors.Is(err, os.ErrClosed) {
				close(gone)
				return
			}
			if c.spec.StdinOnce && p.terminal == nil {
				p.input.close()
			}
		}()
	}
	select {
	case <-p.output.closed:
	case <-gone:
	case <-ctx.Done():
	}
	return nil
}

// PortForward implements portforward.PortForwarder.
func (s streamer) PortForward(ctx context.Context, _, _ string, port int32, stream io.ReadWriteCloser) error {
	defer stream.Close()
	connection, err := s.pod.dial(ctx, int(port))
	if err != nil {
		return fmt.Errorf("failed to connect to localhost:%d inside namespace of pod %s: %w", port, s.pod.uid, err)
	}
	defer connection.Close()
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		_, _ = io.Copy(stream, connection)
	}()
	go func() {
		_, _ = io.Copy(connection, stream)
		_ = connection.(*net.TCPConn).CloseWrite()
	}()
	// The client may have said all it has to say long before the answer ends, but not the other way round.
	<-answered
	return nil
}

// writer makes "no stream" a nil that an io.Writer is compared with.
func writer(w io.WriteCloser) io.Writer {
	if w == nil {
		return nil
	}
	return w
}

// exitError turns a program's end into what the streaming server sends as an exit code.
func exitError(err error) error {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return err
	}
	code := exit.ExitCode()
	if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		code = 128 + int(status.Signal())
	}
	return utilexec.CodeExitError{Err: err, Code: code}
}
