// Flux v2's engine of applying (github.com/fluxcd/pkg/ssa), as kustomize-controller uses it: prints a line of JSON for each line on
// standard input, on which it reads the manifests in the directory and applies them. Usage: KUBECONFIG DIRECTORY limited|unlimited
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/fluxcd/cli-utils/pkg/kstatus/polling"
	"github.com/fluxcd/pkg/ssa"
	ssautils "github.com/fluxcd/pkg/ssa/utils"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// What the flags of kustomize-controller say unless they are given.
const (
	qps           = 50
	burst         = 300
	concurrentSSA = 4
)

type outcome struct {
	Seconds float64        `json:"seconds"`
	Actions map[string]int `json:"actions"`
	Error   string         `json:"error,omitempty"`
}

func main() {
	kubeconfig, directory, limits := os.Args[1], os.Args[2], os.Args[3]
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	must(err)
	config.QPS, config.Burst = qps, burst
	if limits == "unlimited" {
		config.QPS = -1
	}
	kubernetes, err := client.New(config, client.Options{Scheme: runtime.NewScheme()})
	must(err)
	// Between its stages the engine waits until definitions and Namespaces are ready.
	poller := polling.NewStatusPoller(kubernetes, kubernetes.RESTMapper(), polling.Options{})
	manager := ssa.NewResourceManager(kubernetes, poller, ssa.Owner{
		Field: "kustomize-controller",
		Group: "kustomize.toolkit.fluxcd.io",
	})
	manager.SetConcurrency(concurrentSSA)
	fmt.Println("ready")
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		line, err := json.Marshal(apply(manager, directory))
		must(err)
		fmt.Println(string(line))
	}
}

func apply(manager *ssa.ResourceManager, directory string) outcome {
	begin := time.Now()
	objects, err := read(directory)
	if err != nil {
		return outcome{Error: err.Error()}
	}
	manager.SetOwnerLabels(objects, "bench", "flux-system")
	changes, err := manager.ApplyAllStaged(context.Background(), objects, ssa.DefaultApplyOptions())
	if err != nil {
		return outcome{Error: err.Error()}
	}
	actions := map[string]int{}
	for _, entry := range changes.Entries {
		actions[string(entry.Action)]++
	}
	return outcome{Seconds: time.Since(begin).Seconds(), Actions: actions}
}

func read(directory string) (objects []*unstructured.Unstructured, err error) {
	err = filepath.WalkDir(directory, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".yaml") {
			return err
		}
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		defer file.Close()
		found, err := ssautils.ReadObjects(file)
		objects = append(objects, found...)
		return err
	})
	return objects, err
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
