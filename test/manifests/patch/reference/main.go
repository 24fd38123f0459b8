// Reads pairs of objects, one a line, and writes the patches between them.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"log"
	"os"

	jsonpatch "github.com/evanphx/json-patch"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"k8s.io/client-go/kubernetes/scheme"
)

type result struct {
	From   json.RawMessage `json:"from"`
	To     json.RawMessage `json:"to"`
	Patch  json.RawMessage `json:"patch"`
	Merged json.RawMessage `json:"merged"`
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	separator := "["
	for lines.Scan() {
		var pair [2]json.RawMessage
		must(json.Unmarshal(lines.Bytes(), &pair))
		patch, merged := patchBetween(pair[0], pair[1])
		text, err := json.Marshal(result{pair[0], pair[1], patch, merged})
		must(err)
		fmt.Printf("%s\n%s", separator, text)
		separator = ","
	}
	must(lines.Err())
	fmt.Println("\n]")
}

func patchBetween(from, to []byte) (patch, merged []byte) {
	var kind struct{ APIVersion, Kind string }
	must(json.Unmarshal(from, &kind))
	object, err := scheme.Scheme.New(schema.FromAPIVersionAndKind(kind.APIVersion, kind.Kind))
	if err != nil {
		patch, err = jsonpatch.CreateMergePatch(from, to)
		must(err)
		merged, err = jsonpatch.MergePatch(from, patch)
		must(err)
		return patch, merged
	}
	patch, err = strategicpatch.CreateTwoWayMergePatch(from, to, object)
	must(err)
	merged, err = strategicpatch.StrategicMergePatch(from, patch, object)
	must(err)
	return patch, merged
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
