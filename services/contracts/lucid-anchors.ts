import artifact from './artifacts/LucidAnchors.json' with { type: 'json' }
import type { Artifact } from './solidity.ts'

/** The compiled contract that every Lucid chain holds from genesis on. */
export const lucidAnchors: Artifact = artifact as unknown as Artifact
