package node

import (
	"fmt"
	"os"
	"path/filepath"

	securejoin "github.com/cyphar/filepath-securejoin"
	"golang.org/x/sys/unix"
	core "k8s.io/api/core/v1"
)

// mount is a folder or file of the node that shows inside a container.
type mount struct {
	source, target string
	readOnly       bool
}

// mounts resolves a container's volumeMounts to folders below the pod's own.
func (p *pod) mounts(c *core.Container, root string) ([]mount, error) {
	var found []mount
	for _, m := range c.VolumeMounts {
		source := filepath.Join(p.dir, "volumes", m.Name)
		sub := m.SubPath
		if sub != "" {
			joined, err := securejoin.SecureJoin(source, sub)
			if err != nil {
				return nil, fmt.Errorf("subPath %q of volume %q: %w", sub, m.Name, err)
			}
			source = joined
			if _, err := os.Stat(source); os.IsNotExist(err) {
				if err := os.MkdirAll(source, 0o777); err != nil {
					return nil, err
				}
			}
		}
		target, err := securejoin.SecureJoin(root, m.MountPath)
		if err != nil {
			return nil, fmt.Errorf("mountPath %q: %w", m.MountPath, err)
		}
		info, err := os.Stat(source)
		if err != nil {
			return nil, fmt.Errorf("volume %q: %w", m.Name, err)
		}
		if err := makeTarget(target, info.IsDir()); err != nil {
			return nil, err
		}
		found = append(found, mount{source, target, m.ReadOnly})
	}
	return found, nil
}

// makeTarget makes the place where a mount goes.
func makeTarget(target string, dir bool) error {
	if dir {
		return os.MkdirAll(target, 0o755)
	}
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return err
	}
	file, err := os.OpenFile(target, os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	return file.Close()
}

// mountAll makes the container's mounts. It runs inside the container's namespaces.
func mountAll(root string, mounts []mount) error {
	for _, device := range devices {
		if err := bind(filepath.Join("/dev", device), filepath.Join(root, "dev", device)); err != nil {
			return err
		}
	}
	if err := bind("/dev/pts", filepath.Join(root, "dev/pts")); err != nil {
		return err
	}
	for _, m := range mounts {
		if err := bind(m.source, m.target); err != nil {
			return err
		}
		if m.readOnly {
			// A bind takes its flags only when it is mounted once more: mount(2), "Remounting".
			if err := unix.Mount("", m.target, "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY, ""); err != nil {
				return fmt.Errorf("making %s read-only: %w", m.target, err)
			}
		}
	}
	return nil
}

func bind(source, target string) error {
	if err := unix.Mount(source, target, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return fmt.Errorf("mounting %s: %w", target, err)
	}
	return nil
}
