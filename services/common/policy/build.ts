import { type Channel, type Channels, CLIPBOARD_CAP, FILE_CAP, type PolicySnapshot } from './snapshot.ts'

const denied: Channels = {
  input: { to_session: 'denied' },
  clipboard: { to_session: 'denied', from_session: 'denied', max_bytes: CLIPBOARD_CAP },
  files: { to_session: 'denied', from_session: 'denied', max_bytes: FILE_CAP },
  audio: { to_session: 'denied', from_session: 'denied' },
  printing: { from_session: 'denied', max_bytes: FILE_CAP },
}

/** What differs from the default, which denies every channel to everybody. */
export type PolicyWishes = Partial<
  Pick<PolicySnapshot, 'participants' | 'observers' | 'approvers' | 'on_violation'>
> & { readonly channels?: { readonly [C in Channel]?: Partial<Channels[C]> } }

/** A policy to sign. `nonce` = 32 fresh random bytes as hex; times epoch ms, `validFor` ms. */
export const buildPolicy = (
  fixed: { readonly owner: string; readonly nonce: string; readonly now: number; readonly validFor: number },
  { channels = {}, ...wishes }: PolicyWishes = {},
): PolicySnapshot => ({
  v: 1,
  nonce: fixed.nonce,
  owner: fixed.owner,
  created_at: fixed.now,
  valid_until: fixed.now + fixed.validFor,
  channels: {
    input: { ...denied.input, ...channels.input },
    clipboard: { ...denied.clipboard, ...channels.clipboard },
    files: { ...denied.files, ...channels.files },
    audio: { ...denied.audio, ...channels.audio },
    printing: { ...denied.printing, ...channels.printing },
  },
  participants: [],
  observers: [],
  approvers: [fixed.owner],
  on_violation: 'block',
  ...wishes,
})
