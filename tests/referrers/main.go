// A registry that lists by itself what refers to a manifest (OCI distribution spec 1.1, "listing referrers"), which the one that the other tests
// use leaves to the tag scheme. It is go-containerregistry's own, with its list switched on; it keeps everything in memory.
package main

import (
	"log"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"
)

func main() {
	listener, err := net.Listen("tcp", os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	server := &http.Server{
		ReadHeaderTimeout: 5 * time.Second,
		Handler:           registry.New(registry.WithReferrersSupport(true)),
	}
	log.Fatal(server.Serve(listener))
}
