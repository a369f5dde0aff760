package node

import (
	"io"
	"sync"
)

// fan copies a container's output to whoever is attached at the moment.
type fan struct {
	mu     sync.Mutex
	sinks  map[*sink]struct{}
	closed chan struct{}
}

// sink is one who is attached; either writer may be nil.
type sink struct{ out, err io.Writer }

func newFan() *fan { return &fan{sinks: map[*sink]struct{}{}, closed: make(chan struct{})} }

// add attaches a sink until the returned function is called.
func (f *fan) add(s *sink) (remove func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sinks[s] = struct{}{}
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.sinks, s)
	}
}

// close says that there will be no more output.
func (f *fan) close() { close(f.closed) }

// stream is a writer for one of the two streams. It never fails: a sink that does is dropped.
func (f *fan) stream(name string) io.Writer { return &fanStream{f, name == "stderr"} }

type fanStream struct {
	fan      *fan
	isStderr bool
}

func (s *fanStream) Write(bytes []byte) (int, error) {
	s.fan.mu.Lock()
	defer s.fan.mu.Unlock()
	for each := range s.fan.sinks {
		to := each.out
		if s.isStderr {
			to = each.err
		}
		if to == nil {
			continue
		}
		if _, err := to.Write(bytes); err != nil {
			delete(s.fan.sinks, each)
		}
	}
	return len(bytes), nil
}

// input is a container's standard input, which stays open between those who attach to it.
type input struct {
	mu sync.Mutex
	to io.WriteCloser
}

func newInput(to io.WriteCloser) *input { return &input{to: to} }

// Write implements io.Writer.
func (i *input) Write(bytes []byte) (int, error) { return i.to.Write(bytes) }

func (i *input) close() {
	i.mu.Lock()
	defer i.mu.Unlock()
	_ = i.to.Close()
}
