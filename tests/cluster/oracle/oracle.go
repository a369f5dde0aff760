// Package oracle answers with Kubernetes' own code what a request or a body means to an API server.
//
// A test asks many cases over one pipe: a line in is a case, a line out is its answer, in the same order. Bytes
// travel as base64, and a document in an answer is a string, so that no number in it is rounded on the way.
package oracle

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"k8s.io/klog/v2"
)

// The longest case: the largest body that an API server reads is 3 MiB, a patch comes with its original.
const longestLine = 16 << 20

const usage = `usage: cluster oracle QUESTION < CASES > ANSWERS

One case a line, one JSON object a line in answer. The questions, and their cases:

  requestinfo   METHOD TARGET                      what RequestInfoFactory makes of it
  decode        CONTENT-TYPE KIND BODY             the object in a body, as JSON
  yaml          body|apply BODY                    YAML as JSON
  patch         json|merge|strategic KIND OBJECT PATCH
                                                   the object that results

BODY, OBJECT and PATCH are base64. KIND is GROUP/VERSION/KIND (/v1/Pod for the core group), or - for none.
`

// One answer, which is a JSON object in any case.
type answerer func(line string) any

// failure is the answer when Kubernetes has none.
type failure struct {
	Error string `json:"error"`
}

// malformed is no answer: whoever wrote the case did not mean what it says, so nothing that follows means anything.
type malformed struct{ error }

// Main answers until its standard input ends.
func Main(args []string) int {
	if len(args) != 1 {
		fmt.Fprint(os.Stderr, usage)
		return 2
	}
	// Kubernetes logs what it cannot parse, which here is every other case.
	klog.SetOutput(io.Discard)
	flags := flag.NewFlagSet("klog", flag.ContinueOnError)
	klog.InitFlags(flags)
	for name, value := range map[string]string{"logtostderr": "false", "stderrthreshold": "FATAL"} {
		if err := flags.Set(name, value); err != nil {
			fmt.Fprintf(os.Stderr, "cluster oracle: %v\n", err)
			return 1
		}
	}
	var answer answerer
	switch args[0] {
	case "requestinfo":
		answer = requestInfo
	case "decode":
		answer = decode
	case "yaml":
		answer = yamlToJSON
	case "patch":
		answer = patch
	default:
		fmt.Fprint(os.Stderr, usage)
		return 2
	}
	if err := serve(os.Stdin, os.Stdout, answer); err != nil {
		fmt.Fprintf(os.Stderr, "cluster oracle: %v\n", err)
		return 1
	}
	return 0
}

func serve(in io.Reader, out io.Writer, answer answerer) error {
	lines := bufio.NewReaderSize(in, 1<<16)
	answers := bufio.NewWriterSize(out, 1<<16)
	encoder := json.NewEncoder(answers)
	for {
		line, err := readLine(lines)
		if err == io.EOF {
			return answers.Flush()
		}
		if err != nil {
			return err
		}
		result := guarded(answer, line)
		if wrong, ok := result.(malformed); ok {
			return fmt.Errorf("%q is no case: %w", clipped(line), wrong.error)
		}
		if err := encoder.Encode(result); err != nil {
			return err
		}
		// Whoever has written no further case yet may wait for this answer.
		if lines.Buffered() == 0 {
			if err := answers.Flush(); err != nil {
				return err
			}
		}
	}
}

func clipped(line string) string {
	return line[:min(len(line), 80)]
}

func readLine(from *bufio.Reader) (string, error) {
	var line strings.Builder
	for {
		part, isPrefix, err := from.ReadLine()
		if err != nil {
			return "", err
		}
		if line.Len()+len(part) > longestLine {
			return "", fmt.Errorf("a case is longer than %d bytes", longestLine)
		}
		line.Write(part)
		if !isPrefix {
			return line.String(), nil
		}
	}
}

// An API server survives a handler's panic, and so do the cases after this one.
func guarded(answer answerer, line string) (result any) {
	defer func() {
		if cause := recover(); cause != nil {
			result = failure{fmt.Sprintf("panic: %v", cause)}
		}
	}()
	return answer(line)
}

// The words of a line, exactly so many; a word of base64 may be empty.
func words(line string, count int) ([]string, error) {
	found := strings.Split(line, " ")
	if len(found) != count {
		return nil, fmt.Errorf("the case has %d words where %d belong", len(found), count)
	}
	return found, nil
}

func fromBase64(word string) ([]byte, error) {
	data, err := base64.StdEncoding.DecodeString(word)
	if err != nil {
		return nil, fmt.Errorf("the case is not base64: %w", err)
	}
	return data, nil
}
