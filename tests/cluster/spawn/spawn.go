// Package spawn starts processes that must end when this one does.
package spawn

import (
	"os/exec"
	"runtime"
)

// Thread runs functions, one at a time, on one thread that never ends.
//
// A process can ask to be killed when its parent dies (SysProcAttr.Pdeathsig), but the kernel takes
// that to mean the thread that started it (prctl(2), PR_SET_PDEATHSIG), and the Go runtime may end
// any thread it likes: see https://go.dev/issue/27505.
type Thread struct{ work chan func() }

// NewThread starts the thread.
func NewThread() *Thread {
	t := &Thread{work: make(chan func())}
	go func() {
		runtime.LockOSThread()
		for work := range t.work {
			work()
		}
	}()
	return t
}

// Do runs work on the thread and waits for it. It must not call Do again.
func (t *Thread) Do(work func() error) error {
	done := make(chan error)
	t.work <- func() { done <- work() }
	return <-done
}

// Start starts the command from the thread.
func (t *Thread) Start(command *exec.Cmd) error { return t.Do(command.Start) }
