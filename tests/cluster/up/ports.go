package up

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
)

// Ports are taken from below the range from which the kernel serves outgoing connections (32768 and
// up), so that none of those can take a port between its choice here and its use by a part.
const (
	firstPort = 20000
	lastPort  = 32000
)

var errNoPort = errors.New("no free port between 20000 and 32000 on 127.0.0.1; end what holds them")

// freeAddresses chooses distinct loopback addresses on which nothing listens.
func freeAddresses(count int) ([]string, error) {
	taken := map[int]bool{}
	addresses := make([]string, 0, count)
	for tries := 0; tries < 1000 && len(addresses) < count; tries++ {
		port := firstPort + rand.IntN(lastPort-firstPort)
		address := fmt.Sprintf("127.0.0.1:%d", port)
		if taken[port] {
			continue
		}
		listener, err := net.Listen("tcp", address)
		if err != nil {
			continue
		}
		listener.Close()
		taken[port] = true
		addresses = append(addresses, address)
	}
	if len(addresses) < count {
		return nil, errNoPort
	}
	return addresses, nil
}
