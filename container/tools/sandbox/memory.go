package main

import (
	"bytes"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

const (
	defaultMemory = 1 << 30
	leastMemory   = 64 << 20
)

// memoryOfContainer is three quarters of the memory that the container may use: what commands use is only looked at from time to time,
// and beyond its memory the whole container is killed.
func memoryOfContainer() int64 {
	for _, path := range []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"} {
		text, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		// Not a number where there is no limit; a huge one in the first version of cgroups.
		limit, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
		if err == nil && limit < 1<<50 {
			return max(limit/4*3, leastMemory)
		}
	}
	return defaultMemory
}

// memoryInUse is that of all processes but this one, and of files if they are kept in memory.
func memoryInUse(work string) int64 {
	var sum int64
	for _, pid := range otherProcesses() {
		status, err := os.ReadFile("/proc/" + pid + "/status")
		if err != nil {
			continue // it has ended
		}
		for _, line := range bytes.Split(status, []byte("\n")) {
			name, value, _ := bytes.Cut(line, []byte(":"))
			if string(name) != "RssAnon" && string(name) != "RssShmem" {
				continue
			}
			kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(string(value)), " kB"), 10, 64)
			if err == nil {
				sum += kib << 10
			}
		}
	}
	var files unix.Statfs_t
	if unix.Statfs(work, &files) == nil && files.Type == unix.TMPFS_MAGIC {
		sum += int64(files.Blocks-files.Bfree) * files.Bsize
	}
	return sum
}

// filesInUse is the number of files and folders, if the file system counts them.
func filesInUse(work string) int64 {
	var files unix.Statfs_t
	if unix.Statfs(work, &files) != nil {
		return 0
	}
	return int64(files.Files - files.Ffree)
}

func otherProcesses() []string {
	proc, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer proc.Close()
	names, _ := proc.Readdirnames(-1)
	var pids []string
	for _, name := range names {
		if name[0] >= '1' && name[0] <= '9' && name != "1" {
			pids = append(pids, name)
		}
	}
	return pids
}
