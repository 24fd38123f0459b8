package main

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// denied are the system calls that a command may not make, whatever the architecture; it gets EPERM.
var denied = []uint32{
	// Being reached by others, and sockets by way of the kernel.
	unix.SYS_LISTEN, unix.SYS_ACCEPT, unix.SYS_ACCEPT4,
	unix.SYS_IO_URING_SETUP, unix.SYS_IO_URING_ENTER, unix.SYS_IO_URING_REGISTER,
	// Other processes, which are of the same user.
	unix.SYS_PTRACE, unix.SYS_PROCESS_VM_READV, unix.SYS_PROCESS_VM_WRITEV, unix.SYS_PROCESS_MADVISE, unix.SYS_PROCESS_MRELEASE,
	unix.SYS_PIDFD_OPEN, unix.SYS_PIDFD_GETFD, unix.SYS_PIDFD_SEND_SIGNAL, unix.SYS_KCMP, unix.SYS_TKILL,
	unix.SYS_SETPRIORITY, unix.SYS_IOPRIO_SET, unix.SYS_SCHED_SETAFFINITY, unix.SYS_SCHED_SETATTR, unix.SYS_SCHED_SETPARAM,
	unix.SYS_SCHED_SETSCHEDULER, unix.SYS_MIGRATE_PAGES, unix.SYS_MOVE_PAGES, unix.SYS_GET_ROBUST_LIST,
	// What outlives a process, or is counted nowhere.
	unix.SYS_SHMGET, unix.SYS_SHMAT, unix.SYS_SHMCTL, unix.SYS_SHMDT, unix.SYS_SEMGET, unix.SYS_SEMOP, unix.SYS_SEMCTL,
	unix.SYS_SEMTIMEDOP, unix.SYS_MSGGET, unix.SYS_MSGSND, unix.SYS_MSGRCV, unix.SYS_MSGCTL, unix.SYS_MQ_OPEN, unix.SYS_MQ_UNLINK,
	unix.SYS_ADD_KEY, unix.SYS_REQUEST_KEY, unix.SYS_KEYCTL, unix.SYS_MEMFD_CREATE, unix.SYS_MEMFD_SECRET,
	// Namespaces, mounts and roots.
	unix.SYS_UNSHARE, unix.SYS_SETNS, unix.SYS_MOUNT, unix.SYS_UMOUNT2, unix.SYS_MOVE_MOUNT, unix.SYS_OPEN_TREE,
	unix.SYS_OPEN_TREE_ATTR, unix.SYS_FSOPEN, unix.SYS_FSCONFIG, unix.SYS_FSMOUNT, unix.SYS_FSPICK, unix.SYS_MOUNT_SETATTR,
	unix.SYS_STATMOUNT, unix.SYS_LISTMOUNT, unix.SYS_LISTNS, unix.SYS_PIVOT_ROOT, unix.SYS_CHROOT,
	unix.SYS_NAME_TO_HANDLE_AT, unix.SYS_OPEN_BY_HANDLE_AT,
	// The kernel and the machine.
	unix.SYS_BPF, unix.SYS_PERF_EVENT_OPEN, unix.SYS_USERFAULTFD, unix.SYS_FANOTIFY_INIT, unix.SYS_FANOTIFY_MARK,
	unix.SYS_KEXEC_LOAD, unix.SYS_INIT_MODULE, unix.SYS_FINIT_MODULE, unix.SYS_DELETE_MODULE, unix.SYS_REBOOT, unix.SYS_ACCT,
	unix.SYS_SWAPON, unix.SYS_SWAPOFF, unix.SYS_QUOTACTL, unix.SYS_QUOTACTL_FD, unix.SYS_SYSLOG, unix.SYS_VHANGUP,
	unix.SYS_SETTIMEOFDAY, unix.SYS_CLOCK_SETTIME, unix.SYS_CLOCK_ADJTIME, unix.SYS_ADJTIMEX, unix.SYS_SETHOSTNAME,
	unix.SYS_SETDOMAINNAME, unix.SYS_LOOKUP_DCOOKIE, unix.SYS_NFSSERVCTL, unix.SYS_PERSONALITY, unix.SYS_MBIND,
	unix.SYS_SET_MEMPOLICY, unix.SYS_SET_MEMPOLICY_HOME_NODE,
}

// deniedWithoutNetwork are denied besides; pairs of sockets, which lead nowhere, are allowed.
var deniedWithoutNetwork = []uint32{unix.SYS_SOCKET, unix.SYS_BIND, unix.SYS_CONNECT}

// newestCall is the last one that the list above was made with; what a later kernel adds does not exist here.
const newestCall = unix.SYS_RSEQ_SLICE_YIELD

