/** How output should look on a stream: `width` columns, colours or none, live redrawing or none. */
export type Style = { readonly live: boolean; readonly colour: boolean; readonly width: number }

/** Plain text for pipes, files and machines. */
export const plainStyle: Style = { live: false, colour: false, width: 0 }

type Stream = { readonly isTTY?: boolean; readonly columns?: number }

/** The look a stream can show. Colours follow https://no-color.org; `TERM=dumb` and CI logs are not redrawn. */
export const detectStyle = (stream: Stream, env: Readonly<Record<string, string | undefined>>): Style => {
  const terminal = stream.isTTY === true && env['TERM'] !== 'dumb'
  return {
    live: terminal && env['CI'] === undefined,
    colour: terminal && (env['NO_COLOR'] ?? '') === '',
    width: stream.columns ?? 0,
  }
}

export type Colour = 'green' | 'red' | 'yellow' | 'cyan' | 'dim' | 'bold' | 'paper'
