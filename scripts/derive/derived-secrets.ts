/** A value that follows from a secret of another service, and so can only be made where that secret is. */
export type DerivedSecret = {
  /** The address of an account: 40 lower-case hex digits. */ readonly kind: 'evm-address'
  readonly of: { readonly owner: string; readonly key: string }
}

/**
 * Keys of a service's environment that follow from a secret, by service. None is secret itself; a host keeps each as
 * a file beside the secrets, because nobody else can compute it.
 */
export const derivedSecrets: Readonly<Record<string, Readonly<Record<string, DerivedSecret>>>> = {
  'blockchain-ledger': {
    REGISTRAR_ADDRESS: { kind: 'evm-address', of: { owner: 'on-system-chain-client', key: 'PRIVATE_KEY' } },
  },
}

/** The derived keys of a service. */
export const derivedKeys = (service: string): readonly string[] => Object.keys(derivedSecrets[service] ?? {})
