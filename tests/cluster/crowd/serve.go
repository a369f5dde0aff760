package crowd

import (
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
)

const (
	object = `{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"one","namespace":"default","resourceVersion":"1"},"data":{"a":"b"}}`
	event  = `{"type":"ADDED","object":` + object + "}\n"
)

// serve prints its address and answers until it is killed.
func serve(args []string) error {
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	certificate := flags.String("certificate", "", "the server's certificate, PEM")
	key := flags.String("key", "", "its key, PEM")
	if err := flags.Parse(args); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("https://%s\n", listener.Addr())
	return http.ServeTLS(listener, http.HandlerFunc(answer), *certificate, *key)
}

func answer(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if !r.URL.Query().Has("watch") {
		io.WriteString(w, object)
		return
	}
	io.WriteString(w, event)
	w.(http.Flusher).Flush()
	<-r.Context().Done()
}
