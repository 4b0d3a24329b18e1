import { expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { runProgram } from '#common/testing/run-program'
import { entryFile } from '../../cli/entry.ts'
import { homeAt } from '../../platform/home.ts'
import { endAll, findLeftovers } from '../../platform/leftovers.ts'
import { RECORDING } from '../../platform/source.ts'
import type { StoreKind } from '../peers/stores.ts'
import { bytesOf } from './source.ts'
import { openSuite } from './suite.ts'

/** Nothing here depends on how fast a machine is; a hang must end some day. */
const HANG = 5 * 60_000
const MIB = 1024 * 1024
/** Two whole chunks and a byte, and the smallest recording that names its source. */
const sizes = [16 * MIB + 1, 16] as const

/** The main job as a user types it, on one kind of store: record, export, verify, and a proof that outlives it all. */
export const proofSuite = (kind: StoreKind): void => {
  const { root, onClose } = openSuite('proof', { hangMs: HANG })
  const home = homeAt(join(root, 'home'))

  test(
    `${kind.name}: what was recorded is exported, verified without the platform, and is what was recorded`,
    async () => {
      const { name: store, ambient, close } = await kind.open(root)
      onClose(close)
      onClose(() => endAll(findLeftovers(home), 5_000))
      const env = { ...ambient, LUCID_HOME: home.root }
      const $ = async (name: string, ...args: readonly string[]): Promise<string> => {
        const { out, err, code } = await runProgram([process.execPath, entryFile(name), ...args], { env })
        expect({ name, code, err: code === 0 ? '' : err }).toEqual({ name, code: 0, err: '' })
        return out
      }
      await $('up', ...RECORDING, '--ports', 'free', '--detach')
      const recordings: { readonly file: string; readonly bundle: string }[] = []
      for (const [seed, size] of sizes.entries()) {
        const file = join(root, `${seed}.bin`)
        const bundle = join(root, `${seed}.lucid.tar`)
        await Bun.write(file, bytesOf({ seed, size }, 0, size))
        const report = JSON.parse(await $('record', '--input', file, '--json', '--wait', '120'))
        expect(report).toMatchObject({ state: 'anchored', complete: true, bytes: size })
        await $('export', report.session_id, '--with-keys', '--out', bundle)
        recordings.push({ file, bundle })
      }
      const trust = (await $('trust')).trim()
      await $('down')
      for (const { file, bundle } of recordings) {
        const plain = `${bundle}.plain`
        await $('verify', bundle, '--trust', trust, '--decrypt', plain)
        expect(Buffer.compare(readFileSync(plain), readFileSync(file))).toBe(0)
      }
      console.log(`record, export, verify, ${store}: ${recordings.length} recordings`)
    },
    HANG,
  )
}
