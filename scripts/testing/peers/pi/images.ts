import { createHash } from 'node:crypto'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { live } from '../../../cli/run.ts'
import type { DockerEngine } from '../docker/engine.ts'
import { type Absent, requireSuccess } from '../processes.ts'

/** Tags: two versions that are well, and what else a container does by itself; `TINY` in its environment says otherwise. See tiny.sh. */
const TAGS = ['1', '2', 'sick', 'exit', 'crash', 'memory'] as const

/** The images, by reference: a layer of busybox that all share, and a layer of its own. */
export const tinyReferences: readonly string[] = TAGS.map((tag) => `lucid-test/tiny:${tag}`)

/** The version is what port 8080 answers to GET /. */
const behaviour = (tag: (typeof TAGS)[number]): string => (tag === '1' || tag === '2' ? 'well' : tag)

const BUSYBOX = '/bin/busybox'
const PROGRAM = join(import.meta.dir, 'tiny.sh')
/** Names that the real images call; all are the one program. */
const NAMES = ['/tiny', '/usr/local/bin/bun', '/bin/bash', '/usr/bin/mongosh'] as const
const TOOLS = ['sh', 'cat', 'echo', 'sleep', 'wget', 'httpd', 'kill', 'ls', 'id', 'sha256sum', 'wc'] as const

const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex')

/** The image's configuration, Docker's own `Healthcheck` in it; durations in nanoseconds. */
const imageConfig = (diffIds: readonly string[], tag: (typeof TAGS)[number]) => ({
  architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
  os: 'linux',
  created: '1970-01-01T00:00:00Z',
  config: {
    User: '65532:65532',
    Env: ['PATH=/bin:/usr/local/bin:/usr/bin', `TINY=${behaviour(tag)}`],
    Entrypoint: ['/tiny'],
    Labels: { 'org.lucid.test.version': tag },
    ExposedPorts: { '8080/tcp': {} },
    Healthcheck: { Test: ['CMD', '/tiny', 'health'], Interval: 1e9, Timeout: 10e9, Retries: 3 },
  },
  rootfs: { type: 'layers', diff_ids: diffIds.map((id) => `sha256:${id}`) },
  history: diffIds.map(() => ({ created: '1970-01-01T00:00:00Z', created_by: 'lucid test image' })),
})

/** Packs a folder to bytes that depend on what is in it alone. */
const pack = async (folder: string): Promise<Uint8Array> => {
  const archive = `${folder}.tar`
  const order = ['--format=ustar', '--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner']
  await requireSuccess('tar', live(['tar', '--create', '--file', archive, ...order, '-C', folder, '.']))
  return await Bun.file(archive).bytes()
}

const baseLayer = async (folder: string): Promise<Uint8Array> => {
  for (const path of ['bin', 'usr/local/bin', 'usr/bin', 'www', 'tmp'])
    mkdirSync(join(folder, path), { recursive: true })
  chmodSync(join(folder, 'tmp'), 0o1777)
  cpSync(BUSYBOX, join(folder, BUSYBOX))
  for (const tool of TOOLS) symlinkSync(BUSYBOX, join(folder, 'bin', tool))
  for (const name of NAMES) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    cpSync(PROGRAM, join(folder, name))
    chmodSync(join(folder, name), 0o755)
  }
  return pack(folder)
}

const ownLayer = async (folder: string, version: string): Promise<Uint8Array> => {
  mkdirSync(join(folder, 'www'), { recursive: true })
  for (const path of ['index.html', 'health']) writeFileSync(join(folder, 'www', path), version)
  return pack(folder)
}

const findBusybox = async (): Promise<Absent | undefined> => {
  const { code, out, err } = await live(['ldd', BUSYBOX])
  // ldd fails for what needs no libraries, and says so.
  return code !== 0 && `${out}${err}`.includes('not a dynamic executable')
    ? undefined
    : { absent: `${BUSYBOX} is missing or not static: apt-get install busybox-static` }
}

/**
 * Loads images that start at once and do as they are told, for tests that want many containers. Needs a folder for
 * its archive while it works. `absent` when this machine has no static busybox.
 */
export const tinyImages = async (
  engine: DockerEngine,
  { folder }: { readonly folder: string },
): Promise<readonly string[] | Absent> => {
  const absent = await findBusybox()
  if (absent) return absent
  const work = mkdtempSync(join(folder, 'tiny-'))
  try {
    const archive = join(work, 'archive')
    mkdirSync(archive)
    const keep = (bytes: Uint8Array, ending: string): string => {
      const id = sha256(bytes)
      writeFileSync(join(archive, `${id}${ending}`), bytes)
      return id
    }
    const base = keep(await baseLayer(join(work, 'base')), '.tar')
    const manifest = []
    for (const [index, tag] of TAGS.entries()) {
      const own = keep(await ownLayer(join(work, `layer-${tag}`), tag), '.tar')
      const config = keep(Buffer.from(JSON.stringify(imageConfig([base, own], tag))), '.json')
      const RepoTags = [tinyReferences[index]]
      manifest.push({ Config: `${config}.json`, RepoTags, Layers: [`${base}.tar`, `${own}.tar`] })
    }
    writeFileSync(join(archive, 'manifest.json'), JSON.stringify(manifest))
    await pack(archive)
    await engine.answer(['load', '--input', `${archive}.tar`])
    return tinyReferences
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}
