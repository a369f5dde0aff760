package node

import (
	"fmt"
	"sync"
)

// hostAddress is the node's.
const hostAddress = "127.0.0.1"

// addresses deals out the pods' addresses. Each is on its pod's own loopback device: it works inside
// the pod, and nothing else reaches it.
type addresses struct {
	mu   sync.Mutex
	last int
}

func (a *addresses) next() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.last = a.last%(250*250) + 1
	return fmt.Sprintf("10.244.%d.%d", a.last/250, a.last%250+2)
}
