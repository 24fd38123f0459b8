// What a hostile repository may bring: a program that tries one thing, by its argument. It prints ESCAPED when the kernel let it, and then
// stays for a while, so that it can be seen from outside what it got.
package main

import (
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"time"
	"unsafe"
)

const stay = time.Second

func main() {
	runtime.LockOSThread()
	attempt, known := attempts[os.Args[1]]
	if !known {
		panic(os.Args[1])
	}
	if err := attempt(os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, "denied:", err)
		os.Exit(1)
	}
	fmt.Println("ESCAPED")
	time.Sleep(stay)
}

type attempt = func(arguments []string) error

var attempts = map[string]attempt{
	"dial":    func(a []string) error { return dial(a[0], a[1]) },
	"send":    func(a []string) error { return send(a[0], a[1]) },
	"resolve": func(a []string) error { _, err := net.LookupHost(a[0]); return err },
	"listen":  func(a []string) error { _, err := net.Listen("tcp", a[0]); return err },
	"bind":    bind,
	"socket":  func(a []string) error { return call(syscall.SYS_SOCKET, number(a[0]), number(a[1]), number(a[2])) },
	"ptrace":  func(a []string) error { return call(syscall.SYS_PTRACE, 16, number(a[0])) },
	"seize":   func(a []string) error { return call(syscall.SYS_PTRACE, 0x4206, number(a[0])) },
	"vmread":  vmRead,
	"kill":    func(a []string) error { return call(syscall.SYS_KILL, number(a[0]), number(a[1])) },
	"tkill":   func(a []string) error { return call(syscall.SYS_TKILL, number(a[0]), number(a[1])) },
	"tgkill":  func(a []string) error { return call(syscall.SYS_TGKILL, number(a[0]), number(a[0]), number(a[1])) },
	"threads": killThreads,
	"pidfd":   pidfd,
	"prlimit": prlimit,
	"nice":    func(a []string) error { return call(syscall.SYS_SETPRIORITY, 0, number(a[0]), 19) },
	"nofile":  raise,
	"unshare": func(a []string) error { return call(syscall.SYS_UNSHARE, number(a[0])) },
	"clone":   func(a []string) error { return fork(syscall.SYS_CLONE, number(a[0])|uintptr(syscall.SIGCHLD)) },
	"clone3":  clone3,
	"setns":   setns,
	"chroot":  func(a []string) error { return syscall.Chroot(a[0]) },
	"mount":   func(a []string) error { return syscall.Mount("none", a[0], "tmpfs", 0, "") },
	"setuid":  func(a []string) error { return call(syscall.SYS_SETUID, number(a[0])) },
	"setgroups": func(a []string) error {
		group := uint32(number(a[0]))
		return call(syscall.SYS_SETGROUPS, 1, uintptr(unsafe.Pointer(&group)))
	},
	"mknod":   func(a []string) error { return syscall.Mknod(a[0], syscall.S_IFCHR|0o666, 1<<8|3) },
	"tiocsti": tiocsti,
	"call": func(a []string) error {
		return call(number(a[0]), rest(a, 1), rest(a, 2), rest(a, 3), rest(a, 4), rest(a, 5))
	},
	"x32":      func([]string) error { return call(syscall.SYS_GETPID | 0x40000000) },
	"keyring":  keyring,
	"findkey":  findKey,
	"memfd":    memfd,
	"shm":      func([]string) error { return call(syscall.SYS_SHMGET, 0x464c5558, 4096, 0o1666) },
	"sem":      func([]string) error { return call(syscall.SYS_SEMGET, 0x464c5558, 1, 0o1666) },
	"msg":      func([]string) error { return call(syscall.SYS_MSGGET, 0x464c5558, 0o1666) },
	"mq":       mq,
	"fds":      descriptors,
	"memory":   memory,
	"shared":   shared,
	"files":    files,
	"deep":     deep,
	"daemon":   daemon,
	"swap":     swap,
	"ignore":   ignore,
	"handle":   handle,
	"readlink": func(a []string) error { return readFile("/proc/self/root" + a[0]) },
}

func number(text string) uintptr {
	value, err := strconv.ParseUint(text, 0, 64)
	if err != nil {
		panic(err)
	}
	return uintptr(value)
}

func rest(arguments []string, index int) uintptr {
	if index < len(arguments) {
		return number(arguments[index])
	}
	return 0
}

// call makes a system call. That an argument is bad is no denial.
func call(number uintptr, a ...uintptr) error {
	for len(a) < 6 {
		a = append(a, 0)
	}
	_, _, errno := syscall.Syscall6(number, a[0], a[1], a[2], a[3], a[4], a[5])
	switch errno {
	case syscall.EPERM, syscall.EACCES, syscall.ENOSYS, syscall.ESRCH:
		return errno
	}
	return nil
}

