/** What a hostile repository may try. */
export interface Attack {
  readonly name: string;
  /** One after another; the environment says where things are. */
  readonly commands: readonly string[];
  /** A second run, of the same files, that finds what the first has left: it prints LEFT-BEHIND. */
  readonly next?: string;
  readonly writable?: true;
  /** It is no attack by commands that may use the network. */
  readonly isNetwork?: true;
  /** What it does for the same user, in the same place, that is not confined. `fails`: something else prevents it too. */
  readonly unconfined: 'works' | 'fails' | 'not tried';
}

const works = 'works';
const fails = 'fails';
/** It would change the machine or end the helper, or what it does depends on the machine. */
const untried = 'not tried';

function one(name: string, command: string, unconfined: Attack['unconfined']): Attack {
  return { name, commands: [command], unconfined };
}

function allowed(name: string, command: string, unconfined: Attack['unconfined']): Attack {
  return { ...one(name, command, unconfined), isNetwork: true };
}

const FILES: readonly Attack[] = [
  one('read a file of another container', 'cat "$SECRET_FILE"', works),
  one('read a token', 'cat "$TOKEN"', works),
  one('read the files of another repository', 'cat "$OTHER"', works),
  one('search a mounted folder', 'grep -rh "" /mnt', works),
  one('read by a builtin of the shell', 'read -r line <"$SECRET_FILE"; echo "$line"', works),
  one('read by a relative path', 'cat "../../../../../..$SECRET_FILE"', works),
  one('read by a link of its own', 'ln -s "$SECRET_FILE" "$TMPDIR/l"; cat "$TMPDIR/l"', works),
  one('read by a link to a folder', 'ln -s / "$TMPDIR/l"; cat "$TMPDIR/l$SECRET_FILE"', works),
  one('read by the root of a process', './attack readlink "$SECRET_FILE"', works),
  one('read by the root of the helper', 'cat "/proc/1/root$SECRET_FILE"', fails),
  one('read in another folder', 'cd / && cat ".$SECRET_FILE"', works),
  one('read by a handle', './attack handle "$SECRET_FILE"', works),
  one('read by a program without a name', './attack memfd "$SECRET_FILE"', works),
  one('read by a program of another language', 'perl -e "open(F, q($SECRET_FILE)); print <F>"', works),
  { ...one('give a file out as a change', 'cp "$SECRET_FILE" b', works), writable: true },
  { ...one('give a file out by a hard link', 'ln "$SECRET_FILE" b; ln "$OTHER" c; cat b c; exit 0', works), writable: true },
  { ...one('give a file out by a link', 'rm a.yaml; ln -s "$SECRET_FILE" a.yaml', untried), writable: true },
  {
    ...one('give a file out by a link to its folder', 'mkdir d; echo >d/secret; rm -r d; ln -s "$OPEN" d', untried),
    writable: true,
  },
  {
    ...one('replace a result by a link while it is read', './attack swap a.yaml "$SECRET_FILE"; sleep 0.3', untried),
    writable: true,
  },
  one('write a file in the folder for temporary files', 'echo x >/tmp/flux-left', works),
  one('write a file beside its own', 'echo x >/tmp/sandbox/flux-left', works),
  one('write to another container', 'echo x >"$OPEN/flux-left"', works),
  one('write to a file of another container', 'echo x >>"$WRITABLE"', works),
  one('truncate a file of another container', ': >"$WRITABLE"', works),
  one('write to shared memory', 'echo x >/dev/shm/flux-left', works),
  one('make a folder outside', 'mkdir /var/tmp/flux-left', works),
  one('make a link outside', 'ln -s /etc/passwd /var/tmp/flux-left', works),
  one('move a file out', 'echo x >"$TMPDIR/x"; mv "$TMPDIR/x" "$OPEN/flux-left"', works),
  one('link a file out', 'echo x >"$TMPDIR/x"; ln "$TMPDIR/x" /tmp/flux-left', works),
  one('list the files of others', 'ls /tmp/sandbox | grep -q planted && echo ESCAPED', works),
  one('make a device', './attack mknod "$TMPDIR/null"', fails),
];

