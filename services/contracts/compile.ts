/** Writes the artifacts of the platform's own contracts: `bun services/contracts/compile.ts`. A test compares. */
import { join } from 'node:path'
import { streams } from '#common/cli/streams'
import { printer } from '#common/cli/text'
import { compile, type Solc } from './solidity.ts'

/** Contracts whose artifacts are committed. */
export const contracts = ['LucidAnchors'] as const

/** Where a contract's source and artifact lie. */
export const sourcePath = (contract: string): string => join(import.meta.dir, `${contract}.sol`)
export const artifactPath = (contract: string): string => join(import.meta.dir, 'artifacts', `${contract}.json`)

if (import.meta.main) {
  const print = printer(streams.out)
  const solc = (await import('solc')).default as Solc
  for (const contract of contracts) {
    const artifact = compile(solc, contract, await Bun.file(sourcePath(contract)).text())
    await Bun.write(artifactPath(contract), `${JSON.stringify(artifact, null, 2)}\n`)
    const { runtime, compiler } = artifact
    print(`${contract}: ${runtime.length / 2} bytes of run-time code, ${compiler}\n`)
  }
}
