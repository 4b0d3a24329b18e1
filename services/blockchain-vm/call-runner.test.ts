import { describe, expect, test } from 'bun:test'
import { ANCHORS_ADDRESS } from '#common/evidence/anchor'
import { call } from './call.ts'
import { anchorTx, CHAIN_ID, contextOf, REGISTRAR } from './fixture.ts'
import { register, started } from './fixture-anchors.ts'
import { manualTicks } from './fixture-ticks.ts'
import { machine } from './machine.ts'

const BLAKE2F = `${'00'.repeat(19)}09`
/** One precompile that works for seconds: 9.9 million rounds of BLAKE2b for a gas each (EIP-152). */
const ENDLESS = `${(9_900_000).toString(16).padStart(8, '0')}${'00'.repeat(208)}01`

/** Only a hang takes this long, ms. */
const HANG = 120_000

const opened = async () => {
  const { nodes, root } = await started()
  const ticks = manualTicks()
  const vm = machine(nodes, { every: ticks.every })
  const base = { chain_id: CHAIN_ID, state_root: root }
  const anchor = { ...base, from: REGISTRAR, to: ANCHORS_ADDRESS, data: register(3) }
  return { nodes, root, vm, ...ticks, anchor, endless: { ...base, to: BLAKE2F, data: ENDLESS } }
}

/** Lets time pass until `promise` is settled. */
const passTime = async (tick: () => void, promise: Promise<unknown>) => {
  let isSettled = false
  promise
    .catch(() => {})
    .finally(() => {
      isSettled = true
    })
  while (!isSettled) {
    tick()
    await Bun.sleep(5)
  }
}

describe('a call on its own thread', () => {
  test(
    'answers what it answers on this one, with nodes from the store',
    async () => {
      const { nodes, vm, anchor } = await opened()
      expect(await vm.call(anchor)).toEqual(await call(nodes, anchor))
      expect(await vm.call(anchor)).toEqual(await call(nodes, anchor))
      vm.stop()
    },
    HANG,
  )

  test(
    'fails as it fails on this one',
    async () => {
      const { vm, anchor } = await opened()
      await expect(vm.call({ ...anchor, state_root: 'ee'.repeat(32) })).rejects.toMatchObject({
        kind: 'missing',
        code: 'unknown-state',
      })
      expect((await vm.call({ ...anchor, from: ANCHORS_ADDRESS })).error).toBe('revert')
      vm.stop()
    },
    HANG,
  )

  test(
    'that takes too long is ended, and the next one runs',
    async () => {
      const { vm, tick, endless, anchor } = await opened()
      const slow = vm.call(endless)
      await passTime(tick, slow)
      await expect(slow).rejects.toMatchObject({ kind: 'exhausted', code: 'call-too-slow' })
      expect((await vm.call(anchor)).success).toBe(true)
      vm.stop()
    },
    HANG,
  )

  test(
    'whose caller leaves is ended, and the next one runs',
    async () => {
      const { vm, ticking, endless, anchor } = await opened()
      const client = new AbortController()
      const slow = vm.call(endless, client.signal)
      while (ticking.size === 0) await Bun.sleep(5) // until it runs
      const next = vm.call(anchor)
      client.abort()
      await expect(slow).rejects.toMatchObject({ code: 'caller-left' })
      expect((await next).success).toBe(true)
      vm.stop()
    },
    HANG,
  )

  test(
    'holds up no block: one is executed while it runs',
    async () => {
      const { vm, root, tick, endless } = await opened()
      const slow = vm.call(endless)
      const done = await vm.execute({ state_root: root, block: contextOf(1), transactions: [anchorTx(0, 0).raw] })
      expect(done.receipts[0]?.status).toBe(1)
      expect(vm.waiting()).toEqual({ blocks: 0, calls: 1 })
      await passTime(tick, slow)
      vm.stop()
    },
    HANG,
  )

  test(
    'is told the failure of the store, not one that the machine makes of it',
    async () => {
      const { nodes, anchor } = await opened()
      const broken = {
        ...nodes,
        get: async (key: string) => {
          if (key === anchor.state_root) return nodes.get(key)
          throw new Error('the disk is gone')
        },
      }
      const vm = machine(broken)
      await expect(vm.call(anchor)).rejects.toThrow('the disk is gone')
      vm.stop()
    },
    HANG,
  )
})