const PROCESSES: readonly Attack[] = [
  one('read the environment of the helper', 'cat /proc/1/environ', fails),
  one('read the environment of all processes', 'cat /proc/[0-9]*/environ | tr "\\000" "\\n" | grep VICTIM_', works),
  one('read the environment of a process', 'cat "/proc/$VICTIM/environ"', works),
  one('read the memory of a process', './attack vmread "$VICTIM"', works),
  one('attach to a process', './attack ptrace "$VICTIM"', works),
  one('seize a process', './attack seize "$VICTIM"', works),
  one('attach to the helper', './attack ptrace 1', fails),
  one('signal a process', 'kill -USR1 "$VICTIM"', works),
  one('signal all processes', './attack kill 0xffffffffffffffff 10', works),
  one('signal a process by its thread', './attack tkill "$VICTIM" 10', works),
  one('signal a process by its group', './attack tgkill "$VICTIM" 10', works),
  one('signal a process by a descriptor', './attack pidfd "$VICTIM" 10', works),
  one('end the helper', 'kill -KILL 1; kill -TERM 1; kill -QUIT 1; kill -SEGV 1; kill -ABRT 1', untried),
  one('end the helper by its threads', './attack threads 15', untried),
  one('lower the limits of a process', './attack prlimit "$VICTIM"', works),
  one('lower the limits of the helper', './attack prlimit 1', untried),
  one('lower the priority of a process', './attack nice "$VICTIM"', works),
  one('raise its own limits', './attack nofile', works),
  one('raise its own limits by the shell', 'ulimit -n 2048 && echo ESCAPED', works),
  one('use a descriptor that was left open', './attack fds', fails),
  one('write to the connection by its name', 'for fd in /proc/1/fd/*; do echo x >"$fd" && echo ESCAPED; done', fails),
  one('leave a process behind', './attack daemon "$TMPDIR/x"', untried),
  one('leave a process behind that writes outside', './attack daemon "$OPEN/flux-left"; sleep 0.2', works),
  one(
    'leave a process behind by the shell',
    "(trap '' HUP TERM INT; setsid sh -c 'while :; do sleep 1; done') & exit 0",
    untried,
  ),
  one('leave a stopped process behind', 'sleep 1000 & kill -STOP $!; exit 0', untried),
  one('leave a process behind that ignores signals', './attack ignore & exit 0', untried),
];

const NETWORK: readonly Attack[] = [
  allowed('reach a TCP port', './attack dial tcp "127.0.0.1:$TCP"', works),
  allowed('reach a TCP port by the shell', 'bash -c "cat </dev/tcp/127.0.0.1/$TCP"', works),
  allowed('reach a UDP port', './attack send udp "127.0.0.1:$UDP"', works),
  one('reach a Unix socket', './attack dial unix "$UNIX"', works),
  one('reach an abstract socket', './attack dial unix "@$ABSTRACT"', works),
  allowed('reach the metadata of a cloud', './attack dial tcp 169.254.169.254:80', untried),
  allowed('resolve a name', './attack resolve localhost', works),
  one('open a socket of the kernel', './attack socket 16 3 0', works),
  one('open a socket for packets', './attack socket 17 3 0', fails),
  one('open a socket for virtual machines', './attack socket 40 1 0', works),
  one('open a socket for cryptography', './attack socket 38 5 0', works),
  one('open a socket for packets of IP', './attack socket 2 3 255', fails),
  one('open a socket for echoes', './attack socket 2 2 1', untried),
  one('open a socket of several paths', './attack socket 2 1 262', untried),
  one('open a socket for streams in datagrams', './attack socket 2 1 132', untried),
  one('open a socket for light datagrams', './attack socket 10 2 136', works),
  one('wait for connections', './attack listen 127.0.0.1:0', works),
  one('take a port of others', './attack bind 30303', works),
  one('open a pair of sockets for datagrams', './attack call 53 1 2 0 0', works),
  one('open a pair of sockets of the network', './attack call 53 16 3 0 0', works),
  one('set up io_uring', './attack call 425 8 0', works),
];

