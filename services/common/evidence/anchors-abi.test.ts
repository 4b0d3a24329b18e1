import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { decodeEventLog, encodeAbiParameters, encodeEventTopics, encodeFunctionData, type Hex, parseAbi } from 'viem'
import {
  type AnchorContent,
  decodeChunkAnchored,
  decodeRegistered,
  decodeRegistrar,
  decodeSessions,
  encodeRegisterSession,
  encodeSessionsCall,
  REGISTRAR_CALL,
  sameContent,
} from './anchors-abi.ts'
import { sessionIdBytes32 } from './session-id.ts'

const abi = parseAbi([
  'event SessionRegistered(bytes32 indexed sessionId, bytes32 manifestHash, uint64 startedAt, address indexed owner, bytes32 merkleRoot, uint32 chunkCount)',
  'event ChunkAnchored(bytes32 indexed sessionId, uint32 indexed index, bytes32 leaf)',
  'function registerSession(bytes32 sessionId, bytes32 manifestHash, uint64 startedAt, address owner, bytes32 merkleRoot, uint32 chunkCount)',
  'function registrar() view returns (address)',
  'function sessions(bytes32 sessionId) view returns (bytes32 manifestHash, bytes32 merkleRoot, address owner, uint64 startedAt, uint32 chunkCount, uint64 blockNumber)',
])

const hex = (bytes: number) => fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((value) => value.toHex())
const contents: fc.Arbitrary<AnchorContent> = fc.record({
  manifest_hash: hex(32),
  started_at: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
  owner: hex(20),
  merkle_root: hex(32),
  chunk_count: fc.integer({ min: 1, max: 0xffffffff }),
})
const sessions = fc.uuid({ version: 4 })
const x = (value: string): Hex => `0x${value}`

const args = (id: string, content: AnchorContent) =>
  [
    x(sessionIdBytes32(id)),
    x(content.manifest_hash),
    BigInt(content.started_at),
    x(content.owner),
    x(content.merkle_root),
    content.chunk_count,
  ] as const

describe('the ABI words of LucidAnchors', () => {
  test('calldata equals that of viem', () => {
    fc.assert(
      fc.property(sessions, contents, (id, content) => {
        expect(x(encodeRegisterSession(id, content))).toBe(
          encodeFunctionData({ abi, functionName: 'registerSession', args: args(id, content) }),
        )
        expect(x(encodeSessionsCall(id))).toBe(
          encodeFunctionData({ abi, functionName: 'sessions', args: [x(sessionIdBytes32(id))] }),
        )
      }),
    )
  })

  test('answers of sessions(bytes32) encoded by viem are read back', () => {
    const outputs = abi[4].outputs
    fc.assert(
      fc.property(sessions, contents, (id, content) => {
        const [, manifest, started, owner, root, count] = args(id, content)
        const encoded = encodeAbiParameters(outputs, [manifest, root, owner, started, count, 77n]).slice(2)
        expect(decodeSessions(encoded)).toEqual({ ...content, block_number: 77 })
      }),
    )
    expect(decodeSessions('0'.repeat(384))).toBeUndefined()
  })

  test('registrar() is asked and answered as by viem', () => {
    expect(x(REGISTRAR_CALL)).toBe(encodeFunctionData({ abi, functionName: 'registrar' }))
    const answer = encodeAbiParameters([{ type: 'address' }], [x('ab'.repeat(20))]).slice(2)
    expect(decodeRegistrar(answer)).toBe('ab'.repeat(20))
    expect(() => decodeRegistrar('')).toThrow('LucidAnchors ABI')
  })

  test('SessionRegistered logs encoded by viem are read back', () => {
    fc.assert(
      fc.property(sessions, contents, (id, content) => {
        const topics = encodeEventTopics({
          abi,
          eventName: 'SessionRegistered',
          args: { sessionId: x(sessionIdBytes32(id)), owner: x(content.owner) },
        }) as [Hex, ...Hex[]]
        const [, manifest, started, , root, count] = args(id, content)
        const data = encodeAbiParameters(
          [{ type: 'bytes32' }, { type: 'uint64' }, { type: 'bytes32' }, { type: 'uint32' }],
          [manifest, started, root, count],
        )
        expect(decodeEventLog({ abi, topics, data }).eventName).toBe('SessionRegistered')
        const log = { topics: topics.map((topic) => topic.slice(2)), data: data.slice(2) }
        expect(decodeRegistered(log)).toEqual({ session_id: id, ...content })
        expect(decodeChunkAnchored(log)).toBeUndefined()
      }),
    )
  })

  test('ChunkAnchored logs encoded by viem are read back', () => {
    fc.assert(
      fc.property(sessions, fc.integer({ min: 0, max: 0xffffffff }), hex(32), (id, index, leaf) => {
        const topics = encodeEventTopics({
          abi,
          eventName: 'ChunkAnchored',
          args: { sessionId: x(sessionIdBytes32(id)), index },
        })
        const log = { topics: topics.map((topic) => String(topic).slice(2)), data: leaf }
        expect(decodeChunkAnchored(log)).toEqual({ session_id: id, index, leaf })
        expect(decodeRegistered(log)).toBeUndefined()
      }),
    )
  })

  test('a malformed log or answer is refused, not misread', () => {
    const id = '0b0e7a52-2a4e-4f4b-9d3a-3f6f1e6a7b01'
    const topics = encodeEventTopics({
      abi,
      eventName: 'SessionRegistered',
      args: { sessionId: x(sessionIdBytes32(id)), owner: x('11'.repeat(20)) },
    }).map((topic) => String(topic).slice(2))
    expect(() => decodeRegistered({ topics, data: '00'.repeat(127) })).toThrow('LucidAnchors ABI')
    expect(() => decodeRegistered({ topics: topics.slice(0, 2), data: '00'.repeat(128) })).toThrow()
    expect(() => decodeRegistered({ topics, data: 'ff'.repeat(128) })).toThrow()
    expect(() => decodeSessions('')).toThrow()
    expect(decodeRegistered({ topics: [], data: '' })).toBeUndefined()
  })

  test('only a lower-case UUIDv4 is a session id', () => {
    expect(() => sessionIdBytes32('0B0E7A52-2A4E-4F4B-9D3A-3F6F1E6A7B01')).toThrow('UUIDv4')
    expect(() => sessionIdBytes32('0b0e7a52-2a4e-1f4b-9d3a-3f6f1e6a7b01')).toThrow('UUIDv4')
  })

  test('contents differ as soon as one field does', () => {
    const content = { manifest_hash: 'a', started_at: 1, owner: 'b', merkle_root: 'c', chunk_count: 2 }
    expect(sameContent(content, { ...content })).toBe(true)
    const changed = [
      { manifest_hash: 'x' },
      { started_at: 2 },
      { owner: 'x' },
      { merkle_root: 'x' },
      { chunk_count: 3 },
    ]
    for (const change of changed) expect(sameContent(content, { ...content, ...change })).toBe(false)
  })
})
