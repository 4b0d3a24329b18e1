import table from './pure-rooms.json' with { type: 'json' }

/** A room whose files only compute: all of them, all `but` some, or `only` some. Tests and fixtures are not meant. */
export type PureRoom = { readonly room: string; readonly but?: readonly string[]; readonly only?: readonly string[] }

/**
 * What will be done can be shown, and tested, without doing it: these files touch no clock, no randomness, no
 * file, no process and no network, nor does anything that they load. A new file of a room without `only` has to be
 * pure, too, or is named here.
 */
export const pureRooms: readonly PureRoom[] = table
