package main

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// What a program needs to run, wherever it is from. What is missing is left out.
var (
	readable = []string{
		"/bin", "/sbin", "/usr", "/lib", "/lib32", "/lib64", "/libx32",
		"/etc/alternatives", "/etc/gitconfig", "/etc/group", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d",
		"/etc/localtime", "/etc/nsswitch.conf", "/etc/os-release", "/etc/passwd", "/etc/protocols", "/etc/services", "/etc/ssl/certs",
		"/dev/random", "/dev/urandom", "/dev/zero",
	}
	// How names are resolved, and the keys of hosts.
	readableWithNetwork = []string{
		"/etc/gai.conf", "/etc/host.conf", "/etc/hosts", "/etc/resolv.conf", "/etc/ssh/ssh_config", "/etc/ssh/ssh_known_hosts",
	}
	readableAndWritable = []string{"/dev/full", "/dev/null"}
)

const (
	accessRead = unix.LANDLOCK_ACCESS_FS_EXECUTE | unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_READ_DIR
	// No devices, and no sockets.
	accessWrite = accessRead | unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_TRUNCATE |
		unix.LANDLOCK_ACCESS_FS_REMOVE_DIR | unix.LANDLOCK_ACCESS_FS_REMOVE_FILE | unix.LANDLOCK_ACCESS_FS_MAKE_DIR |
		unix.LANDLOCK_ACCESS_FS_MAKE_REG | unix.LANDLOCK_ACCESS_FS_MAKE_SYM | unix.LANDLOCK_ACCESS_FS_MAKE_FIFO |
		unix.LANDLOCK_ACCESS_FS_REFER
	// All that can be asked about a file that is no folder.
	accessOfFile = unix.LANDLOCK_ACCESS_FS_EXECUTE | unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_WRITE_FILE |
		unix.LANDLOCK_ACCESS_FS_TRUNCATE | unix.LANDLOCK_ACCESS_FS_IOCTL_DEV
	// The first version knows the rights up to this one.
	accessFirst = unix.LANDLOCK_ACCESS_FS_MAKE_SYM<<1 - 1
)

// landlockVersion is the newest version that the kernel has; 0 if it has none.
func landlockVersion() int {
	version, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if errno != 0 {
		return 0
	}
	return int(version)
}

// handledBy is all that a version can deny, but for connections where there is network.
func handledBy(version int, network bool) unix.LandlockRulesetAttr {
	handled := unix.LandlockRulesetAttr{Access_fs: accessFirst}
	if version >= 2 {
		handled.Access_fs |= unix.LANDLOCK_ACCESS_FS_REFER
	}
	if version >= 3 {
		handled.Access_fs |= unix.LANDLOCK_ACCESS_FS_TRUNCATE
	}
	if version >= 4 {
		handled.Access_net = unix.LANDLOCK_ACCESS_NET_BIND_TCP
		if !network {
			handled.Access_net |= unix.LANDLOCK_ACCESS_NET_CONNECT_TCP
		}
	}
	if version >= 5 {
		handled.Access_fs |= unix.LANDLOCK_ACCESS_FS_IOCTL_DEV
	}
	if version >= 6 {
		handled.Scoped = unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | unix.LANDLOCK_SCOPE_SIGNAL
	}
	return handled
}

// restrictFiles confines this thread, and what it becomes, to programs and to the folders of a command.
func restrictFiles(spec spec) error {
	handled := handledBy(spec.Landlock, spec.Network)
	ruleset, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&handled)), unsafe.Sizeof(handled), 0)
	if errno != 0 {
		return fmt.Errorf("landlock_create_ruleset: %w", errno)
	}
	defer unix.Close(int(ruleset))
	type rule struct {
		paths  []string
		access uint64
		exists bool
	}
	rules := []rule{
		{readable, accessRead, false},
		{readableAndWritable, accessRead | unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_TRUNCATE, false},
		{spec.Read, accessRead, true},
		{spec.Write, accessWrite, true},
	}
	if spec.Network {
		rules = append(rules, rule{readableWithNetwork, accessRead, false})
	}
	for _, rule := range rules {
		for _, path := range rule.paths {
			err := allow(int(ruleset), path, rule.access&handled.Access_fs)
			if err == unix.ENOENT && !rule.exists {
				continue
			}
			if err != nil {
				return fmt.Errorf("landlock_add_rule for %s: %w", path, err)
			}
		}
	}
	if spec.Network && handled.Access_net != 0 {
		if err := allowAnyPort(int(ruleset)); err != nil {
			return fmt.Errorf("landlock_add_rule for ports: %w", err)
		}
	}
	if _, _, errno := unix.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, ruleset, 0, 0); errno != 0 {
		return fmt.Errorf("landlock_restrict_self: %w", errno)
	}
	return nil
}

// allowAnyPort allows to bind a socket to a port that the kernel chooses, as Go does to see which addresses it can use.
func allowAnyPort(ruleset int) error {
	rule := struct{ access, port uint64 }{unix.LANDLOCK_ACCESS_NET_BIND_TCP, 0}
	const netPort = 2 // LANDLOCK_RULE_NET_PORT
	_, _, errno := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, uintptr(ruleset), netPort, uintptr(unsafe.Pointer(&rule)), 0, 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}

func allow(ruleset int, path string, access uint64) error {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	var found unix.Stat_t
	if err := unix.Fstat(fd, &found); err != nil {
		return err
	}
	if found.Mode&unix.S_IFMT != unix.S_IFDIR {
		access &= accessOfFile
	}
	rule := unix.LandlockPathBeneathAttr{Allowed_access: access, Parent_fd: int32(fd)}
	_, _, errno := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, uintptr(ruleset), unix.LANDLOCK_RULE_PATH_BENEATH, uintptr(unsafe.Pointer(&rule)), 0, 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}
