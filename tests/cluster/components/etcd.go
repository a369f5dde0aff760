package components

import (
	"flag"
	"fmt"
	"net/url"
	"os"
	"os/signal"
	"syscall"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
)

// etcdStart bounds how long etcd may take to serve; an empty store takes well under a second.
const etcdStart = 60 * time.Second

// Etcd runs a single etcd member and returns its exit code.
//
// It never syncs to disk: the store lives as long as a test does, and a machine that loses power
// loses the test with it.
func Etcd(args []string) int {
	flags := flag.NewFlagSet("etcd", flag.ContinueOnError)
	dir := flags.String("data-dir", "", "folder for the store")
	client := flags.String("listen-client", "", "address that clients use, like 127.0.0.1:2379")
	peer := flags.String("listen-peer", "", "address that members would use, like 127.0.0.1:2380")
	if flags.Parse(args) != nil {
		return 2
	}
	config := embed.NewConfig()
	config.Dir = *dir
	config.LogLevel = "warn"
	config.UnsafeNoFsync = true
	config.ListenClientUrls = []url.URL{{Scheme: "http", Host: *client}}
	config.AdvertiseClientUrls = config.ListenClientUrls
	config.ListenPeerUrls = []url.URL{{Scheme: "http", Host: *peer}}
	config.AdvertisePeerUrls = config.ListenPeerUrls
	config.InitialCluster = config.InitialClusterFromName(config.Name)

	server, err := embed.StartEtcd(config)
	if err != nil {
		fmt.Fprintf(os.Stderr, "etcd: %v\n", err)
		return 1
	}
	defer server.Close()
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	select {
	case <-server.Server.ReadyNotify():
	case <-stop:
		return 0
	case <-time.After(etcdStart):
		fmt.Fprintf(os.Stderr, "etcd: was not ready after %s\n", etcdStart)
		return 1
	}
	select {
	case err := <-server.Err():
		fmt.Fprintf(os.Stderr, "etcd: %v\n", err)
		return 1
	case <-stop:
		return 0
	}
}
