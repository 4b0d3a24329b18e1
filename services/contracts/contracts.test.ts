import { describe, expect, test } from 'bun:test'
import solc from 'solc'
import { artifactPath, contracts, sourcePath } from './compile.ts'
import { lucidAnchors } from './lucid-anchors.ts'
import { compile, type Solc } from './solidity.ts'

const compiler = solc as unknown as Solc

describe('the committed artifacts', () => {
  for (const contract of contracts)
    test(`${contract} is what its source compiles to, byte for byte`, async () => {
      const made = compile(compiler, contract, await Bun.file(sourcePath(contract)).text())
      expect(JSON.parse(await Bun.file(artifactPath(contract)).text())).toEqual(made)
    }, 60_000)

  test('a changed rule changes the run-time code, a changed comment does not', async () => {
    const source = await Bun.file(sourcePath('LucidAnchors')).text()
    const weaker = compile(compiler, 'LucidAnchors', source.replace('chunkCount == 0', 'chunkCount == 1'))
    expect(weaker.runtime).not.toBe(lucidAnchors.runtime)
    const commented = compile(compiler, 'LucidAnchors', `${source}\n// nothing`)
    expect(commented.runtime).toBe(lucidAnchors.runtime)
  }, 60_000)

  test('what does not compile is refused with the reason of the compiler', () => {
    expect(() => compile(compiler, 'Broken', 'contract Broken { uint }')).toThrow('ParserError')
  })

  test('LucidAnchors offers the functions of the specification and no other', () => {
    expect(Object.keys(lucidAnchors.selectors).toSorted()).toEqual([
      'anchorChunk(bytes32,uint32,bytes32)',
      'chunks(bytes32,uint32)',
      'registerSession(bytes32,bytes32,uint64,address,bytes32,uint32)',
      'registrar()',
      'sessions(bytes32)',
    ])
  })
})
