// The helper of the sandbox container: it runs the shell commands of a repository for fluxd, which is in another container of the pod; or,
// for commands that may use the network, in another pod.
//
// What keeps a command from doing harm, in layers. Each holds if those before it do not:
//
//  1. The container: no service account token, no secrets, a read-only root, its own limits of memory and processes.
//  2. The user: not root and not that of fluxd, without capabilities, and no program gives any (no_new_privs).
//  3. Landlock (landlock.go): reads programs and the files of the repository, writes its own temporary folders; nothing else has a name.
//  4. seccomp (seccomp.go): no sockets of any family, no tracing, no namespaces, no mounts, no IPC that outlives a process. With network,
//     TCP and UDP to others are allowed; a NetworkPolicy says to whom (confinement.go).
//  5. Limits (command.go, memory.go, child.go): time, output, memory, processes, the size and number of files.
//  6. The end (reap.go): this helper is process 1, so that nothing survives the command, however it hides.
//
// What commands print and change is read after their end, by rules of its own (changes.go), and checked again by fluxd.
// src/sandbox/container/messages.ts is the other side of the protocol (messages.go).
package main

import (
	"flag"
	"fmt"
	"log"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

const (
	firstPause = 200 * time.Millisecond
	lastPause  = 5 * time.Second
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("flux-sandbox: ")
	if len(os.Args) == 2 && os.Args[1] == childArgument {
		child()
	}
	socket := flag.String("socket", "/run/flux-sandbox/socket", "path of the Unix socket on which fluxd listens")
	work := flag.String("work", "/tmp", "folder for files, best in memory; its folder `sandbox` is emptied")
	memory := flag.Int64("memory", 0, "memory of a command in bytes; by default three quarters of the container's")
	listen := flag.String("listen", "", "`address` on which fluxd is awaited; commands may then use the network")
	identity := flag.String("identity", "/etc/flux-sandbox", "for --listen, `folder` of the certificate and key that only fluxd has too: tls.crt, tls.key")
	closed := flag.String("closed", metadataServices, "for --listen, `addresses` besides the API server that commands must not reach")
	missing := flag.String("allow-missing", "", "`landlock`: run commands also where the kernel has no Landlock")
	flag.Parse()
	helper, err := prepare(*work, *memory, *missing)
	if err != nil {
		log.Fatal(err)
	}
	if *listen == "" {
		awaitSignals()
		helper.dial(*socket)
		return
	}
	if helper.layers.Landlock == 0 {
		log.Fatal("it runs no commands with network where the kernel has no Landlock, which keeps them from the key in --identity")
	}
	if helper.network, err = newConfinement(*closed); err != nil {
		log.Fatal(err)
	}
	awaitSignals()
	log.Fatal(helper.listen(*listen, *identity))
}

// helper is what outlives a connection.
type helper struct {
	files  *store
	memory int64
	layers layers
	// network is nil where commands have none.
	network *confinement
}

func prepare(work string, memory int64, missing string) (*helper, error) {
	if os.Getuid() == 0 || os.Geteuid() == 0 {
		return nil, fmt.Errorf("it does not run as root; set runAsUser of the container")
	}
	if os.Getpid() != 1 {
		return nil, fmt.Errorf("it runs only as process 1 of a container, since it ends all other processes; do not share the process namespace of the pod, and start it without another init")
	}
	if missing != "" && missing != "landlock" {
		return nil, fmt.Errorf("--allow-missing is %q; only `landlock` may be missing", missing)
	}
	if err := hardenSelf(); err != nil {
		return nil, err
	}
	abi := landlockVersion()
	if abi == 0 && missing != "landlock" {
		return nil, fmt.Errorf("the kernel has no Landlock; use nodes with Linux 5.13 or later that enable it, or --allow-missing=landlock")
	}
	if memory == 0 {
		memory = memoryOfContainer()
	}
	files, err := openStore(work)
	if err != nil {
		return nil, err
	}
	return &helper{files: files, memory: memory, layers: layers{User: os.Getuid(), Landlock: abi, Seccomp: true, Memory: memory}}, nil
}

// hardenSelf keeps commands, which are of the same user, from reading or tracing this process, and from getting rights by programs.
func hardenSelf() error {
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return fmt.Errorf("it cannot protect its memory: %w", err)
	}
	return noNewPrivileges()
}

// dial connects to fluxd for ever.
func (h *helper) dial(socket string) {
	pause := firstPause
	for {
		conn, err := net.Dial("unix", socket)
		if err != nil {
			time.Sleep(pause)
			pause = min(2*pause, lastPause)
			continue
		}
		began := time.Now()
		err = newSession(h, conn).serve()
		log.Printf("the connection to fluxd ended: %v", err)
		conn.Close()
		if time.Since(began) > time.Second {
			pause = firstPause
		} else {
			time.Sleep(pause)
			pause = min(2*pause, lastPause)
		}
	}
}
