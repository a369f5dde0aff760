package up

import (
	"bufio"
	"errors"
	"os"
	"strings"
	"testing"
)

func TestFreeAddressesDiffer(t *testing.T) {
	addresses, err := freeAddresses(20)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, address := range addresses {
		if seen[address] || !strings.HasPrefix(address, "127.0.0.1:") {
			t.Errorf("%s is not a loopback address of its own", address)
		}
		seen[address] = true
	}
}

func TestFolderHasOneHolder(t *testing.T) {
	f, err := openFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	lock, err := f.lock()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.lock(); !errors.Is(err, errRuns) {
		t.Errorf("a second holder got %v", err)
	}
	lock.Close()
	again, err := f.lock()
	if err != nil {
		t.Fatalf("the folder was not given back: %v", err)
	}
	again.Close()
}

func TestClearKeepsWhatIsNotTheClusters(t *testing.T) {
	f, err := openFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{"etcd/member", "mine"} {
		if err := os.MkdirAll(f.join(dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.clear(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(f.join("etcd")); !os.IsNotExist(err) {
		t.Error("an earlier cluster's store is still there")
	}
	if _, err := os.Stat(f.join("mine")); err != nil {
		t.Error("something that no cluster made is gone")
	}
}

func TestMountPoints(t *testing.T) {
	const table = `36 35 98:0 / /run/c rw - ext4 /dev/a rw
37 35 98:0 / /run/c/pods/a\040b/dev/pts rw - devpts devpts rw
38 35 98:0 / /run/cluster rw - ext4 /dev/a rw
short line
`
	found, err := mountPoints(bufio.NewScanner(strings.NewReader(table)), "/run/c")
	if err != nil {
		t.Fatal(err)
	}
	if len(found) != 1 || found[0] != "/run/c/pods/a b/dev/pts" {
		t.Errorf("got %q", found)
	}
}
