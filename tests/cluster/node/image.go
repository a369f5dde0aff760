package node

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	core "k8s.io/api/core/v1"
)

// image is the one image there is: a static busybox. Whatever image a pod names, it gets this one;
// only what runs when the pod gives no command depends on the name (see entrypoint).
type image struct {
	busybox string
	version string
	applets []string
}

var errNoBusybox = errors.New("containers are made of a static busybox, and there is none; install the package busybox-static")

func findImage() (*image, error) {
	busybox, err := exec.LookPath("busybox")
	if err != nil {
		return nil, errNoBusybox
	}
	if busybox, err = filepath.Abs(busybox); err != nil {
		return nil, err
	}
	list, err := exec.Command(busybox, "--list").Output()
	if err != nil {
		return nil, fmt.Errorf("asking %s for what it can do: %w", busybox, err)
	}
	// It must run with nothing else beside it: a dynamic one has an interpreter named inside.
	if err := mustBeStatic(busybox); err != nil {
		return nil, err
	}
	about, _ := exec.Command(busybox).Output()
	words := strings.Fields(string(about))
	release := "unknown"
	if len(words) > 1 {
		release = strings.TrimPrefix(words[1], "v")
	}
	return &image{busybox: busybox, version: release, applets: strings.Fields(string(list))}, nil
}

// searchPath is the PATH of a container, as most images set it.
const searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// files are the small files of a root. What a name server or a user's home would be is not here.
var files = map[string]string{
	"etc/passwd":                      "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n",
	"etc/group":                       "root:x:0:\nnogroup:x:65534:\n",
	"etc/os-release":                  "NAME=busybox\nID=busybox\nPRETTY_NAME=\"busybox in a portcullis test cluster\"\n",
	"etc/resolv.conf":                 "",
	"usr/share/nginx/html/index.html": "<!DOCTYPE html>\n<html><head><title>Welcome to nginx!</title></head><body><h1>Welcome to nginx!</h1></body></html>\n",
}

// devices are bound into a root from the machine's /dev. (Making them needs rights that a user
// namespace does not give; /dev/pts lets a terminal find its name.)
var devices = []string{"null", "zero", "full", "random", "urandom", "tty", "ptmx"}

// unpack fills a fresh root folder.
func (i *image) unpack(root, hostname, address string) error {
	for _, dir := range []string{"bin", "dev/pts", "dev/shm", "etc", "proc", "root", "run", "sys", "tmp", "usr/share/nginx/html", "var/log", "var/run"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			return err
		}
	}
	if err := os.Chmod(filepath.Join(root, "tmp"), 0o1777); err != nil {
		return err
	}
	// A copy, not a link: what a container does to its /bin stays with it.
	if err := copyFile(i.busybox, filepath.Join(root, "bin/busybox"), 0o755); err != nil {
		return err
	}
	for _, applet := range i.applets {
		if applet == "busybox" {
			continue
		}
		if err := os.Symlink("/bin/busybox", filepath.Join(root, "bin", applet)); err != nil {
			return err
		}
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	for _, device := range devices {
		if err := os.WriteFile(filepath.Join(root, "dev", device), nil, 0o666); err != nil {
			return err
		}
	}
	for name, target := range map[string]string{"fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2"} {
		if err := os.Symlink(target, filepath.Join(root, "dev", name)); err != nil {
			return err
		}
	}
	hosts := fmt.Sprintf("127.0.0.1\tlocalhost\n%s\t%s\n", address, hostname)
	if err := os.WriteFile(filepath.Join(root, "etc/hosts"), []byte(hosts), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(root, "etc/hostname"), []byte(hostname+"\n"), 0o644)
}

// webServers are words in an image's last name that make it serve pages when it is given no command.
var webServers = []string{"nginx", "httpd", "apache", "caddy", "whoami", "echoserver", "agnhost"}

// entrypoint is what a container runs: what its pod says, or what its image would.
//
//   - an image named like a web server: busybox httpd on each containerPort (80 when there is none);
//   - a container with standard input: a shell;
//   - any other: nothing, until it is told to stop.
func entrypoint(c *core.Container) []string {
	if len(c.Command) > 0 {
		return append(append([]string{}, c.Command...), c.Args...)
	}
	base := path.Base(c.Image)
	base, _, _ = strings.Cut(base, "@")
	base, _, _ = strings.Cut(base, ":")
	if len(c.Args) > 0 {
		// An image with an entrypoint would put it in front; a bare one runs its arguments.
		return append([]string{}, c.Args...)
	}
	for _, word := range webServers {
		if strings.Contains(base, word) {
			return webServer(c.Ports)
		}
	}
	if c.Stdin {
		return []string{"/bin/sh"}
	}
	return []string{"/bin/sleep", "2147483647"}
}

func webServer(ports []core.ContainerPort) []string {
	var script strings.Builder
	for _, port := range ports {
		if port.Protocol == "" || port.Protocol == core.ProtocolTCP {
			script.WriteString("/bin/httpd -f -vv -p " + strconv.Itoa(int(port.ContainerPort)) + " -h /usr/share/nginx/html & ")
		}
	}
	if script.Len() == 0 {
		script.WriteString("/bin/httpd -f -vv -p 80 -h /usr/share/nginx/html & ")
	}
	// The servers go with the shell: a container's processes end with its first.
	return []string{"/bin/sh", "-c", script.String() + "wait"}
}

func copyFile(from, to string, mode os.FileMode) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	target, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	if _, err := io.Copy(target, source); err != nil {
		target.Close()
		return err
	}
	return target.Close()
}
