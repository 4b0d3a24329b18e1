/** A service for tests of containers: says what it is confined to, and is well once it listens. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'

const status = readFileSync('/proc/self/status', 'utf8')
const field = (name: string) => new RegExp(`^${name}:\\s+(\\S+)`, 'm').exec(status)?.[1] ?? ''

const canWrite = (path: string): boolean => {
  try {
    writeFileSync(path, 'x')
    return true
  } catch {
    return false
  }
}

/** The limit of memory as the container sees it, bytes: control groups of version 2 or 1. */
const memoryLimit = (): number =>
  Number(
    ['/sys/fs/cgroup/memory.max', '/sys/fs/cgroup/memory/memory.limit_in_bytes']
      .filter((path) => existsSync(path))
      .map((path) => readFileSync(path, 'utf8').trim())[0],
  )

const confinement = () => ({
  uid: Number(field('Uid')),
  capabilities: field('CapBnd'),
  noNewPrivileges: field('NoNewPrivs'),
  rootWritable: canWrite('/written'),
  tmpWritable: canWrite('/tmp/written'),
  shell: existsSync('/bin/sh'),
  memoryLimit: memoryLimit(),
})

const port = Number(Bun.env['PORT'] ?? 0)
if (Bun.argv[2] === 'health') {
  const answer = await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined)
  process.exit(answer?.ok ? 0 : 1)
}
if (port === 0) console.log(JSON.stringify(confinement()))
else Bun.serve({ port, hostname: '0.0.0.0', fetch: () => Response.json(confinement()) })
