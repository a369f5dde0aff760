package node

import (
	"bufio"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"portcullis.test/cluster/spawn"
)

// A pod's sandbox is a sleeping process that holds a network, a host name and IPC of its own: every
// pod may listen on port 80, and nothing but the node reaches in. Each container adds an init process
// that holds a process and a mount namespace. The kernel ends all processes of a process namespace
// with its first, and takes away a mount namespace's mounts with its last process: killing the init
// leaves neither a process nor a mount, and the inits are killed when the node dies, however it dies.

// joinSandbox are the kinds of namespace that a pod's containers share.
const joinSandbox = unix.CLONE_NEWNET | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC

// joinContainer are the kinds that a process needs to be inside a container.
const joinContainer = joinSandbox | unix.CLONE_NEWPID | unix.CLONE_NEWNS

// holder is a process that does nothing but hold namespaces.
type holder struct {
	command *exec.Cmd
	once    sync.Once

	// mu guards pidfd, which is -1 before and after the holder's life: a number that is closed may
	// come to mean another pod's.
	mu    sync.RWMutex
	pidfd int
}

var errReleased = errors.New("the container has ended")

// enter puts the calling thread into the holder's namespaces of the given kinds.
func (h *holder) enter(kinds int) error {
	h.mu.RLock()
	defer h.mu.RUnlock()
	if h.pidfd < 0 {
		return errReleased
	}
	if err := unix.Setns(h.pidfd, kinds); err != nil {
		return fmt.Errorf("entering namespaces: %w", err)
	}
	return nil
}

// hold starts the shell script, which must print a line when it is done setting up and then stay.
// When joins is not nil, its namespaces of the given kinds are entered first.
func hold(thread *spawn.Thread, command *exec.Cmd, joins ...join) (*holder, error) {
	output, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	var complaint strings.Builder
	command.Stderr = &complaint // complete once the process has been waited for
	command.SysProcAttr.Setsid = true
	err = thread.Do(func() error {
		// The thread goes into the namespaces and comes back: it has to live on, see spawn.Thread.
		self, err := unix.PidfdOpen(unix.Getpid(), 0)
		if err != nil {
			return err
		}
		defer unix.Close(self)
		for _, j := range joins {
			defer unix.Setns(self, j.kinds)
			if err := j.holder.enter(j.kinds); err != nil {
				return err
			}
		}
		return command.Start()
	})
	if err != nil {
		return nil, err
	}
	h := &holder{command: command, pidfd: -1}
	line, err := bufio.NewReader(output).ReadString('\n')
	if err == nil {
		h.pidfd, err = unix.PidfdOpen(command.Process.Pid, 0)
	}
	if err != nil {
		h.release()
		return nil, fmt.Errorf("setting up namespaces: %s %s %w", strings.TrimSpace(line), strings.TrimSpace(complaint.String()), err)
	}
	return h, nil
}

// join names kinds of namespace of a holder.
type join struct {
	holder *holder
	kinds  int
}

// release kills the holder, and with it what lives in a process namespace that it began.
func (h *holder) release() {
	h.once.Do(func() {
		// The group: an init that shares another's processes would leave its own child to it.
		_ = syscall.Kill(-h.command.Process.Pid, syscall.SIGKILL)
		_ = h.command.Wait()
		h.mu.Lock()
		defer h.mu.Unlock()
		if h.pidfd >= 0 {
			_ = unix.Close(h.pidfd)
			h.pidfd = -1
		}
	})
}

// inside runs work on a thread that is in the holder's namespaces of the given kinds. The thread ends
// with the work, so nothing else ever runs in there; work must not start goroutines that need to.
func (h *holder) inside(kinds int, work func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // and never unlocked: the runtime ends the thread with the goroutine
		done <- func() error {
			if kinds&unix.CLONE_NEWNS != 0 {
				// Threads share their root and working folder; one that does cannot change its mounts.
				if err := unix.Unshare(unix.CLONE_FS); err != nil {
					return fmt.Errorf("leaving the shared folder: %w", err)
				}
			}
			if err := h.enter(kinds); err != nil {
				return err
			}
			return work()
		}()
	}()
	return <-done
}

// newSandbox starts a pod's sandbox with its address on its own loopback device.
func (n *node) newSandbox(hostname, address string, hostNetwork bool) (*holder, error) {
	const script = `busybox=$0
if [ -n "$2" ]; then
	$busybox ip link set lo up && $busybox ip address add "$2/32" dev lo || exit 1
fi
$busybox hostname "$1" && echo ready && exec $busybox sleep 2147483647`
	flags := uintptr(syscall.CLONE_NEWUTS | syscall.CLONE_NEWIPC)
	if hostNetwork {
		address = ""
	} else {
		flags |= syscall.CLONE_NEWNET
	}
	command := exec.Command(n.image.busybox, "sh", "-c", script, n.image.busybox, hostname, address)
	command.SysProcAttr = &syscall.SysProcAttr{Cloneflags: flags, Pdeathsig: syscall.SIGKILL}
	return hold(n.thread, command)
}

// newInit starts a container's init process. It reaps what the container leaves behind. With
// a target, the container shares that container's processes instead of beginning a set of its own.
func (n *node) newInit(sandbox *holder, root string, target *holder) (*holder, error) {
	const script = `$0 mount -t proc proc "$1/proc" && echo ready || exit 1
exec >/dev/null 2>&1
while :; do $0 sleep 86400 & wait; done`
	command := exec.Command(n.image.busybox, "sh", "-c", script, n.image.busybox, root)
	// Unshared rather than cloned: Go then makes the mounts private, so that none shows outside.
	command.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	joins := []join{{sandbox, joinSandbox}}
	if target == nil {
		command.SysProcAttr.Cloneflags = syscall.CLONE_NEWPID
		// Go has the child kill itself when its parent seems to be gone, as it does from inside another process
		// namespace. The first process of one is immune to its own signals; one that joins is not, and
		// it ends with that namespace anyway.
		command.SysProcAttr.Pdeathsig = syscall.SIGKILL
	} else {
		joins = append(joins, join{target, unix.CLONE_NEWPID})
	}
	return hold(n.thread, command, joins...)
}
