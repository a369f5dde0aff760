package crowd

import (
	"bufio"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"time"
)

// How many watches are being opened at a time: more would measure the handshakes' queue.
const opening = 32

// The first event of a watch is there within this, or the watch has failed.
const limit = 60 * time.Second

// watch opens the watches, prints how many there are, and waits for the end of standard input.
func watch(args []string) error {
	flags := flag.NewFlagSet("watch", flag.ContinueOnError)
	url := flags.String("url", "", "what to watch, with its query")
	token := flags.String("token", "", "the bearer token")
	count := flags.Int("count", 10_000, "how many watches")
	each := flags.Int("each", 100, "how many of them share a connection; 1 is a connection of HTTP/1.1 each")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *count < 1 || *each < 1 {
		return errors.New("--count and --each are at least 1")
	}
	var clients []*http.Client
	for range (*count + *each - 1) / *each {
		clients = append(clients, client(*each))
	}
	turns := make(chan int)
	failures := make(chan error, 1)
	open := make([]io.Closer, *count)
	var workers sync.WaitGroup
	for range opening {
		workers.Go(func() {
			for turn := range turns {
				body, err := begin(clients[turn / *each], *url, *token)
				if err != nil {
					select {
					case failures <- fmt.Errorf("watch %d: %w", turn, err):
					default:
					}
					continue
				}
				open[turn] = body
			}
		})
	}
	for turn := range *count {
		turns <- turn
	}
	close(turns)
	workers.Wait()
	select {
	case err := <-failures:
		return err
	default:
	}
	fmt.Printf("open: %d\n", *count)
	_, err := io.Copy(io.Discard, os.Stdin)
	for _, body := range open {
		body.Close()
	}
	return err
}

// client is one connection's worth of watches. The certificate is the benchmark's own.
func client(each int) *http.Client {
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, MaxConnsPerHost: 1, ForceAttemptHTTP2: each > 1}
	if each == 1 {
		transport.TLSNextProto = map[string]func(string, *tls.Conn) http.RoundTripper{}
	}
	return &http.Client{Transport: transport}
}

// begin opens a watch and reads its first event.
func begin(client *http.Client, url, token string) (io.Closer, error) {
	request, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Accept", "application/json")
	type outcome struct {
		body io.Closer
		err  error
	}
	done := make(chan outcome, 1)
	go func() {
		response, err := client.Do(request)
		if err != nil {
			done <- outcome{nil, err}
			return
		}
		line, err := bufio.NewReaderSize(response.Body, 512).ReadString('\n')
		if response.StatusCode != http.StatusOK {
			err = fmt.Errorf("%s: %s", response.Status, line)
		}
		done <- outcome{response.Body, err}
	}()
	select {
	case got := <-done:
		return got.body, got.err
	case <-time.After(limit):
		return nil, errors.New("no event within a minute")
	}
}