const newNamespaces = unix.CLONE_NEWNS | unix.CLONE_NEWCGROUP | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC | unix.CLONE_NEWUSER |
	unix.CLONE_NEWPID | unix.CLONE_NEWNET

// Offsets of struct seccomp_data; of an argument only the lower half is looked at, on a little-endian machine.
const (
	offsetCall     = 0
	offsetArch     = 4
	offsetArgument = 16
	sizeOfArgument = 8
)

// argument is what a call may have: one of the values, where the ignored bits do not count.
type argument struct {
	index, ignored uint32
	values         []uint32
}

const socketFlags = unix.SOCK_CLOEXEC | unix.SOCK_NONBLOCK

const (
	permit = unix.SECCOMP_RET_ALLOW
	eperm  = unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)
	enosys = unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)
)

// filter is the program that the kernel runs before each system call.
func filter(network bool) []unix.SockFilter {
	load := func(offset uint32) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: offset}
	}
	jump := func(operator uint16, value uint32, yes, no uint8) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_JMP | operator | unix.BPF_K, Jt: yes, Jf: no, K: value}
	}
	give := func(result uint32) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: result}
	}
	program := []unix.SockFilter{
		load(offsetArch),
		jump(unix.BPF_JEQ, auditArch, 1, 0),
		give(unix.SECCOMP_RET_KILL_PROCESS),
		load(offsetCall),
		// Also those of x32, whose numbers have bit 30.
		jump(unix.BPF_JGT, newestCall, 0, 1),
		give(enosys),
		// Its flags are in memory, which a filter cannot read; libraries then use clone.
		jump(unix.BPF_JEQ, unix.SYS_CLONE3, 0, 1),
		give(enosys),
	}
	calls := append(append([]uint32{}, denied...), deniedOfArch...)
	if !network {
		calls = append(calls, deniedWithoutNetwork...)
	}
	for _, call := range calls {
		program = append(program, jump(unix.BPF_JEQ, call, 0, 1), give(eperm))
	}
	// check denies a call by its first argument. If it is another call, the three following instructions are skipped.
	check := func(call uint32, test unix.SockFilter) {
		program = append(program, load(offsetCall), jump(unix.BPF_JEQ, call, 0, 3), load(offsetArgument), test, give(eperm))
	}
	check(unix.SYS_CLONE, jump(unix.BPF_JSET, newNamespaces, 0, 1))
	// The limits of another process; 0 is the caller.
	check(unix.SYS_PRLIMIT64, jump(unix.BPF_JEQ, 0, 1, 0))
	// Signals to the helper, as older versions of Landlock allow them.
	for _, call := range []uint32{unix.SYS_KILL, unix.SYS_TGKILL, unix.SYS_RT_SIGQUEUEINFO, unix.SYS_RT_TGSIGQUEUEINFO} {
		check(call, jump(unix.BPF_JEQ, 1, 0, 1))
	}
	// only permits a call with these arguments, and denies it with others.
	only := func(call uint32, arguments ...argument) {
		var body []unix.SockFilter
		for _, each := range arguments {
			mask := unix.SockFilter{Code: unix.BPF_ALU | unix.BPF_AND | unix.BPF_K, K: ^each.ignored}
			body = append(body, load(offsetArgument+sizeOfArgument*each.index), mask)
			for index, value := range each.values {
				// Past the other values, and the denial.
				body = append(body, jump(unix.BPF_JEQ, value, uint8(len(each.values)-index), 0))
			}
			body = append(body, give(eperm))
		}
		body = append(body, give(permit))
		program = append(program, load(offsetCall), jump(unix.BPF_JEQ, call, 0, uint8(len(body))))
		program = append(program, body...)
	}
	// Pairs of Unix sockets, but not of datagrams, which could be sent to others.
	only(unix.SYS_SOCKETPAIR,
		argument{0, 0, []uint32{unix.AF_UNIX}}, argument{1, socketFlags, []uint32{unix.SOCK_STREAM, unix.SOCK_SEQPACKET}})
	if network {
		only(unix.SYS_SOCKET, argument{0, 0, []uint32{unix.AF_INET, unix.AF_INET6}},
			argument{1, socketFlags, []uint32{unix.SOCK_STREAM, unix.SOCK_DGRAM}},
			argument{2, 0, []uint32{0, unix.IPPROTO_TCP, unix.IPPROTO_UDP}})
	}
	return append(program, give(permit))
}

// restrictCalls filters the system calls of this thread, and of what it becomes.
func restrictCalls(network bool) error {
	instructions := filter(network)
	program := unix.SockFprog{Len: uint16(len(instructions)), Filter: &instructions[0]}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, 0, uintptr(unsafe.Pointer(&program)))
	if errno != 0 {
		return fmt.Errorf("seccomp: %w", errno)
	}
	return nil
}
