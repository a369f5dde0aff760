// A registry that lists by itself what refers to a manifest (OCI distribution spec 1.1, "listing referrers"), which the one that the other tests
// use leaves to the tag scheme. It is CUE's ociregistry, which its authors hold against the conformance suite; it keeps everything in memory.
package main

import (
	"log"
	"net"
	"net/http"
	"os"
	"time"

	"cuelabs.dev/go/oci/ociregistry/ocimem"
	"cuelabs.dev/go/oci/ociregistry/ociserver"
)

func main() {
	listener, err := net.Listen("tcp", os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	server := &http.Server{
		ReadHeaderTimeout: 5 * time.Second,
		Handler:           ociserver.New(ocimem.New(), nil),
	}
	log.Fatal(server.Serve(listener))
}
