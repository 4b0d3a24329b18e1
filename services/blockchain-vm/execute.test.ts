import { describe, expect, test } from 'bun:test'
import { decodeFunctionResult, encodeFunctionData } from 'viem'
import { execute } from './execute.ts'
import { anchorTx, contextOf, STRANGER_KEY, signed } from './fixture.ts'
import { abi, run, started, view, word } from './fixture-anchors.ts'

describe('a block', () => {
  test('gives the same results from the same input, in another machine as well', async () => {
    const txs = Array.from({ length: 12 }, (_, n) => anchorTx(n, n))
    const [one, two] = await Promise.all([started(), started()])
    const done = await run(one, txs)
    expect(await run(two, txs)).toEqual(done)
    expect(await run(one, txs)).toEqual(done)
  })

  test('leaves out only the transactions that cannot be in it, and says why', async () => {
    const chain = await started()
    const done = await run(chain, [
      anchorTx(0, 0),
      anchorTx(5, 1), // a hole
      { raw: 'c0ffee' },
      anchorTx(0, 2, { key: STRANGER_KEY }), // no funds
      anchorTx(1, 3, { chainId: 1 }),
      anchorTx(1, 4),
      signed(2, { gas: 29_900_001n }), // does not fit beside the others
    ])
    expect(done.receipts.map(({ tx_hash, status }) => [tx_hash, status])).toEqual([
      [anchorTx(0, 0).hash, 1],
      [anchorTx(1, 4).hash, 1],
    ])
    expect(done.unexecutable.map(({ index }) => index)).toEqual([1, 2, 3, 4, 6])
    expect(done.unexecutable.every(({ reason }) => reason.length > 0)).toBe(true)
    const clean = await run(await started(), [anchorTx(0, 0), anchorTx(1, 4)])
    expect(done).toEqual({ ...clean, unexecutable: done.unexecutable })
  })

  test('mines a transaction to the blob precompile as failed, for it was accepted', async () => {
    const to = `${'00'.repeat(19)}0a`
    const done = await run(await started(), [signed(0, { to, data: '01'.repeat(192) }), anchorTx(1, 1)])
    expect(done.receipts.map(({ status }) => status)).toEqual([0, 1])
  })

  test('can be executed again from every earlier root', async () => {
    const chain = await started()
    const first = await run(chain, [anchorTx(0, 0)], 1)
    const second = await run({ ...chain, root: first.state_root }, [anchorTx(1, 1)], 2)
    expect(await run(chain, [anchorTx(0, 0)], 1)).toEqual(first)
    expect(await run({ ...chain, root: first.state_root }, [anchorTx(1, 1)], 2)).toEqual(second)
  })

  test('on a state that is not kept is a fault that says so', async () => {
    const chain = await started()
    await expect(run({ ...chain, root: 'aa'.repeat(32) }, [anchorTx(0, 0)])).rejects.toMatchObject({
      code: 'unknown-state',
    })
  })

  test('a store that fails in the middle fails the block and blames no transaction', async () => {
    const chain = await started()
    let reads = 0
    const nodes = {
      ...chain.nodes,
      get: async (key: string) => {
        reads += 1
        if (reads > 3) throw new Error('disk gone')
        return chain.nodes.get(key)
      },
    }
    await expect(
      execute(nodes, { state_root: chain.root, block: contextOf(1), transactions: [anchorTx(0, 0).raw] }),
    ).rejects.toThrow('disk gone')
  })

  test('keeps what a later block needs and little else: below 1 kB an anchor in full blocks', async () => {
    const chain = await started()
    const before = chain.nodes.stored.size
    const done = await run(
      chain,
      Array.from({ length: 100 }, (_, n) => anchorTx(n, n)),
    )
    expect(done.receipts.every(({ status }) => status === 1)).toBe(true)
    const bytes = [...chain.nodes.stored]
      .slice(before)
      .reduce((sum, [key, value]) => sum + key.length / 2 + value.length, 0)
    expect(bytes).toBeLessThan(100_000)
    // Everything reachable is there: a later reader finds each of the records.
    for (const n of [0, 50, 99]) {
      const said = await view(
        chain.nodes,
        done.state_root,
        encodeFunctionData({ abi, functionName: 'sessions', args: [word(n)] }),
      )
      expect(decodeFunctionResult({ abi, functionName: 'sessions', data: said })[4]).toBe(n + 1)
    }
  })
})