func dial(network, address string) error {
	conn, err := net.DialTimeout(network, address, time.Second)
	if err == nil {
		conn.Write([]byte("reached"))
	}
	return err
}

func send(network, address string) error {
	conn, err := net.Dial(network, address)
	if err == nil {
		_, err = conn.Write([]byte("reached"))
	}
	return err
}

// bind binds a socket to a port, and leaves it to others to listen.
func bind(a []string) error {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		return err
	}
	return syscall.Bind(fd, &syscall.SockaddrInet4{Port: int(number(a[0])), Addr: [4]byte{127, 0, 0, 1}})
}

func readFile(path string) error {
	content, err := os.ReadFile(path)
	os.Stdout.Write(content)
	return err
}

func vmRead(a []string) error {
	buffer := make([]byte, 1<<20)
	// Where the stack of a process ends, with its environment.
	maps, err := os.ReadFile("/proc/" + a[0] + "/maps")
	if err != nil {
		return err
	}
	fmt.Println(len(maps))
	local := [2]uintptr{uintptr(unsafe.Pointer(&buffer[0])), uintptr(len(buffer))}
	remote := [2]uintptr{0x7ffffff00000, 1 << 16}
	return call(310, number(a[0]), uintptr(unsafe.Pointer(&local)), 1, uintptr(unsafe.Pointer(&remote)), 1, 0)
}

// killThreads signals any process by the ids of its threads.
func killThreads(a []string) error {
	var last error = syscall.ESRCH
	for id := uintptr(2); id < 40; id++ {
		if int(id) == os.Getpid() || int(id) == syscall.Gettid() || int(id) == os.Getppid() {
			continue
		}
		if err := call(syscall.SYS_KILL, id, number(a[0])); err == nil {
			last = nil
		}
	}
	return last
}

func pidfd(a []string) error {
	fd, _, errno := syscall.Syscall(434, number(a[0]), 0, 0)
	if errno != 0 {
		return errno
	}
	return call(424, fd, number(a[1]))
}

func prlimit(a []string) error {
	limit := [2]uint64{0, 0}
	return call(302, number(a[0]), 7, uintptr(unsafe.Pointer(&limit)), 0)
}

func raise([]string) error {
	limit := syscall.Rlimit{Cur: 2048, Max: 2048}
	return syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)
}

func fork(number, flags uintptr) error {
	pid, _, errno := syscall.RawSyscall6(number, flags, 0, 0, 0, 0, 0)
	if errno != 0 {
		return errno
	}
	if pid == 0 {
		pause := syscall.Timespec{Sec: 1}
		syscall.RawSyscall(syscall.SYS_NANOSLEEP, uintptr(unsafe.Pointer(&pause)), 0, 0)
		syscall.RawSyscall(syscall.SYS_EXIT_GROUP, 0, 0, 0)
	}
	return nil
}

func clone3(a []string) error {
	arguments := [8]uint64{uint64(number(a[0])), 0, 0, 0, uint64(syscall.SIGCHLD)}
	return fork3(unsafe.Pointer(&arguments), unsafe.Sizeof(arguments))
}

func fork3(arguments unsafe.Pointer, size uintptr) error {
	pid, _, errno := syscall.RawSyscall(435, uintptr(arguments), size, 0)
	if errno != 0 {
		return errno
	}
	if pid == 0 {
		pause := syscall.Timespec{Sec: 1}
		syscall.RawSyscall(syscall.SYS_NANOSLEEP, uintptr(unsafe.Pointer(&pause)), 0, 0)
		syscall.RawSyscall(syscall.SYS_EXIT_GROUP, 0, 0, 0)
	}
	return nil
}

func setns(a []string) error {
	fd, err := syscall.Open(a[0], syscall.O_RDONLY, 0)
	if err != nil {
		return err
	}
	return call(308, uintptr(fd), 0)
}

func tiocsti([]string) error {
	char := byte('x')
	return call(syscall.SYS_IOCTL, 0, 0x5412, uintptr(unsafe.Pointer(&char)))
}

func text(value string) uintptr {
	bytes, err := syscall.BytePtrFromString(value)
	if err != nil {
		panic(err)
	}
	return uintptr(unsafe.Pointer(bytes))
}

const userKeyring = ^uintptr(3) // -4

func keyring(a []string) error {
	secret := []byte(a[0])
	return call(248, text("user"), text("flux-left"), uintptr(unsafe.Pointer(&secret[0])), uintptr(len(secret)), userKeyring)
}

func findKey([]string) error {
	key, _, errno := syscall.Syscall6(250, 10, userKeyring, text("user"), text("flux-left"), 0, 0)
	if errno != 0 {
		return errno
	}
	buffer := make([]byte, 100)
	length, _, errno := syscall.Syscall6(250, 11, key, uintptr(unsafe.Pointer(&buffer[0])), 100, 0, 0)
	if errno != 0 {
		return errno
	}
	fmt.Println(string(buffer[:length]))
	return nil
}

