import { describe, expect, test } from 'bun:test'
import { decodeFunctionResult, encodeFunctionData } from 'viem'
import { ANCHORS_ADDRESS } from '#common/evidence/anchor'
import { anchorTx, contentOf, REGISTRAR, STRANGER, STRANGER_KEY, signed } from './fixture.ts'
import { abi, eventOf, leaf, register, run, started, view, word, x } from './fixture-anchors.ts'

describe('registerSession', () => {
  test('calldata of viem is executed, its log is what viem decodes, and sessions() answers the record', async () => {
    const chain = await started()
    const done = await run(chain, [signed(0, { data: register(0) })], 77)
    const content = contentOf(0)
    expect(done.receipts).toHaveLength(1)
    expect(done.receipts[0]).toMatchObject({ status: 1, type: 2, from: REGISTRAR, to: ANCHORS_ADDRESS })
    const event = eventOf(done.receipts[0])
    expect(event.eventName).toBe('SessionRegistered')
    const { owner: shown, ...rest } = event.args as unknown as Record<string, unknown>
    const args: Record<string, unknown> = { ...rest, owner: String(shown).toLowerCase() }
    expect(args).toEqual({
      sessionId: word(0),
      manifestHash: x(content.manifest_hash),
      startedAt: BigInt(content.started_at),
      owner: x(content.owner),
      merkleRoot: x(content.merkle_root),
      chunkCount: content.chunk_count,
    })
    const said = await view(
      chain.nodes,
      done.state_root,
      encodeFunctionData({ abi, functionName: 'sessions', args: [word(0)] }),
    )
    const [manifest, root, owner, at, count, block] = decodeFunctionResult({
      abi,
      functionName: 'sessions',
      data: said,
    })
    expect([manifest, root, owner.toLowerCase(), at, count, block]).toEqual([
      x(content.manifest_hash),
      x(content.merkle_root),
      x(content.owner),
      BigInt(content.started_at),
      content.chunk_count,
      77n,
    ])
  })

  test('a session is registered once, whatever the second says', async () => {
    const chain = await started()
    const done = await run(chain, [anchorTx(0, 5), anchorTx(1, 5), signed(2, { data: register(5, { count: 9 }) })])
    expect(done.receipts.map(({ status }) => status)).toEqual([1, 0, 0])
    expect(done.receipts[1]).toMatchObject({ logs: [], error: 'revert' })
  })

  test('only the registrar may write', async () => {
    const chain = await started()
    const funded = await run(chain, [signed(0, { to: STRANGER, value: 10n ** 20n })])
    const done = await run({ ...chain, root: funded.state_root }, [
      anchorTx(0, 1, { key: STRANGER_KEY }),
      signed(1, {
        key: STRANGER_KEY,
        data: encodeFunctionData({ abi, functionName: 'anchorChunk', args: [word(1), 0, leaf] }).slice(2),
      }),
    ])
    expect(done.receipts.map(({ status }) => status)).toEqual([0, 0])
  })

  test('zero hash, root or count, and values that do not fit their storage, are refused', async () => {
    const chain = await started()
    const zero = x('00'.repeat(32))
    const bad = [
      register(1, { manifest: zero }),
      register(1, { root: zero }),
      register(1, { count: 0 }),
      register(1, { count: 2 ** 21 }),
      register(1, { at: 2n ** 43n }),
    ]
    const done = await run(
      chain,
      bad.map((data, nonce) => signed(nonce, { data })),
    )
    expect(done.receipts.map(({ status }) => status)).toEqual([0, 0, 0, 0, 0])
  })

  test('the largest values that fit are kept without touching each other', async () => {
    const chain = await started()
    const data = register(1, { count: 2 ** 21 - 1, at: 2n ** 43n - 1n })
    const done = await run(chain, [signed(0, { data })], 2 ** 32 - 1)
    const said = await view(
      chain.nodes,
      done.state_root,
      encodeFunctionData({ abi, functionName: 'sessions', args: [word(1)] }),
    )
    expect(decodeFunctionResult({ abi, functionName: 'sessions', data: said }).slice(2)).toEqual([
      expect.any(String),
      2n ** 43n - 1n,
      2 ** 21 - 1,
      2n ** 32n - 1n,
    ])
  })
})

describe('anchorChunk', () => {
  test('emits the leaf, keeps it, and refuses the position a second time', async () => {
    const chain = await started()
    const data = encodeFunctionData({ abi, functionName: 'anchorChunk', args: [word(1), 3, leaf] }).slice(2)
    const done = await run(chain, [signed(0, { data }), signed(1, { data })])
    expect(done.receipts.map(({ status }) => status)).toEqual([1, 0])
    expect(eventOf(done.receipts[0])).toEqual({
      eventName: 'ChunkAnchored',
      args: { sessionId: word(1), index: 3, leaf },
    })
    const said = await view(
      chain.nodes,
      done.state_root,
      encodeFunctionData({ abi, functionName: 'chunks', args: [word(1), 3] }),
    )
    expect(said).toBe(leaf)
  })
})
