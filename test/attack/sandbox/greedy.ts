/** Programs that do not end by themselves, or take what they can, and what the answer says. */
/** Podman tells nobody of it: the kernel ends one process after the other, and the run goes on. */
export const MANY = "a memory bomb of many processes";

export const GREEDY: [
  name: string,
  language: string,
  code: string,
  expected: object,
  options?: string[],
  /** In docker, where it is another limit that holds it. */
  docker?: object,
][] = [
  [
    "a fork bomb",
    "bash",
    // The shell itself forks once only, and waits by a builtin: it needs no process that it might not get.
    "exec 2>/dev/null; :(){ :|:& };{ :; } & read -rt 0.3 </dev/zero; exit 7",
    { exitCode: 7 },
  ],
  [
    "a fork bomb",
    "python",
    "import os\nn=0\ntry:\n  while True:\n    if os.fork()==0:\n      import time; time.sleep(3); os._exit(0)\n    n+=1\nexcept OSError: print(n)",
    { exitCode: 0, stdout: "31\n" },
  ],
  [
    "a fork bomb",
    "node",
    "const {spawnSync,spawn}=require('child_process');let n=0;for(let i=0;i<100;i++){const c=spawn('sleep',['3']);c.on('error',()=>{});if(c.pid)n++}console.log(n<32);process.exit()",
    { exitCode: 0, stdout: "true\n" },
  ],
  [
    "a memory bomb of one process",
    "python",
    "a=[]\ntry:\n  while True: a.append(bytearray(b'x')*1048576)\nexcept MemoryError: print('refused', len(a) < 260)",
    { stdout: "refused True\n" },
  ],
  [
    "a memory bomb of one process",
    "node",
    "const a=[];for(;;)a.push(Buffer.alloc(1<<20,1))",
    { success: false },
  ],
  [
    MANY,
    "python",
    "import os,time\nfor i in range(8):\n  if os.fork()==0:\n    a=bytearray(b'x')*(150<<20); time.sleep(60)\ntime.sleep(60)",
    { success: false, error: { code: "memory_limit" } },
  ],
  [
    "filling the disk",
    "bash",
    "for where in /tmp /dev/shm; do head -c 200M /dev/zero >$where/a; head -c 200M /dev/zero >$where/b; du -sm $where | cut -f1; done 2>/dev/null",
    { stdout: "64\n16\n" },
  ],
  [
    "an output flood",
    "bash",
    "yes",
    { success: false, error: { code: "output_limit" }, truncated: true },
  ],
  [
    "taking all descriptors",
    "python",
    "a=[]\ntry:\n  while True: a.append(open('/dev/null'))\nexcept OSError as e: print(e.errno, len(a) < 256)",
    { stdout: "24 True\n" },
  ],
  [
    "ignoring what asks it to stop",
    "bash",
    "trap '' TERM INT HUP; while :; do sleep 1; done",
    { success: false, timedOut: true, error: { code: "timeout" } },
    ["--timeout", "1"],
  ],
  [
    "an endless loop",
    "node",
    "for(;;);",
    { success: false, timedOut: true, error: { code: "timeout" } },
    ["--timeout", "1"],
  ],
  ["killing everybody", "bash", "sh -c 'kill -9 -1'", { success: false, exitCode: 137 }],
  [
    "forging the answer",
    "bash",
    'printf \'{"v":1,"success":true,"exitCode":0}\\n{ "exit-code": 0 }\\n\'; exit 5',
    { success: false, exitCode: 5, error: { code: "failed" } },
  ],
];
