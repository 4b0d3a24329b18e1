import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import { takeLease } from '../host/lease.ts'
import { openShell } from '../host/shell.ts'
import { importBunImage } from '../testing/peers/docker/bun-image.ts'
import type { DockerEngine } from '../testing/peers/docker/engine.ts'

export const IMAGE = 'lucid/for-tests:server-tools'
const root = join(import.meta.dir, '..', '..')

const bundleFiles = async (folder: string): Promise<Readonly<Record<string, string>>> => {
  const outdir = join(folder, 'bundle')
  const built = await Bun.build({
    entrypoints: [join(root, 'services', 'server-tools', 'main.ts')],
    outdir,
    target: 'bun',
    splitting: true,
  })
  return Object.fromEntries(built.outputs.map(({ path }) => [`/app/${path.slice(outdir.length + 1)}`, path]))
}

/** An engine with an image of server-tools made from this checkout, and a lease of the folder of Lucid beside it. */
export const backupHost = async (engine: DockerEngine, folder: string) => {
  /** `docker ARGS`, which must succeed; answers what it printed. */
  const docker = async (...args: readonly string[]): Promise<string> => {
    const { code, out, err } = await engine.run(args)
    if (code !== 0) throw new Error(`docker ${args.join(' ')}: ${err}`)
    return out
  }
  const made = await importBunImage(engine, 'lucid/for-tests:bare', { folder, files: await bundleFiles(folder) })
  if (made.code !== 0) throw new Error(made.err)
  // What the product's image says by itself.
  const container = (await docker('create', 'lucid/for-tests:bare', 'x')).trim()
  const entry = 'ENTRYPOINT ["/usr/local/bin/bun","/app/main.js"]'
  await docker('commit', '--change', entry, '--change', 'CMD []', container, IMAGE)
  await docker('rm', container)
  const dir = join(folder, 'Lucid')
  mkdirSync(dir, { recursive: true })
  const env = { ...process.env, ...engine.env } as Readonly<Record<string, string>>
  const shell = openShell({ host: 'local', env })
  const identity = await generateX25519Identity()
  return {
    image: IMAGE,
    dir,
    env,
    identity,
    recipient: await identityToRecipient(identity),
    lease: () => takeLease(shell, dir, { by: 'test@here', machine: 'here', pid: process.pid, what: 'backup' }),
    docker,
    /** Starts a container of a stack that runs a program of ours; volumes are name:path. */
    start: async (
      name: string,
      program: string,
      { project, volumes }: { readonly project: string; readonly volumes: readonly string[] },
    ) => {
      const label = `com.docker.compose.project=${project}`
      const mounts = volumes.flatMap((volume) => ['--volume', volume])
      const run = ['run', '--detach', '--name', name, '--user', '0:0', '--network', 'none', '--label', label]
      await docker(...run, ...mounts, '--entrypoint', '/usr/local/bin/bun', IMAGE, '-e', program)
    },
  }
}

export type BackupHost = Awaited<ReturnType<typeof backupHost>>
