package node

import (
	"io"
	"slices"
	"sync"
)

// fan copies a container's output to whoever is attached at the moment.
type fan struct {
	mu     sync.Mutex
	sinks  map[*sink]struct{}
	closed chan struct{}
	// early is what was written before the first came; nil when it is not kept, or no longer.
	early []earlyOutput
	kept  int
}

// earlyLimit is how many bytes are kept for the first who attaches.
const earlyLimit = 64 << 10

type earlyOutput struct {
	isStderr bool
	bytes    []byte
}

// sink is one who is attached; either writer may be nil.
type sink struct{ out, err io.Writer }

// write says whether the sink still takes output.
func (s *sink) write(isStderr bool, bytes []byte) bool {
	to := s.out
	if isStderr {
		to = s.err
	}
	if to == nil {
		return true
	}
	_, err := to.Write(bytes)
	return err == nil
}

// newFan makes a fan. With keepEarly, the first who attaches gets what was written before: `kubectl run
// -i` attaches after the start, and what it sees should not depend on how long that took.
func newFan(keepEarly bool) *fan {
	f := &fan{sinks: map[*sink]struct{}{}, closed: make(chan struct{})}
	if keepEarly {
		f.early = []earlyOutput{}
	}
	return f
}

// add attaches a sink until the returned function is called.
func (f *fan) add(s *sink) (remove func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, each := range f.early {
		s.write(each.isStderr, each.bytes)
	}
	f.early = nil
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
	if s.fan.early != nil && s.fan.kept < earlyLimit {
		s.fan.early = append(s.fan.early, earlyOutput{s.isStderr, slices.Clone(bytes)})
		s.fan.kept += len(bytes)
	}
	for each := range s.fan.sinks {
		if !each.write(s.isStderr, bytes) {
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
