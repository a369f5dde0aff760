package up

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"portcullis.test/cluster/spawn"
)

// stopLimit bounds how long a part may take to end by itself before it is killed.
const stopLimit = 10 * time.Second

// child is one running part of the cluster.
type child struct {
	name    string
	log     string
	command *exec.Cmd
	ended   chan struct{}
	err     error
}

// startChild runs this program again as the named part, with its output in LOGS/NAME.log.
func startChild(thread *spawn.Thread, program, logs, name string, args []string) (*child, error) {
	path := filepath.Join(logs, name+".log")
	log, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	command := exec.Command(program, append([]string{name}, args...)...)
	command.Stdout, command.Stderr = log, log
	// A group of its own: Ctrl-C in the terminal goes to the supervisor, which stops the parts in order.
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if name == "node" && os.Geteuid() != 0 {
		// Containers need namespaces and mounts; in a user namespace of its own an ordinary user may make them.
		command.SysProcAttr.Cloneflags = syscall.CLONE_NEWUSER
		command.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}}
		command.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}}
	}
	if err := thread.Start(command); err != nil {
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	c := &child{name: name, log: path, command: command, ended: make(chan struct{})}
	go func() {
		c.err = command.Wait()
		close(c.ended)
	}()
	return c, nil
}

// stop ends the part: first by SIGTERM, then for good.
func (c *child) stop() {
	_ = c.command.Process.Signal(syscall.SIGTERM)
	select {
	case <-c.ended:
	case <-time.After(stopLimit):
		_ = c.command.Process.Kill()
		<-c.ended
	}
}

// failure tells why the part ended, with the last lines that it wrote.
func (c *child) failure() error {
	text, _ := os.ReadFile(c.log)
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	if len(lines) > 10 {
		lines = lines[len(lines)-10:]
	}
	return fmt.Errorf("%s ended by itself (%v); its last lines, all of them in %s:\n%s", c.name, c.err, c.log, strings.Join(lines, "\n"))
}
