/**
 * How scripts go through one shell, one after the other: each runs in a subshell of its own, and a line that nothing
 * else prints says on both streams that it ended. All of it stands in braces, for a shell runs nothing of a group before
 * it has read its end: a connection that breaks while a script or its input is on its way runs none of it.
 */

/** What to write to the shell. `mark` is a word that the script cannot print; `input` is its standard input, text. */
export const frameScript = (script: string, mark: string, input?: string): string => {
  const stdin = input === undefined ? '</dev/null' : `<<'${mark}'`
  const document = input === undefined ? '' : `${input}${input === '' || input.endsWith('\n') ? '' : '\n'}${mark}\n`
  return `{\n( :\n${script}\n) ${stdin}\n${document}printf '\\n%s %d\\n' ${mark} $?; printf '\\n%s\\n' ${mark} >&2\n}\n`
}

/** Output up to the mark. `code` is there on the stream that carries it. */
export type ScriptEnd = { readonly text: string; readonly code: number; readonly rest: string }

/** Looks for the end of a script in what came so far; undefined while it has not come whole. */
export const findEnd = (so_far: string, mark: string): ScriptEnd | undefined => {
  const at = so_far.indexOf(`\n${mark}`)
  const stop = at < 0 ? -1 : so_far.indexOf('\n', at + 1)
  if (stop < 0) return undefined
  const code = Number(so_far.slice(at + 1 + mark.length, stop).trim() || 0)
  return { text: so_far.slice(0, at), code, rest: so_far.slice(stop + 1) }
}
