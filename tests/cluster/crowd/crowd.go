// Package crowd is many clients that wait, and the server that lets them: 10,000 open watches are more than a test cluster
// holds, and what is measured is what stands between them.
package crowd

import (
	"fmt"
	"os"
)

const usage = `usage: cluster crowd serve|watch [options]

  serve   be an API server whose watches say one thing and then nothing
  watch   open many watches and keep them open until standard input ends
`

// Main runs one of the two and gives its exit code.
func Main(args []string) int {
	if len(args) == 0 {
		fmt.Fprint(os.Stderr, usage)
		return 2
	}
	command, args := args[0], args[1:]
	var err error
	switch command {
	case "serve":
		err = serve(args)
	case "watch":
		err = watch(args)
	default:
		fmt.Fprint(os.Stderr, usage)
		return 2
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "cluster crowd %s: %v\n", command, err)
		return 1
	}
	return 0
}
