import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import { type Lease, takeLease } from '../host/lease.ts'
import { openShell } from '../host/shell.ts'
import { importBunImage } from '../testing/peers/docker/bun-image.ts'
import type { DockerEngine } from '../testing/peers/docker/engine.ts'

/** An engine with an image of server-tools made from this checkout, and a lease of the folder of Lucid beside it. */
export type BackupHost = {
  readonly image: string
  readonly dir: string
  readonly env: Readonly<Record<string, string>>
  readonly identity: string
  readonly recipient: string
  readonly lease: () => Promise<Lease>
  /** `docker ARGS`, which must succeed; answers what it printed. */
  readonly docker: (...args: readonly string[]) => Promise<string>
  /** Starts a container of a stack that runs a program of ours; volumes are name:path. */
  readonly start: (
    name: string,
    program: string,
    options: { readonly project: string; readonly volumes: readonly string[] },
  ) => Promise<void>
}

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

export const backupHost = async (engine: DockerEngine, folder: string): Promise<BackupHost> => {
  const docker = async (...args: readonly string[]): Promise<string> => {
    const { code, out, err } = await engine.run(args)
    if (code !== 0) throw new Error(`docker ${args.join(' ')}: ${err}`)
    return out
  }
  const made = await importBunImage(engine, 'lucid/for-tests:bare', {
    folder,
    files: await bundleFiles(folder),
  })
  if (made.code !== 0) throw new Error(made.err)
  // What the product's image says by itself.
  const container = (await docker('create', 'lucid/for-tests:bare', 'x')).trim()
  await docker(
    'commit',
    '--change',
    'ENTRYPOINT ["/usr/local/bin/bun","/app/main.js"]',
    '--change',
    'CMD []',
    container,
    IMAGE,
  )
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
    start: async (name, program, { project, volumes }) => {
      await docker(
        'run',
        '--detach',
        '--name',
        name,
        '--user',
        '0:0',
        '--network',
        'none',
        '--label',
        `com.docker.compose.project=${project}`,
        ...volumes.flatMap((volume) => ['--volume', volume]),
        '--entrypoint',
        '/usr/local/bin/bun',
        IMAGE,
        '-e',
        program,
      )
    },
  }
}
