import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ConnectionLost } from '../../host/connection.ts'
import { type Lease, takeLease } from '../../host/lease.ts'
import type { Bytes } from '../../host/script.ts'
import type { Shell } from '../../host/shell.ts'
import { openShell } from '../../host/shell.ts'
import { goodConfig, writeLayout } from '../../images/layout/layout.fixture.ts'
import { releaseImages } from './release-images.ts'

/** Images, hosts and engines for the tests of this room. */

export const MIB = 2 ** 20
export const REPOSITORY = 'registry.test/pickme/lucid'
export const HOLDER = { by: 'tester', machine: 'here', pid: process.pid, what: 'a test' } as const

/** Bytes that gzip cannot make smaller. */
export const noise = (bytes: number): Uint8Array => {
  const random = new Uint8Array(bytes)
  for (let at = 0; at < bytes; at += 65_536) crypto.getRandomValues(random.subarray(at, at + 65_536))
  return random
}

export const imagesIn = (folder: string, base: Uint8Array) => {
  const dist = join(folder, 'dist')
  return {
    dist,
    /** Builds services over a base that all share; answers the images as a release has them. */
    build: (services: Readonly<Record<string, Uint8Array>>, { repository = REPOSITORY } = {}) => {
      const locked = Object.entries(services).map(([name, content]) => {
        mkdirSync(join(dist, name), { recursive: true })
        const layers = [[{ path: 'base', content: base }], [{ path: 'app', content }]]
        const config = { ...goodConfig, Labels: { 'org.lucid.service': name } }
        const digest = writeLayout(join(dist, name), [
          { architecture: 'amd64', layers, config },
          { architecture: 'arm64', layers: [[{ path: 'app', content: 'other' }]], config },
        ])
        return [name, { digest }] as const
      })
      writeFileSync(join(dist, 'images.lock.json'), JSON.stringify({ services: Object.fromEntries(locked) }))
      return releaseImages(dist, 'linux/amd64', repository)
    },
  }
}

/** What a fake engine answers, each a piece of sh; `$@` are the arguments of docker. */
export type FakeEngine = {
  readonly info?: string
  readonly inspect?: string
  readonly load?: string
  readonly pull?: string
  readonly ls?: string
  readonly rm?: string
}

/** A folder with a `docker` in it that does as it is told. It is a fake: it knows no images. */
export const fakeDocker = (folder: string, engine: FakeEngine): string => {
  const bin = mkdtempSync(join(folder, 'fake-'))
  const { info = "echo 'lucid-store []'", inspect = 'exit 1', load = 'cat >/dev/null', ...more } = engine
  const { pull = ':', ls = ':', rm = ':' } = more
  const text = [
    '#!/bin/sh',
    'case "$1 $2" in',
    ...[
      [`info\\ *`, info],
      [`image\\ inspect`, inspect],
      [`load\\ *`, load],
      [`pull\\ *`, pull],
      [`image\\ ls`, ls],
      [`image\\ rm`, rm],
    ].map(([pattern, script]) => `${pattern}) ${script} ;;`),
    'esac',
    '',
  ].join('\n')
  writeFileSync(join(bin, 'docker'), text, { mode: 0o755 })
  return bin
}

export type LocalHost = { readonly lease: Lease; readonly shell: Shell; readonly dir: string }

const shells: Shell[] = []

/** This machine as a host, with a DIR and a fake engine of its own. `wrap` may stand between. */
export const localHost = async (
  folder: string,
  engine: FakeEngine = {},
  { wrap = (shell) => shell }: { readonly wrap?: (shell: Shell) => Shell } = {},
): Promise<LocalHost> => {
  const dir = mkdtempSync(join(folder, 'host-'))
  const env = { PATH: `${fakeDocker(folder, engine)}:${process.env['PATH']}` }
  const open = openShell({ host: 'local', env })
  shells.push(open)
  const shell = wrap(open)
  return { shell, dir, lease: await takeLease(shell, dir, HOLDER) }
}

/** Lets only so many bytes of each `send` through, for so many times; then the connection is lost. */
export const cutConnection =
  (bytes: number, { times }: { readonly times: number }) =>
  (shell: Shell): Shell => {
    let left = times
    return {
      ...shell,
      send: async (script, source: Bytes, options) => {
        if (left <= 0) return shell.send(script, source, options)
        left--
        const first = async function* () {
          let open = bytes
          for await (const piece of source) {
            yield piece.subarray(0, open)
            open -= piece.length
            if (open <= 0) return
          }
        }
        await shell.send(script, first(), options)
        throw new ConnectionLost('this machine: the connection was cut by the test')
      },
    }
  }

/** A folder for a test file, and how it is removed with all hosts in it. */
export const tempFolder = (): { readonly folder: string; readonly remove: () => Promise<void> } => {
  const folder = mkdtempSync(join(tmpdir(), 'lucid-transfer-'))
  return {
    folder,
    remove: async () => {
      for (const shell of shells.splice(0)) await shell.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
