import { Value } from '@sinclair/typebox/value'
import type { SealedBlock } from '#common/evidence/anchor'
import type { Reading } from '#common/http/read-public'
import { SealedBlocks } from '#common/http/sealed-blocks'

/** The blocks in an answer; undefined when it is none. */
const parseSealed = (text: string): SealedBlocks['blocks'] | undefined => {
  try {
    const value: unknown = JSON.parse(text)
    return Value.Check(SealedBlocks, value) ? value.blocks : undefined
  } catch {
    return undefined
  }
}

export type WitnessParts = {
  readonly names: readonly string[]
  readonly read: (name: string) => Promise<Reading>
  readonly learn: (sealed: SealedBlock, from: string) => Promise<void>
  readonly sleep: (ms: number) => Promise<void>
  /** Between two questions to one that does not answer, ms. */
  readonly againMs: number
}

/** Asks the readers of the chain for the newest blocks that they saw, each until it has answered once. */
export const askWitnesses = ({ names, read, learn, sleep, againMs }: WitnessParts) => {
  let stopped = false
  const ask = async (name: string): Promise<void> => {
    for (;;) {
      const reading = await read(name)
      const blocks = 'text' in reading ? parseSealed(reading.text) : undefined
      for (const block of blocks ?? []) await learn(block, name)
      if (blocks !== undefined || stopped) return
      await sleep(againMs)
      if (stopped) return
    }
  }
  return {
    heard: Promise.all(names.map(ask)),
    stop: (): void => {
      stopped = true
    },
  }
}