// memfd runs a program that has no name, which then reads a file.
func memfd(a []string) error {
	fd, _, errno := syscall.Syscall(319, text("x"), 0, 0)
	if errno != 0 {
		return errno
	}
	program, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		return err
	}
	if _, err := syscall.Write(int(fd), program); err != nil {
		return err
	}
	return syscall.Exec(fmt.Sprintf("/proc/self/fd/%d", fd), []string{"attack", "readlink", a[0]}, nil)
}

func mq([]string) error {
	return call(240, text("flux-left"), 0o102, 0o666, 0)
}

// descriptors writes to, and reads from, whatever was left open.
func descriptors([]string) error {
	found := error(syscall.EBADF)
	for fd := 3; fd < 1024; fd++ {
		var stat syscall.Stat_t
		if syscall.Fstat(fd, &stat) != nil || stat.Mode&syscall.S_IFMT != syscall.S_IFSOCK {
			continue
		}
		syscall.Write(fd, []byte("\x00\x00\x00\x0f{\"type\":\"done\"}"))
		found = nil
	}
	return found
}

func memory(a []string) error {
	for size := number(a[0]); ; {
		block := make([]byte, 1<<20)
		for index := 0; index < len(block); index += 4096 {
			block[index] = 1
		}
		held = append(held, block)
		if uintptr(len(held))<<20 >= size {
			return nil
		}
	}
}

var held [][]byte

// shared fills memory that belongs to no process alone.
func shared(a []string) error {
	block, err := syscall.Mmap(-1, 0, int(number(a[0])), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED|syscall.MAP_ANON)
	if err != nil {
		return err
	}
	for index := 0; index < len(block); index += 4096 {
		block[index] = 1
	}
	return nil
}

func files(a []string) error {
	folder := os.Getenv("TMPDIR")
	for index := range int(number(a[0])) {
		if index%10000 == 0 {
			folder = filepath.Join(os.Getenv("TMPDIR"), strconv.Itoa(index))
			if err := os.Mkdir(folder, 0o700); err != nil {
				return err
			}
		}
		fd, err := syscall.Open(filepath.Join(folder, strconv.Itoa(index)), syscall.O_CREAT|syscall.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		syscall.Close(fd)
	}
	return nil
}

// deep nests folders far beyond the longest path, and takes all rights from the last.
func deep(a []string) error {
	if err := os.Chdir(a[1]); err != nil {
		return err
	}
	for range int(number(a[0])) {
		if err := syscall.Mkdir("d", 0o700); err != nil {
			return err
		}
		if err := syscall.Chdir("d"); err != nil {
			return err
		}
	}
	return syscall.Chmod(".", 0)
}

// daemon leaves a process behind, by all means of a daemon, that ignores signals and writes to a file for ever.
func daemon(a []string) error {
	if len(a) == 1 {
		_, err := syscall.ForkExec("/proc/self/exe", []string{"attack", "daemon", a[0], "again"}, &syscall.ProcAttr{
			Env: os.Environ(), Files: []uintptr{0, 1, 2}, Sys: &syscall.SysProcAttr{Setsid: true},
		})
		return exitUnless(err)
	}
	if a[1] == "again" {
		_, err := syscall.ForkExec("/proc/self/exe", []string{"attack", "daemon", a[0], "stay"}, &syscall.ProcAttr{
			Env: os.Environ(), Sys: &syscall.SysProcAttr{Setsid: true},
		})
		return exitUnless(err)
	}
	signal.Ignore()
	for {
		os.WriteFile(a[0], []byte(time.Now().String()), 0o600)
		time.Sleep(time.Millisecond)
	}
}

// exitUnless ends this process, whose child is what matters.
func exitUnless(err error) error {
	if err == nil {
		os.Exit(0)
	}
	return err
}

// swap goes on to replace a file by a link and back, beside the command.
func swap(a []string) error {
	if len(a) == 2 {
		_, err := syscall.ForkExec("/proc/self/exe", []string{"attack", "swap", a[0], a[1], "stay"}, &syscall.ProcAttr{
			Env: os.Environ(), Sys: &syscall.SysProcAttr{Setsid: true},
		})
		return exitUnless(err)
	}
	for {
		os.WriteFile(a[0]+".file", []byte("mine\n"), 0o600)
		os.Rename(a[0]+".file", a[0])
		os.Symlink(a[1], a[0]+".link")
		os.Rename(a[0]+".link", a[0])
	}
}

func ignore([]string) error {
	signal.Ignore()
	for {
		time.Sleep(time.Hour)
	}
}

func handle(a []string) error {
	type fileHandle struct {
		size uint32
		kind int32
		data [128]byte
	}
	handle := fileHandle{size: 128}
	var mount int32
	return call(303, ^uintptr(99), text(a[0]), uintptr(unsafe.Pointer(&handle)), uintptr(unsafe.Pointer(&mount)), 0)
}
