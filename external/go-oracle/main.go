// go-oracle answers what the published libraries of Kubernetes answer: one question in JSON on each line of its input, one answer in
// JSON on each line of its output.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime/debug"

	"k8s.io/klog/v2"
)

// asked is one question; which of its parts count depends on what is asked.
type asked struct {
	Ask        string          `json:"ask"`
	Definition json.RawMessage `json:"definition"`
	Old        json.RawMessage `json:"old"`
	Object     json.RawMessage `json:"object"`
	Status     bool            `json:"status"`
	Kind       string          `json:"kind"`
	Steps      []step          `json:"steps"`
	Patch      json.RawMessage `json:"patch"`
	Text       string          `json:"text"`
	Texts      []string        `json:"texts"`
	Columns    []column        `json:"columns"`
}

var answers = map[string]func(asked) (any, error){
	"definition": checkDefinition,
	"custom":     checkCustom,
	"session":    playSession,
	"strategic":  patchStrategically,
	"cells":      fillCells,
	"quantity":   eachText(readQuantity),
	"selector":   eachText(readSelector),
	"fields":     eachText(readFields),
	"names":      eachText(judgeName),
}

func eachText(answer func(string) any) func(asked) (any, error) {
	return func(question asked) (any, error) {
		all := make([]any, len(question.Texts))
		for i, text := range question.Texts {
			all[i] = answer(text)
		}
		return all, nil
	}
}

func answerLine(line []byte) (answer any) {
	defer func() {
		if failure := recover(); failure != nil {
			answer = map[string]any{"panic": fmt.Sprint(failure), "stack": string(debug.Stack())}
		}
	}()
	var question asked
	if err := json.Unmarshal(line, &question); err != nil {
		return map[string]any{"error": err.Error()}
	}
	known, ok := answers[question.Ask]
	if !ok {
		return map[string]any{"error": "nothing is known of " + question.Ask}
	}
	result, err := known(question)
	if err != nil {
		return map[string]any{"error": err.Error()}
	}
	return map[string]any{"answer": result}
}

func main() {
	klog.SetOutput(io.Discard)
	klog.LogToStderr(false)
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriter(os.Stdout)
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	for {
		line, err := in.ReadBytes('\n')
		if len(line) > 1 {
			if failure := encoder.Encode(answerLine(line)); failure != nil {
				fmt.Fprintln(os.Stderr, failure)
				os.Exit(1)
			}
			out.Flush()
		}
		if err != nil {
			return
		}
	}
}
