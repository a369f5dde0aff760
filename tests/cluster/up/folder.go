package up

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// folder is where one cluster keeps its state. Whoever runs a cluster in it holds a lock on its file
// `lock`, which also says by which process; the kernel gives the lock back when that process dies.
type folder struct{ path string }

var errRuns = errors.New("a cluster runs in this folder already")

func openFolder(path string) (folder, error) {
	if path == "" {
		return folder{}, errors.New("no folder is given; say which with --dir DIR")
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return folder{}, err
	}
	return folder{absolute}, os.MkdirAll(absolute, 0o755)
}

func (f folder) join(parts ...string) string {
	return filepath.Join(append([]string{f.path}, parts...)...)
}

// lock takes the folder for this process, or says errRuns.
func (f folder) lock() (*os.File, error) {
	file, err := os.OpenFile(f.join("lock"), os.O_RDWR|os.O_CREATE|syscall.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		file.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, errRuns
		}
		return nil, err
	}
	return file, nil
}

// holder is the process that runs the cluster.
func (f folder) holder() (int, error) {
	text, err := os.ReadFile(f.join("lock"))
	if err != nil {
		return 0, err
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0, fmt.Errorf("%s does not name a process; end it by hand", f.join("lock"))
	}
	return pid, nil
}

// everything that a cluster leaves in its folder.
var contents = []string{"ready.json", "etcd", "node", "pki", "logs", "audit", "bin", "config"}

// clear removes what an earlier cluster left. It refuses when something is mounted inside, because
// removing would then reach through the mount. (The node mounts in namespaces of its own, that end
// with its containers, so nothing of it is ever seen here.)
func (f folder) clear() error {
	mounted, err := mountsBelow(f.path)
	if err != nil {
		return err
	}
	if len(mounted) > 0 {
		return fmt.Errorf("%s is mounted inside the cluster's folder; unmount it first", mounted[0])
	}
	for _, name := range contents {
		if err := os.RemoveAll(f.join(name)); err != nil {
			return err
		}
	}
	return nil
}

// mountsBelow lists the mount points inside a folder (proc(5), /proc/PID/mountinfo, fifth column).
func mountsBelow(path string) ([]string, error) {
	file, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return mountPoints(bufio.NewScanner(file), path)
}

func mountPoints(lines *bufio.Scanner, path string) ([]string, error) {
	// A space, tab, newline or backslash in a name is written in octal.
	escapes := strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`)
	var found []string
	for lines.Scan() {
		columns := strings.Fields(lines.Text())
		if len(columns) < 5 {
			continue
		}
		point := escapes.Replace(columns[4])
		if strings.HasPrefix(point, strings.TrimSuffix(path, "/")+"/") {
			found = append(found, point)
		}
	}
	return found, lines.Err()
}
