// git-server serves bare repositories over SSH and over HTTP, as a hosting service does: sshd on port 2222 for the key in
// authorized_keys, and git's own http-backend on port 8080 for the user and the password of the environment.
//
//	git-server ROOT NAME...    makes ROOT/NAME.git for each name that is not there yet, and serves them
package main

import (
	"crypto/subtle"
	"log"
	"net/http"
	"net/http/cgi"
	"os"
	"os/exec"
	"path/filepath"
)

// keys is a mounted Secret: host_key and authorized_keys.
const keys = "/etc/git-server"

func main() {
	root := os.Args[1]
	for _, name := range os.Args[2:] {
		if err := initialize(filepath.Join(root, name+".git")); err != nil {
			log.Fatal(err)
		}
	}
	go func() { log.Fatal(serveSSH()) }()
	log.Fatal(http.ListenAndServe(":8080", authenticated(&cgi.Handler{
		Path: "/usr/lib/git-core/git-http-backend",
		Env:  []string{"GIT_PROJECT_ROOT=" + root, "GIT_HTTP_EXPORT_ALL=1", "REMOTE_USER=" + os.Getenv("GIT_USER")},
	})))
}

func initialize(repository string) error {
	if _, err := os.Stat(filepath.Join(repository, "HEAD")); err == nil {
		return nil
	}
	git := exec.Command("git", "init", "--quiet", "--bare", "--initial-branch=main", repository)
	git.Stdout, git.Stderr = os.Stdout, os.Stderr
	return git.Run()
}

// sshd runs as an ordinary user, who is then the only one that can log in.
func serveSSH() error {
	args := []string{"-D", "-e", "-f", "/dev/null"}
	for _, option := range []string{
		"Port=2222", "HostKey=" + keys + "/host_key", "AuthorizedKeysFile=" + keys + "/authorized_keys",
		"StrictModes=no", "UsePAM=no", "PasswordAuthentication=no", "PidFile=none",
	} {
		args = append(args, "-o", option)
	}
	sshd := exec.Command("/usr/sbin/sshd", args...)
	sshd.Stdout, sshd.Stderr = os.Stdout, os.Stderr
	return sshd.Run()
}

func authenticated(next http.Handler) http.Handler {
	user, password := os.Getenv("GIT_USER"), os.Getenv("GIT_PASSWORD")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, word, ok := r.BasicAuth()
		if !ok || !equal(name, user) || !equal(word, password) {
			w.Header().Set("WWW-Authenticate", `Basic realm="git"`)
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
