package node

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"
)

// maxLine is the longest piece of a line that is kept as one entry, as container runtimes do it.
const maxLine = 16 << 10

// logFile is a container's log in the format that the kubelet reads:
// `TIME STREAM F TEXT` for a line, `P` instead of `F` for a piece of one.
// See kubernetes/enhancements, "CRI logging", and k8s.io/cri-client/pkg/logs.
type logFile struct {
	path string
	mu   sync.Mutex
	file *os.File
	rest map[string][]byte
}

// createLog makes the log of a container's nth run.
func createLog(dir string, run int) (*logFile, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	path := logPath(dir, run)
	file, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	return &logFile{path: path, file: file, rest: map[string][]byte{}}, nil
}

func logPath(dir string, run int) string { return filepath.Join(dir, strconv.Itoa(run)+".log") }

// stream is a writer for "stdout" or "stderr".
func (l *logFile) stream(name string) io.Writer { return &logStream{l, name} }

type logStream struct {
	log  *logFile
	name string
}

// Write implements io.Writer. It never fails: a full disk must not stop a container's output.
func (s *logStream) Write(text []byte) (int, error) {
	l := s.log
	l.mu.Lock()
	defer l.mu.Unlock()
	pending := append(l.rest[s.name], text...)
	for len(pending) > 0 {
		end := bytes.IndexByte(pending, '\n')
		switch {
		case end >= 0 && end <= maxLine:
			l.entry(s.name, "F", pending[:end])
			pending = pending[end+1:]
			continue
		case len(pending) >= maxLine:
			l.entry(s.name, "P", pending[:maxLine])
			pending = pending[maxLine:]
			continue
		}
		break
	}
	l.rest[s.name] = append([]byte(nil), pending...)
	return len(text), nil
}

func (l *logFile) entry(stream, tag string, text []byte) {
	_, _ = fmt.Fprintf(l.file, "%s %s %s %s\n", time.Now().UTC().Format(time.RFC3339Nano), stream, tag, text)
}

// close writes what has no end of line yet.
func (l *logFile) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for stream, text := range l.rest {
		if len(text) > 0 {
			l.entry(stream, "P", text)
		}
	}
	_ = l.file.Close()
}
