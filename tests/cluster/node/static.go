package node

import (
	"debug/elf"
	"fmt"
)

// mustBeStatic refuses a program that needs a loader: there is none in a container's root.
func mustBeStatic(program string) error {
	file, err := elf.Open(program)
	if err != nil {
		return fmt.Errorf("reading %s: %w", program, err)
	}
	defer file.Close()
	for _, segment := range file.Progs {
		if segment.Type == elf.PT_INTERP {
			return fmt.Errorf("%s needs shared libraries, which a container does not have; install the package busybox-static", program)
		}
	}
	return nil
}
