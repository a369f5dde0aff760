package main

import (
	"runtime"
	"strconv"
	"strings"

	"portcullis/portcullis_policy_log"
)

// tell writes down what the policy panicked with, and where. What is written as an error stands in the refusal.
func tell() {
	why := recover()
	if why == nil {
		return
	}
	text := "a value of a type without a text"
	switch why := why.(type) {
	case error:
		text = why.Error()
	case string:
		text = why
	case interface{ String() string }:
		text = why.String()
	}
	portcullis_policy_log.Write(portcullis_policy_log.Level_Error, text+place())
	panic(why)
}

// place gives the file and line of the policy that was at work.
func place() string {
	stack := make([]uintptr, 64)
	frames := runtime.CallersFrames(stack[:runtime.Callers(0, stack)])
	for {
		frame, more := frames.Next()
		if strings.HasPrefix(frame.Function, "POLICY.") {
			return " (" + frame.File[strings.LastIndex(frame.File, "/")+1:] + ":" + strconv.Itoa(frame.Line) + ")"
		}
		if !more {
			return ""
		}
	}
}
