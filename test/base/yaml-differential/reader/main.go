// Reads YAML as Kubernetes does: streams cut by apimachinery's reader, documents converted by sigs.k8s.io/yaml.
//
// Each line of the input is a JSON text, a stream of documents; each line of the output is what became of it: a JSON list with
// {"json": "…"} for a document that was read, {"error": "…"} for one that was refused.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"k8s.io/apimachinery/pkg/util/yaml"
	sigs "sigs.k8s.io/yaml"
)

type answer struct {
	JSON  string `json:"json,omitempty"`
	Error string `json:"error,omitempty"`
}

func main() {
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriterSize(os.Stdout, 1<<20)
	for {
		line, err := in.ReadBytes('\n')
		if len(line) > 0 {
			var stream string
			if err := json.Unmarshal(line, &stream); err != nil {
				fail(err)
			}
			encoded, err := json.Marshal(read([]byte(stream)))
			if err != nil {
				fail(err)
			}
			out.Write(encoded)
			out.WriteByte('\n')
		}
		if err != nil {
			if err != io.EOF {
				fail(err)
			}
			break
		}
		// A batch ends where no more is waiting.
		if in.Buffered() == 0 {
			out.Flush()
		}
	}
	out.Flush()
}

func read(stream []byte) []answer {
	answers := []answer{}
	documents := yaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(stream)))
	for {
		document, err := documents.Read()
		if err == io.EOF {
			return answers
		}
		if err != nil {
			return append(answers, answer{Error: err.Error()})
		}
		answers = append(answers, convert(document))
	}
}

// go-yaml panics for some documents; kubectl then fails too.
func convert(document []byte) (result answer) {
	defer func() {
		if problem := recover(); problem != nil {
			result = answer{Error: fmt.Sprintf("panic: %v", problem)}
		}
	}()
	value, err := sigs.YAMLToJSON(document)
	if err != nil {
		return answer{Error: err.Error()}
	}
	return answer{JSON: string(value)}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