const KERNEL: readonly Attack[] = [
  one('make a user namespace', './attack unshare 0x10000000', works),
  one('make a user and a mount namespace', './attack unshare 0x10020000', works),
  one('make a user namespace by a clone', './attack clone 0x10000000', works),
  one('make a user namespace by a newer clone', './attack clone3 0x10000000', works),
  one('make a user namespace by a tool', 'unshare --user --map-root-user sh -c "echo ESCAPED; sleep 0.5"', works),
  one('enter a namespace', './attack setns /proc/self/ns/user', works),
  one('change the root', './attack chroot .', fails),
  one('mount', './attack mount "$TMPDIR"', fails),
  one('mount by the newer calls', './attack call 430 0 0', fails),
  one('become root', './attack setuid 0', fails),
  one('become root by a program', '"$SETUID" ignore & sleep 0.5; kill -9 $!', works),
  one('use another group', './attack setgroups 0', fails),
  one('load a program into the kernel', './attack call 321 0 0 0', works),
  one('measure the machine', './attack call 298 0 0 0xffffffffffffffff 0xffffffffffffffff 0', works),
  one('handle page faults', './attack call 323 1', works),
  one('compare processes', './attack call 312 "$VICTIM" "$VICTIM" 0 0 0', works),
  one('change how the kernel runs it', './attack call 135 0x0040000', works),
  one('use system calls of another kind', './attack x32', fails),
  one('use a system call that does not exist yet', './attack call 499', fails),
  { ...one('leave a key behind', './attack keyring LEFT-BEHIND; exit 0', untried), next: './attack findkey' },
  one('leave shared memory behind', './attack shm', works),
  one('leave semaphores behind', './attack sem', works),
  one('leave a queue behind', './attack msg', works),
  one('leave a queue of the newer kind behind', './attack mq', untried),
  one('make memory without a name', './attack call 319 0 0', works),
];

const PLANT = 'echo "echo LEFT-BEHIND"';
const NEXT: readonly Attack[] = [
  {
    name: 'leave settings of a shell for the next command',
    commands: [
      `for f in .profile .bashrc .bash_profile .shrc; do ${PLANT} >"$HOME/$f"; done; export BASH_ENV="$HOME/.bashrc" ENV="$HOME/.shrc"`,
      'sh -lc true; bash -lc true; bash -ic true',
    ],
    unconfined: works,
  },
  {
    name: 'leave a program for the next command',
    commands: [
      `mkdir -p "$HOME/bin"; ${PLANT} >"$HOME/bin/cat"; chmod +x "$HOME/bin/cat"; export PATH="$HOME/bin:$PATH"`,
      'cat a.yaml',
    ],
    unconfined: fails,
  },
  {
    name: 'leave a file for the next command',
    commands: ['echo LEFT-BEHIND >"$TMPDIR/x"; echo LEFT-BEHIND >"$HOME/x"', 'cat "$TMPDIR/x" "$HOME/x"'],
    unconfined: works,
  },
  {
    name: 'leave a folder that cannot be removed',
    commands: [
      'mkdir -p "$TMPDIR/a/b"; echo LEFT-BEHIND >"$TMPDIR/a/b/x"; chmod 0 "$TMPDIR/a/b" "$TMPDIR/a"',
      'chmod -R 700 "$TMPDIR"; cat "$TMPDIR/a/b/x"',
    ],
    unconfined: works,
  },
  ...[
    'chmod 700 a.yaml && echo LEFT-BEHIND >a.yaml',
    'chmod 700 . && mv a.yaml b.yaml && echo LEFT-BEHIND >a.yaml',
    'chmod 700 . && rm -f a.yaml && echo LEFT-BEHIND >a.yaml',
    'chmod 700 . && echo LEFT-BEHIND >new.yaml',
  ].map(
    (command): Attack => ({
      name: `change the files of the next run: ${command}`,
      commands: [`${command}; exit 0`],
      // Beside the helper the files are those of the command.
      next: 'cat *.yaml',
      unconfined: works,
    }),
  ),
  {
    name: 'change the files of the next run by their rights',
    commands: ['chmod 0 a.yaml attack; exit 0'],
    next: 'cat a.yaml >/dev/null || echo LEFT-BEHIND',
    unconfined: works,
  },
  {
    name: 'lock the folder of all files',
    commands: ['chmod 0 .. ../..; exit 0'],
    next: 'cat a.yaml >/dev/null || echo LEFT-BEHIND',
    unconfined: untried,
  },
];

export const ATTACKS: readonly Attack[] = [...FILES, ...PROCESSES, ...NETWORK, ...KERNEL, ...NEXT];
