package node

import (
	"slices"
	"strings"
	"testing"

	core "k8s.io/api/core/v1"
)

func TestEntrypoint(t *testing.T) {
	const web = "-p 80 "
	for _, c := range []struct {
		name      string
		container core.Container
		want      string
	}{
		{"a command", core.Container{Image: "x", Command: []string{"a", "b"}, Args: []string{"c"}}, "a b c"},
		{"arguments alone", core.Container{Image: "nginx", Args: []string{"sh", "-c", "x"}}, "sh -c x"},
		{"a web server", core.Container{Image: "docker.io/library/nginx:1.27"}, web},
		{"a web server by digest", core.Container{Image: "registry:5000/nginx@sha256:00"}, web},
		{"a web server with a port", core.Container{Image: "nginx", Ports: []core.ContainerPort{{ContainerPort: 8080}}}, "-p 8080 "},
		{"a host is not a web server", core.Container{Image: "nginx.test/tool"}, "sleep"},
		{"a shell to talk to", core.Container{Image: "busybox", Stdin: true}, "/bin/sh"},
		{"nothing to do", core.Container{Image: "busybox"}, "sleep"},
	} {
		if got := strings.Join(entrypoint(&c.container), " "); !strings.Contains(got, c.want) {
			t.Errorf("%s: %q does not hold %q", c.name, got, c.want)
		}
	}
}

func TestEntrypointLeavesThePodAlone(t *testing.T) {
	command := append(make([]string, 0, 4), "a")
	c := core.Container{Command: command, Args: []string{"b"}}
	entrypoint(&c)
	if !slices.Equal(c.Command, []string{"a"}) || slices.Equal(command[:2], []string{"a", "b"}) {
		t.Errorf("the pod's own command changed: %q", command[:2])
	}
}
