package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
	"k8s.io/cri-streaming/pkg/streaming/remotecommand"
)

// spec is what to run inside a container.
type spec struct {
	argv []string
	env  []string
	dir  string
	// uid and gid are -1 when nothing is said, which means root's.
	uid, gid int64
	terminal bool
}

// errNotFound is the container runtimes' own sentence, by which people know it.
type errNotFound struct{ program string }

func (e *errNotFound) Error() string {
	return fmt.Sprintf("exec: %q: executable file not found in $PATH", e.program)
}

// build makes the command that runs the spec below root; start runs it.
func (s *spec) build(root string) (*exec.Cmd, error) {
	if len(s.argv) == 0 {
		return nil, errors.New("there is no command to run")
	}
	program, err := s.find(root)
	if err != nil {
		return nil, err
	}
	dir := s.dir
	if dir == "" {
		dir = "/"
	}
	attributes := &syscall.SysProcAttr{Chroot: root, Setsid: true}
	if s.uid > 0 || s.gid > 0 {
		attributes.Credential = &syscall.Credential{Uid: uint32(max(s.uid, 0)), Gid: uint32(max(s.gid, 0)), NoSetGroups: true}
	}
	return &exec.Cmd{Path: program, Args: s.argv, Env: s.env, Dir: dir, SysProcAttr: attributes}, nil
}

// find looks the program up in the container's PATH, among the container's files.
func (s *spec) find(root string) (string, error) {
	program := s.argv[0]
	if strings.Contains(program, "/") {
		return program, nil
	}
	path := searchPath
	for _, setting := range s.env {
		if value, found := strings.CutPrefix(setting, "PATH="); found {
			path = value
		}
	}
	for _, dir := range filepath.SplitList(path) {
		// Not followed: a link there means something else out here.
		if info, err := os.Lstat(filepath.Join(root, dir, program)); err == nil && !info.IsDir() {
			return filepath.Join(dir, program), nil
		}
	}
	return "", &errNotFound{program}
}

// start starts the command inside the namespaces of a container's init.
func start(init *holder, command *exec.Cmd) error {
	return init.inside(joinContainer, command.Start)
}

// size is a terminal's, as clients send it.
type size = remotecommand.TerminalSize

// openTerminal opens a terminal and follows the sizes that come. It waits a moment for the first,
// so that the program finds its window's size when it starts.
func openTerminal(sizes <-chan size) (master, slave *os.File, err error) {
	master, slave, err = pty.Open()
	if err != nil {
		return nil, nil, fmt.Errorf("opening a terminal: %w", err)
	}
	if sizes == nil {
		return master, slave, nil
	}
	select {
	case first, more := <-sizes:
		if more {
			resize(master, first)
		}
	case <-time.After(200 * time.Millisecond):
	}
	go follow(master, sizes)
	return master, slave, nil
}

func follow(terminal *os.File, sizes <-chan size) {
	for next := range sizes {
		resize(terminal, next)
	}
}

func resize(terminal *os.File, to size) {
	_ = pty.Setsize(terminal, &pty.Winsize{Rows: to.Height, Cols: to.Width})
}

// drainLimit bounds how long output is awaited after a program's end, when something that it left
// behind holds its output open.
const drainLimit = 2 * time.Second

// runWithTerminal runs the command on a terminal until it ends. When the client goes, the terminal
// does, which hangs the program up.
func runWithTerminal(init *holder, command *exec.Cmd, in io.Reader, out io.Writer, sizes <-chan size) error {
	master, slave, err := openTerminal(sizes)
	if err != nil {
		return err
	}
	defer master.Close()
	command.Stdin, command.Stdout, command.Stderr = slave, slave, slave
	command.SysProcAttr.Setctty = true
	err = start(init, command)
	slave.Close()
	if err != nil {
		return err
	}
	if in != nil {
		go func() {
			_, _ = io.Copy(master, in)
		}()
	}
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		if _, err := io.Copy(out, master); err != nil && !errors.Is(err, unix.EIO) && !errors.Is(err, os.ErrClosed) {
			_ = command.Process.Signal(syscall.SIGHUP) // nobody reads any more
		}
	}()
	err = command.Wait()
	select {
	case <-drained:
	case <-time.After(drainLimit):
	}
	return err
}

