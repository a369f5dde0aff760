package node

import (
	"bytes"
	"context"
	"strings"
	"testing"

	core "k8s.io/api/core/v1"
	"k8s.io/cri-client/pkg/logs"
)

// What is written in any pieces comes back whole from the kubelet's reader.
func TestLogsReadBack(t *testing.T) {
	long := strings.Repeat("x", 3*maxLine+5)
	for _, c := range []struct {
		name   string
		pieces []string
		want   string
	}{
		{"lines", []string{"a\nb\n"}, "a\nb\n"},
		{"pieces of a line", []string{"a", "b", "\nc\n"}, "ab\nc\n"},
		{"an empty line", []string{"\n\n"}, "\n\n"},
		{"no end of line", []string{"a\nb"}, "a\nb"},
		{"a long line", []string{long, "\n", "b\n"}, long + "\nb\n"},
	} {
		log, err := createLog(t.TempDir(), 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, piece := range c.pieces {
			if _, err := log.stream("stdout").Write([]byte(piece)); err != nil {
				t.Fatal(err)
			}
		}
		log.close()
		var out bytes.Buffer
		if err := logs.ReadLogs(context.Background(), log.path, "", readerOptions(&core.PodLogOptions{}), nil, &out, &out); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if out.String() != c.want {
			t.Errorf("%s: got %d bytes, want %d", c.name, out.Len(), len(c.want))
		}
	}
}

func TestLogsOptions(t *testing.T) {
	tail, limit := int64(3), int64(4)
	got := readerOptions(&core.PodLogOptions{TailLines: &tail, LimitBytes: &limit, Follow: true, Timestamps: true})
	if *got.TailLines != 3 || *got.LimitBytes != 4 || !got.Follow || !got.Timestamp || !got.Since.IsZero() {
		t.Errorf("got %+v", got)
	}
}
