import { Fault } from '#common/process/fault'

/** What the artifact of a contract records; recompiling the source with `settings` must reproduce it. */
export type Artifact = {
  readonly contract: string
  /** Full version of solc, with commit. */
  readonly compiler: string
  readonly settings: typeof settings
  readonly abi: readonly Readonly<Record<string, unknown>>[]
  /** Creation code and run-time code, hex without prefix. */
  readonly bytecode: string
  readonly runtime: string
  /** Four-byte selectors by signature. */
  readonly selectors: Readonly<Record<string, string>>
}

/** Cancun has `mcopy` (OpenZeppelin 5). No metadata hash: a changed comment must not change the genesis hash. */
export const settings = {
  evmVersion: 'cancun',
  optimizer: { enabled: true, runs: 1000 },
  viaIR: false,
  metadata: { appendCBOR: false, bytecodeHash: 'none' },
} as const

type Output = {
  readonly errors?: readonly { readonly severity: string; readonly formattedMessage: string }[]
  readonly contracts?: Readonly<Record<string, Readonly<Record<string, CompiledContract>>>>
}
type CompiledContract = {
  readonly abi: Artifact['abi']
  readonly evm: {
    readonly bytecode: { readonly object: string }
    readonly deployedBytecode: { readonly object: string }
    readonly methodIdentifiers: Readonly<Record<string, string>>
  }
}

/** The compiler, as the solc package exports it: standard JSON in, standard JSON out. */
export type Solc = { readonly compile: (input: string) => string; readonly version: () => string }

/** Compiles one self-contained contract. Throws Fault `invalid` `does-not-compile` on any error or warning. */
export const compile = (solc: Solc, contract: string, source: string): Artifact => {
  const file = `${contract}.sol`
  const input = {
    language: 'Solidity',
    sources: { [file]: { content: source } },
    settings: {
      ...settings,
      outputSelection: {
        '*': { '*': ['abi', 'evm.bytecode.object', 'evm.deployedBytecode.object', 'evm.methodIdentifiers'] },
      },
    },
  }
  const output = JSON.parse(solc.compile(JSON.stringify(input))) as Output
  const said = (output.errors ?? []).map(({ formattedMessage }) => formattedMessage)
  const compiled = output.contracts?.[file]?.[contract]
  if (said.length > 0 || compiled === undefined)
    throw new Fault('invalid', 'does-not-compile', said.join('\n') || `${file} holds no contract ${contract}`)
  return {
    contract,
    compiler: solc.version(),
    settings,
    abi: compiled.abi,
    bytecode: compiled.evm.bytecode.object,
    runtime: compiled.evm.deployedBytecode.object,
    selectors: compiled.evm.methodIdentifiers,
  }
}