// runWithPipes runs the command with pipes until it ends.
func runWithPipes(init *holder, command *exec.Cmd, in io.Reader, out, complaints io.Writer) error {
	if in != nil {
		stdin, err := command.StdinPipe()
		if err != nil {
			return err
		}
		// Not command.Stdin: then Wait would wait for a client who has nothing more to say.
		defer stdin.Close()
		go func() {
			_, _ = io.Copy(stdin, in)
			stdin.Close()
		}()
	}
	command.Stdout, command.Stderr = out, complaints
	command.WaitDelay = drainLimit
	if err := start(init, command); err != nil {
		return err
	}
	err := command.Wait()
	if errors.Is(err, exec.ErrWaitDelay) {
		return nil // it ended well; what it left behind does not count
	}
	return err
}

// process is a container's first process, with everything around it.
type process struct {
	id      string
	init    *holder
	command *exec.Cmd
	root    string
	log     *logFile
	output  *fan
	input   *input
	// terminal is nil when the container has none.
	terminal *os.File
	started  time.Time

	// done closes when the process has ended and its output is in the log; code and signal then say how.
	done   chan struct{}
	code   int
	signal int
	ended  time.Time

	once sync.Once
}

// run starts a container's first process. Everything it writes goes to the log and to whoever is attached.
func (p *process) run(s *spec, keepInput bool) error {
	command, err := s.build(p.root)
	if err != nil {
		return err
	}
	p.command = command
	p.output = newFan(keepInput)
	p.done = make(chan struct{})
	var ours, theirs []io.Closer
	fail := func(err error) error {
		for _, file := range append(ours, theirs...) {
			file.Close()
		}
		return err
	}
	var copies sync.WaitGroup
	var begin []func()
	collect := func(stream string, from *os.File) {
		copies.Add(1)
		begin = append(begin, func() {
			defer copies.Done()
			defer from.Close()
			_, _ = io.Copy(io.MultiWriter(p.log.stream(stream), p.output.stream(stream)), from)
		})
	}
	if s.terminal {
		master, slave, err := openTerminal(nil)
		if err != nil {
			return err
		}
		ours, theirs = append(ours, master), append(theirs, slave)
		command.Stdin, command.Stdout, command.Stderr = slave, slave, slave
		command.SysProcAttr.Setctty = true
		p.terminal = master
		collect("stdout", master)
		if keepInput {
			p.input = newInput(master)
		}
	} else {
		for _, stream := range []string{"stdout", "stderr"} {
			reader, writer, err := os.Pipe()
			if err != nil {
				return fail(err)
			}
			ours, theirs = append(ours, reader), append(theirs, writer)
			if stream == "stdout" {
				command.Stdout = writer
			} else {
				command.Stderr = writer
			}
			collect(stream, reader)
		}
		if keepInput {
			reader, writer, err := os.Pipe()
			if err != nil {
				return fail(err)
			}
			ours, theirs = append(ours, writer), append(theirs, reader)
			command.Stdin = reader
			p.input = newInput(writer)
		}
	}
	if err := start(p.init, command); err != nil {
		return fail(err)
	}
	p.started = time.Now()
	for _, file := range theirs {
		file.Close()
	}
	for _, each := range begin {
		go each()
	}
	go func() {
		_ = command.Wait()
		p.ended = time.Now()
		if status, ok := command.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
			p.signal = int(status.Signal())
			p.code = 128 + p.signal
		} else {
			p.code = command.ProcessState.ExitCode()
		}
		p.release() // ends what it left behind, and with that the last writer of its output
		copies.Wait()
		if p.input != nil {
			p.input.close()
		}
		p.log.close()
		p.output.close()
		close(p.done)
	}()
	return nil
}

// stop asks the process to end, kills it after the grace period, and waits for it.
func (p *process) stop(grace time.Duration) {
	if grace > 0 {
		_ = p.command.Process.Signal(syscall.SIGTERM)
		select {
		case <-p.done:
			return
		case <-time.After(grace):
		}
	}
	_ = p.command.Process.Kill()
	p.release()
	<-p.done
}

// release takes the container's namespaces down.
func (p *process) release() { p.once.Do(p.init.release) }

// exec runs another command in the container.
func (p *process) exec(_ context.Context, s *spec, in io.Reader, out, complaints io.Writer, sizes <-chan size) error {
	command, err := s.build(p.root)
	if err != nil {
		return err
	}
	if s.terminal {
		return runWithTerminal(p.init, command, in, out, sizes)
	}
	return runWithPipes(p.init, command, in, out, complaints)
}
